#include "server/query/gap_days.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "server/store/energy.h"

namespace idast::query {
namespace {

using store::Period;
using telemetry::HistoryRow;

constexpr std::size_t kEnergy = telemetry::position_of("energy_wh");
constexpr double kEnergyStepsPerWh = 1'000;  // Of the column energy_wh …
constexpr double kBatteryStepsPerPct = 10;   // … and of battery_pct.

// The counter, and what it has risen since it last started again.
class Count {
 public:
  std::int64_t add(std::int64_t value) {
    const std::int64_t step = counter_.add(value);
    // Otherwise a fall brings nothing.
    const bool anew = before_ && value < *before_ && step == value;
    since_ = anew ? step : since_ + step;
    before_ = value;
    return step;
  }
  bool starts_anew_at(std::int64_t value) const {
    store::EnergyCounter next = counter_;
    return before_ && value < *before_ && next.add(value) == value;
  }
  std::int64_t since() const { return since_; }

 private:
  store::EnergyCounter counter_;
  std::optional<std::int64_t> before_;
  std::int64_t since_ = 0;
};

void add_row(const HistoryRow& row, Count& count, Period& day, std::int64_t& battery_rows) {
  ++day.samples;
  if (row.energy) day.energy_wh += static_cast<double>(count.add(*row.energy)) / kEnergyStepsPerWh;
  if (row.battery) {
    // A running mean.
    const double battery = static_cast<double>(*row.battery) / kBatteryStepsPerPct;
    const double before = day.battery_pct_mean.value_or(0);
    day.battery_pct_mean = before + (battery - before) / static_cast<double>(++battery_rows);
  }
  // What a receiver says when there is none.
  if (!row.device_name.empty() && row.device_name != "Unknown") {
    day.device_name_last = row.device_name;
  }
  if (!day.first) day.first = row.taken;
  day.last = row.taken;
}

struct First {
  bool there = false;
  std::optional<std::int64_t> energy;
};
store::Result<First> first_sample(store::Reader& reader, const store::Range& range) {
  First first;
  const auto read = reader.rows(range, 1, [&](store::StoredRecord&& row) {
    first = {true, row.record.number(kEnergy)};
    return false;
  });
  if (!read) return std::unexpected{read.error()};
  return first;
}

// One run of days without samples: [begin, end) of the periods.
struct Run {
  std::size_t begin = 0;
  std::size_t end = 0;
};

store::Result<void> fill_run(store::Reader& reader, const std::string& device,
                             std::span<const UtcMillis> starts, const Run& run,
                             std::vector<Period>& periods) {
  const auto rows = reader.history({device, starts[run.begin], starts[run.end]}, kGapRowsMax);
  if (!rows) return std::unexpected{rows.error()};
  if (rows->empty()) return {};
  if (rows->size() >= kGapRowsMax) {
    return std::unexpected{store::StoreError{
        store::StoreErrorKind::unavailable,
        "too many rows of the history of " + device + " to read at once; ask for fewer days"}};
  }
  Count count;
  std::size_t day = run.begin;
  std::int64_t battery_rows = 0;
  for (const HistoryRow& row : *rows) {
    for (; row.taken >= starts[day + 1]; ++day) battery_rows = 0;
    add_row(row, count, periods[day], battery_rows);
  }
  if (run.end == periods.size()) return {};
  // The day of the next sample.
  if (run.begin == 0) {
    const auto before = first_sample(reader, {device, UtcMillis{0}, starts[0]});
    if (!before) return std::unexpected{before.error()};
    if (!before->there) return {};
  }
  const auto next = first_sample(reader, {device, starts[run.end], starts[run.end + 1]});
  if (!next) return std::unexpected{next.error()};
  if (next->energy && count.starts_anew_at(*next->energy)) return {};
  double& energy_wh = periods[run.end].energy_wh;
  energy_wh = std::max(0.0, energy_wh - static_cast<double>(count.since()) / kEnergyStepsPerWh);
  return {};
}

}  // namespace

store::Result<void> fill_gap_days(store::Reader& reader, const std::string& device,
                                  std::span<const UtcMillis> starts, std::vector<Period>& periods) {
  // Before any is filled: a day counts as it is stored.
  std::vector<Run> runs;
  for (std::size_t i = 0; i < periods.size(); ++i) {
    if (periods[i].samples > 0) continue;
    const bool goes_on = !runs.empty() && runs.back().end == i;
    if (!goes_on) runs.push_back({i, i});
    runs.back().end = i + 1;
  }
  for (const Run& run : runs) {
    if (auto filled = fill_run(reader, device, starts, run, periods); !filled) return filled;
  }
  return {};
}

}  // namespace idast::query
