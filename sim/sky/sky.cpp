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
  constexpr std::int64_t kDayMs = 86'400'000;
  constexpr std::int64_t kYear2001Ms = 978'307'200'000;
  constexpr double kYearDays = 365.2425;
  // The orbit repeats; which of the last days of a year this is matters less than 0.01 %.
  const double days = static_cast<double>((at.unix_ms() - kYear2001Ms) / 60'000) /
                      static_cast<double>(kDayMs / 60'000);
  const double angle = 2.0 * std::numbers::pi * days / kYearDays;
  const double distance = 1.000110 + 0.034221 * std::cos(angle) + 0.001280 * std::sin(angle) +
                          0.000719 * std::cos(2.0 * angle) + 0.000077 * std::sin(2.0 * angle);
  return watts_per_square_metre(static_cast<float>(1366.1 * distance));
}

PlaneLight plane_light(const Conditions& conditions, const control::Direction& normal,
                       float albedo) {
  const float sun_up = sine(conditions.sun.elevation);
  const float normal_up = sine(normal.elevation);
  const float aoi_cosine = sun_up * normal_up + cosine(conditions.sun.elevation) *
                                                    cosine(normal.elevation) *
                                                    cosine(conditions.sun.azimuth - normal.azimuth);
  const float seen = conditions.sun.elevation > degrees(0.f) ? std::max(aoi_cosine, 0.f) : 0.f;
  // Below one degree of elevation the ratio of tilted to horizontal beam is held, as it diverges.
  constexpr float kSunUpMin = 0.01745f;
  const float tilted_to_flat = seen / std::max(sun_up, kSunUpMin);
  const float anisotropy = std::clamp(conditions.dni / extraterrestrial(conditions.at), 0.f, 1.f);
  const float sky_view = (1.f + normal_up) / 2.f;
  return {.beam = conditions.dni * seen,
          .diffuse = conditions.dhi * (anisotropy * tilted_to_flat + (1.f - anisotropy) * sky_view),
          .ground = conditions.ghi * (albedo * (1.f - sky_view)),
          .aoi_cosine = aoi_cosine};
}

}  // namespace idast::sim
