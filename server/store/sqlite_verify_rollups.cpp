#include "server/store/sqlite_verify_rollups.h"

#include "core/base/calendar.h"
#include "server/store/packing.h"
#include "server/store/rollup.h"
#include "server/store/sqlite_rows.h"

namespace idast::store {
namespace {

constexpr std::size_t kExamplesMax = 5;

struct Unit {
  int level = 0;
  std::int64_t device = 0;
  std::int64_t start = 0;
};

void note(Check& check, const Unit& unit, const char* words) {
  ++check.faults;
  if (check.examples.size() >= kExamplesMax) return;
  const std::int64_t minutes = kLevelMillis[static_cast<std::size_t>(unit.level)] / 60'000;
  const UtcMillis start{unit_start(unit.level, unit.start)};
  check.examples.push_back("the " + std::to_string(minutes) + " min from " +
                           std::string{to_iso(start).view()} + " of device " +
                           std::to_string(unit.device) + " " + words);
}

// A minute as its rows say it; `thinned`: some of them stand for several that are gone.
struct Minute {
  Rollup sum;
  bool thinned = false;
};

// What can still be said of a minute whose samples are gone.
bool may_stand_for(const RollupHead& rows, const RollupHead& kept) {
  return rows.samples < kept.samples && rows.minutes == kept.minutes &&
         rows.first_ms >= kept.first_ms && rows.last_ms == kept.last_ms;
}

Result<Minute> from_samples(Statement& rows, const Unit& minute) {
  rows.bind(1, minute.device).bind(2, unit_start(0, minute.start));
  rows.bind(3, unit_start(0, minute.start + 1));
  Minute found;
  for (;;) {
    const auto row = rows.step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return found;
    found.sum.add(stored_record(rows).record);
    found.thinned = found.thinned || rows.integer(kMoreColumns) >> kThinnedBit != 0;
  }
}

Result<Rollup> from_units(Statement& rows, const Unit& unit) {
  const auto level = static_cast<std::size_t>(unit.level);
  const std::int64_t parts = kLevelMillis[level] / kLevelMillis[level - 1];
  rows.bind(1, std::int64_t{unit.level - 1}).bind(2, unit.device);
  rows.bind(3, unit.start * parts).bind(4, (unit.start + 1) * parts);
  Rollup sum;
  for (;;) {
    const auto row = rows.step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return sum;
    Rollup part;
    part.head = stored_head(rows, unit.level - 1);
    // One that cannot be read is a fault of its own, said at its own level.
    if (read_fields(rows.blob(kHeadColumnCount), part)) sum.add(part);
  }
}

Result<void> compare_all(Connection& connection, Check& check) {
  auto rollups = connection.prepare(
      std::string{"SELECT "} + kHeadColumns +
      ", fields, level, device FROM rollup LEFT JOIN rollup_fields USING(level, device, start) "
      "ORDER BY level, device, start");
  if (!rollups) return std::unexpected{rollups.error()};
  auto samples = connection.prepare(columns_sql(", sample.rests") +
                                    " WHERE sample.device = ?1 AND sample.ts_ms >= ?2 AND "
                                    "sample.ts_ms < ?3" +
                                    kSampleOrder);
  if (!samples) return std::unexpected{samples.error()};
  auto units = connection.prepare(
      std::string{"SELECT "} + kHeadColumns +
      ", fields FROM rollup JOIN rollup_fields USING(level, device, start) "
      "WHERE level = ?1 AND device = ?2 AND start >= ?3 AND start < ?4 ORDER BY start");
  if (!units) return std::unexpected{units.error()};
  for (;;) {
    const auto row = rollups->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return {};
    ++check.looked_at;
    const Unit unit{static_cast<int>(rollups->integer(kHeadColumnCount + 1)),
                    rollups->integer(kHeadColumnCount + 2), rollups->integer(0)};
    if (unit.level < 0 || unit.level >= kLevels) {
      note(check, {0, unit.device, unit.start}, "is of no length that there is");
      continue;
    }
    Result<Rollup> again;
    if (unit.level == 0) {
      auto minute = from_samples(*samples, unit);
      if (!minute) return std::unexpected{minute.error()};
      if (minute->thinned) {
        if (!may_stand_for(minute->sum.head, stored_head(*rollups, 0))) {
          note(check, unit, "has other samples than the ten-second rows in their place say");
        }
        continue;
      }
      again = std::move(minute->sum);
    } else {
      again = from_units(*units, unit);
    }
    if (!again) return std::unexpected{again.error()};
    if (!(again->head == stored_head(*rollups, unit.level))) {
      note(check, unit, "does not add up to what is kept of it");
    } else if (print_fields(*again) != rollups->blob(kHeadColumnCount)) {
      note(check, unit, "has other values than what is kept of it");
    }
  }
}

// Neither summed up nor listed: who reads would leave it out. Both: who reads would count it twice.
Result<void> check_minutes(Connection& connection, Check& check) {
  std::string sql =
      "WITH minute AS (SELECT DISTINCT device, (ts_ms - (ts_ms % 60000 + 60000) % 60000) / 60000 "
      "AS start FROM sample) SELECT 0, device, start, 'is neither summed up nor due' FROM minute "
      "WHERE NOT EXISTS (SELECT 1 FROM rollup WHERE level = 0 AND rollup.device = minute.device "
      "AND rollup.start = minute.start) AND NOT EXISTS (SELECT 1 FROM rollup_due AS due WHERE "
      "level = 0 AND due.device = minute.device AND due.start = minute.start)";
  for (int level = 1; level < kLevels; ++level) {
    const std::int64_t length = kLevelMillis[static_cast<std::size_t>(level)] / 60'000;
    const std::string whole = std::to_string(length);
    sql += " AND NOT EXISTS (SELECT 1 FROM rollup_due AS due WHERE whole AND level = " +
           std::to_string(level) +
           " AND due.device = minute.device AND due.start = " + "(minute.start - (minute.start % " +
           whole + " + " + whole + ") % " + whole + ") / " + whole + ")";
  }
  sql +=
      " UNION ALL SELECT level, device, start, 'is summed up, and due' FROM rollup JOIN rollup_due "
      "USING(level, device, start)";
  auto rows = connection.prepare(sql);
  if (!rows) return std::unexpected{rows.error()};
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return {};
    const Unit unit{static_cast<int>(rows->integer(0)), rows->integer(1), rows->integer(2)};
    note(check, unit, std::string{rows->text(3)}.c_str());
  }
}

}  // namespace

Result<void> check_rollups(Connection& connection, Check& check) {
  if (auto done = compare_all(connection, check); !done) return done;
  return check_minutes(connection, check);
}

}  // namespace idast::store
