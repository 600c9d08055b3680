#include "server/store/rollup.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/random.h"
#include "server/store/energy.h"
#include "server/store/folder_test.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_summaries.h"

using namespace idast;
using namespace idast::store;
using telemetry::position_of;
using telemetry::Record;

namespace {

constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kMidnight = 1'703'116'800'000;  // 2023-12-21 00:00:00 UTC.
constexpr std::array<const char*, 3> kBoots{"00000000000000bb", "00000000000000aa",
                                            "00000000000000cc"};
const std::array kFields{position_of("power_w"), position_of("steady"), position_of("temp_c"),
                         position_of("energy_wh"), position_of("uptime_ms")};

void put(Record& record, std::size_t field, std::int64_t value) {
  record.value[field] = value;
  record.present.add(field);
}
void put(Record& record, std::size_t field, std::string_view text) {
  record.text[field] = text;
  record.present.add(field);
}

// A few days of a tracker that is often away, restarts, says some things twice at once and changes
// its mind about what it measures.
std::vector<Record> days_of(const std::string& device, std::uint64_t seed, std::size_t count) {
  Random random{seed};
  std::vector<Record> records;
  std::int64_t ts_ms = kMidnight + static_cast<std::int64_t>(random.next() % 100'000);
  std::int64_t energy = 10'000;
  std::size_t boot = 0;
  std::int64_t seq = 0;
  for (std::size_t i = 0; i < count; ++i, ++seq) {
    const std::uint64_t gap = random.next() % 100;
    if (gap >= 5) ts_ms += static_cast<std::int64_t>(random.next() % 20'000);
    if (gap > 97) ts_ms += static_cast<std::int64_t>(random.next() % (kDay / 4));
    if (random.next() % 150 == 0 && boot + 1 < kBoots.size()) {
      ++boot;
      seq = 0;
      energy = random.next() % 2 == 0 ? 0 : energy - energy / 50;
    }
    energy += static_cast<std::int64_t>(random.next() % 7);
    Record& record = records.emplace_back();
    record.device = device;
    record.ts = UtcMillis{ts_ms};
    record.received = UtcMillis{ts_ms + 100};
    put(record, position_of("boot_id"), kBoots[boot]);
    put(record, position_of("seq"), seq);
    put(record, position_of("uptime_ms"), seq * 350);
    if (random.next() % 10 != 0) put(record, position_of("energy_wh"), energy);
    if (random.next() % 3 != 0) {
      put(record, position_of("battery_pct"), static_cast<std::int64_t>(random.next() % 1'001));
    }
    if (random.next() % 4 != 0) {
      put(record, position_of("power_w"), static_cast<std::int64_t>(random.next() % 2'000) - 500);
    }
    put(record, position_of("steady"), static_cast<std::int64_t>(random.next() % 2));
    if (random.next() % 9 == 0) {
      put(record, position_of("device_name"), random.next() % 2 == 0 ? "Pixel" : "");
    }
  }
  return records;
}

void shuffle(std::vector<Record>& records, Random& random) {
  for (std::size_t i = records.size(); i > 1; --i) {
    std::swap(records[i - 1], records[random.next() % i]);
  }
}

// Something of another tracker, long after: every minute before is over.
Record much_later() {
  Record record;
  record.device = "later";
  record.ts = record.received = UtcMillis{kMidnight + 100 * kDay};
  return record;
}

void settle(Store& store) {
  const Record later = much_later();
  value_of(store.commit({&later, 1}));
  while (store.tidy()) {
  }
}

void commit_in_pieces(Store& store, std::span<const Record> records, Random& random) {
  for (std::size_t at = 0; at < records.size();) {
    const std::size_t size = std::min<std::size_t>(records.size() - at, 1 + random.next() % 40);
    value_of(store.commit(records.subspan(at, size)));
    at += size;
    if (random.next() % 3 != 0) store.tidy();
  }
}

// Every column of every rollup, and what is due. Devices by name: their numbers follow from who
// came first.
std::string rollups_in(const std::string& file) {
  auto connection = value_of(Connection::open(file, Connection::Mode::read_only));
  std::string text;
  for (const char* sql :
       {"SELECT json_array(level, name, start, samples, minutes, first_rest, last_rest, "
        "energy_first, energy_last, energy_rise, battery_sum, battery_samples, device_name) FROM "
        "rollup JOIN device ON device.id = device WHERE name != 'later' ORDER BY level, name, "
        "start",
        "SELECT json_array(level, name, start, hex(fields)) FROM rollup_fields JOIN device ON "
        "device.id = device WHERE name != 'later' ORDER BY level, name, start",
        "SELECT json_array(level, name, start, whole) FROM rollup_due JOIN device ON "
        "device.id = device WHERE name != 'later' ORDER BY level, name, start"}) {
    auto rows = value_of(connection.prepare(sql));
    while (value_of(rows.step())) text.append(rows.text(0)).append("\n");
  }
  return text;
}

// What the samples of one tracker say, reckoned from nothing but themselves.
class Model {
 public:
  explicit Model(std::vector<Record> records) : records_{std::move(records)} {
    const auto key = [](const Record& r) {
      return std::tuple{r.ts, r.text[position_of("boot_id")], r.value[position_of("seq")]};
    };
    std::ranges::sort(records_, {}, key);
  }

  Buckets buckets(const Range& range, std::int64_t step) const {
    std::map<std::int64_t, std::vector<FieldSums>> sums;
    for (const Record& r : records_) {
      if (r.ts < range.from || r.ts >= range.to) continue;
      auto& open = sums[(r.ts - range.from).count() / step];
      open.resize(kFields.size());
      for (std::size_t f = 0; f < kFields.size(); ++f) {
        if (r.has(kFields[f])) open[f].add(r.value[kFields[f]]);
      }
    }
    Buckets buckets;
    buckets.fields.resize(kFields.size());
    for (const auto& [bucket, of_fields] : sums) {
      buckets.times.push_back(range.from + Millis{bucket * step});
      for (std::size_t f = 0; f < kFields.size(); ++f) {
        const FieldSums& s = of_fields[f];
        double scale = 1;
        for (int i = 0; i < telemetry::kFieldInfo[kFields[f]].sql.decimals; ++i) scale *= 10;
        Bucket& bucket_of = buckets.fields[f].emplace_back();
        if (s.count == 0) continue;
        bucket_of = {static_cast<double>(s.low) / scale,
                     static_cast<double>(s.sum) / static_cast<double>(s.count) / scale,
                     static_cast<double>(s.high) / scale};
      }
    }
    return buckets;
  }

  std::vector<Period> periods(std::span<const UtcMillis> starts) const {
    std::vector<Period> periods(starts.size() - 1);
    EnergyCounter counter;
    for (std::size_t i = 0; i < periods.size(); ++i) periods[i].start = starts[i];
    std::vector<std::int64_t> energy(periods.size()), battery(periods.size()),
        batteries(periods.size());
    for (const Record& r : records_) {
      const auto value = r.number(position_of("energy_wh"));
      const std::int64_t rise = value ? counter.add(*value) : 0;
      if (r.ts < starts.front() || r.ts >= starts.back()) continue;
      const auto i =
          static_cast<std::size_t>(std::ranges::upper_bound(starts, r.ts) - starts.begin() - 1);
      Period& period = periods[i];
      ++period.samples;
      const auto minute = [](UtcMillis at) { return at.unix_ms() / 60'000; };
      if (!period.last || minute(*period.last) != minute(r.ts)) ++period.minutes_covered;
      if (!period.first) period.first = r.ts;
      period.last = r.ts;
      energy[i] += rise;
      if (const auto percent = r.number(position_of("battery_pct"))) {
        battery[i] += *percent;
        ++batteries[i];
      }
      const std::string& name = r.text[position_of("device_name")];
      if (!name.empty()) period.device_name_last = name;
    }
    for (std::size_t i = 0; i < periods.size(); ++i) {
      periods[i].energy_wh = static_cast<double>(energy[i]) / 1000.0;
      if (batteries[i] > 0) {
        periods[i].battery_pct_mean =
            static_cast<double>(battery[i]) / static_cast<double>(batteries[i]) / 10.0;
      }
    }
    return periods;
  }

  const std::vector<Record>& records() const { return records_; }

 private:
  std::vector<Record> records_;
};

bool same(const Buckets& a, const Buckets& b) {
  if (a.times != b.times) return false;
  for (std::size_t f = 0; f < a.fields.size(); ++f) {
    for (std::size_t i = 0; i < a.times.size(); ++i) {
      const Bucket &x = a.fields[f][i], &y = b.fields[f][i];
      if (x.low != y.low || x.mean != y.mean || x.high != y.high) return false;
    }
  }
  return true;
}

bool same(const std::vector<Period>& a, const std::vector<Period>& b) {
  const auto key = [](const Period& p) {
    return std::tuple{p.start, p.energy_wh, p.samples,          p.minutes_covered,
                      p.first, p.last,      p.device_name_last, p.battery_pct_mean};
  };
  return std::ranges::equal(a, b, {}, key, key);
}

// Charts and days of every alignment, compared with the model.
void compare(Store& store, const std::string& device, const Model& model, Random& random) {
  const auto reader = value_of(store.open_reader());
  constexpr std::array<std::int64_t, 10> kSteps{1'000,   30'000,     60'000,     300'000,
                                                900'000, 7'200'000,  43'200'000, 86'400'000,
                                                77'777,  172'800'000};
  for (const std::int64_t step : kSteps) {
    const std::int64_t span = std::min<std::int64_t>(8 * kDay, step * 300);
    std::int64_t from = kMidnight - kDay + static_cast<std::int64_t>(random.next() % (6 * kDay));
    if (random.next() % 4 != 0) from -= from % step;
    const Range range{device, UtcMillis{from},
                      UtcMillis{from + span - static_cast<std::int64_t>(random.next() % step)}};
    CAPTURE(step);
    CAPTURE(from);
    CHECK(
        same(value_of(reader->buckets(range, Millis{step}, kFields)), model.buckets(range, step)));
  }
  // UTC, Manila, Kathmandu, an hour of summer time, and one no clock ever showed.
  for (const std::int64_t shift : {0, -8 * 3'600'000, -20'700'000, -3'600'000, 12'345}) {
    std::vector<UtcMillis> starts;
    for (std::int64_t day = -1; day < 9; ++day) {
      const std::int64_t summer = shift == -3'600'000 && day > 3 ? shift : 0;
      starts.push_back(UtcMillis{kMidnight + day * kDay + shift + summer});
    }
    starts.erase(starts.begin(), starts.begin() + static_cast<std::ptrdiff_t>(random.next() % 4));
    CAPTURE(shift);
    CHECK(same(value_of(reader->periods(device, starts)), model.periods(starts)));
  }
}

}  // namespace

TEST_CASE("two neighbouring rollups add up to the rollup of both, and come back from their bytes") {
  const std::vector<Record> records = days_of("a", 7, 300);
  Rollup all;
  for (const Record& r : records) all.add(r);
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{150}, records.size()}) {
    Rollup first;
    Rollup second;
    for (std::size_t i = 0; i < records.size(); ++i) (i < cut ? first : second).add(records[i]);
    first.add(second);
    CHECK(first == all);
  }
  const std::string bytes = print_fields(all);
  Rollup back;
  back.head = all.head;
  CHECK(read_fields(bytes, back));
  CHECK(back == all);
  CHECK_FALSE(read_fields(std::string_view{bytes}.substr(0, bytes.size() - 1), back));
  CHECK_FALSE(read_fields(bytes + "x", back));
}

TEST_CASE("the largest values of every column keep exact sums") {
  Rollup rollup;
  Record record;
  for (std::size_t i = 0; i < telemetry::kFieldCount; ++i) {
    if (telemetry::kFieldInfo[i].sql.kind != telemetry::Kind::number) continue;
    put(record, i, telemetry::kFieldInfo[i].sql.high);
  }
  rollup.add(record);
  for (std::size_t i = 0; i < telemetry::kFieldCount; ++i) {
    if (record.has(i)) record.value[i] = telemetry::kFieldInfo[i].sql.low;
  }
  rollup.add(record);
  for (int doubled = 0; doubled < 40; ++doubled) {
    const Rollup half = rollup;
    rollup.add(half);
  }
  Rollup back;
  back.head = rollup.head;
  CHECK(read_fields(print_fields(rollup), back));
  CHECK(back.fields == rollup.fields);
}

TEST_CASE("rollups are the same for every order of arrival, for duplicates and late samples") {
  const Folder folder;
  std::vector<Record> records = days_of("a", 1, 700);
  for (const Record& r : days_of("b", 2, 300)) records.push_back(r);
  std::string expected;
  for (std::uint64_t round = 0; round < 6; ++round) {
    const std::string file = folder.file(std::to_string(round) + ".db");
    const auto store = value_of(open_sqlite(file));
    Random random{round + 10};
    std::vector<Record> arriving = records;
    if (round > 0) shuffle(arriving, random);
    // A third comes twice.
    for (std::size_t i = 0; i < records.size() / 3; ++i) {
      arriving.push_back(records[random.next() % records.size()]);
    }
    if (round > 2) shuffle(arriving, random);
    commit_in_pieces(*store, arriving, random);
    settle(*store);
    const std::string found = rollups_in(file);
    if (round == 0) expected = found;
    CHECK(found == expected);
  }
  CHECK(expected.size() > 20'000);
  auto connection = value_of(Connection::open(folder.file("5.db"), Connection::Mode::read_only));
  CHECK(value_of(connection.integer("SELECT count(*) FROM rollup_due JOIN device ON device.id = "
                                    "device WHERE name != 'later'")) == 0);
}

TEST_CASE("charts and days are what the samples alone would give, whatever is summed up") {
  const auto store = value_of(open_sqlite(":memory:"));
  Random random{99};
  const Model model{days_of("a", 5, 900)};
  std::vector<Record> arriving = model.records();
  std::vector<Record> other = days_of("b", 6, 200);
  arriving.insert(arriving.end(), other.begin(), other.end());
  shuffle(arriving, random);
  std::vector<Record> there;
  for (std::size_t at = 0; at < arriving.size();) {
    const std::size_t size = std::min<std::size_t>(arriving.size() - at, 100);
    const std::span piece{arriving.data() + at, size};
    commit_in_pieces(*store, piece, random);
    at += size;
    for (const Record& r : piece) {
      if (r.device == "a") there.push_back(r);
    }
    compare(*store, "a", Model{there}, random);
  }
  settle(*store);
  for (int i = 0; i < 20; ++i) compare(*store, "a", model, random);
}

TEST_CASE("a database from before the rollups gets the same ones while it goes on") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const Model model{days_of("a", 3, 800)};
  Random random{4};
  {
    const auto store = value_of(open_sqlite(file));
    commit_in_pieces(*store, model.records(), random);
    settle(*store);
  }
  const std::string expected = rollups_in(file);
  {
    auto connection = value_of(Connection::open(file, Connection::Mode::read_write_create));
    value_of(
        connection.execute("DROP TABLE rollup; DROP TABLE rollup_fields; DROP TABLE rollup_due; "
                           "DROP TABLE archive_due; DROP TABLE thin_due; DROP TABLE thinned; "
                           "DROP TABLE history; "
                           "DELETE FROM migration WHERE number >= 3"));
  }
  const auto store = value_of(open_sqlite(file));
  int steps = 0;
  for (bool more = true; more; more = store->tidy()) {
    if (steps % 7 == 0) compare(*store, "a", model, random);
    // What comes meanwhile finds its place: all of it is there already.
    const Record& again = model.records()[random.next() % model.records().size()];
    CHECK(value_of(store->commit({&again, 1})).absorbed == 1);
    ++steps;
  }
  CHECK(steps > 10);
  settle(*store);
  CHECK(rollups_in(file) == expected);
}

namespace {

// The real disk, until the process kills itself at one of the writes.
int writes_left = 0;
sqlite3_vfs killing_disk;
sqlite3_io_methods killing_methods[2];
decltype(sqlite3_io_methods::xWrite) real_write = nullptr;
sqlite3_vfs* real_disk = nullptr;

void register_killing_disk() {
  real_disk = sqlite3_vfs_find(nullptr);
  killing_disk = *real_disk;
  killing_disk.zName = "killing";
  killing_disk.xOpen = [](sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    const int code = real_disk->xOpen(real_disk, name, file, flags, out);
    if (code != SQLITE_OK) return code;
    sqlite3_io_methods& methods = killing_methods[(flags & SQLITE_OPEN_MAIN_DB) != 0 ? 0 : 1];
    real_write = file->pMethods->xWrite;
    methods = *file->pMethods;
    methods.xWrite = [](sqlite3_file* f, const void* bytes, int size, sqlite3_int64 offset) {
      if (--writes_left < 0) kill(getpid(), SIGKILL);
      return real_write(f, bytes, size, offset);
    };
    file->pMethods = &methods;
    return code;
  };
  sqlite3_vfs_register(&killing_disk, 1);
}

}  // namespace

TEST_CASE("a kill at any write leaves rollups that end up the same") {
  const Folder folder;
  const std::vector<Record> records = days_of("a", 8, 120);
  const auto feed = [&](Store& store) {
    Random random{1};
    commit_in_pieces(store, records, random);
    settle(store);
  };
  std::string expected;
  {
    const auto store = value_of(open_sqlite(folder.file("whole.db")));
    feed(*store);
    expected = rollups_in(folder.file("whole.db"));
  }
  int kills = 0;
  for (int writes = 40;; writes += 29) {
    const std::string file = folder.file(std::to_string(writes) + ".db");
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      writes_left = writes;
      register_killing_disk();
      const auto store = open_sqlite(file);
      if (store) feed(**store);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) ++kills;
    const auto store = value_of(open_sqlite(file));
    feed(*store);
    CHECK(rollups_in(file) == expected);
    if (!WIFSIGNALED(status)) break;
  }
  CHECK(kills > 5);
}

TEST_CASE("an answer that would read too many samples is refused with words") {
  const Folder folder;
  const std::string file = folder.file("idast.db");
  const auto store = value_of(open_sqlite(file));
  const std::vector<Record> records = days_of("a", 8, 120);
  value_of(store->commit(records));
  auto connection = value_of(Connection::open(file, Connection::Mode::read_only));
  Statements statements{connection};
  Summaries summaries{statements, 119};
  const std::array starts{UtcMillis{0}, UtcMillis{kMidnight + 100 * kDay}};
  const auto periods = summaries.periods(1, starts);
  REQUIRE_FALSE(periods);
  CHECK(periods.error().words.find("shorter time") != std::string::npos);
  const Range range{"a", starts[0], starts[1]};
  CHECK_FALSE(summaries.buckets(1, range, starts[1] - starts[0], kFields));
  settle(*store);
  CHECK(value_of(summaries.periods(1, starts))[0].samples == 120);
  CHECK(value_of(summaries.buckets(1, range, starts[1] - starts[0], kFields)).times.size() == 1);
}
