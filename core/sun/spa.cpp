#include "core/sun/spa.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include "core/sun/angle.h"
#include "core/sun/crossing.h"

namespace idast::sun {
namespace {

// Instants beyond ten thousand years to either side are taken as this: SPA ends at 6000.
constexpr std::int64_t kReachMs = std::int64_t{10'000} * 366 * kDayMs;

// Table A4.2: the earth's periodic terms, A cos(B + C t), t in millennia since J2000, A in 1e-8
// radians (longitude, latitude) or 1e-8 astronomical units (radius).
struct Term {
  double a, b, c;
};

// Table A4.3: multiples of the five arguments of section 3.4, and coefficients in 0.0001 arc
// seconds: longitude (a + b T) sin, obliquity (c + d T) cos.
struct NutationTerm {
  signed char multiple[5];
  double a, b, c, d;
};

// clang-format off
constexpr Term kLongitude0[] = {
{175347046.0, 0.0, 0.0},
{3341656.0, 4.6692568, 6283.07585},
{34894.0, 4.6261, 12566.1517},
{3497.0, 2.7441, 5753.3849},
{3418.0, 2.8289, 3.5231},
{3136.0, 3.6277, 77713.7715},
{2676.0, 4.4181, 7860.4194},
{2343.0, 6.1352, 3930.2097},
{1324.0, 0.7425, 11506.7698},
{1273.0, 2.0371, 529.691},
{1199.0, 1.1096, 1577.3435},
{990.0, 5.233, 5884.927},
{902.0, 2.045, 26.298},
{857.0, 3.508, 398.149},
{780.0, 1.179, 5223.694},
{753.0, 2.533, 5507.553},
{505.0, 4.583, 18849.228},
{492.0, 4.205, 775.523},
{357.0, 2.92, 0.067},
{317.0, 5.849, 11790.629},
{284.0, 1.899, 796.298},
{271.0, 0.315, 10977.079},
{243.0, 0.345, 5486.778},
{206.0, 4.806, 2544.314},
{205.0, 1.869, 5573.143},
{202.0, 2.458, 6069.777},
{156.0, 0.833, 213.299},
{132.0, 3.411, 2942.463},
{126.0, 1.083, 20.775},
{115.0, 0.645, 0.98},
{103.0, 0.636, 4694.003},
{102.0, 0.976, 15720.839},
{102.0, 4.267, 7.114},
{99.0, 6.21, 2146.17},
{98.0, 0.68, 155.42},
{86.0, 5.98, 161000.69},
{85.0, 1.3, 6275.96},
{85.0, 3.67, 71430.7},
{80.0, 1.81, 17260.15},
{79.0, 3.04, 12036.46},
{75.0, 1.76, 5088.63},
{74.0, 3.5, 3154.69},
{74.0, 4.68, 801.82},
{70.0, 0.83, 9437.76},
{62.0, 3.98, 8827.39},
{61.0, 1.82, 7084.9},
{57.0, 2.78, 6286.6},
{56.0, 4.39, 14143.5},
{56.0, 3.47, 6279.55},
{52.0, 0.19, 12139.55},
{52.0, 1.33, 1748.02},
{51.0, 0.28, 5856.48},
{49.0, 0.49, 1194.45},
{41.0, 5.37, 8429.24},
{41.0, 2.4, 19651.05},
{39.0, 6.17, 10447.39},
{37.0, 6.04, 10213.29},
{37.0, 2.57, 1059.38},
{36.0, 1.71, 2352.87},
{36.0, 1.78, 6812.77},
{33.0, 0.59, 17789.85},
{30.0, 0.44, 83996.85},
{30.0, 2.74, 1349.87},
{25.0, 3.16, 4690.48}};
constexpr Term kLongitude1[] = {
{628331966747.0, 0.0, 0.0},
{206059.0, 2.678235, 6283.07585},
{4303.0, 2.6351, 12566.1517},
{425.0, 1.59, 3.523},
{119.0, 5.796, 26.298},
{109.0, 2.966, 1577.344},
{93.0, 2.59, 18849.23},
{72.0, 1.14, 529.69},
{68.0, 1.87, 398.15},
{67.0, 4.41, 5507.55},
{59.0, 2.89, 5223.69},
{56.0, 2.17, 155.42},
{45.0, 0.4, 796.3},
{36.0, 0.47, 775.52},
{29.0, 2.65, 7.11},
{21.0, 5.34, 0.98},
{19.0, 1.85, 5486.78},
{19.0, 4.97, 213.3},
{17.0, 2.99, 6275.96},
{16.0, 0.03, 2544.31},
{16.0, 1.43, 2146.17},
{15.0, 1.21, 10977.08},
{12.0, 2.83, 1748.02},
{12.0, 3.26, 5088.63},
{12.0, 5.27, 1194.45},
{12.0, 2.08, 4694.0},
{11.0, 0.77, 553.57},
{10.0, 1.3, 6286.6},
{10.0, 4.24, 1349.87},
{9.0, 2.7, 242.73},
{9.0, 5.64, 951.72},
{8.0, 5.3, 2352.87},
{6.0, 2.65, 9437.76},
{6.0, 4.67, 4690.48}};
constexpr Term kLongitude2[] = {
{52919.0, 0.0, 0.0},
{8720.0, 1.0721, 6283.0758},
{309.0, 0.867, 12566.152},
{27.0, 0.05, 3.52},
{16.0, 5.19, 26.3},
{16.0, 3.68, 155.42},
{10.0, 0.76, 18849.23},
{9.0, 2.06, 77713.77},
{7.0, 0.83, 775.52},
{5.0, 4.66, 1577.34},
{4.0, 1.03, 7.11},
{4.0, 3.44, 5573.14},
{3.0, 5.14, 796.3},
{3.0, 6.05, 5507.55},
{3.0, 1.19, 242.73},
{3.0, 6.12, 529.69},
{3.0, 0.31, 398.15},
{3.0, 2.28, 553.57},
{2.0, 4.38, 5223.69},
{2.0, 3.75, 0.98}};
constexpr Term kLongitude3[] = {
{289.0, 5.844, 6283.076},
{35.0, 0.0, 0.0},
{17.0, 5.49, 12566.15},
{3.0, 5.2, 155.42},
{1.0, 4.72, 3.52},
{1.0, 5.3, 18849.23},
{1.0, 5.97, 242.73}};
constexpr Term kLongitude4[] = {
{114.0, 3.142, 0.0},
{8.0, 4.13, 6283.08},
{1.0, 3.84, 12566.15}};
constexpr Term kLongitude5[] = {
{1.0, 3.14, 0.0}};
constexpr Term kLatitude0[] = {
{280.0, 3.199, 84334.662},
{102.0, 5.422, 5507.553},
{80.0, 3.88, 5223.69},
{44.0, 3.7, 2352.87},
{32.0, 4.0, 1577.34}};
constexpr Term kLatitude1[] = {
{9.0, 3.9, 5507.55},
{6.0, 1.73, 5223.69}};
constexpr Term kRadius0[] = {
{100013989.0, 0.0, 0.0},
{1670700.0, 3.0984635, 6283.07585},
{13956.0, 3.05525, 12566.1517},
{3084.0, 5.1985, 77713.7715},
{1628.0, 1.1739, 5753.3849},
{1576.0, 2.8469, 7860.4194},
{925.0, 5.453, 11506.77},
{542.0, 4.564, 3930.21},
{472.0, 3.661, 5884.927},
{346.0, 0.964, 5507.553},
{329.0, 5.9, 5223.694},
{307.0, 0.299, 5573.143},
{243.0, 4.273, 11790.629},
{212.0, 5.847, 1577.344},
{186.0, 5.022, 10977.079},
{175.0, 3.012, 18849.228},
{110.0, 5.055, 5486.778},
{98.0, 0.89, 6069.78},
{86.0, 5.69, 15720.84},
{86.0, 1.27, 161000.69},
{65.0, 0.27, 17260.15},
{63.0, 0.92, 529.69},
{57.0, 2.01, 83996.85},
{56.0, 5.24, 71430.7},
{49.0, 3.25, 2544.31},
{47.0, 2.58, 775.52},
{45.0, 5.54, 9437.76},
{43.0, 6.01, 6275.96},
{39.0, 5.36, 4694.0},
{38.0, 2.39, 8827.39},
{37.0, 0.83, 19651.05},
{37.0, 4.9, 12139.55},
{36.0, 1.67, 12036.46},
{35.0, 1.84, 2942.46},
{33.0, 0.24, 7084.9},
{32.0, 0.18, 5088.63},
{32.0, 1.78, 398.15},
{28.0, 1.21, 6286.6},
{28.0, 1.9, 6279.55},
{26.0, 4.59, 10447.39}};
constexpr Term kRadius1[] = {
{103019.0, 1.10749, 6283.07585},
{1721.0, 1.0644, 12566.1517},
{702.0, 3.142, 0.0},
{32.0, 1.02, 18849.23},
{31.0, 2.84, 5507.55},
{25.0, 1.32, 5223.69},
{18.0, 1.42, 1577.34},
{10.0, 5.91, 10977.08},
{9.0, 1.42, 6275.96},
{9.0, 0.27, 5486.78}};
constexpr Term kRadius2[] = {
{4359.0, 5.7846, 6283.0758},
{124.0, 5.579, 12566.152},
{12.0, 3.14, 0.0},
{9.0, 3.63, 77713.77},
{6.0, 1.87, 5573.14},
{3.0, 5.47, 18849.23}};
constexpr Term kRadius3[] = {
{145.0, 4.273, 6283.076},
{7.0, 3.92, 12566.15}};
constexpr Term kRadius4[] = {
{4.0, 2.56, 6283.08}};
constexpr NutationTerm kNutation[] = {
{{0, 0, 0, 0, 1}, -171996, -174.2, 92025, 8.9},
{{-2, 0, 0, 2, 2}, -13187, -1.6, 5736, -3.1},
{{0, 0, 0, 2, 2}, -2274, -0.2, 977, -0.5},
{{0, 0, 0, 0, 2}, 2062, 0.2, -895, 0.5},
{{0, 1, 0, 0, 0}, 1426, -3.4, 54, -0.1},
{{0, 0, 1, 0, 0}, 712, 0.1, -7, 0},
{{-2, 1, 0, 2, 2}, -517, 1.2, 224, -0.6},
{{0, 0, 0, 2, 1}, -386, -0.4, 200, 0},
{{0, 0, 1, 2, 2}, -301, 0, 129, -0.1},
{{-2, -1, 0, 2, 2}, 217, -0.5, -95, 0.3},
{{-2, 0, 1, 0, 0}, -158, 0, 0, 0},
{{-2, 0, 0, 2, 1}, 129, 0.1, -70, 0},
{{0, 0, -1, 2, 2}, 123, 0, -53, 0},
{{2, 0, 0, 0, 0}, 63, 0, 0, 0},
{{0, 0, 1, 0, 1}, 63, 0.1, -33, 0},
{{2, 0, -1, 2, 2}, -59, 0, 26, 0},
{{0, 0, -1, 0, 1}, -58, -0.1, 32, 0},
{{0, 0, 1, 2, 1}, -51, 0, 27, 0},
{{-2, 0, 2, 0, 0}, 48, 0, 0, 0},
{{0, 0, -2, 2, 1}, 46, 0, -24, 0},
{{2, 0, 0, 2, 2}, -38, 0, 16, 0},
{{0, 0, 2, 2, 2}, -31, 0, 13, 0},
{{0, 0, 2, 0, 0}, 29, 0, 0, 0},
{{-2, 0, 1, 2, 2}, 29, 0, -12, 0},
{{0, 0, 0, 2, 0}, 26, 0, 0, 0},
{{-2, 0, 0, 2, 0}, -22, 0, 0, 0},
{{0, 0, -1, 2, 1}, 21, 0, -10, 0},
{{0, 2, 0, 0, 0}, 17, -0.1, 0, 0},
{{2, 0, -1, 0, 1}, 16, 0, -8, 0},
{{-2, 2, 0, 2, 2}, -16, 0.1, 7, 0},
{{0, 1, 0, 0, 1}, -15, 0, 9, 0},
{{-2, 0, 1, 0, 1}, -13, 0, 7, 0},
{{0, -1, 0, 0, 1}, -12, 0, 6, 0},
{{0, 0, 2, -2, 0}, 11, 0, 0, 0},
{{2, 0, -1, 2, 1}, -10, 0, 5, 0},
{{2, 0, 1, 2, 2}, -8, 0, 3, 0},
{{0, 1, 0, 2, 2}, 7, 0, -3, 0},
{{-2, 1, 1, 0, 0}, -7, 0, 0, 0},
{{0, -1, 0, 2, 2}, -7, 0, 3, 0},
{{2, 0, 0, 2, 1}, -7, 0, 3, 0},
{{2, 0, 1, 0, 0}, 6, 0, 0, 0},
{{-2, 0, 2, 2, 2}, 6, 0, -3, 0},
{{-2, 0, 1, 2, 1}, 6, 0, -3, 0},
{{2, 0, -2, 0, 1}, -6, 0, 3, 0},
{{2, 0, 0, 0, 1}, -6, 0, 3, 0},
{{0, -1, 1, 0, 0}, 5, 0, 0, 0},
{{-2, -1, 0, 2, 1}, -5, 0, 3, 0},
{{-2, 0, 0, 0, 1}, -5, 0, 3, 0},
{{0, 0, 2, 2, 1}, -5, 0, 3, 0},
{{-2, 0, 2, 0, 1}, 4, 0, 0, 0},
{{-2, 1, 0, 2, 1}, 4, 0, 0, 0},
{{0, 0, 1, -2, 0}, 4, 0, 0, 0},
{{-1, 0, 1, 0, 0}, -4, 0, 0, 0},
{{-2, 1, 0, 0, 0}, -4, 0, 0, 0},
{{1, 0, 0, 0, 0}, -4, 0, 0, 0},
{{0, 0, 1, 2, 0}, 3, 0, 0, 0},
{{0, 0, -2, 2, 2}, -3, 0, 0, 0},
{{-1, -1, 1, 0, 0}, -3, 0, 0, 0},
{{0, 1, 1, 0, 0}, -3, 0, 0, 0},
{{0, -1, 1, 2, 2}, -3, 0, 0, 0},
{{2, -1, -1, 2, 2}, -3, 0, 0, 0},
{{0, 0, 3, 2, 2}, -3, 0, 0, 0},
{{2, -1, 0, 2, 2}, -3, 0, 0, 0}};
// clang-format on

using Series = std::span<const Term>;
constexpr Series kLongitude[] = {kLongitude0, kLongitude1, kLongitude2,
                                 kLongitude3, kLongitude4, kLongitude5};
constexpr Series kLatitude[] = {kLatitude0, kLatitude1};
constexpr Series kRadius[] = {kRadius0, kRadius1, kRadius2, kRadius3, kRadius4};

// Section 3.2: a polynomial in t whose coefficients are sums of periodic terms.
double periodic(std::span<const Series> series, double t) {
  double result = 0.0;
  for (std::size_t power = series.size(); power-- > 0;) {
    double sum = 0.0;
    for (const Term& term : series[power]) sum += term.a * std::cos(term.b + term.c * t);
    result = result * t + sum;
  }
  return result * 1e-8;
}

struct Nutation {
  double longitude_deg, obliquity_deg;
};

Nutation nutation(double T) {  // section 3.4
  const double arguments[5] = {
      polynomial(T, {1.0 / 189474.0, -0.0019142, 445267.111480, 297.85036}),
      polynomial(T, {-1.0 / 300000.0, -0.0001603, 35999.050340, 357.52772}),
      polynomial(T, {1.0 / 56250.0, 0.0086972, 477198.867398, 134.96298}),
      polynomial(T, {1.0 / 327270.0, -0.0036825, 483202.017538, 93.27191}),
      polynomial(T, {1.0 / 450000.0, 0.0020708, -1934.136261, 125.04452})};
  constexpr double kUnitsPerDegree = 36'000'000.0;
  Nutation sum{};
  for (const NutationTerm& term : kNutation) {
    double angle_deg = 0.0;
    for (std::size_t i = 0; i < std::size(arguments); ++i) {
      angle_deg += static_cast<double>(term.multiple[i]) * arguments[i];
    }
    sum.longitude_deg += (term.a + term.b * T) * sine(angle_deg) / kUnitsPerDegree;
    sum.obliquity_deg += (term.c + term.d * T) * cosine(angle_deg) / kUnitsPerDegree;
  }
  return sum;
}

struct Apparent {
  double right_ascension_deg, declination_deg;
  double equinoxes_deg;  // nutation's share of the sidereal time
  double distance_au;
};

// Sections 3.2 to 3.7, 3.9 and 3.10: the geocentric place at T centuries of TT since J2000.
Apparent apparent_place(double T) {
  const double millennia = T / 10.0;
  const double distance = periodic(kRadius, millennia);
  const double latitude = -periodic(kLatitude, millennia) / kRadians;
  const Nutation wobble = nutation(T);
  const double mean_obliquity_s = polynomial(
      millennia / 10.0,
      {2.45, 5.79, 27.87, 7.12, -39.05, -249.67, -51.38, 1999.25, -1.55, -4680.93, 84381.448});
  const double obliquity = mean_obliquity_s / 3600.0 + wobble.obliquity_deg;
  const double aberration = -20.4898 / (3600.0 * distance);
  const double longitude =
      periodic(kLongitude, millennia) / kRadians + 180.0 + wobble.longitude_deg + aberration;
  return {.right_ascension_deg =
              std::atan2(sine(longitude) * cosine(obliquity) - tangent(latitude) * sine(obliquity),
                         cosine(longitude)) /
              kRadians,
          .declination_deg = std::asin(sine(latitude) * cosine(obliquity) +
                                       cosine(latitude) * sine(obliquity) * sine(longitude)) /
                             kRadians,
          .equinoxes_deg = wobble.longitude_deg * cosine(obliquity),
          .distance_au = distance};
}

}  // namespace

Observer observer(const Place& place, const Atmosphere& atmosphere) {
  return {.latitude_deg = static_cast<double>(place.latitude.in(degrees)),
          .longitude_deg = static_cast<double>(place.longitude.in(degrees)),
          .altitude_m = static_cast<double>(place.altitude.in(metres)),
          .pressure_hpa = static_cast<double>(atmosphere.pressure.in(hectopascals)),
          .temperature_c = static_cast<double>(atmosphere.temperature.in(celsius))};
}

PrecisePosition position_spa(UtcMillis at, const Observer& observer,
                             std::optional<double> delta_t_s) {
  const std::int64_t ms = std::clamp(at.unix_ms(), -kReachMs, kReachMs) - kJ2000UnixMs;
  const double days = static_cast<double>(ms) / static_cast<double>(kDayMs);
  const double delta_t_days = delta_t_s.value_or(delta_t_seconds(at)) / 86400.0;
  const Apparent sun = apparent_place((days + delta_t_days) / kDaysPerCentury);

  // Sections 3.8 and 3.11.
  const double T = days / kDaysPerCentury;
  const double sidereal = 280.46061837 + 360.98564736629 * days +
                          T * T * (0.000387933 - T / 38710000.0) + sun.equinoxes_deg;
  const double hour_angle = sidereal + observer.longitude_deg - sun.right_ascension_deg;

  // Section 3.12: the observer stands on a flattened earth, not in its centre.
  constexpr double kPolarShare = 0.99664719;
  constexpr double kEarthRadiusM = 6'378'140.0;
  const double latitude = observer.latitude_deg;
  const double parallax = 8.794 / (3600.0 * sun.distance_au);
  const double reduced = std::atan(kPolarShare * tangent(latitude));
  const double height = observer.altitude_m / kEarthRadiusM;
  const double x = std::cos(reduced) + height * cosine(latitude);
  const double y = kPolarShare * std::sin(reduced) + height * sine(latitude);
  const double towards = cosine(sun.declination_deg) - x * sine(parallax) * cosine(hour_angle);
  const double shift = std::atan2(-x * sine(parallax) * sine(hour_angle), towards);
  const double declination =
      std::atan2((sine(sun.declination_deg) - y * sine(parallax)) * std::cos(shift), towards);
  const double local_hour = hour_angle * kRadians - shift;

  // Sections 3.13 to 3.15.
  const double elevation_true =
      std::asin(std::clamp(sine(latitude) * std::sin(declination) +
                               cosine(latitude) * std::cos(declination) * std::cos(local_hour),
                           -1.0, 1.0)) /
      kRadians;
  const double west = std::sin(local_hour) * std::cos(declination);
  const double south = std::cos(local_hour) * std::cos(declination) * sine(latitude) -
                       std::sin(declination) * cosine(latitude);
  return {.azimuth_deg = turned_into(std::atan2(west, south) / kRadians + 180.0),
          .elevation_deg = elevation_true + refraction_deg(elevation_true, observer.pressure_hpa,
                                                           observer.temperature_c),
          .elevation_true_deg = elevation_true};
}

namespace {

std::optional<UtcMillis> search(UtcMillis from, UtcMillis to, const Observer& observer,
                                Degrees elevation, double direction) {
  return first_crossing(from, to, kReachMs, elevation, direction, [&](UtcMillis at) {
    return position_spa(at, observer).elevation_true_deg;
  });
}

}  // namespace

std::optional<UtcMillis> sunrise_spa(UtcMillis from, UtcMillis to, const Observer& observer,
                                     Degrees elevation) {
  return search(from, to, observer, elevation, 1.0);
}

std::optional<UtcMillis> sunset_spa(UtcMillis from, UtcMillis to, const Observer& observer,
                                    Degrees elevation) {
  return search(from, to, observer, elevation, -1.0);
}

}  // namespace idast::sun
