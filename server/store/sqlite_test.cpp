#include "server/store/sqlite.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/random.h"
#include "core/telemetry/row.h"
#include "server/store/energy.h"
#include "server/store/folder_test.h"
#include "server/store/sqlite_connection.h"

using namespace idast;
using namespace idast::store;
using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;
using telemetry::position_of;
using telemetry::Record;

namespace {

constexpr const char* kBootA = "00000000000000aa";
constexpr const char* kBootB = "00000000000000bb";
constexpr std::int64_t kNoon = 1'703'160'000'000;  // 2023-12-21 12:00:00 UTC.

// What a shell's `sqlite3 FILE SQL` prints.
std::string command_line(const std::string& file, const std::string& sql,
                         const std::string& flags = "-batch") {
  const std::string command = "sqlite3 " + flags + " '" + file + "' \"" + sql + "\" 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> buffer;
  std::size_t bytes = 0;
  while ((bytes = fread(buffer.data(), 1, buffer.size(), pipe)) != 0) {
    text.append(buffer.data(), bytes);
  }
  pclose(pipe);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// The real file system, except that writes fail when a test says so: SQLite's own port for faults.
class FaultyDisk {
 public:
  FaultyDisk() {
    real_ = sqlite3_vfs_find(nullptr);
    shim_ = *real_;
    shim_.zName = "faulty";
    shim_.xOpen = [](sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
      const int code = real_->xOpen(real_, name, file, flags, out);
      if (code != SQLITE_OK) return code;
      // The database has locks, its logs have none: two tables of methods, one way to write.
      sqlite3_io_methods& methods = methods_[(flags & SQLITE_OPEN_MAIN_DB) != 0 ? 0 : 1];
      write_ = file->pMethods->xWrite;
      methods = *file->pMethods;
      methods.xWrite = [](sqlite3_file* f, const void* bytes, int size, sqlite3_int64 offset) {
        return answer != SQLITE_OK ? answer : write_(f, bytes, size, offset);
      };
      file->pMethods = &methods;
      return code;
    };
    sqlite3_vfs_register(&shim_, 1);
  }
  ~FaultyDisk() {
    answer = SQLITE_OK;
    sqlite3_vfs_register(real_, 1);
    sqlite3_vfs_unregister(&shim_);
  }

  static inline int answer = SQLITE_OK;

 private:
  static inline sqlite3_vfs* real_ = nullptr;
  static inline sqlite3_vfs shim_{};
  static inline decltype(sqlite3_io_methods::xWrite) write_ = nullptr;
  static inline sqlite3_io_methods methods_[2]{};
};

void put(Record& record, std::size_t field, std::int64_t value) {
  record.value[field] = value;
  record.present.add(field);
}
void put(Record& record, std::size_t field, std::string_view text) {
  record.text[field] = text;
  record.present.add(field);
}

Record plain(const std::string& device, std::int64_t ts_ms) {
  Record record;
  record.device = device;
  record.ts = record.received = UtcMillis{ts_ms};
  return record;
}

Record identified(const std::string& device, const char* boot, std::int64_t seq,
                  std::int64_t ts_ms) {
  Record record = plain(device, ts_ms);
  put(record, position_of("boot_id"), boot);
  put(record, position_of("seq"), seq);
  put(record, position_of("uptime_ms"), seq * 350);
  return record;
}

std::int64_t upto_of(const Committed& committed, std::string_view boot) {
  for (const Progress& progress : committed.progress) {
    if (progress.boot == boot) return progress.upto;
  }
  FAIL("no progress for the boot");
  return -2;
}

std::vector<StoredRecord> rows_of(Reader& reader, const Range& range, std::size_t limit = 1000) {
  std::vector<StoredRecord> rows;
  value_of(reader.rows(range, limit, [&](StoredRecord&& row) {
    rows.push_back(std::move(row));
    return true;
  }));
  return rows;
}

StoredRecord latest_of(Reader& reader, const std::string& device) {
  auto latest = value_of(reader.latest(device));
  if (!latest) FAIL("no sample of " << device);
  return latest.value_or(StoredRecord{});
}

const Range kAlways{"", UtcMillis{0}, UtcMillis{4'000'000'000'000}};

// The message of CONTRACT §1.
Record contract_example() {
  Record record = plain("esp32-receiver-A1B2C3", 1'703'123'456'789);
  record.received = UtcMillis{1'703'123'456'900};
  const auto number = [&](const char* column, std::int64_t scaled) {
    for (std::size_t i = 0; i < kFieldCount; ++i) {
      if (kFieldInfo[i].column == column) put(record, i, scaled);
    }
  };
  for (const auto& [column, scaled] :
       std::initializer_list<std::pair<const char*, std::int64_t>>{{"ts", 1'703'123'456'789},
                                                                   {"top", 2500},
                                                                   {"left", 2300},
                                                                   {"right", 2400},
                                                                   {"avg", 2350},
                                                                   {"horizontal_error", -100},
                                                                   {"vertical_error", 150},
                                                                   {"tilt_angle", 90},
                                                                   {"pan_angle", 85},
                                                                   {"pan_target", 90},
                                                                   {"manual", 0},
                                                                   {"steady", 1},
                                                                   {"power_w", 850},
                                                                   {"power_actual_w", 820},
                                                                   {"temp_c", 345},
                                                                   {"battery_pct", 875},
                                                                   {"battery_v", 620},
                                                                   {"efficiency", 880},
                                                                   {"energy_wh", 1250500},
                                                                   {"energy_kwh", 1250500},
                                                                   {"co2_kg", 5002},
                                                                   {"trees", 230},
                                                                   {"phones", 104200},
                                                                   {"phone_minutes", 75030},
                                                                   {"pesos", 1501},
                                                                   {"grid_price", 1200}}) {
    number(column, scaled);
  }
  put(record, position_of("device_id"), "esp32-receiver-A1B2C3");
  put(record, position_of("device_name"), "iPhone_15");
  put(record, position_of("mode"), "live");
  return record;
}

// Any record that ingest could make.
Record random_record(Random& random, std::int64_t seq) {
  Record record = plain("tracker-" + std::to_string(random.next() % 3),
                        kNoon + static_cast<std::int64_t>(random.next() % 1'000'000));
  record.received = record.ts + Millis{static_cast<std::int64_t>(random.next() % 5'000)};
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const std::uint64_t choice = random.next() % 4;
    if (choice == 0) continue;
    if (choice == 1) {
      record.null.add(i);
      continue;
    }
    const telemetry::Sql& sql = kFieldInfo[i].sql;
    const auto width = static_cast<std::uint64_t>(sql.high - sql.low) + 1;
    if (sql.kind == Kind::text) {
      constexpr std::array kTexts{"", "x", "quote\" back\\ ünïcode 🌞", "'; DROP TABLE sample;--"};
      put(record, i, kTexts[random.next() % kTexts.size()]);
    } else if (sql.kind == Kind::keys) {
      put(record, i, static_cast<std::int64_t>(random.next() % (1u << 20)));
    } else {
      const std::int64_t edge = random.next() % 8 == 0 ? sql.high : sql.low;
      const auto inside = static_cast<std::int64_t>(random.next() % width) + sql.low;
      put(record, i, choice == 2 ? edge : inside);
    }
  }
  if (record.has(position_of("device_id"))) put(record, position_of("device_id"), record.device);
  if (record.has(position_of("boot_id"))) put(record, position_of("boot_id"), kBootA);
  if (record.has(position_of("seq"))) put(record, position_of("seq"), seq);
  if (random.next() % 3 == 0) {
    record.extra = R"({"unknown":{"a":[1,{"b":null}],"c":null},"n":null,"powerW":8.512345})";
  }
  return record;
}

bool same(const Record& a, const Record& b) {
  if (a.device != b.device || a.ts != b.ts || a.received != b.received) return false;
  if (!(a.present == b.present)) return false;
  std::string one;
  std::string other;
  telemetry::print_row(std::nullopt, a, one);
  telemetry::print_row(std::nullopt, b, other);
  if (one != other) MESSAGE(one << "\n" << other);
  return one == other;
}

}  // namespace

TEST_CASE("a sample is stored once, however often it comes") {
  const auto store = value_of(open_sqlite(":memory:"));
  const std::vector<Record> batch{identified("a", kBootA, 0, kNoon),
                                  identified("a", kBootA, 1, kNoon + 350)};
  CHECK(value_of(store->commit(batch)).inserted == 2);
  const auto again = value_of(store->commit(batch));
  CHECK(again.inserted == 0);
  CHECK(again.absorbed == 2);
  CHECK(std::ranges::count(again.rows, 0) == 2);
  CHECK(upto_of(again, kBootA) == 1);

  const auto reader = value_of(store->open_reader());
  CHECK(rows_of(*reader, kAlways).size() == 2);
}

TEST_CASE("the same boot and seq of another device is another sample") {
  const auto store = value_of(open_sqlite(":memory:"));
  const std::vector<Record> batch{identified("a", kBootA, 0, kNoon),
                                  identified("b", kBootA, 0, kNoon)};
  CHECK(value_of(store->commit(batch)).inserted == 2);
}

TEST_CASE("samples without identity are stored as often as they come") {
  const auto store = value_of(open_sqlite(":memory:"));
  const std::vector<Record> batch{plain("a", kNoon), plain("a", kNoon)};
  const auto committed = value_of(store->commit(batch));
  CHECK(committed.inserted == 2);
  const auto reader = value_of(store->open_reader());
  const auto rows = rows_of(*reader, kAlways);
  CHECK(committed.rows == std::vector{rows[0].id, rows[1].id});
}

TEST_CASE("progress never passes a hole, and a summary fills what it stands for") {
  const auto store = value_of(open_sqlite(":memory:"));
  const auto commit = [&](std::int64_t from, std::int64_t seq) {
    Record record = identified("a", kBootA, seq, kNoon + seq * 350);
    if (from != seq) put(record, position_of("seq_from"), from);
    return upto_of(value_of(store->commit({&record, 1})), kBootA);
  };
  CHECK(commit(1, 1) == -1);
  CHECK(commit(3, 3) == -1);
  CHECK(commit(0, 0) == 1);
  CHECK(commit(10, 20) == 1);
  CHECK(commit(4, 8) == 1);
  CHECK(commit(2, 2) == 8);
  CHECK(commit(5, 9) == 20);
  CHECK(commit(21, 21) == 21);
}

TEST_CASE("what only an absorbed summary brought is said to be lost, and nothing else is") {
  const Folder folder;
  const auto store = value_of(open_sqlite(folder.file("idast.db")));
  const auto made = [](std::int64_t from, std::int64_t seq) {
    Record record = identified("a", kBootA, seq, kNoon + seq * 350);
    if (from != seq) put(record, position_of("seq_from"), from);
    return record;
  };
  const auto commit = [&](const std::vector<Record>& records) {
    return upto_of(value_of(store->commit(records)), kBootA);
  };
  CHECK(commit({made(0, 0), made(5, 5), made(9, 9)}) == 0);
  // The last of 1..9 came before, and so did 5: there is no place for their mean.
  CHECK(commit({made(7, 7), made(1, 9)}) == 9);
  CHECK(commit({made(1, 9)}) == 9);
  CHECK(commit({made(12, 12), made(10, 12)}) == 12);
  CHECK(value_of(store->size()).overlapped == 6 + 2);

  auto connection =
      value_of(Connection::open(folder.file("idast.db"), Connection::Mode::read_only));
  auto rows = value_of(connection.prepare("SELECT first, last, reason FROM loss ORDER BY first"));
  std::vector<std::string> losses;
  while (value_of(rows.step())) {
    losses.push_back(std::to_string(rows.integer(0)) + ".." + std::to_string(rows.integer(1)) +
                     " " + std::string{rows.text(2)});
  }
  CHECK(losses ==
        std::vector<std::string>{"1..4 overlap", "6..6 overlap", "8..8 overlap", "10..11 overlap"});
}

TEST_CASE("progress is the same for every order of arrival") {
  Random random{11};
  for (int round = 0; round < 60; ++round) {
    const auto store = value_of(open_sqlite(":memory:"));
    std::vector<Record> records;
    std::vector<bool> covered(80, false);
    for (int i = 0; i < 25; ++i) {
      const auto seq = static_cast<std::int64_t>(random.next() % covered.size());
      const std::int64_t from =
          seq - static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(seq + 1)) % 6;
      records.push_back(identified("a", kBootA, seq, kNoon + seq));
      if (from != seq) put(records.back(), position_of("seq_from"), from);
      for (std::int64_t s = from; s <= seq; ++s) covered[static_cast<std::size_t>(s)] = true;
    }
    const auto hole = std::ranges::find(covered, false) - covered.begin();
    Committed last;
    for (std::size_t i = 0; i < records.size();) {
      const std::size_t count = std::min<std::size_t>(1 + random.next() % 4, records.size() - i);
      last = value_of(store->commit(std::span{records}.subspan(i, count)));
      i += count;
    }
    CHECK(upto_of(last, kBootA) == hole - 1);
  }
}

TEST_CASE("what another program stored meanwhile counts as if we had stored it") {
  const Folder folder;
  const auto ours = value_of(open_sqlite(folder.file("idast.db")));
  const auto theirs = value_of(open_sqlite(folder.file("idast.db")));
  const auto commit = [](Store& store, std::int64_t from, std::int64_t to) {
    std::vector<Record> batch;
    for (std::int64_t seq = from; seq <= to; ++seq) {
      batch.push_back(identified("a", kBootA, seq, kNoon + seq * 350));
      put(batch.back(), position_of("power_w"), seq);
    }
    return value_of(store.commit(batch));
  };
  CHECK(upto_of(commit(*ours, 0, 4), kBootA) == 4);
  CHECK(upto_of(commit(*theirs, 5, 9), kBootA) == 9);
  // The hole from 10 on is known to ours alone, and filled by theirs.
  CHECK(upto_of(commit(*ours, 12, 14), kBootA) == 9);
  CHECK(upto_of(commit(*theirs, 10, 11), kBootA) == 14);
  const Committed last = commit(*ours, 9, 15);
  CHECK(upto_of(last, kBootA) == 15);
  CHECK(last.inserted == 1);
  // The minute's rollup has the samples of both.
  CHECK(upto_of(commit(*ours, 400, 400), kBootA) == 15);
  while (ours->tidy()) {
  }
  CHECK(command_line(folder.file("idast.db"),
                     "SELECT samples FROM rollup WHERE level = 0 ORDER BY start "
                     "LIMIT 1") == "16");
}

TEST_CASE(
    "a commit that failed moves no progress, and the same samples count when they come again") {
  const Folder folder;
  FaultyDisk disk;
  const auto store = value_of(open_sqlite(folder.file("idast.db")));
  const std::vector first{identified("a", kBootA, 0, kNoon),
                          identified("a", kBootA, 1, kNoon + 350)};
  const std::vector second{identified("a", kBootA, 2, kNoon + 700),
                           identified("b", kBootB, 0, kNoon + 700)};
  CHECK(upto_of(value_of(store->commit(first)), kBootA) == 1);
  FaultyDisk::answer = SQLITE_FULL;
  CHECK_FALSE(store->commit(second));
  FaultyDisk::answer = SQLITE_OK;
  const Committed again = value_of(store->commit(second));
  CHECK(again.inserted == 2);
  CHECK(upto_of(again, kBootA) == 2);
  CHECK(upto_of(again, kBootB) == 0);
  const std::vector later{identified("a", kBootA, 3, kNoon + 80'000)};
  CHECK(upto_of(value_of(store->commit(later)), kBootA) == 3);
  while (store->tidy()) {
  }
  CHECK(command_line(folder.file("idast.db"), "SELECT sum(samples) FROM rollup WHERE level = 0") ==
        "4");
}

TEST_CASE("a sum has what another program stored after our last commit") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const auto ours = value_of(open_sqlite(file));
  const auto theirs = value_of(open_sqlite(file));
  const auto commit = [](Store& store, std::int64_t seq) {
    const Record record = identified("a", kBootA, seq, kNoon + seq * 350);
    value_of(store.commit({&record, 1}));
  };
  ours->tidy();
  commit(*ours, 0);
  commit(*ours, 400);
  commit(*theirs, 1);
  while (ours->tidy()) {
  }
  CHECK(command_line(file, "SELECT samples FROM rollup WHERE level = 0") == "2");
}

TEST_CASE("what a device gave up counts as accounted for") {
  const auto store = value_of(open_sqlite(":memory:"));
  const Record record = identified("a", kBootA, 5, kNoon);
  value_of(store->commit({&record, 1}));
  const telemetry::Loss loss{"a", kBootA, 0, 4, "ring_full", UtcMillis{kNoon}};
  CHECK(upto_of(value_of(store->commit({}, {&loss, 1})), kBootA) == 5);
  CHECK(upto_of(value_of(store->commit({}, {&loss, 1})), kBootA) == 5);
}

TEST_CASE("latest moves forward in boot start and seq, in whatever order samples come") {
  std::vector<Record> records{identified("a", kBootA, 0, kNoon), identified("a", kBootA, 7, kNoon),
                              identified("a", kBootB, 0, kNoon + 60'000),
                              identified("a", kBootB, 1, kNoon + 60'350)};
  records[1].received = UtcMillis{kNoon + 2'450};
  std::ranges::sort(records, {}, [](const Record& r) { return r.extra; });
  std::vector<std::size_t> order{0, 1, 2, 3};
  do {
    const auto store = value_of(open_sqlite(":memory:"));
    for (const std::size_t i : order) value_of(store->commit({&records[i], 1}));
    const auto reader = value_of(store->open_reader());
    const auto latest = latest_of(*reader, "a");
    CHECK(latest.record.text[position_of("boot_id")] == kBootB);
    CHECK(latest.record.number(position_of("seq")) == 1);
    CHECK(latest.boot_started == UtcMillis{kNoon + 60'000});
  } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("an old boot's backlog does not take latest back") {
  const auto store = value_of(open_sqlite(":memory:"));
  Record live = identified("a", kBootB, 3, kNoon);
  value_of(store->commit({&live, 1}));
  // Booted eight hours before, received after.
  Record old = identified("a", kBootA, 80'000, kNoon - 100'000);
  old.received = UtcMillis{kNoon + 5'000};
  value_of(store->commit({&old, 1}));
  const auto reader = value_of(store->open_reader());
  CHECK(latest_of(*reader, "a").record.text[position_of("boot_id")] == kBootB);
}

TEST_CASE("two boots that waited in the broker together keep the order of their first samples") {
  const auto store = value_of(open_sqlite(":memory:"));
  // The server was away for two hours. Boot A ran five minutes, then boot B; all arrive within ms.
  std::vector<Record> batch{identified("a", kBootA, 0, kNoon), identified("a", kBootA, 857, kNoon),
                            identified("a", kBootB, 0, kNoon),
                            identified("a", kBootB, 20'000, kNoon)};
  constexpr std::array<std::int64_t, 4> kUptimes{0, 300'000, 0, 7'000'000};
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].received = UtcMillis{kNoon + static_cast<std::int64_t>(i)};
    put(batch[i], position_of("uptime_ms"), kUptimes[i]);
  }
  value_of(store->commit(batch));
  const auto reader = value_of(store->open_reader());
  CHECK(latest_of(*reader, "a").record.text[position_of("boot_id")] == kBootB);
}

TEST_CASE("a server clock that was wrong for a while does not hold latest back") {
  const auto store = value_of(open_sqlite(":memory:"));
  std::vector<Record> batch{plain("a", kNoon), plain("a", kNoon + 1)};
  batch[0].received = UtcMillis{kNoon + 31'536'000'000};  // A year ahead.
  value_of(store->commit({&batch[0], 1}));
  value_of(store->commit({&batch[1], 1}));
  const auto reader = value_of(store->open_reader());
  CHECK(latest_of(*reader, "a").record.ts == UtcMillis{kNoon + 1});
}

TEST_CASE("without identity latest is what was received last") {
  const auto store = value_of(open_sqlite(":memory:"));
  std::vector<Record> batch{plain("a", kNoon + 5), plain("a", kNoon), plain("b", kNoon + 2)};
  batch[1].received = UtcMillis{kNoon + 10};
  value_of(store->commit(batch));
  const auto reader = value_of(store->open_reader());
  CHECK(latest_of(*reader, "a").record.ts == UtcMillis{kNoon});
  CHECK(latest_of(*reader, "").record.device == "a");
  CHECK_FALSE(value_of(reader->latest("nobody")));
}

TEST_CASE("every record comes back as it was") {
  const auto store = value_of(open_sqlite(":memory:"));
  const auto reader = value_of(store->open_reader());
  Random random{3};
  for (std::int64_t i = 0; i < 300; ++i) {
    const Record record = random_record(random, i);
    value_of(store->commit({&record, 1}));
    auto rows = rows_of(*reader, kAlways);
    const auto newest = std::ranges::max_element(rows, {}, &StoredRecord::id);
    REQUIRE(newest != rows.end());
    CHECK(same(newest->record, record));
  }
}

TEST_CASE("rows come in order of time, of one device or all, up to the limit") {
  const auto store = value_of(open_sqlite(":memory:"));
  std::vector<Record> batch;
  for (const int offset : {5, 1, 3, 2, 4}) batch.push_back(plain("a", kNoon + offset));
  batch.push_back(plain("b", kNoon + 2));
  value_of(store->commit(batch));
  const auto reader = value_of(store->open_reader());
  const auto times = [&](const Range& range, std::size_t limit) {
    std::vector<std::int64_t> found;
    for (const auto& row : rows_of(*reader, range, limit)) {
      found.push_back(row.record.ts.unix_ms() - kNoon);
    }
    return found;
  };
  CHECK(times({"", UtcMillis{kNoon}, UtcMillis{kNoon + 5}}, 9) ==
        std::vector<std::int64_t>{1, 2, 2, 3, 4});
  CHECK(times({"a", UtcMillis{kNoon + 2}, UtcMillis{kNoon + 9}}, 2) ==
        std::vector<std::int64_t>{2, 3});
  CHECK(times({"nobody", UtcMillis{0}, UtcMillis{kNoon + 9}}, 2).empty());
  CHECK(times({"a", UtcMillis{kNoon + 9}, UtcMillis{kNoon}}, 2).empty());
}

TEST_CASE("buckets hold least, mean and most, and leave gaps out") {
  const auto store = value_of(open_sqlite(":memory:"));
  std::vector<Record> batch;
  for (const auto& [offset, power] : {std::pair{0, 100}, {500, 300}, {2'500, 850}, {2'600, -1}}) {
    batch.push_back(plain("a", kNoon + offset));
    if (power >= 0) put(batch.back(), position_of("power_w"), power);
    put(batch.back(), position_of("steady"), power > 100 ? 1 : 0);
  }
  value_of(store->commit(batch));
  const auto reader = value_of(store->open_reader());
  const std::array fields{position_of("power_w"), position_of("steady"), position_of("temp_c")};
  const Range range{"a", UtcMillis{kNoon}, UtcMillis{kNoon + 10'000}};
  const auto found = value_of(reader->buckets(range, Millis{1'000}, fields));
  REQUIRE(found.times == std::vector{UtcMillis{kNoon}, UtcMillis{kNoon + 2'000}});
  CHECK(found.fields[0][0].low == 1.0);
  CHECK(found.fields[0][0].mean == 2.0);
  CHECK(found.fields[0][0].high == 3.0);
  CHECK(found.fields[0][1].mean == 8.5);
  CHECK(found.fields[1][1].mean == 0.5);
  CHECK_FALSE(found.fields[2][0].mean);
}

TEST_CASE("energy comes from differences, and a fall starts a new count") {
  struct Case {
    std::vector<std::int64_t> values;
    std::int64_t sum;
  };
  for (const Case& c : {Case{{100, 110, 115}, 15}, Case{{100, 110, 5, 8}, 18}, Case{{7}, 0},
                        // A counter restored from flash, some minutes old.
                        Case{{125'000, 124'900, 125'000}, 100}, Case{{10, 10, 0, 3}, 3}}) {
    EnergyCounter counter;
    std::int64_t sum = 0;
    for (const std::int64_t value : c.values) sum += counter.add(value);
    CHECK(sum == c.sum);
  }
}

TEST_CASE("a period counts the difference that ends in it, across boots and gaps") {
  const auto store = value_of(open_sqlite(":memory:"));
  std::vector<Record> batch;
  const auto sample = [&](const char* boot, std::int64_t seq, std::int64_t minute,
                          std::int64_t energy, std::int64_t battery) {
    batch.push_back(identified("a", boot, seq, kNoon + minute * 60'000));
    put(batch.back(), position_of("energy_wh"), energy);
    put(batch.back(), position_of("battery_pct"), battery);
  };
  sample(kBootB, 1, 130, 4'000, 810);
  sample(kBootB, 0, 70, 1'000, 800);  // The counter started again between.
  sample(kBootA, 1, 50, 12'000, 500);
  sample(kBootA, 0, -10, 10'000, 400);
  put(batch[2], position_of("device_name"), "Pixel");
  value_of(store->commit(batch));
  const auto reader = value_of(store->open_reader());
  const std::array starts{UtcMillis{kNoon}, UtcMillis{kNoon + 3'600'000},
                          UtcMillis{kNoon + 7'200'000}, UtcMillis{kNoon + 10'800'000},
                          UtcMillis{kNoon + 14'400'000}};
  const auto periods = value_of(reader->periods("a", starts));
  REQUIRE(periods.size() == 4);
  CHECK(periods[0].energy_wh == 2.0);
  CHECK(periods[0].device_name_last == "Pixel");
  CHECK(periods[0].battery_pct_mean == 50.0);
  CHECK(periods[1].energy_wh == 1.0);
  CHECK(periods[2].energy_wh == 3.0);
  CHECK(periods[2].first == UtcMillis{kNoon + 7'800'000});
  CHECK(periods[2].minutes_covered == 1);
  CHECK(periods[3].samples == 0);
  CHECK_FALSE(periods[3].battery_pct_mean);
}

TEST_CASE("the sqlite3 command line reads the view while the store is open") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const auto store = value_of(open_sqlite(file));
  const Record record = contract_example();
  value_of(store->commit({&record, 1}));

  CHECK(command_line(file,
                     "SELECT ts, device_name, \\\"left\\\", power_w, energy_kwh, co2_kg, "
                     "phones, steady, device_id, mode FROM telemetry") ==
        "2023-12-21 01:50:56.789|iPhone_15|2300|8.5|1.2505|0.5002|104.2|1|esp32-receiver-A1B2C3|"
        "live");
  CHECK(command_line(file,
                     "SELECT count(*) FROM telemetry WHERE ts BETWEEN '2023-12-21' AND "
                     "'2023-12-22' AND date(ts) = '2023-12-21'") == "1");
  CHECK(command_line(file,
                     "SELECT group_concat(name) FROM (SELECT name FROM "
                     "pragma_table_info('telemetry') LIMIT 30)") ==
        "id,ts,device_name,top,left,right,avg,horizontal_error,vertical_error,tilt_angle,pan_angle,"
        "pan_target,manual,steady,power_w,power_actual_w,temp_c,battery_pct,battery_v,efficiency,"
        "energy_wh,energy_kwh,co2_kg,trees,phones,phone_minutes,pesos,grid_price,raw_json,"
        "device_id");
}

TEST_CASE("raw_json of the view is the original message, nulls and unknown keys included") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const auto store = value_of(open_sqlite(file));
  const auto reader = value_of(store->open_reader());
  Random random{5};
  std::vector<Record> batch{contract_example(), plain("bare", kNoon)};
  batch[0].null.add(position_of("wind_ms"));
  batch[1].extra = R"({"only":null})";
  for (std::int64_t i = 0; i < 200; ++i) batch.push_back(random_record(random, i));
  batch.push_back(plain("empty", kNoon));
  value_of(store->commit(batch));

  // json() of both would not see 88 and 88.0 as equal; each member is compared, by its type.
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  sqlite3_stmt* compare = nullptr;
  REQUIRE(sqlite3_prepare_v2(database,
                             "WITH a AS (SELECT e.fullkey, e.atom, e.type FROM telemetry, "
                             "json_tree(raw_json) AS e WHERE telemetry.id = ?1), "
                             "b AS (SELECT fullkey, atom, type FROM json_tree(?2)) "
                             "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), "
                             "(SELECT count(*) FROM a JOIN b USING(fullkey) WHERE a.atom IS b.atom "
                             "AND replace(a.type, 'real', 'integer') = "
                             "replace(b.type, 'real', 'integer')), "
                             "(SELECT json_valid(raw_json) FROM telemetry WHERE id = ?1)",
                             -1, &compare, nullptr) == SQLITE_OK);
  for (const StoredRecord& row : rows_of(*reader, kAlways)) {
    std::string message;
    telemetry::print_message(row.record, message);
    sqlite3_bind_int64(compare, 1, row.id);
    sqlite3_bind_text(compare, 2, message.c_str(), -1, SQLITE_STATIC);
    REQUIRE(sqlite3_step(compare) == SQLITE_ROW);
    CAPTURE(message);
    CHECK(sqlite3_column_int(compare, 3) == 1);
    CHECK(sqlite3_column_int(compare, 0) == sqlite3_column_int(compare, 1));
    CHECK(sqlite3_column_int(compare, 0) == sqlite3_column_int(compare, 2));
    sqlite3_reset(compare);
  }
  sqlite3_finalize(compare);
  sqlite3_close(database);
  CHECK(command_line(file, "SELECT raw_json FROM telemetry WHERE device_id = 'bare'") ==
        R"({"only":null})");
  CHECK(command_line(file, "SELECT raw_json FROM telemetry WHERE device_id = 'empty'") == "{}");
}

TEST_CASE("the view's columns agree with a printed row") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const auto store = value_of(open_sqlite(file));
  const auto reader = value_of(store->open_reader());
  Random random{9};
  std::vector<Record> batch{contract_example()};
  for (std::int64_t i = 0; i < 100; ++i) batch.push_back(random_record(random, i));
  value_of(store->commit(batch));
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  for (std::size_t i = 1; i < kFieldCount; ++i) {
    const std::string column{kFieldInfo[i].column};
    std::string sql = "SELECT id, \"";
    sql.append(column).append("\" IS json_extract(?2, '$.value') OR \"").append(column);
    sql.append("\" = json_extract(?2, '$.value') FROM telemetry WHERE id = ?1");
    sqlite3_stmt* compare = nullptr;
    REQUIRE(sqlite3_prepare_v2(database, sql.c_str(), -1, &compare, nullptr) == SQLITE_OK);
    for (const StoredRecord& row : rows_of(*reader, kAlways)) {
      std::string value = R"({"value":)";
      telemetry::print_column(row.record, i, value);
      value += '}';
      sqlite3_bind_int64(compare, 1, row.id);
      sqlite3_bind_text(compare, 2, value.c_str(), -1, SQLITE_STATIC);
      REQUIRE(sqlite3_step(compare) == SQLITE_ROW);
      CAPTURE(column);
      CAPTURE(value);
      CHECK(sqlite3_column_int(compare, 1) == 1);
      sqlite3_reset(compare);
    }
    sqlite3_finalize(compare);
  }
  sqlite3_close(database);
}

TEST_CASE("a range of ts in the view uses the index") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const auto store = value_of(open_sqlite(file));
  const auto plan = [&](const std::string& sql) {
    return command_line(file, "EXPLAIN QUERY PLAN " + sql);
  };
  const std::string between =
      "WHERE ts BETWEEN '2023-12-21 00:00:00' AND '2023-12-22 00:00:00' ORDER BY ts";
  CHECK(plan("SELECT * FROM telemetry " + between).find("USING INDEX sample_ts (ts>? AND ts<?)") !=
        std::string::npos);
  CHECK(plan("SELECT * FROM telemetry " + between).find("TEMP B-TREE") == std::string::npos);
  CHECK(plan("SELECT count(*) FROM telemetry " + between).find("INDEX sample_ts") !=
        std::string::npos);
}

TEST_CASE("the log is moved into the database by tidying, and no commit waits for it") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const auto store = value_of(open_sqlite(file));
  const auto database_bytes = [&] { return std::filesystem::file_size(file); };
  std::int64_t seq = 0;
  const auto commit_some = [&] {
    for (int i = 0; i < 400; ++i, ++seq) {
      const Record record = identified("a", kBootA, seq, kNoon + seq * 350);
      value_of(store->commit({&record, 1}));
    }
  };
  commit_some();
  const auto before = database_bytes();
  CHECK(std::filesystem::file_size(file + "-wal") > 4'096'000);
  store->tidy();
  CHECK(database_bytes() > before);
  // From here on the log is written from its beginning again.
  const auto log_bytes = std::filesystem::file_size(file + "-wal");
  for (int round = 0; round < 3; ++round) {
    commit_some();
    store->tidy();
  }
  CHECK(std::filesystem::file_size(file + "-wal") < 2 * log_bytes);
}

TEST_CASE("a sum that cannot be read is named, until it can be read, and holds up no commit") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const auto store = value_of(open_sqlite(file));
  const auto commit_at = [&](std::int64_t seq) {
    const Record record = identified("a", kBootA, seq, kNoon + seq * 60'000);
    value_of(store->commit({&record, 1}));
    for (int i = 0; i < 10; ++i) store->tidy();
  };
  for (std::int64_t seq = 0; seq < 3; ++seq) commit_at(seq);
  CHECK_FALSE(store->upkeep_trouble());
  const std::string first = "UPDATE rollup_fields SET fields = ";
  const std::string which = " WHERE level = 0 AND start = " + std::to_string(kNoon / 60'000);
  const std::string sound = command_line(file, "SELECT hex(fields) FROM rollup_fields" + which);
  command_line(file, first + "x'ff'" + which);
  for (std::int64_t seq = 3; seq < 17; ++seq) commit_at(seq);
  REQUIRE(store->upkeep_trouble());
  CHECK(store->upkeep_trouble()->kind == StoreErrorKind::corrupt);
  command_line(file, first + "x'" + sound + "'" + which);
  commit_at(17);
  CHECK_FALSE(store->upkeep_trouble());
  CHECK(command_line(file, "SELECT count(*) FROM rollup WHERE level = 1") == "1");
}

TEST_CASE("a newer schema stops the start and is left as it is") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  value_of(open_sqlite(file)).reset();
  for (const char* change :
       {"INSERT INTO migration VALUES(1000)",
        "DELETE FROM migration WHERE "
        "number = 1000; INSERT INTO field VALUES(60, 'from_the_future', '')"}) {
    CHECK(command_line(file, change).empty());
    const auto opened = open_sqlite(file);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == StoreErrorKind::newer_schema);
    CHECK(opened.error().words.find("newer IDAST") != std::string::npos);
    CHECK(opened.error().words.find(file) != std::string::npos);
  }
}

TEST_CASE("a database whose fields were stored in another way is refused and left as it is") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  value_of(open_sqlite(file)).reset();
  CHECK(command_line(file, "UPDATE field SET definition = '1 3 4' WHERE name = 'power_w'").empty());
  const auto opened = open_sqlite(file);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().kind == StoreErrorKind::corrupt);
  CHECK(opened.error().words.find("power_w") != std::string::npos);
}

TEST_CASE("an earlier program's database gets the columns of new fields, and old rows lack them") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  {
    const auto store = value_of(open_sqlite(file));
    const Record record = contract_example();
    value_of(store->commit({&record, 1}));
  }
  // Back to a program that knew neither wind_ms, nor `estimated`, nor what came after them.
  std::string forget =
      "DROP VIEW telemetry; ALTER TABLE context DROP COLUMN estimated_bits; ALTER TABLE context "
      "DROP COLUMN estimated_text; DELETE FROM field WHERE position >= 47; UPDATE context SET "
      "removed = removed & ~(-1 << 47), patch = json_remove(patch, '$.windMs', '$.estimated');";
  for (std::size_t i = position_of("wind_ms"); i < telemetry::kFieldCount; ++i) {
    if (telemetry::kFieldInfo[i].sql.kind != telemetry::Kind::number) continue;
    const std::string column{telemetry::kFieldInfo[i].column};
    forget += "ALTER TABLE sample DROP COLUMN " + column + ";";
    forget += "ALTER TABLE base DROP COLUMN " + column + ";";
  }
  CHECK(command_line(file, forget).empty());
  const auto store = value_of(open_sqlite(file));
  const auto reader = value_of(store->open_reader());
  const auto rows = rows_of(*reader, kAlways);
  REQUIRE(rows.size() == 1);
  CHECK(same(rows[0].record, contract_example()));
  CHECK(command_line(file, "SELECT json_type(raw_json, '$.windMs') IS NULL FROM telemetry") == "1");
}

TEST_CASE("a database of the first tables is taken over, every value as it was") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  command_line(file, std::string{".read "} + IDAST_SOURCE_DIR + "/tests/golden/store_1.sql");
  const std::string everything =
      "SELECT json_array(id, ts, device_id, boot_id), json(raw_json) FROM telemetry ORDER BY id";
  // Fields that came later are not of those tables.
  const std::string known = command_line(
      file, "SELECT group_concat('[' || name || ']') FROM pragma_table_info('telemetry')");
  const std::string columns = "SELECT " + known + " FROM telemetry ORDER BY id";
  const std::string before = command_line(file, everything);
  const std::string before_columns = command_line(file, columns, "-line");
  REQUIRE(before.find("roof.2") != std::string::npos);
  REQUIRE(before_columns.size() > before.size());
  {
    const auto store = value_of(open_sqlite(file));
    const auto reader = value_of(store->open_reader());
    CHECK(rows_of(*reader, kAlways).size() == 28);
    CHECK(latest_of(*reader, "roof.2").record.value[position_of("seq")] == 7);
    CHECK(command_line(file, "SELECT count(*) > 0 FROM odd") == "1");
    CHECK(command_line(file, everything) == before);
    CHECK(command_line(file, columns, "-line") == before_columns);

    // It goes on: what was there is absorbed, what is new has its place.
    std::vector<Record> again;
    for (auto& row : rows_of(*reader, kAlways)) {
      if (row.record.identified()) again.push_back(row.record);
    }
    REQUIRE(again.size() == 8);
    again.push_back(identified("roof.2", "00112233445566ff", 8, kNoon));
    const auto committed = value_of(store->commit(again));
    CHECK(committed.absorbed == 8);
    CHECK(committed.inserted == 1);
    CHECK(upto_of(committed, "00112233445566ff") == 8);
  }
  value_of(open_sqlite(file)).reset();
  CHECK(command_line(file, everything).starts_with(before));
  CHECK(command_line(file, "SELECT count(*) FROM telemetry") == "29");
}

TEST_CASE("what is not our database is refused with words, and not touched") {
  const Folder folder;
  const std::string text = folder.file("text.db");
  FILE* file = fopen(text.c_str(), "w");
  std::fputs(
      "this is not a database, only a text that is long enough to be taken for one: "
      "SQLite looks at the first hundred bytes of a file before it believes in it.",
      file);
  std::fclose(file);
  CHECK(open_sqlite(text).error().kind == StoreErrorKind::corrupt);

  const std::string other = folder.file("other.db");
  command_line(other, "CREATE TABLE recipe(name)");
  CHECK(open_sqlite(other).error().kind == StoreErrorKind::corrupt);
  CHECK(command_line(other, "SELECT group_concat(name) FROM sqlite_schema") == "recipe");

  CHECK_FALSE(open_sqlite(folder.file("absent/idast.db")));
}

TEST_CASE("a full disk is an error that leaves everything as it was, and passes") {
  const Folder folder;
  FaultyDisk disk;
  const auto store = value_of(open_sqlite(folder.file("idast.db")));
  const auto reader = value_of(store->open_reader());
  const std::array batch{identified("a", kBootA, 0, kNoon), identified("a", kBootA, 1, kNoon + 1)};
  value_of(store->commit({batch.data(), 1}));

  disk.answer = SQLITE_FULL;
  const auto refused = store->commit(batch);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == StoreErrorKind::disk_full);
  CHECK(refused.error().words.find("full") != std::string::npos);
  CHECK(rows_of(*reader, kAlways).size() == 1);
  disk.answer = SQLITE_IOERR_WRITE;
  CHECK(store->commit(batch).error().kind == StoreErrorKind::unavailable);

  disk.answer = SQLITE_OK;
  const auto done = value_of(store->commit(batch));
  CHECK(done.inserted == 1);
  CHECK(upto_of(done, kBootA) == 1);
}

TEST_CASE("a database locked by another process is unavailable, not broken") {
  CHECK(kind_of(SQLITE_BUSY, 0) == StoreErrorKind::unavailable);
  CHECK(kind_of(SQLITE_BUSY_SNAPSHOT, 0) == StoreErrorKind::unavailable);
  CHECK(kind_of(SQLITE_READONLY_DBMOVED, 0) == StoreErrorKind::read_only);
  CHECK(kind_of(SQLITE_IOERR_SHMSIZE, ENOSPC) == StoreErrorKind::disk_full);
  CHECK(kind_of(SQLITE_CANTOPEN, EACCES) == StoreErrorKind::read_only);
}

TEST_CASE("what was committed is there after the process was killed") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto store = open_sqlite(file);
    for (std::int64_t seq = 0; store && seq < 50; ++seq) {
      const Record record = identified("a", kBootA, seq, kNoon + seq * 350);
      if (!(*store)->commit({&record, 1})) break;
    }
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  const auto store = value_of(open_sqlite(file));
  const auto reader = value_of(store->open_reader());
  CHECK(rows_of(*reader, kAlways).size() == 50);
  const Record again = identified("a", kBootA, 49, kNoon);
  CHECK(upto_of(value_of(store->commit({&again, 1})), kBootA) == 49);
}
