#pragma once
#include <cstdint>
#include <optional>

#include "server/store/store.h"

// What keeping costs, and how long the disk lasts. Pure arithmetic on estimates.
//
// A day's samples cost their rows for as long as they are kept as they came, then the ten-second
// rows; rollups and the archive grow for ever. The rate is that of the newest whole day.
namespace idast::store {

// A rollup of a tracker with every sensor: 130 bytes were measured on a year of minutes.
inline constexpr std::int64_t kRollupBytes = 130;
// A sample in the archive: 43.7 bytes were measured.
inline constexpr std::int64_t kArchivedBytes = 45;

struct Forecast {
  // What is written now and stays; nothing until a whole day was seen.
  std::optional<double> bytes_a_day;
  // What so many days of samples as they came will take, or at 0 take now.
  double raw_window_bytes = 0;
  // Until the disk is full; nothing when nothing is known, or nothing grows.
  std::optional<double> days_left;
};

Forecast forecast(const Store::Size& size, int keep_raw_days, std::int64_t disk_free_bytes);

}  // namespace idast::store
