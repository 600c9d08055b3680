#pragma once
#include <optional>

#include "core/base/time.h"
#include "core/control/body.h"

// Beam and sky of this moment, from what the sensors read in one pose: four channels, two unknowns.
namespace idast::control {

struct SkyLight {
  double beam = 0.0;    // W/m² across the beam, circumsolar light included
  double sky = 0.0;     // W/m² on a level plane
  double misfit = 0.0;  // relative, root mean square of the channels
};

// Least squares with relative weights; neither light is negative. None with fewer than two
// channels, or where the channels cannot tell the two apart.
std::optional<SkyLight> skylight(const Body& body, const Terms& terms, const Sight& sight,
                                 const InnerAngles& inner, const Vector& sun);

}  // namespace idast::control
