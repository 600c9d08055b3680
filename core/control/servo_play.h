#pragma once
#include <algorithm>
#include <cmath>

#include "core/control/mount.h"
#include "core/units/units.h"

// Where a hobby servo's load stands, which nobody measures: it stops short of its target on the
// side it came from, and its gear has play. In expectation only; arithmetic, no heap.
namespace idast::control {

struct PlaySettings {
  Degrees dead_band = degrees(0.5f);  // MG996R: stops up to half of it short
  Degrees backlash = degrees(0.3f);
  friend bool operator==(const PlaySettings&, const PlaySettings&) = default;
};

class ServoPlay {
 public:
  // A new target for a servo with power.
  void follow(Degrees target, const PlaySettings& play) {
    const double to = static_cast<double>(target.in(degrees));
    const double reach = static_cast<double>(play.dead_band.in(degrees)) / 2.0;
    if (started_ && std::abs(to - shaft_) <= reach) return;
    if (started_) side_ = to > shaft_ ? 1.0 : -1.0;
    shaft_ = started_ ? to - side_ * reach / 2.0 : to;
    started_ = true;
  }
  // Where the load stands.
  double angle(const PlaySettings& play) const {
    return shaft_ - side_ * static_cast<double>(play.backlash.in(degrees)) / 2.0;
  }
  // The target that brings the load to `wanted`. Nothing moves when that is nearer than the dead
  // band allows.
  Degrees target_for(double wanted, const PlaySettings& play) const {
    const double side = wanted > angle(play) ? 1.0 : -1.0;
    const double short_of = static_cast<double>(play.dead_band.in(degrees)) / 4.0;
    const double slack = static_cast<double>(play.backlash.in(degrees)) / 2.0;
    return degrees(static_cast<float>(wanted + side * (short_of + slack)));
  }

 private:
  bool started_ = false;
  double shaft_ = 0.0;
  double side_ = 0.0;  // 1: came from below, -1: from above, 0: not yet known
};

}  // namespace idast::control
