#include "server/store/tiers.h"

#include <algorithm>

namespace idast::store {
namespace {

// A sample's row, before there are enough to tell.
constexpr double kRowBytes = 145;
// Ten-second rows in a minute, and at most one for each sample.
constexpr std::int64_t kSlotsAMinute = 6;

double each(const Store::Size::Tier& tier) {
  if (tier.rows <= 0) return kRowBytes;
  return static_cast<double>(tier.bytes) / static_cast<double>(tier.rows);
}

}  // namespace

Forecast forecast(const Store::Size& size, int keep_raw_days, std::int64_t disk_free_bytes) {
  Forecast result;
  const auto samples = static_cast<double>(size.samples_a_day);
  const double raw = samples * each(size.raw);
  result.raw_window_bytes =
      keep_raw_days > 0 ? raw * keep_raw_days : static_cast<double>(size.raw.bytes);
  if (size.samples_a_day <= 0) return result;
  const double for_ever = static_cast<double>(size.rollups_a_day) * kRollupBytes +
                          samples * static_cast<double>(kArchivedBytes);
  const double thinned_rows =
      size.thinned_samples > 0
          ? samples * static_cast<double>(size.thinned.rows) /
                static_cast<double>(size.thinned_samples)
          : std::min(samples, static_cast<double>(size.minutes_a_day * kSlotsAMinute));
  const double filling = raw + for_ever;
  const double full = thinned_rows * each(size.thinned) + for_ever;
  const double days_held = static_cast<double>(size.raw.rows) / samples;
  const double days_to_fill = std::max(0.0, keep_raw_days - days_held);
  const auto room = static_cast<double>(disk_free_bytes + size.free_bytes);
  result.bytes_a_day = keep_raw_days == 0 || days_to_fill >= 1 ? filling : full;
  if (keep_raw_days == 0 || room <= days_to_fill * filling) {
    result.days_left = room / filling;
  } else {
    result.days_left = days_to_fill + (room - days_to_fill * filling) / full;
  }
  return result;
}

}  // namespace idast::store
