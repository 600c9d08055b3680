#pragma once
#include <vector>

#include "server/insight/yield.h"
#include "server/store/store.h"

// A stretch of stored samples as the yield model wants them.
namespace idast::insight {

struct Recorded {
  std::vector<Minute> minutes;  // every minute of the stretch, with or without readings
  // Parallel: what the counters of motion and electronics gained; 0 where nothing was stored, the
  // next minute then has it all.
  std::vector<double> motion_wh, electronics_wh;
  bool any_samples = false;
  bool any_power = false;
  bool any_direction = false;
  bool any_motion = false, any_electronics = false;
};

// Whole minutes of [from, to), at most kMinutesMax. One bucket query.
store::Result<Recorded> read_recorded(store::Reader& reader, const std::string& device,
                                      UtcMillis from, UtcMillis to);

}  // namespace idast::insight
