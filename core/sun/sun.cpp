#include "core/sun/sun.h"

#include <algorithm>
#include <cmath>

#include "core/sun/angle.h"
#include "core/sun/crossing.h"

namespace idast::sun {
namespace {

// A hundred thousand years to either side: instants beyond are taken as this, so that no sum wraps.
constexpr std::int64_t kReachMs = std::int64_t{100'000} * 366 * kDayMs;

// Whole days and the rest of a day since J2000: the large part stays an integer, so that the
// sidereal angle, which turns 361° a day, loses nothing to it.
struct Since {
  std::int64_t days;
  double fraction;  // 0 <= fraction < 1
  double total() const { return static_cast<double>(days) + fraction; }
};

Since since_j2000(UtcMillis at) {
  const std::int64_t ms = std::clamp(at.unix_ms(), -kReachMs, kReachMs) - kJ2000UnixMs;
  std::int64_t days = ms / kDayMs;
  std::int64_t rest = ms % kDayMs;
  if (rest < 0) {
    rest += kDayMs;
    --days;
  }
  return {days, static_cast<double>(rest) / static_cast<double>(kDayMs)};
}

struct Equatorial {
  double right_ascension_deg;
  double declination_deg;
  double nutation_right_ascension_deg;  // equation of the equinoxes
  double distance_au;
};

// The apparent place of the sun, geocentric, at T centuries of TT since J2000.
Equatorial apparent_place(double T) {
  const double mean_longitude = 280.46646 + T * (36000.76983 + T * 0.0003032);
  const double anomaly = 357.52911 + T * (35999.05029 - T * 0.0001537);
  const double eccentricity = 0.016708634 - T * (0.000042037 + T * 0.0000001267);
  const double centre = (1.914602 - T * (0.004817 + T * 0.000014)) * sine(anomaly) +
                        (0.019993 - T * 0.000101) * sine(2.0 * anomaly) +
                        0.000289 * sine(3.0 * anomaly);

  // Perturbations by Venus (two), Jupiter and the moon, and one of long period; their arguments
  // count from 1900.
  const double C = T + 1.0;
  const double pulled =
      0.00134 * cosine(153.23 + 22518.7541 * C) + 0.00154 * cosine(216.57 + 45037.5082 * C) +
      0.00200 * cosine(312.69 + 32964.3577 * C) +
      0.00179 * sine(350.74 + (445267.1142 - 0.00144 * C) * C) + 0.00178 * sine(231.19 + 20.20 * C);

  const double node = 125.04452 - 1934.136261 * T;
  const double moon_longitude = 218.3165 + 481267.8813 * T;
  const double nutation_longitude = (-17.20 * sine(node) - 1.32 * sine(2.0 * mean_longitude) -
                                     0.23 * sine(2.0 * moon_longitude) + 0.21 * sine(2.0 * node)) /
                                    3600.0;
  const double nutation_obliquity =
      (9.20 * cosine(node) + 0.57 * cosine(2.0 * mean_longitude) +
       0.10 * cosine(2.0 * moon_longitude) - 0.09 * cosine(2.0 * node)) /
      3600.0;
  const double obliquity =
      23.4392911 - T * (0.0130042 + T * (0.00000016 - T * 0.000000504)) + nutation_obliquity;

  const double distance = 1.000001018 * (1.0 - eccentricity * eccentricity) /
                          (1.0 + eccentricity * cosine(anomaly + centre));
  const double aberration = -20.4898 / 3600.0 / distance;
  const double longitude = mean_longitude + centre + pulled + nutation_longitude + aberration;

  return {.right_ascension_deg =
              std::atan2(cosine(obliquity) * sine(longitude), cosine(longitude)) / kRadians,
          .declination_deg = std::asin(sine(obliquity) * sine(longitude)) / kRadians,
          .nutation_right_ascension_deg = nutation_longitude * cosine(obliquity),
          .distance_au = distance};
}

double apparent_sidereal_deg(const Since& ut, double nutation_right_ascension_deg) {
  const double T = ut.total() / kDaysPerCentury;
  // A whole day turns the earth by 360.98564736629°; the 360 of whole days need not be carried.
  return 280.46061837 + 360.98564736629 * ut.fraction +
         0.98564736629 * static_cast<double>(ut.days) + T * T * (0.000387933 - T / 38710000.0) +
         nutation_right_ascension_deg;
}

}  // namespace

double delta_t_seconds(UtcMillis at) {
  const double year = std::clamp(2000.0 + since_j2000(at).total() / 365.25, 1900.0, 2150.0);
  const double u = (year - 1820.0) / 100.0;
  if (year < 1920.0) {
    return polynomial(year - 1900.0, {-0.000197, 0.0061966, -0.0598939, 1.494119, -2.79});
  }
  if (year < 1941.0) return polynomial(year - 1920.0, {0.0020936, -0.076100, 0.84493, 21.20});
  if (year < 1961.0) return polynomial(year - 1950.0, {1.0 / 2547.0, -1.0 / 233.0, 0.407, 29.07});
  if (year < 1986.0) return polynomial(year - 1975.0, {-1.0 / 718.0, -1.0 / 260.0, 1.067, 45.45});
  if (year < 2005.0) {
    return polynomial(year - 2000.0,
                      {0.00002373599, 0.000651814, 0.0017275, -0.060374, 0.3345, 63.86});
  }
  if (year < 2050.0) return polynomial(year - 2000.0, {0.005589, 0.32217, 62.92});
  return -20.0 + 32.0 * u * u - 0.5628 * (2150.0 - year);
}

PrecisePosition position_precise(UtcMillis at, const Place& place, const Atmosphere& atmosphere,
                                 std::optional<double> delta_t_s) {
  const Since ut = since_j2000(at);
  const double delta_t_days = delta_t_s.value_or(delta_t_seconds(at)) / 86400.0;
  const Equatorial sun = apparent_place((ut.total() + delta_t_days) / kDaysPerCentury);

  const double latitude = static_cast<double>(place.latitude.in(degrees));
  const double longitude = static_cast<double>(place.longitude.in(degrees));
  const double hour_angle = apparent_sidereal_deg(ut, sun.nutation_right_ascension_deg) +
                            longitude - sun.right_ascension_deg;

  // The sun's direction in the observer's south-west-up frame.
  const double south = cosine(hour_angle) * cosine(sun.declination_deg) * sine(latitude) -
                       sine(sun.declination_deg) * cosine(latitude);
  const double west = sine(hour_angle) * cosine(sun.declination_deg);
  const double up = sine(sun.declination_deg) * sine(latitude) +
                    cosine(sun.declination_deg) * cosine(latitude) * cosine(hour_angle);

  const double azimuth = turned_into(std::atan2(west, south) / kRadians + 180.0);
  const double geocentric = std::atan2(up, std::hypot(south, west)) / kRadians;
  const double parallax = 8.794 / 3600.0 / sun.distance_au * cosine(geocentric);
  const double elevation_true = geocentric - parallax;
  const double bent =
      refraction_deg(elevation_true, static_cast<double>(atmosphere.pressure.in(hectopascals)),
                     static_cast<double>(atmosphere.temperature.in(celsius)));
  return {.azimuth_deg = azimuth,
          .elevation_deg = elevation_true + bent,
          .elevation_true_deg = elevation_true};
}

Position position(UtcMillis at, const Place& place, const Atmosphere& atmosphere,
                  std::optional<double> delta_t_s) {
  const PrecisePosition precise = position_precise(at, place, atmosphere, delta_t_s);
  // 359.99999° may round up to a full turn in float.
  const float azimuth = static_cast<float>(precise.azimuth_deg);
  return {.azimuth = degrees(azimuth < 360.f ? azimuth : 0.f),
          .elevation = degrees(static_cast<float>(precise.elevation_deg)),
          .elevation_true = degrees(static_cast<float>(precise.elevation_true_deg))};
}

namespace {

std::optional<UtcMillis> search(UtcMillis from, UtcMillis to, const Place& place, Degrees elevation,
                                double direction) {
  return first_crossing(from, to, kReachMs, elevation, direction, [&](UtcMillis at) {
    return position_precise(at, place).elevation_true_deg;
  });
}

}  // namespace

std::optional<UtcMillis> sunrise(UtcMillis from, UtcMillis to, const Place& place,
                                 Degrees elevation) {
  return search(from, to, place, elevation, 1.0);
}

std::optional<UtcMillis> sunset(UtcMillis from, UtcMillis to, const Place& place,
                                Degrees elevation) {
  return search(from, to, place, elevation, -1.0);
}

}  // namespace idast::sun
