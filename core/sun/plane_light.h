#pragma once
#include "core/base/time.h"
#include "core/sun/sun.h"
#include "core/units/units.h"

// Sunlight on tilted planes. Values, no heap, any thread; floats, because light is known to a few
// percent. Irradiance in W/m² >= 0; angles as in sun.h.
namespace idast::sun {

// A direction as a vector of length 1, for those who ask often.
struct UnitVector {
  float east = 0.f;
  float north = 0.f;
  float up = 1.f;
};
UnitVector unit_vector(Degrees azimuth, Degrees elevation);

// The three measures of sky light: GHI = DNI · sin(elevation) + DHI, but for their instruments.
struct SkyLight {
  Irradiance ghi;  // global horizontal
  Irradiance dni;  // direct normal
  Irradiance dhi;  // diffuse horizontal
};

// What a plane sees besides the beam.
struct SkyModel {
  float albedo = 0.2f;  // ground reflectance, 0..1; grass and soil, the usual default
  // The sky near the horizon is brighter than overhead: its isotropic part on a plane of tilt b
  // counts times 1 + this * sin^3(b/2), 0..1. The form is that of Temps & Coulson 1977, Klucher
  // 1979 and Reindl, Beckman & Duffie 1990 (there with a factor that grows with the beam's share).
  float horizon_brightening = 0.f;
};

// Light on a tilted plane.
struct PlaneLight {
  Irradiance beam;     // DNI · cos AOI
  Irradiance diffuse;  // sky, its circumsolar part included
  Irradiance ground;   // reflected
  float aoi_cosine;    // of the angle between beam and normal; negative behind the panel
  Irradiance total() const { return beam + diffuse + ground; }
};

// Plane-of-array light by Hay & Davies 1980 as in Duffie & Beckman (the sky's circumsolar part
// weighted by DNI over its extraterrestrial value), ground isotropic. The apparent sun is used. A
// value: made once for an instant, asked for any number of planes.
class SkyDome {
 public:
  SkyDome(UtcMillis at, const SkyLight& light, const Position& sun, const SkyModel& model = {});
  PlaneLight on(const UnitVector& normal) const;
  // Cosine of the angle between a direction and the sun, which may be below the horizon.
  float along_sun(const UnitVector& direction) const {
    return sun_.east * direction.east + sun_.north * direction.north + sun_.up * direction.up;
  }

 private:
  Irradiance dni_, dhi_, reflected_;
  float horizon_brightening_;
  UnitVector sun_;
  bool sun_is_up_;
  float anisotropy_;
  float horizontal_share_;  // cosine of the zenith angle, kept off zero
};

// Beam above the atmosphere on the day of `at`: Spencer 1971 with a solar constant of 1366.1 W/m².
Irradiance extraterrestrial(UtcMillis at);

}  // namespace idast::sun
