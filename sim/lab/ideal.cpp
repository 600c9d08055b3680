#include "sim/lab/ideal.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace idast::sim {
namespace {

constexpr float kRadians = std::numbers::pi_v<float> / 180.f;
constexpr Degrees kZenith = degrees(90.f);

}  // namespace

OracleLight oracle_light(const sun::SkyDome& dome, const sun::Position& sun) {
  constexpr int kShares = 20;
  OracleLight best;
  for (int share = 0; share <= kShares; ++share) {
    const float of_way = static_cast<float>(share) / static_cast<float>(kShares);
    const control::Direction normal{.azimuth = sun.azimuth,
                                    .elevation = kZenith - (kZenith - sun.elevation) * of_way};
    const PlaneLight light = dome.on(unit_vector(normal));
    if (share == 0 || light.total() > best.light.total()) best = {light, normal};
  }
  return best;
}

control::Direction fixed_normal(const sun::Place& place) {
  const bool is_north = place.latitude >= degrees(0.f);
  const Degrees tilt = degrees(std::abs(place.latitude.in(degrees)));
  return {.azimuth = degrees(is_north ? 180.f : 0.f), .elevation = kZenith - tilt};
}

control::Direction single_axis_normal(const sun::Position& sun) {
  if (sun.elevation <= degrees(0.f)) return {};
  constexpr float kTurnMax = 60.f;
  const float elevation = sun.elevation.in(degrees)*kRadians;
  const float east = std::cos(elevation) * std::sin(sun.azimuth.in(degrees)*kRadians);
  const float turn =
      std::clamp(std::atan2(east, std::sin(elevation)) / kRadians, -kTurnMax, kTurnMax);
  return {.azimuth = degrees(turn >= 0.f ? 90.f : 270.f),
          .elevation = kZenith - degrees(std::abs(turn))};
}

Watts IdealPanel::step(Millis dt, const PlaneLight& light, const Conditions& conditions) {
  const Celsius steady =
      cell_temperature(conditions.air_temperature, conditions.wind, light.total(), parameters_);
  const float lag =
      static_cast<float>(std::max<Millis>(parameters_.thermal_lag, Millis{1}).count());
  const float covered = 1.f - std::exp(-static_cast<float>(dt.count()) / lag);
  cell_ = cell_ ? *cell_ + (steady - *cell_) * covered : steady;
  const Irradiance effective =
      light.beam * incidence_factor(light.aoi_cosine, parameters_) + light.diffuse + light.ground;
  return panel_power(effective, *cell_, parameters_);
}

}  // namespace idast::sim
