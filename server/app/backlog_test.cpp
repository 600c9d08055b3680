#include "server/app/backlog.h"

#include <string>

#include <doctest/doctest.h>

#include "core/telemetry/row.h"
#include "server/app/spool_folder_test.h"
#include "server/store/sqlite.h"

namespace idast::app {
namespace {

constexpr std::uint64_t kLimit = 100'000'000;
constexpr UtcMillis kNoon{1'700'000'000'000};

telemetry::Record record_of(const std::string& payload, UtcMillis received = kNoon) {
  ingest::Parser parser;
  auto record = parser.parse("solar-tracker/a/telemetry", payload, received);
  REQUIRE(record);
  return *record;
}

std::string message_of(const telemetry::Record& record) {
  std::string text;
  telemetry::print_message(record, text);
  return text;
}

constexpr const char* kNumbered =
    R"({"powerW":8.125,"tempC":"hot","boot":"00000000000000aa","seq":7,"own":{"x":[1,null]}})";

}  // namespace

TEST_CASE("a sample comes back from the spool as it was, with its times") {
  SpoolFolder disk;
  const Log log{LogFormat::text};
  Backlog backlog{disk, kLimit, log};
  Batch batch;
  batch.records = {record_of(kNumbered), record_of(R"({"powerW":1,"tempC":null})")};
  // What ingest had decided by what it knew of the boot then.
  batch.records[0].ts = kNoon - Millis{5'000};
  REQUIRE(backlog.append(batch));
  CHECK(backlog.owes());
  const auto replay = backlog.next();
  REQUIRE(replay->records.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(message_of(replay->records[i]) == message_of(batch.records[i]));
    CHECK(replay->records[i].received == kNoon);
    CHECK(replay->records[i].ts == batch.records[i].ts);
    CHECK(replay->records[i].device == "a");
  }
  backlog.committed(Instant{});
  CHECK_FALSE(backlog.owes());
  CHECK(backlog.spooled() == 2);
  CHECK(backlog.replayed() == 2);
  CHECK(backlog.unreadable() == 0);
}

TEST_CASE("losses come back, those of the thinner still without a reason") {
  SpoolFolder disk;
  const Log log{LogFormat::text};
  Backlog backlog{disk, kLimit, log};
  Batch batch;
  batch.losses = {{"a", "00000000000000aa", 3, 9, "ring \"full\"", kNoon},
                  {"b", "00000000000000bb", 4, 4, "", kNoon}};
  REQUIRE(backlog.append(batch));
  const auto replay = backlog.next();
  REQUIRE(replay->losses.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(replay->losses[i].device == batch.losses[i].device);
    CHECK(replay->losses[i].boot == batch.losses[i].boot);
    CHECK(replay->losses[i].first == batch.losses[i].first);
    CHECK(replay->losses[i].last == batch.losses[i].last);
    CHECK(replay->losses[i].reason == batch.losses[i].reason);
    CHECK(replay->losses[i].received == kNoon);
  }
}

TEST_CASE("a receiver's rows come back from the spool, and are stored once") {
  SpoolFolder disk;
  const Log log{LogFormat::text};
  const auto store = store::open_sqlite(":memory:").value();
  Batch batch;
  batch.history = {{.device = "a",
                    .taken = kNoon - Millis{600'000},
                    .energy = 1'250'505,
                    .battery = 5,
                    .device_name = "a \"phone\"",
                    .session_min = 120,
                    .received = kNoon},
                   {.device = "a", .taken = kNoon, .energy = -12, .received = kNoon},
                   {.device = "b", .taken = kNoon, .session_min = 0, .received = kNoon}};
  {
    Backlog backlog{disk, kLimit, log};
    REQUIRE(backlog.append(batch));
    const auto replay = backlog.next();
    REQUIRE(replay->history.size() == 3);
    CHECK_FALSE(replay->empty());
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(replay->history[i].device == batch.history[i].device);
      CHECK(replay->history[i].taken == batch.history[i].taken);
      CHECK(replay->history[i].energy == batch.history[i].energy);
      CHECK(replay->history[i].battery == batch.history[i].battery);
      CHECK(replay->history[i].device_name == batch.history[i].device_name);
      CHECK(replay->history[i].session_min == batch.history[i].session_min);
      CHECK(replay->history[i].received == kNoon);
    }
    CHECK(store->commit({}, {}, replay->history)->history_inserted == 3);
    backlog.committed(Instant{});
    CHECK_FALSE(backlog.owes());
    CHECK(backlog.unreadable() == 0);
  }
  // Given once more after a start: absorbed.
  Backlog backlog{disk, kLimit, log};
  REQUIRE(backlog.open());
  const auto replay = backlog.next();
  REQUIRE(replay->history.size() == 3);
  CHECK(store->commit({}, {}, replay->history)->history_absorbed == 3);
}

TEST_CASE("the longest message, of characters that escape, comes back") {
  SpoolFolder disk;
  const Log log{LogFormat::text};
  Backlog backlog{disk, kLimit, log};
  std::string own;
  while (own.size() < 65'000) own += "\\b";
  Batch batch;
  batch.records = {record_of(R"({"boot":"00000000000000aa","seq":7,"own":")" + own + "\"}")};
  REQUIRE(backlog.append(batch));
  const auto replay = backlog.next();
  REQUIRE(replay->records.size() == 1);
  CHECK(message_of(replay->records[0]) == message_of(batch.records[0]));
}

TEST_CASE("what was committed is given once more after a start, if its key makes that harmless") {
  SpoolFolder disk;
  const Log log{LogFormat::text};
  {
    Backlog backlog{disk, kLimit, log};
    Batch batch;
    batch.records = {record_of(kNumbered), record_of(R"({"powerW":1})")};
    REQUIRE(backlog.append(batch));
    REQUIRE(backlog.next());
    backlog.committed(Instant{});
  }
  Backlog backlog{disk, kLimit, log};
  REQUIRE(backlog.open());
  CHECK_FALSE(backlog.owes());
  REQUIRE(backlog.has_next());
  const auto replay = backlog.next();
  REQUIRE(replay->records.size() == 1);
  CHECK(replay->records[0].identified());
  backlog.committed(Instant{});
  CHECK_FALSE(backlog.has_next());
}

}  // namespace idast::app
