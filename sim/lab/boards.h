#pragma once
#include <optional>

#include "core/control/tracker.h"
#include "sim/lab/lab.h"
#include "sim/plant/plant.h"

// The boards and the body in one hand: what a step of the lab is.
namespace idast::sim {

// The plant and the settings as the lab uses them (LabOptions says what it changes).
PlantParameters lab_plant(const LabOptions& options, const sun::Place& place);
control::Settings lab_boards(const LabOptions& options, control::Law law, const sun::Place& place);

class Boards {
 public:
  Boards(const PlantParameters& plant, const control::Settings& settings, std::uint64_t seed)
      : plant_{plant, seed}, tracker_{settings, plant.start}, out_{} {}

  // Lets dt pass under `now`, then reads, decides and remembers what to do next. `utc` is the
  // boards' clock.
  void step(Millis dt, const Conditions& now, std::optional<UtcMillis> utc);

  // Before the first step: what an earlier start had learned.
  void recall(const control::Learned& learned) { tracker_.recall(learned); }

  const Plant& plant() const { return plant_; }
  const control::Tracker& tracker() const { return tracker_; }
  const control::Outputs& out() const { return out_; }
  float error_deg(const Conditions& now) const;

 private:
  Plant plant_;
  control::Tracker tracker_;
  control::Outputs out_;
  Instant uptime_;
};

}  // namespace idast::sim
