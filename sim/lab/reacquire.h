#pragma once
#include <optional>

#include "sim/lab/lab.h"

// How long a tracker that restarts in the middle of a sunny day needs to find the sun again.
namespace idast::sim {

// Whether the sun is steady from `at` for five minutes (Figures says what that is).
bool is_steady_sun(const Sky& sky, UtcMillis at);

struct Reacquired {
  std::optional<double> clock_s;
  std::optional<double> no_clock_s;
};
// Restarts at `at` with the panel flat; `plant` and `settings` as Boards takes them.
Reacquired reacquire(const Sky& sky, UtcMillis at, const PlantParameters& plant,
                     const control::Settings& settings, std::uint64_t seed,
                     const control::Learned& learned);

}  // namespace idast::sim
