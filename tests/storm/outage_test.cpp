// `build/dev/test_tests_storm -tc="*without a broker*"` prints the figures.
#include "tests/storm/outage_test.h"

#include <cmath>

#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_verify.h"

using namespace idast;
using namespace idast::storm;
using namespace std::chrono_literals;
using store::Folder;
using store::value_of;

namespace {

// What the database says of every number that the receiver gave.
struct Account {
  std::int64_t taken = 0, single = 0, summed_up = 0, summaries = 0, lost = 0;
  std::int64_t unaccounted = 0;  // in no row, and not lost
  std::int64_t doubled = 0;      // in two rows, or in a row and lost
};

Account account_of(Outage& world, const std::string& database) {
  constexpr std::size_t kSeq = telemetry::position_of("seq");
  constexpr std::size_t kSeqFrom = telemetry::position_of("seq_from");
  Account account{.taken = world.device().receiver().next_seq()};
  std::vector<int> stored(static_cast<std::size_t>(account.taken)), lost = stored;
  const auto mark = [&](std::vector<int>& places, std::int64_t first, std::int64_t last) {
    REQUIRE(first >= 0);
    REQUIRE(last < account.taken);
    for (std::int64_t seq = first; seq <= last; ++seq) ++places[static_cast<std::size_t>(seq)];
  };
  const store::Range all{world.device().id(), UtcMillis{0}, kNextMidnight};
  value_of(value_of(world.store().open_reader())->rows(all, SIZE_MAX, [&](auto&& row) {
    world.ledger().row(row.record);
    const std::int64_t last = row.record.value[kSeq];
    const std::int64_t first = row.record.number(kSeqFrom).value_or(last);
    mark(stored, first, last);
    ++(first == last ? account.single : account.summaries);
    if (first < last) account.summed_up += last - first + 1;
    return true;
  }));
  world.ledger().rows_end();
  auto connection = value_of(store::Connection::open(database, store::Connection::Mode::read_only));
  auto losses = value_of(connection.prepare("SELECT first, last FROM loss"));
  while (value_of(losses.step())) mark(lost, losses.integer(0), losses.integer(1));
  for (std::size_t seq = 0; seq < stored.size(); ++seq) {
    const int rows = stored[seq], said = lost[seq] > 0 ? 1 : 0;  // of a loss more is said each time
    account.lost += said;
    account.unaccounted += rows + said == 0 ? 1 : 0;
    account.doubled += rows + said > 1 ? 1 : 0;
  }
  return account;
}

// Every row that the receiver's files hold is on the server as it was written, and no other.
std::size_t check_history(Outage& world, sim::MemoryFiles& files) {
  std::vector<std::string> written;
  std::string text = files.files[std::string{node::kHistoryFile}];
  REQUIRE(text.starts_with(node::kHistoryHeader));
  text.erase(0, node::kHistoryHeader.size());
  while (!text.empty()) {
    const std::size_t size = text.find('\n') + 1;
    written.push_back(text.substr(0, size));
    text.erase(0, size);
  }
  CHECK(world.stored_history(kMidnight) == written);
  return written.size();
}

// By the database, against what was read from the panel; in percent of the latter.
double energy_error_percent(Outage& world) {
  const std::array day{kMidnight, kNextMidnight};
  const auto periods =
      value_of(value_of(world.store().open_reader())->periods(world.device().id(), day));
  REQUIRE(periods.size() == 1);
  const double made = world.device().made_wh();
  return std::abs(periods[0].energy_wh - made) / made * 100;
}

void check_database(const std::string& file) {
  for (const store::Check& check : value_of(store::verify_database(file, {}, [](double) {}))) {
    CAPTURE(check.name);
    CAPTURE((check.examples.empty() ? "" : check.examples.front()));
    CHECK(check.faults == 0);
  }
}

}  // namespace

TEST_CASE("ten minutes without a broker: each sample is stored once, none summed up, none lost") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  sim::MemoryFiles files;
  Outage world{file, files};
  world.run(9min);
  world.broker_goes();
  world.run(10min);
  world.broker_comes();
  world.run(1min);  // fresh ones come before and between
  const auto took = world.settle();
  REQUIRE(took);
  const Account account = account_of(world, file);
  CHECK(world.ledger().fault().value_or("") == "");
  CHECK(account.taken > 20 * 60'000 / 350 * 98 / 100);
  CHECK(account.single == account.taken);
  CHECK(account.summaries == 0);
  CHECK(account.lost == 0);
  CHECK(account.unaccounted + account.doubled == 0);
  const std::size_t rows = check_history(world, files);
  CHECK(rows >= 1);
  const double error = energy_error_percent(world);
  CHECK(error < 0.5);
  check_database(file);
  MESSAGE("10 min: taken ", account.taken, ", stored ", account.single, ", summed up 0, lost 0, ",
          rows, " history rows, energy within ", error, " %; whole at the latest ",
          (*took + Millis{1min}).count() / 1000, " s after the broker was back");
}

TEST_CASE("hours without a broker: no history row is lost, and every sample is accounted for") {
  for (const Millis away : {Millis{3h}, Millis{5h}}) {
    CAPTURE(away.count());
    const Folder folder;
    const std::string file = folder.file("idast.db");
    sim::MemoryFiles files;
    Outage world{file, files};
    world.run(9min);
    world.broker_goes();
    world.run(away, 350ms);
    world.broker_comes();
    world.run(2min);
    const auto took = world.settle();
    REQUIRE(took);
    const Account account = account_of(world, file);
    CHECK(world.ledger().fault().value_or("") == "");
    CHECK(account.taken > (away + 11min).count() / 350 * 98 / 100);
    CHECK(account.single + account.summed_up + account.lost == account.taken);
    CHECK(account.unaccounted == 0);
    CHECK(account.doubled == 0);
    CHECK(account.summaries > 0);
    CHECK((account.lost > 0) == (away > 3h));
    const std::size_t rows = check_history(world, files);
    CHECK(rows >= static_cast<std::size_t>(away / 10min) + 1);
    const double error = energy_error_percent(world);
    CHECK(error < 0.5);
    check_database(file);
    MESSAGE(std::to_string(away / 1h), " h: taken ", account.taken, ", stored ", account.single,
            ", in ", account.summaries, " summaries ", account.summed_up, ", lost ", account.lost,
            "; ", rows, " history rows written and stored; energy within ", error,
            " %; whole at the latest ", (*took + Millis{2min}).count() / 1000,
            " s after the broker was back");
  }
}
