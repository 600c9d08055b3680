#include "core/control/sweep_evidence.h"

#include <algorithm>

namespace idast::control {
namespace {

// A channel that changes less than this over a sweep did not see the panel move.
constexpr double kStill = 0.02, kSeen = 0.10;

// How much each channel changed.
std::array<double, kChannels> spread_of(const Sweep& sweep) {
  std::array<double, kChannels> spread{};
  for (std::size_t i = 0; i < kChannels; ++i) {
    double low = 1e9;
    double high = -1e9;
    for (std::size_t k = 0; k < sweep.size; ++k) {
      const auto& reading = sweep.looks[k].sight[i];
      if (!reading) continue;
      low = std::min(low, *reading);
      high = std::max(high, *reading);
    }
    spread[i] = std::max(0.0, high - low);
  }
  return spread;
}

}  // namespace

bool nothing_changed(const Sweep& sweep) {
  const auto changed = spread_of(sweep);
  return std::all_of(changed.begin(), changed.end(), [](double s) { return s < kStill; });
}

std::array<bool, kLights> stuck_sensors(const Sweep& sweep) {
  const auto changed = spread_of(sweep);
  std::array<bool, kLights> stuck{};
  for (std::size_t i = 0; i < kLights; ++i) {
    double others = 0.0;
    for (std::size_t j = 0; j < kLights; ++j) {
      if (j != i) others = std::max(others, changed[j]);
    }
    stuck[i] = changed[i] < kStill && others > kSeen;
  }
  return stuck;
}

}  // namespace idast::control
