#include "server/insight/sky_of_power.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/sun/clear_sky.h"
#include "core/sun/spa.h"

namespace idast::insight {
namespace {

constexpr float kRadians = std::numbers::pi_v<float> / 180.f;
// Bright clouds beside the sun reach 1.1 for minutes; more says that the panel is rated too low.
constexpr float kClearnessMax = 1.2f;
constexpr MetresPerSecond kWindAssumed = metres_per_second(2.f);

// Standard deviations of what is taken for granted (Doubt).
constexpr float kAlbedoDeviation = 0.08f;         // grass 0.2; dry soil, concrete 0.3; snow is rare
constexpr float kHorizonBrightening = 0.12f;      // under clear skies, Klucher 1979
constexpr Celsius kCellDeviation = celsius(3.f);  // of the cells from the panel's back
constexpr Degrees kAzimuthDeviation = degrees(3.5f);  // of mounts that were set up by eye
constexpr Degrees kElevationDeviation = degrees(2.f);
constexpr Celsius kAirDeviation = celsius(8.f);  // of a day's air from its climate

// The diffuse share of a cloudless sky that lets this much through, and how far it is to be
// believed: such haze as it would take must exist.
struct ClearShare {
  float share, weight;
};
ClearShare clear_share(const Instant& instant, float clearness) {
  constexpr float kHazeUsual = 5.f;
  constexpr float kHazeMost = 8.f;
  if (clearness <= 0.05f) return {1.f, 0.f};
  const auto haze = static_cast<float>(
      sun::ClearSky::turbidity_of(instant.altitude, instant.sun.elevation, clearness));
  const float weight = std::clamp((kHazeMost - haze) / (kHazeMost - kHazeUsual), 0.f, 1.f);
  if (weight <= 0.f) return {1.f, 0.f};
  const sun::SkyLight light =
      sun::ClearSky{instant.altitude, std::max(haze, 1.5f)}.at(instant.at, instant.sun.elevation);
  const float share = light.ghi > Irradiance{} ? light.dhi / light.ghi : 1.f;
  return {std::clamp(share, 0.f, 1.f), weight};
}

sun::SkyLight light_of(const Instant& instant, float clearness, const Assumptions& assumptions) {
  const Irradiance ghi = instant.outside * (clearness * instant.sun_up);
  float share = erbs_diffuse_share(clearness);
  // Scatter of measured shares about the curve, widest in the middle.
  float spread = 0.03f + 0.4f * share * (1.f - share);
  if (instant.clear_weight > 0.f) {
    const ClearShare clear = clear_share(instant, clearness);
    const float weight = clear.weight * instant.clear_weight;
    share += weight * (clear.share - share);
    spread *= 1.f - 0.5f * weight;
  }
  const float diffuse = std::clamp(share + assumptions.diffuse_shift * spread, 0.04f, 1.f);
  const Irradiance dhi = ghi * diffuse;
  return {.ghi = ghi, .dni = (ghi - dhi) / instant.sun_up, .dhi = dhi};
}

Irradiance light_from(Watts power, Celsius cell, const Station& station, float nominal_factor) {
  constexpr float kHeatLeast = 0.3f;  // 200 °C: a thermometer out of order
  const float heat =
      std::max(kHeatLeast, 1.f + station.power_per_celsius * (cell.in(celsius)-25.f));
  return watts_per_square_metre(1000.f * std::max(0.f, power / (station.nominal * nominal_factor)) /
                                heat);
}

}  // namespace

Assumptions assumptions_of(Doubt doubt, const Station& station) {
  Assumptions result;
  switch (doubt) {
    case Doubt::none:
      break;
    case Doubt::nominal:
      result.nominal_factor = 1.f + station.nominal_deviation;
      break;
    case Doubt::more_diffuse:
      result.diffuse_shift = 1.f;
      break;
    case Doubt::less_diffuse:
      result.diffuse_shift = -1.f;
      break;
    case Doubt::ground:
      result.sky.albedo += kAlbedoDeviation;
      break;
    case Doubt::horizon:
      result.sky.horizon_brightening = kHorizonBrightening;
      break;
    case Doubt::temperature:
      result.warmer = 1.f;
      break;
    case Doubt::turned:
      result.azimuth_off = kAzimuthDeviation;
      break;
    case Doubt::raised:
      result.elevation_off = kElevationDeviation;
      break;
    case Doubt::other_sky:
      result.other_sky = true;
      break;
  }
  return result;
}

Instant instant_of(UtcMillis at, const sun::Place& place) {
  const auto precise = sun::position_spa(at, sun::observer(place));
  const auto narrow = [](double deg) { return degrees(static_cast<float>(deg)); };
  const sun::Position sun{.azimuth = narrow(precise.azimuth_deg),
                          .elevation = narrow(precise.elevation_deg),
                          .elevation_true = narrow(precise.elevation_true_deg)};
  return {.at = at,
          .sun = sun,
          .sun_up = std::max(0.005f, std::sin(sun.elevation.in(degrees)*kRadians)),
          .outside = sun::extraterrestrial(at),
          .altitude = place.altitude};
}

Irradiance effective(const sun::PlaneLight& light, const sun::Glass& glass) {
  return light.beam * sun::incidence_factor(light.aoi_cosine, glass) + light.diffuse + light.ground;
}

sun::SkyDome dome_of(const Instant& instant, float clearness, const Assumptions& assumptions) {
  return {instant.at, light_of(instant, clearness, assumptions), instant.sun, assumptions.sky};
}

Skies skies_for(const Instant& instant, const sun::UnitVector& normal, Irradiance wanted,
                const Station& station, const Assumptions& assumptions) {
  constexpr int kSteps = 12;
  constexpr int kHalvings = 11;  // of a twelfth of the range: to 5e-5
  const auto light_at = [&](float clearness) {
    return effective(dome_of(instant, clearness, assumptions).on(normal), station.glass);
  };
  Skies skies;
  float brightest = 0.f;
  Irradiance most;
  bool below = true;  // no sky, no light
  for (int step = 1; step <= kSteps; ++step) {
    float high = kClearnessMax * static_cast<float>(step) / kSteps;
    const Irradiance light = light_at(high);
    if (light > most) {
      most = light;
      brightest = high;
    }
    if ((light < wanted) == below) continue;
    float low = high - kClearnessMax / kSteps;
    for (int i = 0; i < kHalvings; ++i) {
      const float middle = 0.5f * (low + high);
      ((light_at(middle) < wanted) == below ? low : high) = middle;
    }
    if (skies.count < skies.clearness.size()) skies.clearness[skies.count++] = 0.5f * (low + high);
    below = !below;
  }
  if (skies.count == 0) skies.clearness[skies.count++] = brightest;
  return skies;
}

float cooling_of(const Minute& minute, const Station& station) {
  const MetresPerSecond wind = minute.wind.value_or(kWindAssumed);
  return station.cooling.u0 + station.cooling.u1 * std::max(0.f, wind.in(metres_per_second));
}

Celsius cell_of(const Minute& minute, Irradiance light, const Station& station, float warmer) {
  if (minute.panel_temperature) return *minute.panel_temperature + kCellDeviation * warmer;
  return climate_air_temperature(minute.at, station.place) + kAirDeviation * warmer +
         celsius(light.in(watts_per_square_metre) / cooling_of(minute, station));
}

Cells cells_of(const Minute& minute, const Station& station, const Assumptions& assumptions) {
  constexpr int kRounds = 3;  // each leaves a tenth of the error before it
  Cells cells{.light = {}, .temperature = celsius(25.f)};
  for (int i = 0; i < kRounds; ++i) {
    cells.light = light_from(*minute.power, cells.temperature, station, assumptions.nominal_factor);
    cells.temperature = cell_of(minute, cells.light, station, assumptions.warmer);
  }
  return cells;
}

float erbs_diffuse_share(float clearness) {
  const float k = clearness;
  if (k <= 0.22f) return 1.f - 0.09f * k;
  if (k <= 0.80f) return 0.9511f + k * (-0.1604f + k * (4.388f + k * (-16.638f + k * 12.336f)));
  return 0.165f;
}

Celsius climate_air_temperature(UtcMillis at, const sun::Place& place) {
  constexpr double kYearMs = 365.2425 * 86'400'000.0;
  constexpr double kWarmest = 200.0 / 365.2425;  // about the 19th of July
  const float sine = std::sin(place.latitude.in(degrees)*kRadians);
  const double years = static_cast<double>(at.unix_ms()) / kYearMs;
  const auto season = static_cast<float>(std::cos(2.0 * std::numbers::pi * (years - kWarmest)));
  const float high = place.altitude.in(metres) * 0.0065f;  // the standard atmosphere's lapse
  return celsius(27.f - 29.f * sine * sine + 14.f * sine * season - high);
}

}  // namespace idast::insight
