#include "server/store/sqlite_size.h"

#include <algorithm>
#include <string>

#include "server/store/rollup.h"
#include "server/store/tiers.h"

namespace idast::store {
namespace {

// Rollups of all levels for each of a minute.
constexpr std::int64_t rollups_of(std::int64_t minutes) { return minutes + minutes / 11; }

Result<void> count_days(Connection& connection, Store::Size& size) {
  auto days =
      connection.prepare("SELECT start, sum(samples), sum(minutes) FROM rollup WHERE level = " +
                         std::to_string(kLevels - 1) + " GROUP BY start ORDER BY start");
  if (!days) return std::unexpected{days.error()};
  std::int64_t minutes = 0;
  for (;;) {
    const auto day = days->step();
    if (!day) return std::unexpected{day.error()};
    if (!*day) break;
    size.samples_a_day = days->integer(1);
    size.minutes_a_day = days->integer(2);
    minutes += size.minutes_a_day;
  }
  size.rollups_a_day = rollups_of(size.minutes_a_day);
  size.rollups.rows = rollups_of(minutes);
  return {};
}

}  // namespace

Result<void> count_tiers(Connection& connection, Store::Size& size) {
  if (auto done = count_days(connection, size); !done) return done;
  std::int64_t numbers[6]{};
  std::size_t next = 0;
  for (const char* sql : {"SELECT max(id) FROM sample", "SELECT sum(samples) FROM thinned",
                          "SELECT sum(rows) FROM thinned", "PRAGMA page_size", "PRAGMA page_count",
                          "PRAGMA freelist_count"}) {
    const auto number = connection.integer(sql);
    if (!number) return std::unexpected{number.error()};
    numbers[next++] = number->value_or(0);
  }
  const auto [newest, taken, thinned, page, pages, free_pages] = numbers;
  size.thinned_samples = taken;
  size.thinned.rows = thinned;
  // A number is given once, so the newest counts what ever came.
  size.raw.rows = std::max<std::int64_t>(0, newest - taken);
  size.free_bytes = free_pages * page;
  const std::int64_t used = (pages - free_pages) * page;
  size.rollups.bytes = std::min(used, size.rollups.rows * kRollupBytes);
  const std::int64_t rows = std::max<std::int64_t>(1, size.raw.rows + thinned);
  const double each = static_cast<double>(used - size.rollups.bytes) / static_cast<double>(rows);
  size.thinned.bytes = static_cast<std::int64_t>(each * static_cast<double>(thinned));
  size.raw.bytes = used - size.rollups.bytes - size.thinned.bytes;
  return {};
}

}  // namespace idast::store
