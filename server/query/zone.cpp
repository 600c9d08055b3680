#include "server/query/zone.h"

#include <algorithm>
#include <chrono>

#include <date/tz.h>

namespace idast::query {
namespace {

using std::chrono::floor;
using SysMillis = date::sys_time<std::chrono::milliseconds>;
using LocalMillis = date::local_time<std::chrono::milliseconds>;

SysMillis to_sys(UtcMillis at) { return SysMillis{std::chrono::milliseconds{at.unix_ms()}}; }
UtcMillis to_utc(SysMillis at) { return UtcMillis{at.time_since_epoch().count()}; }

UtcMillis from_local(const date::time_zone& zone, LocalMillis local) {
  return to_utc(zone.to_sys(local, date::choose::earliest));
}

date::year_month month_of(LocalMillis local) {
  const date::year_month_day day{date::floor<date::days>(local)};
  return day.year() / day.month();
}

}  // namespace

std::expected<Zone, std::string> Zone::locate(const std::string& name) {
  try {
    return Zone{date::locate_zone(name)};
  } catch (const std::exception&) {
    return std::unexpected{"no such time zone: " + name};
  }
}

UtcMillis Zone::start_of(PeriodKind kind, UtcMillis at) const { return start_after(kind, at, 0); }

UtcMillis Zone::start_after(PeriodKind kind, UtcMillis at, int count) const {
  const SysMillis instant = to_sys(at);
  const LocalMillis local = zone_->to_local(instant);
  if (kind == PeriodKind::day) {
    return from_local(*zone_, date::floor<date::days>(local) + date::days{count});
  }
  if (kind == PeriodKind::month) {
    const auto month = month_of(local) + date::months{count};
    return from_local(*zone_, LocalMillis{date::local_days{month / 1}});
  }
  // Hours are counted in real time, so that the hour a clock change repeats stands twice.
  const auto into_hour = local - floor<std::chrono::hours>(local);
  return to_utc(instant - into_hour + std::chrono::hours{count});
}

std::vector<UtcMillis> Zone::starts(PeriodKind kind, UtcMillis from, UtcMillis to,
                                    std::size_t limit) const {
  std::vector<UtcMillis> found;
  if (to <= from || limit == 0) return found;
  // Backwards from the end, so that the limit keeps the newest.
  const UtcMillis last = start_of(kind, to - Millis{1});
  found.push_back(start_after(kind, last, 1));
  // The period before is the one of the moment before: some days never were (Apia, 2011-12-30).
  for (UtcMillis start = last;; start = start_of(kind, start - Millis{1})) {
    found.push_back(start);
    if (start <= from || found.size() > limit) break;
  }
  std::ranges::reverse(found);
  return found;
}

}  // namespace idast::query
