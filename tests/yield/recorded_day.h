#pragma once
#include <vector>

#include "core/base/time.h"
#include "core/control/tracker.h"
#include "server/insight/yield.h"
#include "sim/plant/plant.h"
#include "sim/sky/sky.h"

// One simulated day of a tracker as a server would have stored it, beside the truth that only a
// simulation knows.
namespace idast::tests {

struct RecordedDay {
  std::vector<insight::Minute> minutes;
  double tracked_wh = 0.0;  // at the maximum power point, sun above 0.5°
  double fixed_wh = 0.0;    // the same panel, fixed, with its own heat
  double ideal_wh = 0.0;
  double tracked_poa_wh = 0.0;
  double fixed_poa_wh = 0.0;
  double servo_wh = 0.0;
  double device_wh = 0.0;

  double gain() const { return tracked_wh / fixed_wh - 1.0; }
  double poa_gain() const { return tracked_poa_wh / fixed_poa_wh - 1.0; }
};

RecordedDay record_day(const sim::Sky& sky, UtcMillis from, UtcMillis to, control::Law law,
                       const sim::PlantParameters& body, std::uint64_t seed, Millis step);

}  // namespace idast::tests
