#pragma once
#include "core/base/state.h"
#include "core/control/mount.h"

namespace idast::control {

// What a mode or a law would like; Tracker's limits decide what becomes of it.
struct Wish {
  Pose pose;
  State state = State::acquire;
  Reason reason = Reason::start;
  bool steady = false;
  bool still = false;  // motors off at once
};

}  // namespace idast::control
