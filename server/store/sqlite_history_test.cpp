#include "server/store/sqlite_history.h"

#include <array>
#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

#include "server/store/folder_test.h"
#include "server/store/sqlite.h"

using namespace idast;
using namespace idast::store;
using telemetry::HistoryRow;

namespace {

constexpr std::int64_t kNoon = 1'703'160'000'000;  // 2023-12-21 12:00:00 UTC.
constexpr Millis kTenMinutes = std::chrono::minutes{10};
const Range kAlways{"a", UtcMillis{0}, UtcMillis{4'000'000'000'000}};

HistoryRow row_of(const std::string& device, std::int64_t number) {
  return {.device = device,
          .taken = UtcMillis{kNoon} + number * kTenMinutes,
          .energy = 1'000 * number,
          .battery = 875,
          .device_name = "iPhone_15",
          .session_min = number,
          .received = UtcMillis{kNoon} + std::chrono::hours{24}};
}

Committed keep(Store& store, std::span<const HistoryRow> rows) {
  return value_of(store.commit({}, {}, rows));
}

std::vector<HistoryRow> rows_in(Store& store, const Range& range = kAlways,
                                std::size_t limit = 1'000) {
  return value_of(value_of(store.open_reader())->history(range, limit));
}

void run(const std::string& file, const std::string& sql) {
  auto connection = value_of(Connection::open(file, Connection::Mode::read_write_create));
  value_of(connection.execute(sql));
}

}  // namespace

TEST_CASE("a receiver's rows come back as they were, each once, also after a restart") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  HistoryRow bare{.device = "a", .taken = UtcMillis{kNoon}, .received = UtcMillis{kNoon}};
  {
    const auto store = value_of(open_sqlite(file));
    const auto done = keep(*store, std::array{row_of("a", 2), bare, row_of("b", 1)});
    CHECK(done.history_inserted == 3);
    CHECK(done.history_absorbed == 0);
    CHECK(done.inserted == 0);
    CHECK(done.progress.empty());
  }
  const auto store = value_of(open_sqlite(file));
  // What the receiver reads back from its file has whole seconds; the first that came stands.
  HistoryRow again = row_of("a", 2);
  again.taken = again.taken + Millis{999};
  again.energy = 7;
  const auto done = keep(*store, std::array{again, row_of("a", 3)});
  CHECK(done.history_inserted == 1);
  CHECK(done.history_absorbed == 1);

  const auto rows = rows_in(*store);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].taken == UtcMillis{kNoon});
  CHECK_FALSE(rows[0].energy);
  CHECK_FALSE(rows[0].battery);
  CHECK_FALSE(rows[0].session_min);
  CHECK(rows[0].device_name.empty());
  CHECK(rows[1].device == "a");
  CHECK(rows[1].taken == row_of("a", 2).taken);
  CHECK(rows[1].energy == 2'000);
  CHECK(rows[1].battery == 875);
  CHECK(rows[1].device_name == "iPhone_15");
  CHECK(rows[1].session_min == 2);
  CHECK(rows[1].received == row_of("a", 2).received);
  CHECK(rows[2].energy == 3'000);
}

TEST_CASE("a range of rows is half-open, of one device, and bounded") {
  const auto store = value_of(open_sqlite(":memory:"));
  for (std::int64_t i = 0; i < 10; ++i) keep(*store, std::array{row_of("a", i), row_of("b", i)});
  Range range{"a", row_of("a", 3).taken, row_of("a", 6).taken};
  CHECK(rows_in(*store, range).size() == 3);
  range.from = range.from + Millis{1};
  range.to = range.to + Millis{1};
  const auto rows = rows_in(*store, range);
  REQUIRE(rows.size() == 3);
  CHECK(rows.front().energy == 4'000);
  CHECK(rows.back().energy == 6'000);
  CHECK(rows_in(*store, kAlways, 4).size() == 4);
  range.device = "nobody";
  CHECK(rows_in(*store, range).empty());
}

TEST_CASE("a tracker of which only such rows are known was never seen to send a sample") {
  const auto store = value_of(open_sqlite(":memory:"));
  keep(*store, std::array{row_of("a", 1)});
  const auto reader = value_of(store->open_reader());
  CHECK(value_of(reader->devices()).empty());
  CHECK_FALSE(value_of(reader->latest("a")));
  CHECK_FALSE(value_of(reader->latest("")));
}

TEST_CASE("rows are committed with the samples beside them, or nothing is") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const auto store = value_of(open_sqlite(file));
  telemetry::Record sample;
  sample.device = "a";
  sample.ts = sample.received = UtcMillis{kNoon};
  run(file, "CREATE TRIGGER refuse BEFORE INSERT ON history BEGIN SELECT RAISE(ABORT, 'no'); END");
  CHECK_FALSE(store->commit(std::array{sample}, {}, std::array{row_of("a", 1)}));
  run(file, "DROP TRIGGER refuse");
  CHECK_FALSE(value_of(value_of(store->open_reader())->latest("a")));
  const auto done = value_of(store->commit(std::array{sample}, {}, std::array{row_of("a", 1)}));
  CHECK(done.inserted == 1);
  CHECK(done.history_inserted == 1);
}

TEST_CASE("a database from before there were such rows gets a place for them") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const std::string golden = std::string{IDAST_SOURCE_DIR} + "/tests/golden/store_1.sql";
  REQUIRE(std::system(("sqlite3 '" + file + "' '.read " + golden + "'").c_str()) == 0);
  const auto store = value_of(open_sqlite(file));
  CHECK(rows_in(*store).empty());
  // A tracker that it knew, and one that it did not.
  CHECK(keep(*store, std::array{row_of("roof.2", 1), row_of("a", 1)}).history_inserted == 2);
  CHECK(rows_in(*store, {"roof.2", kAlways.from, kAlways.to}).size() == 1);
  CHECK(rows_in(*store).size() == 1);
}
