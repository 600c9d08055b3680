#include "server/store/sqlite_thinning.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/random.h"
#include "core/telemetry/row.h"
#include "server/store/folder_test.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_verify.h"

using namespace idast;
using namespace idast::store;
using telemetry::position_of;
using telemetry::Record;

namespace {

constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kMidnight = 1'703'116'800'000;  // 2023-12-21 00:00:00 UTC.
constexpr SqliteOptions kKeep{.keep_raw_days = 14};
const std::array kFields{position_of("power_w"),   position_of("steady"),    position_of("temp_c"),
                         position_of("energy_wh"), position_of("uptime_ms"), position_of("top")};

void put(Record& record, std::size_t field, std::int64_t value) {
  record.value[field] = value;
  record.present.add(field);
}
void put(Record& record, std::size_t field, std::string_view text) {
  record.text[field] = text;
  record.present.add(field);
}

// A tracker that sends three times a second, with breaks, holes, new phones, faults and restarts.
class Tracker {
 public:
  Tracker(std::string device, std::uint64_t seed, bool numbered = true)
      : device_{std::move(device)}, random_{seed}, numbered_{numbered} {}

  std::vector<Record> minutes(std::int64_t from_ms, int minutes) {
    std::vector<Record> records;
    for (std::int64_t ts = from_ms; ts < from_ms + minutes * 60'000; ts += 350) {
      change();
      records.push_back(next(ts + static_cast<std::int64_t>(random_.below(20))));
    }
    return records;
  }

 private:
  bool chance(std::uint64_t one_in) { return random_.below(one_in) == 0; }
  void change() {
    if (chance(60)) name_ = name_ == "Pixel" ? "" : "Pixel";
    if (chance(40)) steady_ = !steady_;
    if (chance(100)) with_temperature_ = !with_temperature_;
    if (numbered_ && chance(400)) ++seq_;
    if (chance(1'500)) {
      ++boot_;
      seq_ = 0;
      energy_ = chance(2) ? 0 : energy_ - energy_ / 50;
    }
    energy_ += static_cast<std::int64_t>(random_.below(5));
  }
  Record next(std::int64_t ts_ms) {
    Record record;
    record.device = device_;
    record.ts = UtcMillis{ts_ms};
    record.received = UtcMillis{ts_ms + 100};
    put(record, position_of("ts"), ts_ms);
    if (numbered_) {
      const char digit = static_cast<char>('a' + boot_ % 6);
      put(record, position_of("boot_id"), std::string(16, digit));
      put(record, position_of("seq"), seq_++);
    }
    put(record, position_of("uptime_ms"), seq_ * 350);
    put(record, position_of("energy_wh"), energy_);
    put(record, position_of("power_w"), 600 + static_cast<std::int64_t>(random_.below(300)));
    put(record, position_of("top"), 2'000 + static_cast<std::int64_t>(random_.below(300)));
    if (with_temperature_) put(record, position_of("temp_c"), 451);
    put(record, position_of("steady"), steady_ ? 1 : 0);
    put(record, position_of("device_name"), name_);
    put(record, position_of("state"), chance(150) ? "fault" : "track");
    if (chance(50)) record.extra = R"({"fan":"on"})";
    return record;
  }

  std::string device_;
  Random random_;
  bool numbered_;
  int boot_ = 0;
  std::int64_t seq_ = 0;
  std::int64_t energy_ = 10'000;
  std::string name_;
  bool steady_ = true;
  bool with_temperature_ = true;
};

// Two days of three trackers, one of which does not number its samples.
std::vector<Record> some_days() {
  std::vector<Record> all;
  std::uint64_t seed = 1;
  for (const char* device : {"a", "b", "plain"}) {
    Tracker tracker{device, seed++, std::string_view{device} != "plain"};
    for (const std::int64_t at : {0, 5, 23, 30, 47}) {
      for (Record& r : tracker.minutes(kMidnight + at * 3'600'000 - 90'000, 3)) {
        all.push_back(std::move(r));
      }
    }
  }
  std::ranges::stable_sort(all, {}, [](const Record& r) { return r.ts; });
  return all;
}

void commit_all(Store& store, std::span<const Record> records) {
  for (std::size_t at = 0; at < records.size(); at += 50) {
    value_of(store.commit(records.subspan(at, std::min<std::size_t>(50, records.size() - at))));
  }
}

// Something of another tracker, after so many days.
void wait_days(Store& store, int days) {
  Record later;
  later.device = "later";
  later.ts = later.received = UtcMillis{kMidnight + days * kDay};
  value_of(store.commit({&later, 1}));
}

// The archive takes all there is.
int archive(Store& store) {
  int days = 0;
  while (store.tidy() || store.thin()) {
  }
  for (; const auto task = value_of(store.unarchived()); ++days) value_of(store.archived(*task));
  return days;
}

void tidy_up(Store& store) {
  while (store.tidy() || store.thin()) {
  }
}

std::vector<StoredRecord> rows_of(Store& store, const std::string& device) {
  std::vector<StoredRecord> rows;
  const Range all{device, UtcMillis{kMidnight - kDay}, UtcMillis{kMidnight + 5 * kDay}};
  value_of(value_of(store.open_reader())->rows(all, SIZE_MAX, [&](StoredRecord&& row) {
    rows.push_back(std::move(row));
    return true;
  }));
  return rows;
}

std::string text_of(const std::optional<double>& value) {
  return value ? std::to_string(*value) + "," : "-,";
}

// Every answer by whole minutes: charts of all steps, days of many time zones, and what is latest.
std::string answers(Store& store) {
  const auto reader = value_of(store.open_reader());
  std::string text;
  for (const char* device : {"a", "b", "plain"}) {
    for (const std::int64_t step : {1, 2, 5, 15, 60, 180, 720, 1'440}) {
      const Range range{device, UtcMillis{kMidnight - kDay}, UtcMillis{kMidnight + 3 * kDay}};
      const Buckets buckets = value_of(reader->buckets(range, Millis{step * 60'000}, kFields));
      for (const UtcMillis at : buckets.times) text += std::to_string(at.unix_ms()) + " ";
      for (const auto& field : buckets.fields) {
        for (const Bucket& b : field) text += text_of(b.low) + text_of(b.mean) + text_of(b.high);
      }
    }
    for (const std::int64_t shift : {0, -480, -345, 240, 7, 1'439}) {
      for (const std::int64_t length : {shift == 7 ? 1 : 15, 60, 1'440}) {
        std::vector<UtcMillis> starts;
        const std::int64_t begin = kMidnight - kDay + shift * 60'000;
        for (std::int64_t at = 0; at < 4 * kDay; at += length * 60'000) {
          starts.push_back(UtcMillis{begin + at});
        }
        for (const Period& p : value_of(reader->periods(device, starts))) {
          if (p.samples == 0) continue;
          text += std::to_string(p.start.unix_ms()) + ":" + std::to_string(p.energy_wh) + "," +
                  std::to_string(p.samples) + "," + std::to_string(p.minutes_covered) + "," +
                  text_of(p.battery_pct_mean) + p.device_name_last + "," +
                  std::to_string(p.first->unix_ms()) + "," + std::to_string(p.last->unix_ms()) +
                  "\n";
        }
      }
    }
    const auto latest = value_of(reader->latest(device));
    telemetry::print_row(latest->id, latest->record, text);
  }
  for (const DeviceSeen& seen : value_of(reader->devices())) {
    text += seen.device + std::to_string(seen.last_seen.unix_ms());
  }
  return text;
}

// Every row, and what minutes, charts and `latest` say of the hour that they lie in.
std::string dump(const std::string& file, const SqliteOptions& options) {
  const auto store = value_of(open_sqlite(file, options));
  const auto reader = value_of(store->open_reader());
  std::string text;
  const Range range{"a", UtcMillis{kMidnight}, UtcMillis{kMidnight + 3'600'000}};
  for (const StoredRecord& row : rows_of(*store, "a")) {
    telemetry::print_row(row.id, row.record, text);
  }
  const Buckets buckets = value_of(reader->buckets(range, Millis{60'000}, kFields));
  for (const auto& field : buckets.fields) {
    for (const Bucket& b : field) text += text_of(b.low) + text_of(b.mean) + text_of(b.high);
  }
  std::vector<UtcMillis> starts;
  for (int minute = 0; minute <= 60; ++minute)
    starts.push_back(range.from + Millis{60'000} * minute);
  for (const Period& p : value_of(reader->periods("a", starts))) {
    text += std::to_string(p.energy_wh) + "," + std::to_string(p.samples) + "," +
            text_of(p.battery_pct_mean) + p.device_name_last + "\n";
  }
  const auto latest = value_of(reader->latest("a"));
  telemetry::print_row(latest->id, latest->record, text);
  return text;
}

void copy_database(const std::string& from, const std::string& to) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code absent;
    std::filesystem::remove(to + suffix, absent);
    std::filesystem::copy_file(from + suffix, to + suffix, absent);
  }
}

// Statements begun by every connection of this process until it ends itself; -1: it does not.
int statements_left = -1;
constexpr int kKilled = 9;

int end_at_statement(unsigned, void*, void*, void*) {
  if (statements_left == 0) _exit(kKilled);
  if (statements_left > 0) --statements_left;
  return 0;
}
int watch_statements(sqlite3* database, const char**, const sqlite3_api_routines*) {
  return sqlite3_trace_v2(database, SQLITE_TRACE_STMT, end_at_statement, nullptr);
}

// In a process of its own, which is gone when it would begin statement `at` of one piece. False: it
// did the piece before that.
bool killed_in_a_piece(const std::string& file, const SqliteOptions& options, int at) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    using Entry = void (*)();
    sqlite3_auto_extension(reinterpret_cast<Entry>(watch_statements));
    const auto store = open_sqlite(file, options);
    if (!store || (*store)->tidy()) _exit(1);
    statements_left = at;
    _exit((*store)->thin() ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE((WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == kKilled));
  return WEXITSTATUS(status) == kKilled;
}

void check_verified(const std::string& file) {
  for (const Check& check : value_of(verify_database(file, {}, [](double) {}))) {
    CAPTURE(check.name);
    CAPTURE((check.examples.empty() ? "" : check.examples.front()));
    CHECK(check.faults == 0);
  }
}

}  // namespace

TEST_CASE("thinning changes no answer by minutes, whenever it is killed and goes on") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const std::vector<Record> records = some_days();
  std::string before;
  std::map<std::string, std::size_t> rows_before;
  {
    const auto store = value_of(open_sqlite(file, kKeep));
    commit_all(*store, records);
    wait_days(*store, 20);
    CHECK(archive(*store) == 3);
    before = answers(*store);
    for (const char* device : {"a", "b", "plain"}) {
      rows_before[device] = rows_of(*store, device).size();
    }
  }
  int pieces = 0;
  for (bool more = true; more; ++pieces) {
    const auto store = value_of(open_sqlite(file, kKeep));
    more = store->tidy() || store->thin();
    CHECK(answers(*store) == before);
  }
  CHECK(pieces > 3);
  const auto store = value_of(open_sqlite(file, kKeep));
  CHECK_FALSE(store->tidy());
  CHECK_FALSE(store->thin());
  for (const auto& [device, count] : rows_before) {
    CAPTURE(device);
    const std::vector<StoredRecord> rows = rows_of(*store, device);
    CHECK(rows.size() * 3 < count);
    for (std::size_t i = 1; i < rows.size(); ++i) CHECK(rows[i - 1].record.ts <= rows[i].record.ts);
  }
  CHECK_FALSE(value_of(store->unarchived()));
  check_verified(file);
}

TEST_CASE("a piece of thinning that is killed at any statement is done whole or not at all") {
  const Folder folder;
  const std::string file = folder.file("idast.db"), copy = folder.file("copy.db");
  constexpr SqliteOptions kSmall{.keep_raw_days = 14, .thin_piece_rows = 40};
  {
    const auto store = value_of(open_sqlite(file, kSmall));
    Tracker tracker{"a", 11};
    std::vector<Record> records = tracker.minutes(kMidnight + 600'000, 1);
    records.resize(100);
    commit_all(*store, records);
    wait_days(*store, 20);
    while (store->tidy()) {
    }
    while (const auto task = value_of(store->unarchived())) value_of(store->archived(*task));
  }
  int kills = 0, done = 0, pieces = 0;
  for (;; ++pieces) {
    const std::string before = dump(file, kSmall);
    copy_database(file, copy);
    if (!value_of(open_sqlite(copy, kSmall))->thin()) break;
    const std::string after = dump(copy, kSmall);
    for (int at = 0;; ++at, ++kills) {
      copy_database(file, copy);
      if (!killed_in_a_piece(copy, kSmall, at)) break;
      const std::string found = dump(copy, kSmall);
      if (found == after) ++done;
      CHECK((found == before || found == after));
      if (at % 16 == 0 || found == after) check_verified(copy);
    }
    CHECK(dump(copy, kSmall) == after);
    copy_database(copy, file);
  }
  CHECK(pieces > 2);
  CHECK(kills > 100);
  MESSAGE(kills, " kills in ", pieces, " pieces; after ", done, " of them the piece was done");
}

TEST_CASE("a ten-second row stands for what it took the place of, and words stay") {
  const auto store = value_of(open_sqlite(":memory:", kKeep));
  const std::vector<Record> records = some_days();
  commit_all(*store, records);
  wait_days(*store, 20);
  archive(*store);
  std::map<std::tuple<std::string, std::int64_t>, Record> sent;  // Of "a", by boot and seq.
  for (const Record& r : records) {
    if (r.device == "a") sent[{r.text[position_of("boot_id")], r.value[position_of("seq")]}] = r;
  }
  tidy_up(*store);
  std::size_t accounted = 0;
  for (const StoredRecord& row : rows_of(*store, "a")) {
    const Record& r = row.record;
    const std::int64_t last = r.value[position_of("seq")];
    const std::int64_t first = r.number(position_of("seq_from")).value_or(last);
    std::int64_t power = 0;
    for (std::int64_t seq = first; seq <= last; ++seq, ++accounted) {
      const Record& one = sent.at({r.text[position_of("boot_id")], seq});
      CHECK(one.ts.unix_ms() / 10'000 == r.ts.unix_ms() / 10'000);
      CHECK(one.text[position_of("state")] == r.text[position_of("state")]);
      CHECK(one.text[position_of("device_name")] == r.text[position_of("device_name")]);
      CHECK(one.value[position_of("steady")] == r.value[position_of("steady")]);
      CHECK(one.has(position_of("temp_c")) == r.has(position_of("temp_c")));
      CHECK(one.extra == r.extra);
      power += one.value[position_of("power_w")];
    }
    const std::int64_t count = last - first + 1;
    CHECK(r.value[position_of("power_w")] == (power + count / 2) / count);
    const Record& end = sent.at({r.text[position_of("boot_id")], last});
    CHECK(r.ts == end.ts);
    CHECK(r.received == end.received);
    CHECK(r.value[position_of("energy_wh")] == end.value[position_of("energy_wh")]);
  }
  CHECK(accounted == sent.size());
}

TEST_CASE("what is delivered again to a thinned day is absorbed, and changes nothing") {
  const Folder folder;
  const auto store = value_of(open_sqlite(folder.file("idast.db"), kKeep));
  std::vector<Record> records = some_days();
  std::erase_if(records, [](const Record& r) { return r.device == "plain"; });
  std::map<std::string, std::int64_t> upto;
  const auto commit = [&] {
    std::size_t absorbed = 0;
    for (std::size_t at = 0; at < records.size(); at += 50) {
      const std::size_t size = std::min<std::size_t>(50, records.size() - at);
      const Committed done = value_of(store->commit(std::span{records}.subspan(at, size)));
      absorbed += done.absorbed;
      for (const Progress& p : done.progress) upto[p.device + p.boot] = p.upto;
    }
    return absorbed;
  };
  CHECK(commit() == 0);
  const auto upto_before = upto;
  wait_days(*store, 20);
  archive(*store);
  tidy_up(*store);
  const std::size_t rows = rows_of(*store, "a").size() + rows_of(*store, "b").size();
  std::ranges::reverse(records);
  CHECK(commit() == records.size());
  CHECK(upto == upto_before);
  CHECK(rows_of(*store, "a").size() + rows_of(*store, "b").size() == rows);
  CHECK(value_of(store->size()).late_thinned == 0);
  CHECK_FALSE(value_of(store->unarchived()));
  check_verified(folder.file("idast.db"));
}

TEST_CASE("samples of a tracker's own summary that come by themselves are absorbed") {
  const auto store = value_of(open_sqlite(":memory:"));
  Tracker tracker{"a", 5};
  std::vector<Record> records = tracker.minutes(kMidnight, 1);
  records.resize(12);
  for (std::size_t i = 0; i < records.size(); ++i) {
    put(records[i], position_of("boot_id"), "00000000000000aa");
    put(records[i], position_of("seq"), static_cast<std::int64_t>(i));
  }
  Record summary = records[9];
  put(summary, position_of("seq_from"), 4);
  value_of(store->commit({&summary, 1}));
  const Committed done = value_of(store->commit(records));
  CHECK(done.absorbed == 6);
  CHECK(done.inserted == 6);
  CHECK(done.progress.at(0).upto == 11);
}

TEST_CASE("what comes late to a thinned minute is stored, and added to what is kept of it") {
  const Folder folder;
  std::vector<Record> records;
  Random random{3};
  for (std::int64_t i = 0; i < 2'000; ++i) {
    Record& r = records.emplace_back();
    r.device = "a";
    r.ts = UtcMillis{kMidnight + 3'600'000 + i * 350};
    r.received = r.ts + Millis{50};
    put(r, position_of("boot_id"), "00000000000000aa");
    put(r, position_of("seq"), i);
    put(r, position_of("energy_wh"), 1'000 + 3 * i);
    put(r, position_of("battery_pct"), static_cast<std::int64_t>(random.below(1'000)));
    put(r, position_of("power_w"), static_cast<std::int64_t>(random.below(900)));
  }
  std::vector<Record> first, late;
  for (const Record& r : records) {
    const std::int64_t minute = r.ts.unix_ms() / 60'000 % 60;
    // Of one minute nothing comes in time, of most others some does not.
    const bool in_time = minute != 5 && (minute == 7 || random.below(10) != 0);
    (in_time ? first : late).push_back(r);
    if (!in_time) late.back().received = UtcMillis{kMidnight + 20 * kDay};
  }
  std::string expected;
  for (int round = 0; round < 3; ++round) {
    const std::string file = folder.file(std::to_string(round) + ".db");
    const auto store = value_of(open_sqlite(file, kKeep));
    commit_all(*store, round == 0 ? records : first);
    wait_days(*store, 20);
    archive(*store);
    tidy_up(*store);
    if (round > 0) {
      if (round == 2) std::ranges::reverse(late);
      std::size_t inserted = 0;
      for (const Record& r : late) inserted += value_of(store->commit({&r, 1})).inserted;
      CHECK(inserted == late.size());
      const std::int64_t alone = std::ranges::count_if(
          late, [](const Record& r) { return r.ts.unix_ms() / 60'000 % 60 == 5; });
      CHECK(value_of(store->size()).late_thinned == static_cast<std::int64_t>(late.size()) - alone);
      // A supplement, and no thinning before it.
      const std::size_t rows = rows_of(*store, "a").size();
      tidy_up(*store);
      CHECK(rows_of(*store, "a").size() == rows);
      CHECK(archive(*store) == 1);
      tidy_up(*store);
      CHECK(rows_of(*store, "a").size() < rows);
    }
    const auto reader = value_of(store->open_reader());
    std::vector<UtcMillis> starts;
    for (int minute = 58; minute < 80; ++minute) {
      starts.push_back(UtcMillis{kMidnight + minute * 60'000});
    }
    std::string found;
    for (const Period& p : value_of(reader->periods("a", starts))) {
      found += std::to_string(p.energy_wh) + " " + std::to_string(p.samples) + " " +
               text_of(p.battery_pct_mean) + (p.last ? std::to_string(p.last->unix_ms()) : "") +
               "\n";
    }
    const Range range{"a", starts.front(), starts.back()};
    for (const auto& field : value_of(reader->buckets(range, Millis{300'000}, kFields)).fields) {
      for (const Bucket& b : field) found += text_of(b.low) + text_of(b.mean) + text_of(b.high);
    }
    if (round == 0) expected = found;
    CHECK(found == expected);
    check_verified(file);
  }
}

TEST_CASE(
    "samples without numbers are thinned without seqFrom, and stored again when they return") {
  const Folder folder;
  const auto store = value_of(open_sqlite(folder.file("idast.db"), kKeep));
  Tracker tracker{"plain", 9, false};
  const std::vector<Record> records = tracker.minutes(kMidnight, 2);
  commit_all(*store, records);
  wait_days(*store, 20);
  archive(*store);
  tidy_up(*store);
  const std::vector<StoredRecord> rows = rows_of(*store, "plain");
  CHECK(rows.size() * 2 < records.size());
  for (const StoredRecord& row : rows) CHECK_FALSE(row.record.has(position_of("seq_from")));
  // Whoever imports can tell.
  const auto reader = value_of(store->open_reader());
  std::size_t known = 0;
  for (const Record& record : records) {
    bool there = false;
    const Range at{"plain", record.ts, record.ts + Millis{1}};
    value_of(reader->rows(at, 1, [&](StoredRecord&& row) {
      there = row.record.value[position_of("power_w")] == record.value[position_of("power_w")];
      return false;
    }));
    if (there || value_of(reader->may_be_thinned("plain", record.ts))) ++known;
  }
  CHECK(known == records.size());
  CHECK_FALSE(value_of(reader->may_be_thinned("plain", records.back().ts + Millis{60'000})));
  CHECK(value_of(store->commit({&records[40], 1})).inserted == 1);
  CHECK(value_of(store->size()).late_thinned == 1);
  tidy_up(*store);
  const std::array day{UtcMillis{kMidnight}, UtcMillis{kMidnight + kDay}};
  CHECK(value_of(value_of(store->open_reader())->periods("plain", day))[0].samples ==
        static_cast<std::int64_t>(records.size()) + 1);
  check_verified(folder.file("idast.db"));
}

TEST_CASE("a day stays as it is until it is old enough, archived, and anyone wants it thinned") {
  const std::vector<Record> records = some_days();
  const auto rows_after = [&](const SqliteOptions& options, int days, bool with_archive) {
    const auto store = value_of(open_sqlite(":memory:", options));
    commit_all(*store, records);
    wait_days(*store, days);
    tidy_up(*store);
    if (with_archive) archive(*store);
    tidy_up(*store);
    return rows_of(*store, "a").size();
  };
  const auto all = static_cast<std::size_t>(
      std::ranges::count_if(records, [](const Record& r) { return r.device == "a"; }));
  CHECK(rows_after(kKeep, 20, false) == all);
  CHECK(rows_after({.keep_raw_days = 0}, 200, true) == all);
  CHECK(rows_after(kKeep, 13, true) == all);
  const std::size_t oldest_thinned = rows_after(kKeep, 14, true);
  CHECK(oldest_thinned < all);
  CHECK(rows_after(kKeep, 15, true) < oldest_thinned);
  CHECK(rows_after(kKeep, 17, true) == rows_after({.keep_raw_days = 1}, 17, true));
}

TEST_CASE("the sizes of the tiers add up to what the database holds") {
  const auto store = value_of(open_sqlite(":memory:", kKeep));
  const std::vector<Record> records = some_days();
  commit_all(*store, records);
  wait_days(*store, 20);
  archive(*store);
  Store::Size size = value_of(store->size());
  CHECK(size.raw.rows == static_cast<std::int64_t>(records.size()) + 1);
  CHECK(size.thinned.rows == 0);
  CHECK(size.samples_a_day > 1'000);
  const std::int64_t used = size.raw.bytes + size.rollups.bytes;
  tidy_up(*store);
  size = value_of(store->size());
  std::size_t rows = 1;
  for (const char* device : {"a", "b", "plain"}) rows += rows_of(*store, device).size();
  CHECK(size.raw.rows + size.thinned.rows == static_cast<std::int64_t>(rows));
  CHECK(size.raw.rows + size.thinned_samples == static_cast<std::int64_t>(records.size()) + 1);
  CHECK(size.free_bytes > 0);
  CHECK(size.raw.bytes + size.thinned.bytes + size.rollups.bytes < used);
}

TEST_CASE("a rollup that ten-second rows cannot stand for is found") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  {
    const auto store = value_of(open_sqlite(file, kKeep));
    commit_all(*store, some_days());
    wait_days(*store, 20);
    archive(*store);
    tidy_up(*store);
  }
  auto connection = value_of(Connection::open(file, Connection::Mode::read_write_create));
  value_of(
      connection.execute("UPDATE rollup SET samples = 1 WHERE level = 0 AND start = "
                         "(SELECT min(start) FROM rollup WHERE level = 0)"));
  std::int64_t faults = 0;
  for (const Check& check : value_of(verify_database(file, {}, [](double) {}))) {
    if (check.name == "rollups") faults = check.faults;
  }
  CHECK(faults > 0);
}
