#pragma once
#include <cstdint>
#include <optional>

// Energy from a counter that may start again (CONTRACT §1, `energyWh`).
namespace idast::store {

// Sums the differences of a counter, in the counter's own steps. Values come in order of time; one
// owner.
//
// A fall starts a new count. A device that restarted counts from zero, so what it says now was made
// since then and is added. A device that restored a counter saved some minutes ago falls only a
// little; adding its whole count again would invent a lifetime of energy, so a fall by less than a
// tenth adds nothing and counts on from there.
class EnergyCounter {
 public:
  // The increment that this value brings; 0 for the first.
  std::int64_t add(std::int64_t value) {
    const std::optional<std::int64_t> before = last_;
    last_ = value;
    if (!before) return 0;
    if (value >= *before) return value - *before;
    const bool stepped_back = value > *before - *before / kStepBackPart;
    return stepped_back || value < 0 ? 0 : value;
  }

 private:
  static constexpr std::int64_t kStepBackPart = 10;
  std::optional<std::int64_t> last_;
};

}  // namespace idast::store
