#pragma once
#include <array>
#include <cstddef>

#include "core/control/calibration.h"

// The directions that a sweep looks in, one after the other, and what a panel read in one of them.
// Directions are true, length 1; angles in degrees. Pure arithmetic, no heap, any thread.
namespace idast::control {

struct SweepPlan {
  std::array<Vector, kLooksMax> wanted{};
  std::size_t size = 0;
};

// The sun, beside it, above, beside, below, flat (if wanted), and the sun again.
SweepPlan sweep_around_sun(const Vector& sun, double aside_deg, bool with_flat);
// For the sun itself: six directions around at half height, and flat. `heading_deg` as in Mount.
SweepPlan sweep_whole_sky(double heading_deg);
// Around a sun that was found.
SweepPlan ring_around(const Vector& found);

// The mean of one pose's readings.
class LookMean {
 public:
  void add(const Sight& sight);
  // The mean of each channel that was read more than half of the time, and its noise.
  void put_into(Look& look, const HeadSettings& head) const;
  bool empty() const { return readings_ == 0; }

 private:
  std::array<double, kChannels> sums_{};
  std::array<int, kChannels> counts_{};
  int readings_ = 0;
};

}  // namespace idast::control
