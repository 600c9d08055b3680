#pragma once
#include "core/units/units.h"

namespace idast::sim {

// How a tracker's body differs from what its law believes, by a person's choice: see
// sim/plant/plant.h.
struct BodyErrors {
  Degrees yaw = degrees(0.f);   // the mount stands this much clockwise
  Degrees tilt = degrees(0.f);  // the tilt servo's zero is off by this
  float ldr_mismatch = 0.10f;   // each sensor's resistance is 1 ± this, drawn by seed
  friend bool operator==(const BodyErrors&, const BodyErrors&) = default;
};

}  // namespace idast::sim
