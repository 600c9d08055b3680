#pragma once
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numbers>

// Inside this room only: degrees, the epoch and the air, as both positions of the sun take them.
namespace idast::sun {

constexpr double kRadians = std::numbers::pi / 180.0;
// 2000-01-01T12:00:00Z, the epoch J2000 on the UTC scale.
constexpr std::int64_t kJ2000UnixMs = 946'728'000'000;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr double kDaysPerCentury = 36525.0;

inline double sine(double deg) { return std::sin(deg * kRadians); }
inline double cosine(double deg) { return std::cos(deg * kRadians); }
inline double tangent(double deg) { return std::tan(deg * kRadians); }

inline double turned_into(double deg) {  // 0 <= result < 360
  const double rest = std::fmod(deg, 360.0);
  const double positive = rest < 0.0 ? rest + 360.0 : rest;
  return positive < 360.0 ? positive : 0.0;
}

inline double polynomial(double t, std::initializer_list<double> falling) {
  double sum = 0.0;
  for (const double coefficient : falling) sum = sum * t + coefficient;
  return sum;
}

// SPA section 3.14: below the switch the sun is under the horizon and nothing is bent.
inline double refraction_deg(double elevation_deg, double pressure_hpa, double temperature_c) {
  constexpr double kSunRadiusDeg = 0.26667;
  constexpr double kHorizonRefractionDeg = 0.5667;
  if (elevation_deg < -(kSunRadiusDeg + kHorizonRefractionDeg)) return 0.0;
  return (pressure_hpa / 1010.0) * (283.0 / (273.0 + temperature_c)) * 1.02 /
         (60.0 * tangent(elevation_deg + 10.3 / (elevation_deg + 5.11)));
}

}  // namespace idast::sun
