#include "server/store/sqlite_scan.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/random.h"
#include "server/store/folder_test.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_backup.h"

using namespace idast;
using namespace idast::store;
using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;
using telemetry::position_of;
using telemetry::Record;

namespace {

constexpr std::int64_t kNoon = 1'703'160'000'000;  // 2023-12-21 12:00:00 UTC.

void put(Record& record, std::size_t field, std::int64_t value) {
  record.value[field] = value;
  record.present.add(field);
}
void put(Record& record, std::size_t field, std::string_view text) {
  record.text[field] = text;
  record.present.add(field);
}

// A few trackers; each value near the one before, far from it, null or not there.
Record random_record(Random& random, std::int64_t seq) {
  Record record;
  record.device = "tracker-" + std::to_string(random.below(3));
  record.ts = UtcMillis{kNoon + static_cast<std::int64_t>(random.below(1'000'000))};
  record.received = record.ts + Millis{static_cast<std::int64_t>(random.below(5'000))};
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const std::uint64_t choice = random.below(8);
    const telemetry::Sql& sql = kFieldInfo[i].sql;
    if (choice == 0) continue;
    if (choice == 1) {
      record.null.add(i);
    } else if (sql.kind == Kind::text) {
      put(record, i, random.below(2) == 0 ? "" : "quote\" back\\ ünïcode");
    } else if (sql.kind == Kind::keys) {
      put(record, i, static_cast<std::int64_t>(random.below(1u << 20)));
    } else {
      const std::int64_t far = random.below(2) == 0 ? sql.high : sql.low;
      put(record, i, choice == 2 ? far : static_cast<std::int64_t>(random.below(2)));
    }
  }
  if (record.has(position_of("device_id"))) put(record, position_of("device_id"), record.device);
  if (record.has(position_of("boot_id"))) {
    put(record, position_of("boot_id"),
        random.below(2) == 0 ? "00000000000000aa" : "00000000000000bb");
  }
  if (record.has(position_of("seq"))) put(record, position_of("seq"), seq);
  if (random.below(3) == 0) record.extra = R"({"unknown":{"a":[1,null]},"powerW":8.512345})";
  return record;
}

void check_same(const StoredRecord& a, const StoredRecord& b) {
  CHECK(a.id == b.id);
  CHECK(a.record.device == b.record.device);
  CHECK(a.record.ts == b.record.ts);
  CHECK(a.record.received == b.record.received);
  CHECK(a.record.present == b.record.present);
  CHECK(a.record.null == b.record.null);
  CHECK(a.record.extra == b.record.extra);
  CHECK(a.boot_started == b.boot_started);
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!a.record.has(i)) continue;
    CAPTURE(kFieldInfo[i].column);
    const bool text = kFieldInfo[i].sql.kind == Kind::text;
    CHECK((text ? a.record.text[i] == b.record.text[i] : a.record.value[i] == b.record.value[i]));
  }
}

std::vector<StoredRecord> scanned(const std::string& path, const ScanRange& range) {
  const auto scan = value_of(SampleScan::open(path, range));
  std::vector<StoredRecord> rows;
  while (const StoredRecord* stored = value_of(scan->next())) rows.push_back(*stored);
  CHECK(scan->rows() == static_cast<std::int64_t>(rows.size()));
  return rows;
}

std::vector<StoredRecord> read(Store& store, const Range& range) {
  std::vector<StoredRecord> rows;
  const auto reader = value_of(store.open_reader());
  value_of(reader->rows(range, 100'000, [&](StoredRecord&& row) {
    rows.push_back(std::move(row));
    return true;
  }));
  std::ranges::sort(rows, {}, &StoredRecord::id);
  return rows;
}

}  // namespace

TEST_CASE("a scan gives every sample as a reader does, in the order of the commits") {
  const Folder folder;
  const std::string path = folder.file("a.db");
  const auto store = value_of(open_sqlite(path));
  Random random{7};
  std::vector<Record> records;
  for (int i = 0; i < 600; ++i) records.push_back(random_record(random, i));
  value_of(store->commit(records));
  for (const Range& range :
       {Range{"", UtcMillis{0}, UtcMillis{2 * kNoon}},
        Range{"tracker-1", UtcMillis{kNoon + 200'000}, UtcMillis{kNoon + 700'000}},
        Range{"", UtcMillis{kNoon + 200'000}, UtcMillis{kNoon + 700'000}},
        Range{"nobody", UtcMillis{0}, UtcMillis{2 * kNoon}}}) {
    const auto there = read(*store, range);
    const auto found = scanned(path, {range.device, range.from, range.to});
    REQUIRE(found.size() == there.size());
    for (std::size_t i = 0; i < found.size(); ++i) check_same(found[i], there[i]);
  }
}

TEST_CASE("a scan sees one moment, whatever is committed meanwhile") {
  const Folder folder;
  const std::string path = folder.file("a.db");
  const auto store = value_of(open_sqlite(path));
  Random random{8};
  value_of(store->commit(std::array{random_record(random, 0)}));
  const auto scan = value_of(SampleScan::open(path, {}));
  value_of(store->commit(std::array{random_record(random, 1), random_record(random, 2)}));
  CHECK(value_of(scan->next()) != nullptr);
  CHECK(value_of(scan->next()) == nullptr);
  CHECK(scanned(path, {}).size() == 3);
}

TEST_CASE("what is no database of this version is refused with words") {
  const Folder folder;
  const std::string path = folder.file("a.db");
  value_of(open_sqlite(path));
  {
    auto connection = value_of(Connection::open(path, Connection::Mode::read_write_create));
    value_of(connection.execute("DELETE FROM migration WHERE number > 1"));
  }
  const auto older = SampleScan::open(path, {});
  REQUIRE_FALSE(older.has_value());
  CHECK(older.error().kind == StoreErrorKind::newer_schema);
  CHECK(older.error().words.find("idast serve") != std::string::npos);
  const std::string foreign = folder.file("foreign.db");
  {
    auto connection = value_of(Connection::open(foreign, Connection::Mode::read_write_create));
    value_of(connection.execute("CREATE TABLE recipe(name TEXT)"));
  }
  const auto refused = SampleScan::open(foreign, {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == StoreErrorKind::corrupt);
  CHECK_FALSE(SampleScan::open(folder.file("none.db"), {}).has_value());
}

TEST_CASE("a copy of a database in use is whole, alone, and of one moment") {
  const Folder folder;
  const std::string path = folder.file("a.db");
  const std::string copy = folder.file("copy.db");
  const auto store = value_of(open_sqlite(path));
  Random random{9};
  std::vector<Record> records;
  for (int i = 0; i < 300; ++i) records.push_back(random_record(random, i));
  value_of(store->commit(records));
  double share = 0;
  // While the copy is made the server goes on writing, and the copy does not begin anew.
  int commits = 0;
  value_of(copy_database(path, copy, [&](double now) {
    CHECK(now >= share);
    share = now;
    ++commits;
    value_of(store->commit(std::array{random_record(random, 1'000 + commits)}));
    return true;
  }));
  CHECK(share == 1.0);
  CHECK(commits > 0);
  CHECK_FALSE(std::filesystem::exists(copy + "-wal"));
  CHECK_FALSE(std::filesystem::exists(copy + "-journal"));
  const auto there = scanned(path, {});
  const auto copied = scanned(copy, {});
  CHECK(there.size() > copied.size());
  REQUIRE(copied.size() > 200);
  for (std::size_t i = 0; i < copied.size(); ++i) check_same(copied[i], there[i]);
  CHECK(value_of(integrity_faults(copy, 10)).empty());
}

TEST_CASE(
    "a copy that fails or is given up leaves nothing behind, and touches nothing that was there") {
  const Folder folder;
  const std::string copy = folder.file("copy.db");
  value_of(open_sqlite(folder.file("ours.db")));
  const auto stopped = copy_database(folder.file("ours.db"), copy, [](double) { return false; });
  REQUIRE_FALSE(stopped.has_value());
  CHECK(stopped.error().kind == StoreErrorKind::unavailable);
  CHECK_FALSE(std::filesystem::exists(copy));
  std::ofstream{folder.file("there.db")} << "mine";
  CHECK_FALSE(copy_database(folder.file("ours.db"), folder.file("there.db"), [](double) {
                return true;
              }).has_value());
  CHECK(std::filesystem::file_size(folder.file("there.db")) == 4);
  value_of(
      copy_database(folder.file("ours.db"), folder.file("whole.db"), [](double) { return true; }));
  const auto asked = integrity_faults(folder.file("whole.db"), 1, [] { return false; });
  CHECK((asked || asked.error().kind == StoreErrorKind::unavailable));
  CHECK_FALSE(copy_database(folder.file("none.db"), copy, [](double) { return true; }).has_value());
  CHECK_FALSE(std::filesystem::exists(copy));
  const std::string foreign = folder.file("foreign.db");
  {
    auto connection = value_of(Connection::open(foreign, Connection::Mode::read_write_create));
    value_of(connection.execute("CREATE TABLE recipe(name TEXT)"));
  }
  const auto refused = copy_database(foreign, copy, [](double) { return true; });
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == StoreErrorKind::corrupt);
  CHECK_FALSE(std::filesystem::exists(copy));
}
