#include "sim/sky/sky.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace idast::sim {
namespace {

constexpr float kRadians = std::numbers::pi_v<float> / 180.f;

float sine(Degrees angle) { return std::sin(angle.in(degrees)*kRadians); }
float cosine(Degrees angle) { return std::cos(angle.in(degrees)*kRadians); }

}  // namespace

Irradiance extraterrestrial(UtcMillis at) {
  constexpr std::int64_t kMinuteMs = 60'000;
  constexpr std::int64_t kYear2001Ms = 978'307'200'000;
  constexpr double kYearMinutes = 365.2425 * 1440.0;
  // The orbit repeats; which of a year's last days this is matters less than 0.01 %.
  const std::int64_t minutes = at.unix_ms() / kMinuteMs - kYear2001Ms / kMinuteMs;
  const double years = static_cast<double>(minutes) / kYearMinutes;
  const double angle = 2.0 * std::numbers::pi * years;
  const double distance = 1.000110 + 0.034221 * std::cos(angle) + 0.001280 * std::sin(angle) +
                          0.000719 * std::cos(2.0 * angle) + 0.000077 * std::sin(2.0 * angle);
  return watts_per_square_metre(static_cast<float>(1366.1 * distance));
}

UnitVector unit_vector(const control::Direction& direction) {
  const float level = cosine(direction.elevation);
  return {.east = level * sine(direction.azimuth),
          .north = level * cosine(direction.azimuth),
          .up = sine(direction.elevation)};
}

SkyDome::SkyDome(const Conditions& conditions, float albedo)
    : dni_{conditions.dni},
      dhi_{conditions.dhi},
      reflected_{conditions.ghi * albedo},
      sun_{unit_vector({conditions.sun.azimuth, conditions.sun.elevation})},
      sun_is_up_{conditions.sun.elevation > degrees(0.f)},
      anisotropy_{std::clamp(conditions.dni / extraterrestrial(conditions.at), 0.f, 1.f)} {
  // Below one degree of elevation the ratio of tilted to horizontal beam is held, as it diverges.
  constexpr float kSunUpMin = 0.01745f;
  horizontal_share_ = std::max(sun_.up, kSunUpMin);
}

PlaneLight SkyDome::on(const UnitVector& normal) const {
  const float aoi_cosine =
      sun_.east * normal.east + sun_.north * normal.north + sun_.up * normal.up;
  const float seen = sun_is_up_ ? std::max(aoi_cosine, 0.f) : 0.f;
  const float circumsolar = anisotropy_ * seen / horizontal_share_;
  const float sky_view = (1.f + normal.up) / 2.f;
  return {.beam = dni_ * seen,
          .diffuse = dhi_ * (circumsolar + (1.f - anisotropy_) * sky_view),
          .ground = reflected_ * (1.f - sky_view),
          .aoi_cosine = aoi_cosine};
}

PlaneLight plane_light(const Conditions& conditions, const control::Direction& normal,
                       float albedo) {
  return SkyDome{conditions, albedo}.on(unit_vector(normal));
}

}  // namespace idast::sim
