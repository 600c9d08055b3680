#pragma once
#include <string>
#include <vector>

#include "server/query/zone.h"
#include "server/store/store.h"

// What a tracker made, by site-local days, hours and months. Each call reads through the caller's
// Reader, on the caller's thread, and is told the time.
namespace idast::query {

// A device and the time zone of its site ("UTC" without one).
struct DeviceZone {
  std::string device;
  std::string time_zone;
};

inline constexpr int kHistoryDaysMax = 365;
inline constexpr int kHistoryDaysDefault = 60;
// A year of days, a month of hours and more; bounds what one answer costs.
inline constexpr std::size_t kPeriodsMax = 1'000;

// CONTRACT §5: the fielded devices' CSV, one line for each of the last `days` local days that has
// samples, ascending, today included; a day that has none is that of the receiver's own rows
// (gap_days.h). Several devices: energies summed, days in UTC unless all
// share one zone.
store::Result<std::string> history_csv(store::Reader& reader,
                                       const std::vector<DeviceZone>& devices, int days,
                                       UtcMillis now);

struct EnergyRow {
  UtcMillis start;
  double energy_wh = 0;
  double coverage = 0;  // Share of the period's minutes, up to now, that have a sample: 0..1.
};

// Energy of one device by period. Without `from`: today's hours, the last 30 days, the last 12
// months; at most kPeriodsMax, the newest. Periods that lie in the future are left out.
struct EnergyQuery {
  PeriodKind kind = PeriodKind::day;
  std::optional<UtcMillis> from{}, to{};
};
store::Result<std::vector<EnergyRow>> energy(store::Reader& reader, const DeviceZone& device,
                                             const EnergyQuery& query, UtcMillis now);

// {"period":"day","rows":[{"start":ISO,"energy_wh":x,"coverage":x}]}
std::string to_json(PeriodKind kind, const std::vector<EnergyRow>& rows);
std::string_view name(PeriodKind kind);
std::optional<PeriodKind> period_from(std::string_view name);

}  // namespace idast::query
