#include "server/query/history.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/base/calendar.h"
#include "core/base/require.h"
#include "server/query/gap_days.h"

namespace idast::query {
namespace {

constexpr std::array<std::string_view, 3> kPeriodNames{"hour", "day", "month"};
constexpr std::array<int, 3> kPeriodsDefault{24, 30, 12};
constexpr double kMinuteMillis = 60'000.0;

Zone zone_of(const std::string& name) {
  auto zone = Zone::locate(name);
  if (!zone) zone = Zone::locate("UTC");
  require(zone.has_value(), "the time zone database has no UTC");
  return *zone;
}

// One zone for all, or UTC.
std::string shared_zone(const std::vector<DeviceZone>& devices) {
  if (devices.empty()) return "UTC";
  const bool same = std::ranges::all_of(
      devices, [&](const DeviceZone& d) { return d.time_zone == devices.front().time_zone; });
  return same ? devices.front().time_zone : "UTC";
}

// A day of several devices, added up.
struct Day {
  double energy_wh = 0;
  double battery_sum = 0;
  std::int64_t battery_samples = 0;
  std::int64_t samples = 0;
  std::string device_name;
  std::optional<UtcMillis> first, last;

  void add(const store::Period& period) {
    if (period.samples == 0) return;
    energy_wh += period.energy_wh;
    samples += period.samples;
    if (period.battery_pct_mean) {
      battery_sum += *period.battery_pct_mean * static_cast<double>(period.samples);
      battery_samples += period.samples;
    }
    const bool newest = !last || (period.last && *period.last > *last);
    if (!period.device_name_last.empty() && (newest || device_name.empty())) {
      device_name = period.device_name_last;
    }
    if (period.first && (!first || *period.first < *first)) first = period.first;
    if (period.last && newest) last = period.last;
  }
};

std::string csv_name(std::string name) {
  if (name.empty()) return "Unknown";
  for (char& c : name) {
    if (c == ',' || c == '\n' || c == '\r' || c == '"') c = ' ';
  }
  return name;
}

std::string csv_line(UtcMillis start, const Day& day) {
  const std::string battery =
      day.battery_samples > 0
          ? fmt::format("{:.1f}", day.battery_sum / static_cast<double>(day.battery_samples))
          : "";
  const std::int64_t minutes =
      day.first && day.last ? (*day.last - *day.first).count() / 60'000 : 0;
  return fmt::format("{},{:.3f},{},{},{}\n", start.unix_ms() / 1000, day.energy_wh, battery,
                     csv_name(day.device_name), minutes);
}

}  // namespace

store::Result<std::string> history_csv(store::Reader& reader,
                                       const std::vector<DeviceZone>& devices, int days,
                                       UtcMillis now) {
  const Zone zone = zone_of(shared_zone(devices));
  const UtcMillis first = zone.start_after(PeriodKind::day, now, 1 - days);
  const UtcMillis end = zone.start_after(PeriodKind::day, now, 1);
  const auto starts = zone.starts(PeriodKind::day, first, end, kHistoryDaysMax);

  std::vector<Day> sums(starts.size() - 1);
  for (const DeviceZone& device : devices) {
    auto periods = reader.periods(device.device, starts);
    if (!periods) return std::unexpected{periods.error()};
    if (auto filled = fill_gap_days(reader, device.device, starts, *periods); !filled) {
      return std::unexpected{filled.error()};
    }
    for (std::size_t i = 0; i < periods->size(); ++i) sums[i].add((*periods)[i]);
  }

  std::string csv = "timestamp,energy_wh,battery_pct,device_name,session_min\n";
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums[i].samples > 0) csv += csv_line(starts[i], sums[i]);
  }
  return csv;
}

store::Result<std::vector<EnergyRow>> energy(store::Reader& reader, const DeviceZone& device,
                                             const EnergyQuery& query, UtcMillis now) {
  const Zone zone = zone_of(device.time_zone);
  const UtcMillis to = std::min(query.to.value_or(now + Millis{1}), now + Millis{1});
  UtcMillis from = query.from.value_or(zone.start_of(PeriodKind::day, now));
  if (!query.from && query.kind != PeriodKind::hour) {
    from = zone.start_after(query.kind, to - Millis{1},
                            1 - kPeriodsDefault[static_cast<std::size_t>(query.kind)]);
  }
  const auto starts = zone.starts(query.kind, from, to, kPeriodsMax);
  if (starts.empty()) return std::vector<EnergyRow>{};

  const auto periods = reader.periods(device.device, starts);
  if (!periods) return std::unexpected{periods.error()};
  std::vector<EnergyRow> rows;
  rows.reserve(periods->size());
  for (std::size_t i = 0; i < periods->size(); ++i) {
    const store::Period& period = (*periods)[i];
    const Millis elapsed = std::min(starts[i + 1], now) - starts[i];
    const double minutes = std::max(1.0, static_cast<double>(elapsed.count()) / kMinuteMillis);
    const double covered = static_cast<double>(period.minutes_covered);
    rows.push_back({starts[i], period.energy_wh, std::min(1.0, covered / minutes)});
  }
  return rows;
}

std::string to_json(PeriodKind kind, const std::vector<EnergyRow>& rows) {
  std::string out = fmt::format(R"({{"period":"{}","rows":[)", name(kind));
  for (const EnergyRow& row : rows) {
    if (&row != &rows.front()) out += ',';
    out += fmt::format(R"({{"start":"{}","energy_wh":{:.3f},"coverage":{:.4f}}})",
                       to_iso(row.start).view(), row.energy_wh, row.coverage);
  }
  return out + "]}";
}

std::string_view name(PeriodKind kind) { return kPeriodNames[static_cast<std::size_t>(kind)]; }

std::optional<PeriodKind> period_from(std::string_view name) {
  for (std::size_t i = 0; i < kPeriodNames.size(); ++i) {
    if (kPeriodNames[i] == name) return static_cast<PeriodKind>(i);
  }
  return std::nullopt;
}

}  // namespace idast::query
