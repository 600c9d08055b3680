#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/lab/lab.h"

// What a run watches besides energy: where the panel points, and how fast it flees the wind. One
// owner, one thread.
namespace idast::sim {

// Pointing errors at the stamps of a run, in their order of time (Figures says which count).
class Pointing {
 public:
  void take(const Conditions& now, State state, float error_deg);
  void report(Figures& figures) const;

 private:
  std::int64_t seen_ = 0;
  std::int64_t excluded_ = 0;
  std::vector<float> before_;  // the trim had its time
  std::vector<float> after_;
};

// How long the panel stood in a storm before it was flat (Figures::stow_seconds_max).
class StowTimer {
 public:
  // Counts as flat what is no further from it than `flat_within`.
  StowTimer(MetresPerSecond threshold, Degrees flat_within);

  void take(const Conditions& now, const Truth& truth, State state);
  // A storm that is not over at the end of the run counts until then.
  std::optional<double> seconds(UtcMillis end) const;

 private:
  MetresPerSecond threshold_;
  Degrees flat_above_;
  bool was_calm_ = true;
  std::optional<UtcMillis> since_;
  std::optional<Millis> longest_;
};

}  // namespace idast::sim
