#pragma once
#include "core/base/time.h"
#include "core/control/mount.h"
#include "core/sun/sun.h"
#include "core/units/units.h"

// What the sky does at a place: light, heat and wind at any instant, asked in any order. Two skies
// stand behind it: MeasuredSky (measured minutes, measured_sky.h) and ModelledSky (clear sky and
// seeded clouds, modelled_sky.h).
namespace idast::sim {

struct Conditions {
  UtcMillis at;
  Irradiance ghi;  // global horizontal, W/m² >= 0
  Irradiance dni;  // direct normal
  Irradiance dhi;  // diffuse horizontal
  Celsius air_temperature;
  MetresPerSecond wind;
  sun::Position sun;
  bool in_gap =
      false;  // measured skies: no measurement near this instant, the values are carried on
};

// Immutable after construction: any thread may ask.
class Sky {
 public:
  virtual ~Sky() = default;
  virtual Conditions at(UtcMillis when) const = 0;
  virtual const sun::Place& place() const = 0;
};

// Ground reflectance where nothing better is known (grass and soil; the usual default).
constexpr float kAlbedo = 0.2f;

// Light on a tilted plane, W/m².
struct PlaneLight {
  Irradiance beam;     // DNI · cos AOI
  Irradiance diffuse;  // sky, its circumsolar part included
  Irradiance ground;   // reflected
  float aoi_cosine;    // of the angle between beam and normal; negative behind the panel
  Irradiance total() const { return beam + diffuse + ground; }
};

// A direction as a vector of length 1, for those who ask often.
struct UnitVector {
  float east = 0.f;
  float north = 0.f;
  float up = 1.f;
};
UnitVector unit_vector(const control::Direction& direction);

// Plane-of-array light by Hay & Davies 1980 as in Duffie & Beckman (the sky's circumsolar part
// weighted by DNI over its extraterrestrial value), ground isotropic. The apparent sun is used. A
// value: made once for an instant, asked for any number of planes.
class SkyDome {
 public:
  explicit SkyDome(const Conditions& conditions, float albedo = kAlbedo);
  PlaneLight on(const UnitVector& normal) const;

 private:
  Irradiance dni_, dhi_, reflected_;
  UnitVector sun_;
  bool sun_is_up_;
  float anisotropy_;
  float horizontal_share_;  // cosine of the zenith angle, kept off zero
};

// The same for one plane.
PlaneLight plane_light(const Conditions& conditions, const control::Direction& normal,
                       float albedo = kAlbedo);

// Beam above the atmosphere on the day of `at`: Spencer 1971 with a solar constant of 1366.1 W/m².
Irradiance extraterrestrial(UtcMillis at);

}  // namespace idast::sim
