#pragma once
#include <cstdint>
#include <optional>

#include "core/base/time.h"
#include "core/units/units.h"

// Where the sun is. The fast method: Meeus's low-precision sun with its five main perturbations,
// nutation, aberration, parallax and SPA's refraction. Pure functions, no heap, no state, any
// thread; double inside, time as integers throughout (no epoch passes through a float).
//
// Accuracy: the promise is 0.02° between directions for 1990-2050 and |latitude| <= 80°. Measured:
// at most 0.0031° from NREL SPA (Reda & Andreas 2004) on 60 rows (sun_test.cpp), and 0.0046° from
// an independent VSOP87 ephemeris on 20,000 random instants. Instants outside the years 1900-2150
// are accepted and only less exact.
//
// Sources: J. Meeus, "Astronomical Algorithms", 2nd ed., chapters 12, 13, 22, 25 and 40, and
// "Astronomical Formulae for Calculators", 4th ed., chapter 18 (perturbations);
// I. Reda, A. Andreas, NREL/TP-560-34302, section 3.14 (refraction).
namespace idast::sun {

// Where an observer stands. Latitude north and longitude east are positive; -90..90 and -180..180.
// A float holds a longitude to 1e-5°, a thousandth of what the sun's place is promised to.
struct Place {
  Degrees latitude = degrees(0.f);
  Degrees longitude = degrees(0.f);
  Metres altitude = metres(0.f);
};

// What bends the light. The defaults are the standard atmosphere that SPA tables use.
struct Atmosphere {
  Hectopascals pressure = hectopascals(1013.25f);
  Celsius temperature = celsius(15.f);
};

struct Position {
  Degrees azimuth;         // clockwise from true north, 0 <= azimuth < 360
  Degrees elevation;       // apparent: refraction included
  Degrees elevation_true;  // without refraction
};

// The same in double, for tables and comparisons of more than a float's seven digits.
struct PrecisePosition {
  double azimuth_deg;
  double elevation_deg;
  double elevation_true_deg;
};

// delta_t_s is TT - UT1 in seconds; absent means delta_t_seconds(at).
PrecisePosition position_precise(UtcMillis at, const Place& place,
                                 const Atmosphere& atmosphere = {},
                                 std::optional<double> delta_t_s = std::nullopt);
Position position(UtcMillis at, const Place& place, const Atmosphere& atmosphere = {},
                  std::optional<double> delta_t_s = std::nullopt);

// TT - UT1 by the polynomials of F. Espenak and J. Meeus, "Five Millennium Canon of Solar
// Eclipses", NASA/TP-2006-214141. Years before 1900 take the value of 1900, years after 2150 that
// of 2150.
double delta_t_seconds(UtcMillis at);

// The true elevation at which the upper limb touches a flat horizon: 34' of refraction and 16' of
// radius.
constexpr Degrees kHorizon = degrees(-0.8333f);

// A search covers at most this much from its beginning: a polar night lasts half a year.
constexpr Millis kSearchMax = std::chrono::hours{24 * 366};

// The first moment in [from, to) at which the sun's true elevation rises (sets) through
// `elevation`, found by root search to within a second of the model. None when it does not happen
// in the window, when to <= from, or (to - from > kSearchMax) within kSearchMax of the beginning.
std::optional<UtcMillis> sunrise(UtcMillis from, UtcMillis to, const Place& place,
                                 Degrees elevation = kHorizon);
std::optional<UtcMillis> sunset(UtcMillis from, UtcMillis to, const Place& place,
                                Degrees elevation = kHorizon);

}  // namespace idast::sun
