#include "core/control/sweep_plan.h"

#include <algorithm>
#include <cmath>

namespace idast::control {
namespace {

constexpr double kPowerReadingNoise = 0.003;  // relative: INA226 and its shunt, one reading
constexpr double kRingAside = 18.0;           // degrees
// No turn beside a high sun is wider than this.
constexpr double kAcrossMax = 60.0;  // degrees

// `sun` raised by `up` degrees in its own vertical plane (beyond the zenith too), then turned
// clockwise by `aside` degrees.
Vector displaced(const Vector& sun, double up, double aside) {
  const double azimuth = std::atan2(sun.east, sun.north) + aside * kRadiansPerDegree;
  const double elevation =
      std::atan2(sun.up, std::hypot(sun.east, sun.north)) + up * kRadiansPerDegree;
  return {std::cos(elevation) * std::sin(azimuth), std::cos(elevation) * std::cos(azimuth),
          std::sin(elevation)};
}

double elevation_of(const Vector& v) {
  return std::atan2(v.up, std::hypot(v.east, v.north)) / kRadiansPerDegree;
}

}  // namespace

SweepPlan sweep_around_sun(const Vector& sun, double aside_deg, bool with_flat) {
  constexpr double kElevationMin = 2.0;
  const double across =
      std::min(kAcrossMax, aside_deg / std::max(0.5, std::hypot(sun.east, sun.north)));
  const double down = std::max(-aside_deg, kElevationMin - elevation_of(sun));
  return {.wanted = {sun, displaced(sun, 0.0, across), displaced(sun, aside_deg, 0.0),
                     displaced(sun, 0.0, -across), displaced(sun, down, 0.0),
                     with_flat ? kZenith : sun, sun},
          .size = with_flat ? std::size_t{7} : std::size_t{6}};
}

SweepPlan sweep_whole_sky(double heading_deg) {
  constexpr std::array<double, 6> kAround{-60.0, 0.0, 60.0, -120.0, 180.0, 120.0};
  constexpr double kElevation = 40.0;
  const double heading = heading_deg * kRadiansPerDegree;
  const Vector ahead{std::sin(heading), std::cos(heading), 0.0};
  SweepPlan plan;
  for (const double aside : kAround) plan.wanted[plan.size++] = displaced(ahead, kElevation, aside);
  plan.wanted[plan.size++] = kZenith;
  return plan;
}

SweepPlan ring_around(const Vector& found) {
  const double across =
      std::min(kAcrossMax, kRingAside / std::max(0.3, std::hypot(found.east, found.north)));
  return {.wanted = {found, displaced(found, 0.0, across), displaced(found, kRingAside, 0.0),
                     displaced(found, 0.0, -across), displaced(found, -kRingAside, 0.0)},
          .size = 5};
}

void LookMean::add(const Sight& sight) {
  for (std::size_t i = 0; i < kChannels; ++i) {
    if (!sight[i]) continue;
    sums_[i] += *sight[i];
    ++counts_[i];
  }
  ++readings_;
}

void LookMean::put_into(Look& look, const HeadSettings& head) const {
  for (std::size_t i = 0; i < kChannels; ++i) {
    // Half of the readings outside the range: the mean of the others would mislead.
    if (2 * counts_[i] <= readings_) continue;
    look.sight[i] = sums_[i] / counts_[i];
    const double single =
        i == kPowerChannel ? kPowerReadingNoise : log_resistance_noise(*look.sight[i], head);
    look.noise[i] = single / std::sqrt(counts_[i]);
  }
}

}  // namespace idast::control
