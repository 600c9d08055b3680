#pragma once
#include "core/base/time.h"
#include "core/control/mount.h"
#include "core/sun/plane_light.h"
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

// The formulas are core/sun's: server and boards use the same.
using sun::extraterrestrial;
using sun::PlaneLight;
using sun::SkyModel;
using sun::UnitVector;

UnitVector unit_vector(const control::Direction& direction);

// The light on planes under these conditions (core/sun/plane_light.h).
class SkyDome : public sun::SkyDome {
 public:
  explicit SkyDome(const Conditions& conditions, const SkyModel& model = {});
};

// The same for one plane.
PlaneLight plane_light(const Conditions& conditions, const control::Direction& normal,
                       const SkyModel& model = {});

}  // namespace idast::sim
