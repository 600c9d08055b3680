#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/base/time.h"
#include "core/sun/sun.h"

namespace idast::sun {

// Finds where a height over time turns from below zero to zero or above. Height is a callable
// double(UtcMillis), smooth, with its turning points some hours apart, as the sun's elevation has.
template <class Height>
class Crossing {
 public:
  explicit Crossing(Height height) : height_{std::move(height)} {}

  // The first such moment in [from, to), within kSearchMax of `from`.
  std::optional<UtcMillis> first(UtcMillis from, UtcMillis to) const {
    const UtcMillis end = std::min(to, from + kSearchMax);
    if (end <= from) return std::nullopt;
    const auto found = search(from, end);
    return found && *found < end ? found : std::nullopt;
  }

 private:
  static constexpr Millis kStep = std::chrono::minutes{10};
  static constexpr Millis kFine{250};  // well inside the promised second

  std::optional<UtcMillis> search(UtcMillis from, UtcMillis to) const {
    // Near the poles the sun may touch the horizon for less than a step; a turning point between
    // three samples is looked into.
    UtcMillis a = from;
    double height_a = height_(a);
    double height_before = height_a;
    UtcMillis before = a;
    while (a < to) {
      const UtcMillis b = std::min(a + kStep, to);
      const double height_b = height_(b);
      if (height_a > height_before && height_a > height_b && height_a < 0.0) {
        const UtcMillis top = summit(before, b, 1.0);
        if (height_(top) >= 0.0) return bisect(before, top);
      }
      if (height_a < height_before && height_a < height_b && height_b >= 0.0 && height_a >= 0.0) {
        const UtcMillis dip = summit(before, b, -1.0);
        if (height_(dip) < 0.0) return bisect(dip, b);
      }
      if (height_a < 0.0 && height_b >= 0.0) return bisect(a, b);
      before = a;
      height_before = height_a;
      a = b;
      height_a = height_b;
    }
    return std::nullopt;
  }

  // The instant between low < 0 and high >= 0 where the height turns.
  UtcMillis bisect(UtcMillis low, UtcMillis high) const {
    while (high - low > kFine) {
      const UtcMillis middle = low + (high - low) / 2;
      (height_(middle) >= 0.0 ? high : low) = middle;
    }
    return high;
  }

  // The highest (sign 1) or lowest (sign -1) instant of a stretch with one turning point.
  UtcMillis summit(UtcMillis low, UtcMillis high, double sign) const {
    while (high - low > kFine) {
      const Millis third = (high - low) / 3;
      const bool rising = sign * height_(low + third) < sign * height_(high - third);
      (rising ? low : high) = rising ? low + third : high - third;
    }
    return low + (high - low) / 2;
  }

  Height height_;
};

// When the sun's elevation comes to `elevation` from below (direction 1) or above (-1): the first
// time in [from, to), both cut to ±reach_ms about 1970, beyond which the position stands still.
// ElevationAt: double(UtcMillis), degrees.
template <class ElevationAt>
std::optional<UtcMillis> first_crossing(UtcMillis from, UtcMillis to, std::int64_t reach_ms,
                                        Degrees elevation, double direction,
                                        const ElevationAt& elevation_at) {
  const double wanted_deg = static_cast<double>(elevation.in(degrees));
  const UtcMillis first = std::clamp(from, UtcMillis{-reach_ms}, UtcMillis{reach_ms});
  const UtcMillis last = std::clamp(to, UtcMillis{-reach_ms}, UtcMillis{reach_ms});
  return Crossing{[&](UtcMillis at) { return direction * (elevation_at(at) - wanted_deg); }}.first(
      first, last);
}

}  // namespace idast::sun
