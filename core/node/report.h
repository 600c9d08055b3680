#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/time.h"
#include "core/control/tracker.h"
#include "core/ports/ports.h"
#include "core/telemetry/sample.h"

// Where control meets telemetry, and nowhere else: readings and decisions in, a sample out. Also
// keeps what a single reading cannot say: the energy counter and the efficiency of the last minute.
// One owner, one thread, no heap.
namespace idast::node {

// A pause longer than this is not integrated: nobody knows what the panel did meanwhile.
inline constexpr Millis kIntegrationGapMax = std::chrono::minutes{2};
// CONTRACT §1: charge efficiency is over the last minute, and nothing below this panel power.
inline constexpr Millis kEfficiencyWindow = std::chrono::minutes{1};
inline constexpr Watts kEfficiencyPowerMin = watts(0.5f);

// Open-circuit voltage of the fielded 2S pack at 0 % and 100 %: the estimate of its charge where no
// gauge is fitted.
inline constexpr Volts kBatteryEmpty = volts(5.6f);
inline constexpr Volts kBatteryFull = volts(6.9f);

// Panel output, only when voltage and current were both measured. Below zero is the meter's noise.
std::optional<Watts> measured_power(const ports::Readings& readings);

// State of charge: the gauge's, else an estimate from the voltage. What is reported is also what
// the tracker decides by.
struct Charge {
  Percent value;
  bool estimated;
};
std::optional<Charge> battery_charge(const ports::Readings& readings);

class Reporter {
 public:
  explicit Reporter(WattHours energy) : energy_{energy} {}

  // Once per control step, time not running back.
  void integrate(const ports::Readings& readings, Instant now);

  // What a sample says about this step. Time, identity and what follows from other fields are the
  // receiver's to fill.
  telemetry::Sample sample(const ports::Readings& readings, const control::Outputs& outputs) const;

  WattHours energy() const { return energy_; }
  std::uint32_t gaps() const { return gaps_; }  // pauses that were not integrated

 private:
  struct Slot {
    std::int64_t number = -1;  // of the kSlot since start; the slot is of no use when too old
    double panel_ws = 0, battery_ws = 0, seconds = 0;
  };
  static constexpr Millis kSlot = std::chrono::seconds{5};
  static constexpr std::size_t kSlots = kEfficiencyWindow / kSlot;

  void add_to_window(Watts panel, std::optional<Watts> battery, Millis lasted, Instant now);
  std::optional<Percent> efficiency() const;

  WattHours energy_;
  bool measured_ = false;  // a power sensor has answered at least once
  bool started_ = false;
  Instant last_;
  std::uint32_t gaps_ = 0;
  std::array<Slot, kSlots> slots_{};
};

}  // namespace idast::node
