#pragma once
#include <optional>

#include "core/base/time.h"
#include "core/sun/sun.h"

// Where the sun is, by NREL's Solar Position Algorithm: for the server and for tables, not for
// boards (about 240 periodic terms in double; the linker leaves it out where nobody asks). Pure
// functions, no heap, no state, any thread.
//
// Accuracy: SPA claims 0.0003° for the years -2000 to 6000 when TT - UT1 is known. Measured: at
// most 1e-6° from an independent implementation on 60 rows, and the report's own check row
// (spa_test.cpp).
//
// Source: I. Reda, A. Andreas, "Solar Position Algorithm for Solar Radiation Applications",
// NREL/TP-560-34302, revised January 2008; sections and tables are cited beside the code.
namespace idast::sun {

// Where an observer stands and what bends the light, in double: a float's latitude alone would use
// up half of a hundred-thousandth of a degree. Latitude north and longitude east are positive.
struct Observer {
  double latitude_deg = 0.0;
  double longitude_deg = 0.0;
  double altitude_m = 0.0;
  double pressure_hpa = 1013.25;
  double temperature_c = 15.0;
};
Observer observer(const Place& place, const Atmosphere& atmosphere = {});

// delta_t_s is TT - UT1 in seconds; absent means delta_t_seconds(at).
PrecisePosition position_spa(UtcMillis at, const Observer& observer,
                             std::optional<double> delta_t_s = std::nullopt);

// As sunrise() and sunset() of sun.h, found on SPA's elevation.
std::optional<UtcMillis> sunrise_spa(UtcMillis from, UtcMillis to, const Observer& observer,
                                     Degrees elevation = kHorizon);
std::optional<UtcMillis> sunset_spa(UtcMillis from, UtcMillis to, const Observer& observer,
                                    Degrees elevation = kHorizon);

}  // namespace idast::sun
