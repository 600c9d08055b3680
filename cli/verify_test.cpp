#include "cli/verify.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/calendar.h"
#include "server/archive/archive.h"
#include "server/archive/archivist.h"
#include "server/store/folder_test.h"
#include "server/store/rollup.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_connection.h"

// Of days kept as ten-second rows the samples are in the archive alone: what `verify` says of them.

using namespace idast;
using store::Folder;
using store::value_of;
using telemetry::position_of;

namespace {

constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kMidnight = 1'703'116'800'000;  // 2023-12-21 00:00:00 UTC.
constexpr std::int64_t kNoon = kMidnight + kDay / 2;

telemetry::Record sample(const std::string& device, std::int64_t seq, std::int64_t ts_ms) {
  telemetry::Record record;
  record.device = device;
  record.ts = UtcMillis{ts_ms};
  record.received = UtcMillis{ts_ms + 40};
  const auto put = [&](std::size_t field, std::int64_t value) {
    record.value[field] = value;
    record.present.add(field);
  };
  put(position_of("ts"), ts_ms);
  put(position_of("power_w"), 600 + seq * 7919 % 300);
  // A counter that starts again within a minute.
  put(position_of("energy_wh"), (seq % 400) * 3);
  put(position_of("battery_pct"), 805 + seq % 3);
  put(position_of("steady"), seq / 50 % 2);
  put(position_of("device_name"), 0);
  record.text[position_of("device_name")] = seq % 90 < 45 ? "Phone, mine" : "";
  if (device == "plain") return record;  // A fielded one: no identity.
  put(position_of("boot_id"), 0);
  record.text[position_of("boot_id")] = "00000000000000aa";
  put(position_of("seq"), seq);
  put(position_of("uptime_ms"), seq * 350);
  return record;
}

// A data folder as a server leaves it: two trackers' ten minutes, sixteen days ago, thinned.
class Station {
 public:
  Station() {
    std::vector<telemetry::Record> batch;
    for (std::int64_t i = 0; i < 1'700; ++i) {
      for (const char* device : {"ours", "plain"}) {
        // Some of one millisecond, in the other order than they are added up.
        const std::int64_t seq = i % 100 == 7 ? i + 1 : i % 100 == 8 ? i - 1 : i;
        batch.push_back(sample(device, seq, kNoon + (i % 100 == 8 ? i - 1 : i) * 350));
      }
    }
    batch.push_back(sample("ours", 5'000, kNoon + 16 * kDay));
    keep(batch);
  }

  // Commits, archives and thins until nothing is left to do.
  void keep(const std::vector<telemetry::Record>& batch) {
    const auto store = value_of(store::open_sqlite(database(), {.keep_raw_days = 14}));
    value_of(store->commit(batch));
    while (store->tidy()) continue;
    archive::Archivist archivist{archive(), *store};
    for (;;) {
      const auto more = archivist.step();
      REQUIRE(more.has_value());
      if (!*more) break;
    }
    while (store->tidy() || store->thin()) continue;
  }
  void execute(const std::string& sql) const {
    auto connection =
        value_of(store::Connection::open(database(), store::Connection::Mode::read_write_create));
    value_of(connection.execute(sql));
  }
  std::int64_t integer(const std::string& sql) const {
    auto connection =
        value_of(store::Connection::open(database(), store::Connection::Mode::read_only));
    return value_of(connection.integer(sql)).value_or(-1);
  }

  std::string database() const { return folder_.file("idast.db"); }
  std::filesystem::path archive() const { return folder_.path / "archive"; }

 private:
  Folder folder_;
};

struct Said {
  int code = 0;
  std::string table;
};
Said verify(const Station& station) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = cli::run_verify(
      {.database = station.database(), .archive = station.archive(), .thinned = true}, out, err);
  CAPTURE(err.str());
  CHECK(err.str().empty());
  return {code, out.str()};
}
bool has(const Said& said, const std::string& words) {
  return said.table.find(words) != std::string::npos;
}
// The line of a check in the table: name, what, looked at, wrong.
std::string line_of(const Said& said, const std::string& name) {
  std::istringstream lines{said.table};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + " ")) return line;
  }
  return "";
}

const std::string kMinuteFive =
    " WHERE level = 0 AND device = (SELECT id FROM device WHERE name = 'ours') AND start = " +
    std::to_string(kNoon / 60'000 + 5);

}  // namespace

TEST_CASE("minutes of a thinned day add up from the archive, equal times and all") {
  const Station station;
  REQUIRE(station.integer("SELECT count(*) FROM thinned") == 1);
  REQUIRE(station.integer("SELECT samples FROM thinned") > 2'000);
  const Said said = verify(station);
  CAPTURE(said.table);
  CHECK(said.code == 0);
  // Ten minutes of two trackers.
  CHECK(line_of(said, "thinned_sum").find(" 20 ") != std::string::npos);
  CHECK(has(said, "nothing is wrong"));
}

TEST_CASE("one value of a thinned minute's sum that is not its samples' is named") {
  for (const auto& [change, field] : {std::pair{"energy_rise = energy_rise + 1", "energy_wh"},
                                      std::pair{"battery_sum = battery_sum + 1", "battery_pct"},
                                      std::pair{"device_name = 'Phone, hers'", "device_name"},
                                      std::pair{"samples = samples + 1", "number of samples"}}) {
    CAPTURE(change);
    const Station station;
    station.execute("UPDATE rollup SET " + std::string{change} + kMinuteFive);
    const Said said = verify(station);
    CAPTURE(said.table);
    CHECK(said.code == 1);
    CHECK(has(said, "ours, 2023-12-21T12:05Z: "));
    CHECK(has(said, field));
  }
}

TEST_CASE("a bit of a thinned minute's fields is found, and its field named") {
  const Station station;
  store::Rollup sum;
  {
    auto connection = value_of(
        store::Connection::open(station.database(), store::Connection::Mode::read_write_create));
    auto row = value_of(connection.prepare("SELECT fields FROM rollup_fields" + kMinuteFive));
    REQUIRE(value_of(row.step()));
    REQUIRE(store::read_fields(row.blob(0), sum));
    row.reset();
    sum.head.samples = sum.fields[position_of("power_w")].count;
    sum.fields[position_of("power_w")].high ^= 1;
    const std::string bytes = store::print_fields(sum);
    auto change =
        value_of(connection.prepare("UPDATE rollup_fields SET fields = ?1" + kMinuteFive));
    value_of(change.bind_blob(1, bytes).run());
  }
  const Said said = verify(station);
  CAPTURE(said.table);
  CHECK(said.code == 1);
  CHECK(has(said, "ours, 2023-12-21T12:05Z: power_w"));
}

TEST_CASE("a minute without a sum, and a sum without samples, are named") {
  const Station station;
  station.execute("DELETE FROM rollup" + kMinuteFive);
  station.execute("DELETE FROM rollup_fields" + kMinuteFive);
  const std::string other = std::to_string(kNoon / 60'000 + 100);
  station.execute("INSERT INTO rollup SELECT level, device, " + other +
                  ", samples, minutes, first_rest, last_rest, energy_first, energy_last, "
                  "energy_rise, battery_sum, battery_samples, device_name FROM rollup WHERE level "
                  "= 0 ORDER BY device, start LIMIT 1");
  station.execute("INSERT INTO rollup_fields SELECT level, device, " + other +
                  ", fields FROM rollup_fields WHERE level = 0 ORDER BY device, start LIMIT 1");
  const Said said = verify(station);
  CAPTURE(said.table);
  CHECK(said.code == 1);
  CHECK(has(said, "ours, 2023-12-21T12:05Z: has samples in the archive, but no sum"));
  CHECK(has(said, "2023-12-21T13:40Z: is summed up, but the archive has no sample of it"));
}

TEST_CASE("an archived day that is gone is named by its file") {
  const Station station;
  std::filesystem::remove(station.archive() / "2023-12-21.ndjson.zst");
  const Said said = verify(station);
  CAPTURE(said.table);
  CHECK(said.code == 1);
  CHECK(has(said, "2023-12-21.ndjson.zst is not in the archive whole"));
  // Also when all traces are removed.
  std::filesystem::remove_all(station.archive());
  const Said again = verify(station);
  CHECK(again.code == 1);
  CHECK(has(again, "2023-12-21.ndjson.zst is not in the archive whole"));
}

TEST_CASE("samples that come for a thinned minute are added up with it, out of the supplement") {
  Station station;
  // One within a minute that is there, one before it, one of a minute without any.
  std::vector<telemetry::Record> late;
  for (const std::int64_t at : {100'100, -400, 900'000}) {
    late.push_back(sample("ours", 3'000 + at / 1'000, kNoon + at));
    late.back().received = UtcMillis{kNoon + 16 * kDay + 1'000};
  }
  station.keep(late);
  REQUIRE(std::filesystem::exists(station.archive() / "2023-12-21.2.ndjson.zst"));
  const Said said = verify(station);
  CAPTURE(said.table);
  CHECK(said.code == 0);
  CHECK(line_of(said, "thinned_sum").find(" 22 ") != std::string::npos);
  // A late one is not overlooked, either.
  station.execute(
      "UPDATE rollup SET battery_sum = battery_sum - 1 WHERE level = 0 AND device = (SELECT id "
      "FROM device WHERE name = 'ours') AND start = " +
      std::to_string(kNoon / 60'000 + 1));
  CHECK(has(verify(station), "ours, 2023-12-21T12:01Z: battery_pct"));
}
