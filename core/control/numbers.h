#pragma once
#include "core/base/time.h"
#include "core/units/units.h"

// Inside this room only: quantities as the plain numbers that its vectors and fits are made of.
namespace idast::control {

inline double in_degrees(Degrees angle) { return static_cast<double>(angle.in(degrees)); }
inline double in_seconds(Millis duration) { return static_cast<double>(duration.count()) / 1000.0; }
inline double in_hours(Millis duration) { return static_cast<double>(duration.count()) / 3.6e6; }

}  // namespace idast::control
