#include "sim/lab/reacquire.h"

#include <algorithm>

#include "sim/lab/boards.h"
#include "sim/lab/sky_reader.h"

namespace idast::sim {
namespace {

constexpr Millis kStep{60};  // of the boards' own loop
constexpr Millis kHeldFor = std::chrono::seconds{10};
constexpr Millis kSteadyFor = std::chrono::minutes{5};
constexpr float kSteadyShare = 0.9f;

struct Trial {
  const Sky& sky;
  UtcMillis at;
  const PlantParameters& plant;
  const control::Settings& settings;
  std::uint64_t seed;
  const control::Learned& learned;
};

double seconds_until(const Trial& trial, bool has_clock, float within_deg) {
  SkyReader reader{trial.sky};
  Boards boards{trial.plant, trial.settings, trial.seed};
  boards.recall(trial.learned);
  std::optional<Millis> inside_since;
  for (Millis passed = kStep; passed <= kReacquireMax + kHeldFor; passed += kStep) {
    const Conditions now = reader.at(trial.at + passed);
    boards.step(kStep, now, has_clock ? std::optional{now.at} : std::nullopt);
    if (boards.error_deg(now) > within_deg) {
      inside_since.reset();
      continue;
    }
    if (!inside_since) inside_since = passed;
    if (passed - *inside_since >= kHeldFor) {
      return static_cast<double>(inside_since->count()) / 1000.0;
    }
  }
  return static_cast<double>(kReacquireMax.count()) / 1000.0;
}

}  // namespace

bool is_steady_sun(const Sky& sky, UtcMillis at) {
  Irradiance least = sky.at(at).dni;
  Irradiance greatest = least;
  for (Millis passed{0}; passed <= kSteadyFor; passed += std::chrono::minutes{1}) {
    const Conditions now = sky.at(at + passed);
    if (now.in_gap) return false;
    least = std::min(least, now.dni);
    greatest = std::max(greatest, now.dni);
  }
  return least > kPointingDniMin && least >= greatest * kSteadyShare;
}

Reacquired reacquire(const Sky& sky, UtcMillis at, const PlantParameters& plant,
                     const control::Settings& settings, std::uint64_t seed,
                     const control::Learned& learned) {
  constexpr float kWithClock = 2.f;
  constexpr float kWithoutClock = 5.f;
  const Trial trial{sky, at, plant, settings, seed, learned};
  Reacquired found{.clock_s = seconds_until(trial, true, kWithClock), .no_clock_s = {}};
  // The ephemeris is nothing without a clock.
  if (settings.law != control::Law::ephemeris) {
    found.no_clock_s = seconds_until(trial, false, kWithoutClock);
  }
  return found;
}

}  // namespace idast::sim
