#pragma once
#include <array>

#include "core/control/calibration.h"

// What a sweep shows without any model: channels that did not change while the panel should have
// moved. Pure arithmetic, no heap, any thread.
namespace idast::control {

// No channel changed noticeably: in a strong beam, the panel stood still.
bool nothing_changed(const Sweep& sweep);
// Light sensors that did not change although another clearly did.
std::array<bool, kLights> stuck_sensors(const Sweep& sweep);

}  // namespace idast::control
