#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "core/control/tracker.h"
#include "sim/live/body_errors.h"
#include "sim/live/identity.h"

// The twin: trackers that do not exist, on a broker that does.
namespace idast::sim {

struct TwinOptions {
  std::string mqtt = "mqtt://127.0.0.1:1883";
  std::string username;  // of the broker; empty: none
  std::string password;
  std::size_t devices = 3;
  double speed = 1.0;       // of the sky; other than 1 stamps samples with uptime and fills nothing
  double fill_days = 30.0;  // of the past, at a first start; 0: none
  control::Law law = control::Law::hybrid;
  BodyErrors errors;  // of every tracker
  std::uint64_t seed = 1;
  std::string weather;  // a file of measured weather: one more tracker, which lives through its day
  std::string data = "data/twin";  // a folder for each tracker
};

inline constexpr double kSpeedMin = 0.01;
inline constexpr double kSpeedMax = 3'600.0;
inline constexpr float kYawErrorMaxDeg = 45.f;  // beyond them no law finds the sun
inline constexpr float kTiltErrorMaxDeg = 20.f;
inline constexpr float kLdrMismatchMax = 0.5f;
inline constexpr double kFillDaysMax = 366.0;

// One sentence for the person who typed the options; nothing when they are sound.
std::optional<std::string> fault_of(const TwinOptions& options);

// The trackers that these options make, in order. The error is one sentence (a weather file that
// cannot be read).
std::expected<std::vector<Identity>, std::string> trackers_of(const TwinOptions& options);

// Runs until SIGINT or SIGTERM; then every tracker says offline and disconnects. Words for the
// person go to `out`; with `terminal` the progress is one line that rewrites itself. Returns the
// exit code: 0, or 1 with one sentence on `err`.
int run_twin(const TwinOptions& options, std::ostream& out, std::ostream& err, bool terminal);

}  // namespace idast::sim
