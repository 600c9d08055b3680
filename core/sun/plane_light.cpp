#include "core/sun/plane_light.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace idast::sun {
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

UnitVector unit_vector(Degrees azimuth, Degrees elevation) {
  const float level = cosine(elevation);
  return {.east = level * sine(azimuth), .north = level * cosine(azimuth), .up = sine(elevation)};
}

SkyDome::SkyDome(UtcMillis at, const SkyLight& light, const Position& sun, const SkyModel& model)
    : dni_{light.dni},
      dhi_{light.dhi},
      reflected_{light.ghi * model.albedo},
      horizon_brightening_{model.horizon_brightening},
      sun_{unit_vector(sun.azimuth, sun.elevation)},
      sun_is_up_{sun.elevation > degrees(0.f)},
      anisotropy_{std::clamp(light.dni / extraterrestrial(at), 0.f, 1.f)} {
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
  float even = sky_view;
  if (horizon_brightening_ != 0.f) {
    const float half_tilt_sine = std::sqrt(std::max(0.f, 1.f - sky_view));
    const float cubed = half_tilt_sine * half_tilt_sine * half_tilt_sine;
    even *= 1.f + horizon_brightening_ * cubed;
  }
  return {.beam = dni_ * seen,
          .diffuse = dhi_ * (circumsolar + (1.f - anisotropy_) * even),
          .ground = reflected_ * (1.f - sky_view),
          .aoi_cosine = aoi_cosine};
}

}  // namespace idast::sun
