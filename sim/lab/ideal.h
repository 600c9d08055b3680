#pragma once
#include <optional>

#include "core/control/mount.h"
#include "sim/plant/plant.h"
#include "sim/sky/sky.h"

// Panels without motors, errors or limits: what the laws are compared with. Pure; any thread.
namespace idast::sim {

// Light of the oracle: of the tilts 0, 5 %, … 100 % of the way from horizontal to the sun, along
// the sun's azimuth, the one that catches most. Twenty-one planes.
struct OracleLight {
  PlaneLight light;
  control::Direction normal;
};
OracleLight oracle_light(const sun::SkyDome& dome, const sun::Position& sun);

// Tilted by the latitude, facing the equator.
control::Direction fixed_normal(const sun::Place& place);

// A horizontal north-south axis that turns at most 60° to either side, without backtracking: the
// turn that brings the normal nearest to the sun. Flat with the sun below the horizon.
control::Direction single_axis_normal(const sun::Position& sun);

// The heat and power of a panel that is told its light minute by minute, by the formulas and
// parameters of the plant's own panel.
class IdealPanel {
 public:
  explicit IdealPanel(const PanelParameters& parameters) : parameters_{parameters} {}

  // Power at the maximum power point `dt` after the step before.
  Watts step(Millis dt, const PlaneLight& light, const Conditions& conditions);

 private:
  PanelParameters parameters_;
  std::optional<Celsius> cell_;
};

}  // namespace idast::sim
