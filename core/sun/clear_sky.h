#pragma once
#include "core/base/time.h"
#include "core/sun/plane_light.h"

namespace idast::sun {

// Light under a cloudless sky: Ineichen & Perez 2002 (Solar Energy 73(3)) without the later
// enhancement factor, air mass by Kasten & Young 1989, pressure from altitude by the standard
// atmosphere. Pure, any thread.
class ClearSky {
 public:
  // Altitude -500..9000 m (clamped). Linke turbidity: clear mountain air 2, humid tropics 4-5.
  ClearSky(Metres altitude, float linke_turbidity);
  SkyLight at(UtcMillis when, Degrees apparent_elevation) const;

  // The air mass between a place at this altitude and the sun; elevation > 0.
  static double air_mass(Metres altitude, Degrees apparent_elevation);
  // The turbidity under which a cloudless sky lets this share of the extraterrestrial light through
  // to the horizontal: at(…).ghi turned round. 0 < clearness; below 1 for air that cannot be.
  static double turbidity_of(Metres altitude, Degrees apparent_elevation, float clearness);

 private:
  double pressure_ratio_, turbidity_, height_8000_, height_1250_, gain_, extinction_;
};

}  // namespace idast::sun
