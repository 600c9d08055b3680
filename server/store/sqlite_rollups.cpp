#include "server/store/sqlite_rollups.h"

#include <string>
#include <utility>
#include <vector>

#include "server/store/packing.h"
#include "server/store/sqlite_rows.h"

namespace idast::store {
namespace {

// A unit is over when samples are received that much after its end. Whoever is later than the radio
// and a broker usually are costs a second writing, never a wrong sum.
constexpr std::int64_t kGraceMs = 5'000;
// Rows read in one step: some 10 ms in which a commit may have to wait. To write a rollup takes as
// long as to read some rows.
constexpr int kStepRows = 2'000;
constexpr int kRollupRows = 8;
// Units looked up at once.
constexpr std::int64_t kUnitsAtOnce = 64;
// A thousand trackers and more; who is forgotten is looked up again.
constexpr std::size_t kMinutesRemembered = 4'096;
// Two minutes of a thousand trackers, of 2.4 kB each; of more trackers some minutes are read again.
constexpr std::size_t kSumsMax = 2'048;

// Units of the level below in one of this level.
std::int64_t parts_of(int level) {
  const auto index = static_cast<std::size_t>(level);
  return level == 0 ? 1 : kLevelMillis[index] / kLevelMillis[index - 1];
}

constexpr const char* kUnit = " WHERE level = ?1 AND device = ?2 AND start = ?3";

}  // namespace

Result<void> RollupKeeper::run(const char* sql, const Unit& unit) {
  const auto statement = statements_.prepared(std::string{sql} + kUnit);
  if (!statement) return std::unexpected{statement.error()};
  return (*statement)
      ->bind(1, std::int64_t{unit.level})
      .bind(2, unit.device)
      .bind(3, unit.start)
      .run();
}

Result<void> RollupKeeper::set_due(const Unit& unit, bool whole) {
  const auto statement =
      statements_.prepared("INSERT OR REPLACE INTO rollup_due VALUES(?1, ?2, ?3, ?4)");
  if (!statement) return std::unexpected{statement.error()};
  auto& row = (*statement)->bind(1, std::int64_t{unit.level}).bind(2, unit.device);
  return row.bind(3, unit.start).bind(4, std::int64_t{whole}).run();
}

Result<RollupKeeper::Listed> RollupKeeper::list(const Unit& unit) {
  const auto statement =
      statements_.prepared("INSERT INTO rollup_due VALUES(?1, ?2, ?3, 0) ON CONFLICT DO NOTHING");
  if (!statement) return std::unexpected{statement.error()};
  auto& row = (*statement)->bind(1, std::int64_t{unit.level}).bind(2, unit.device);
  if (auto done = row.bind(3, unit.start).run(); !done) return std::unexpected{done.error()};
  if (connection_.changes() == 0) return Listed::before;
  if (auto gone = run("DELETE FROM rollup", unit); !gone) return std::unexpected{gone.error()};
  if (connection_.changes() == 0) return Listed::first;
  if (auto gone = run("DELETE FROM rollup_fields", unit); !gone) {
    return std::unexpected{gone.error()};
  }
  return Listed::untrue;
}

void RollupKeeper::sum_up(const Unit& minute, bool first, const telemetry::Record& record) {
  const std::pair place{minute.device, minute.start};
  if (first) {
    if (sums_.size() < kSumsMax) sums_[place].add(record);
    return;
  }
  const auto sum = sums_.find(place);
  if (sum == sums_.end()) return;
  // Of two at the same time, other things decide which is the later one.
  if (record.ts.unix_ms() <= sum->second.head.last_ms) {
    sums_.erase(sum);
    return;
  }
  sum->second.add(record);
}

Result<bool> RollupKeeper::add_late(const Unit& minute, const telemetry::Record& record) {
  const auto find = statements_.prepared(
      std::string{"SELECT "} + kHeadColumns +
      ", fields FROM rollup JOIN rollup_fields USING(level, device, start) WHERE level = ?1 AND "
      "device = ?2 AND start = ?3 AND EXISTS (SELECT 1 FROM sample WHERE sample.device = ?2 AND "
      "ts_ms >= ?4 AND ts_ms < ?5 AND rests >> " +
      std::to_string(kThinnedBit) + ")");
  if (!find) return std::unexpected{find.error()};
  Statement& row = (*find)->bind(1, std::int64_t{minute.level}).bind(2, minute.device);
  row.bind(3, minute.start).bind(4, unit_start(0, minute.start));
  const auto there = row.bind(5, unit_start(0, minute.start + 1)).step();
  if (!there || !*there) return there;
  Rollup rollup;
  rollup.head = stored_head(row, minute.level);
  const bool sound = read_fields(row.blob(kHeadColumnCount), rollup);
  row.reset();
  if (!sound) {
    return std::unexpected{StoreError{StoreErrorKind::corrupt, "a rollup cannot be read"}};
  }
  rollup.add_late(record);
  if (auto saved = save(minute, rollup); !saved) return std::unexpected{saved.error()};
  return true;
}

Result<bool> RollupKeeper::note(std::int64_t device, const telemetry::Record& record) {
  const std::int64_t ts_ms = record.ts.unix_ms();
  const std::int64_t minute = unit_of(0, ts_ms);
  const auto known = listed_.find(device);
  if (known != listed_.end() && known->second == minute) {
    sum_up({0, device, minute}, false, record);
    return false;
  }
  // From the day down: within one that is due as a whole nothing is listed.
  const auto find = statements_.prepared(std::string{"SELECT whole FROM rollup_due"} + kUnit);
  if (!find) return std::unexpected{find.error()};
  for (int level = kLevels - 1; level >= 0; --level) {
    const Unit unit{level, device, unit_of(level, ts_ms)};
    if (level == 0) {
      const auto late = add_late(unit, record);
      if (!late) return late;
      if (*late) {
        late_ = true;
        return true;
      }
    }
    const auto listed = list(unit);
    if (!listed) return std::unexpected{listed.error()};
    if (level == 0) sum_up(unit, *listed == Listed::first, record);
    const bool is_new = *listed != Listed::before;
    if (is_new && unit.level == kLevels - 1) {
      const auto day = statements_.prepared("INSERT OR IGNORE INTO archive_due VALUES(?1)");
      if (!day) return std::unexpected{day.error()};
      if (auto done = (*day)->bind(1, unit.start).run(); !done) {
        return std::unexpected{done.error()};
      }
    }
    if (is_new) continue;
    auto& row = (*find)->bind(1, std::int64_t{level}).bind(2, device).bind(3, unit.start);
    const auto there = row.step();
    if (!there) return std::unexpected{there.error()};
    const bool whole = *there && row.integer(0) != 0;
    if (*there) row.reset();
    if (whole) return false;
  }
  if (unit_start(0, minute + 1) <= done_ms_) late_ = true;
  if (listed_.size() >= kMinutesRemembered) listed_.clear();
  listed_[device] = minute;
  return false;
}

Result<bool> RollupKeeper::step(UtcMillis newest) {
  const std::int64_t over_ms = newest.unix_ms() - kGraceMs;
  if (!late_ && unit_of(0, over_ms) == unit_of(0, done_ms_)) return false;
  auto transaction = Transaction::begin(connection_);
  if (!transaction) return std::unexpected{transaction.error()};
  if (auto done = forget_others(); !done) return std::unexpected{done.error()};
  auto more = work(over_ms);
  if (more) {
    if (auto done = transaction->commit(); !done) more = std::unexpected{done.error()};
  }
  if (!more) {
    forget();
    return more;
  }
  late_ = *more;
  if (!*more) done_ms_ = over_ms;
  return more;
}

// What another program stored in a minute is in no sum that is kept here.
Result<void> RollupKeeper::forget_others() {
  const auto version = connection_.integer("PRAGMA data_version");
  if (!version) return std::unexpected{version.error()};
  if (std::exchange(version_, **version) != **version) forget();
  return {};
}

Result<bool> RollupKeeper::work(std::int64_t over_ms) {
  int rows_left = kStepRows;
  for (int level = 0; level < kLevels; ++level) {
    const auto rows = write_level(level, over_ms, rows_left);
    if (!rows) return std::unexpected{rows.error()};
    rows_left -= *rows;
    if (rows_left <= 0) return true;
  }
  return open_one();
}

Result<int> RollupKeeper::write_level(int level, std::int64_t over_ms, int rows_max) {
  const auto find = statements_.prepared(
      "SELECT device, start FROM rollup_due AS due WHERE level = ?1 AND start < ?2 AND whole = 0 "
      "AND NOT EXISTS (SELECT 1 FROM rollup_due AS part WHERE part.level = ?1 - 1 AND "
      "part.device = due.device AND part.start >= due.start * ?3 AND "
      "part.start < (due.start + 1) * ?3) LIMIT ?4");
  if (!find) return std::unexpected{find.error()};
  int rows = 0;
  for (;;) {
    Statement& row = (*find)->bind(1, std::int64_t{level}).bind(2, unit_of(level, over_ms));
    row.bind(3, parts_of(level)).bind(4, kUnitsAtOnce);
    std::vector<Unit> units;
    for (;;) {
      const auto there = row.step();
      if (!there) return std::unexpected{there.error()};
      if (!*there) break;
      units.push_back({level, row.integer(0), row.integer(1)});
    }
    for (const Unit& unit : units) {
      if (rows >= rows_max) return rows;
      const auto took = write(unit);
      if (!took) return took;
      rows += *took;
    }
    if (units.size() < static_cast<std::size_t>(kUnitsAtOnce)) return rows;
  }
}

Result<int> RollupKeeper::add_parts(const Unit& unit, Rollup& sum) {
  if (unit.level != 0) return add_units(unit, sum);
  auto kept = sums_.extract({unit.device, unit.start});
  if (!kept) return add_samples(unit, sum);
  sum = std::move(kept.mapped());
  return 0;
}

Result<int> RollupKeeper::write(const Unit& unit) {
  Rollup sum;
  const auto rows = add_parts(unit, sum);
  if (!rows) return rows;
  if (sum.head.samples > 0) {
    if (auto saved = save(unit, sum); !saved) return std::unexpected{saved.error()};
  }
  if (auto gone = run("DELETE FROM rollup_due", unit); !gone) {
    return std::unexpected{gone.error()};
  }
  const auto known = listed_.find(unit.device);
  if (unit.level == 0 && known != listed_.end() && known->second == unit.start) {
    listed_.erase(known);
  }
  return *rows + kRollupRows;
}

Result<int> RollupKeeper::add_samples(const Unit& minute, Rollup& sum) {
  const auto find = statements_.prepared(
      columns_sql() + " WHERE sample.device = ?1 AND sample.ts_ms >= ?2 AND sample.ts_ms < ?3" +
      kSampleOrder);
  if (!find) return std::unexpected{find.error()};
  Statement& row = (*find)->bind(1, minute.device).bind(2, unit_start(0, minute.start));
  row.bind(3, unit_start(0, minute.start + 1));
  int rows = 0;
  for (;; ++rows) {
    const auto there = row.step();
    if (!there) return std::unexpected{there.error()};
    if (!*there) return rows;
    sum.add(stored_record(row).record);
  }
}

Result<int> RollupKeeper::add_units(const Unit& unit, Rollup& sum) {
  const auto find = statements_.prepared(
      std::string{"SELECT "} + kHeadColumns +
      ", fields FROM rollup JOIN rollup_fields USING(level, device, start) "
      "WHERE level = ?1 AND device = ?2 AND start >= ?3 AND start < ?4 ORDER BY start");
  if (!find) return std::unexpected{find.error()};
  const int below = unit.level - 1;
  const std::int64_t parts = parts_of(unit.level);
  Statement& row = (*find)->bind(1, std::int64_t{below}).bind(2, unit.device);
  row.bind(3, unit.start * parts).bind(4, (unit.start + 1) * parts);
  int rows = 0;
  for (;; ++rows) {
    const auto there = row.step();
    if (!there) return std::unexpected{there.error()};
    if (!*there) return rows;
    Rollup part;
    part.head = stored_head(row, below);
    if (!read_fields(row.blob(kHeadColumnCount), part)) {
      row.reset();
      return std::unexpected{StoreError{StoreErrorKind::corrupt, "a rollup cannot be read"}};
    }
    sum.add(part);
  }
}

Result<void> RollupKeeper::save(const Unit& unit, const Rollup& rollup) {
  const RollupHead& head = rollup.head;
  const auto add_head = statements_.prepared(
      "INSERT OR REPLACE INTO rollup VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
      "?13)");
  if (!add_head) return std::unexpected{add_head.error()};
  const std::int64_t start_ms = unit_start(unit.level, unit.start);
  Statement& row = (*add_head)->bind(1, std::int64_t{unit.level}).bind(2, unit.device);
  row.bind(3, unit.start).bind(4, head.samples).bind(5, head.minutes);
  row.bind(6, head.first_ms - start_ms).bind(7, head.last_ms - start_ms);
  row.bind(8, head.energy_first).bind(9, head.energy_last).bind(10, head.energy_rise);
  row.bind(11, head.battery_sum).bind(12, head.battery_samples);
  if (auto done = row.bind(13, std::string_view{head.device_name}).run(); !done) return done;
  const auto add_fields =
      statements_.prepared("INSERT OR REPLACE INTO rollup_fields VALUES(?1, ?2, ?3, ?4)");
  if (!add_fields) return std::unexpected{add_fields.error()};
  const std::string fields = print_fields(rollup);
  Statement& other = (*add_fields)->bind(1, std::int64_t{unit.level}).bind(2, unit.device);
  return other.bind(3, unit.start).bind_blob(4, fields).run();
}

Result<bool> RollupKeeper::open_one() {
  const auto find = statements_.prepared(
      "SELECT level, device, start FROM rollup_due WHERE whole ORDER BY level LIMIT 1");
  if (!find) return std::unexpected{find.error()};
  Statement& row = **find;
  const auto there = row.step();
  if (!there) return there;
  if (!*there) return false;
  const Unit unit{static_cast<int>(row.integer(0)), row.integer(1), row.integer(2)};
  row.reset();
  if (auto opened = open(unit); !opened) return std::unexpected{opened.error()};
  return true;
}

Result<void> RollupKeeper::open(const Unit& unit) {
  const auto next = statements_.prepared(
      "SELECT min(ts_ms) FROM sample WHERE device = ?1 AND ts_ms >= ?2 AND ts_ms < ?3");
  if (!next) return std::unexpected{next.error()};
  Statement& row = **next;
  const int below = unit.level - 1;
  const std::int64_t end_ms = unit_start(unit.level, unit.start + 1);
  std::int64_t from_ms = unit_start(unit.level, unit.start);
  while (from_ms < end_ms) {
    const auto there = row.bind(1, unit.device).bind(2, from_ms).bind(3, end_ms).step();
    if (!there) return std::unexpected{there.error()};
    const std::optional<std::int64_t> ts_ms = row.number(0);
    row.reset();
    if (!ts_ms) break;
    const std::int64_t part = unit_of(below, *ts_ms);
    if (auto listed = set_due({below, unit.device, part}, below > 0); !listed) return listed;
    from_ms = unit_start(below, part + 1);
  }
  return set_due(unit, false);
}

}  // namespace idast::store
