#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/control/tracker.h"
#include "core/telemetry/sample.h"
#include "sim/live/body_errors.h"
#include "sim/live/folder.h"

// What a tracker of the twin remembers from start to start, as small JSON files in its folder:
//
//   twin.json          until when its samples are delivered, and the counters it goes on with
//   backlog-BOOT.json  one for each stretch of the past that is not yet delivered whole; from it
//                      the very same samples can be made again
//   learned-BOOT.txt   what the transmitter had learned when that stretch began, if anything
namespace idast::sim {

// A past that nobody may want any more is given up, oldest first.
inline constexpr std::size_t kBacklogsMax = 32;

struct Delivered {
  UtcMillis until;  // the time of the newest live sample that the broker has taken over
  WattHours energy = watt_hours(0.0);
  double charge = 0.6;  // of the battery, 0..1
  BodyErrors errors;
};

// A stretch of the past: what makes its samples, and how many of them are delivered.
struct Backlog {
  telemetry::BootId boot;
  control::Law law = control::Law::hybrid;
  BodyErrors errors;
  UtcMillis from, to;
  WattHours energy = watt_hours(0.0);  // at `from`
  double charge = 0.6;
  std::string settings;      // the receiver's settings file as it was at `from`
  std::string learned;       // the transmitter's file of what it has learned, likewise
  std::int64_t total = 0;    // samples: seq 0 … total - 1
  std::int64_t done = 0;     // delivered: seq 0 … done - 1
  std::uint64_t digest = 0;  // of all its messages, see past.h
};

// Nothing when it is absent or damaged: the tracker then starts as a new one.
std::optional<Delivered> load_delivered(ports::Files& files);
bool save(ports::Files& files, const Delivered& delivered);

// Oldest first. Damaged ones are left out and removed.
std::vector<Backlog> load_backlogs(Folder& folder);
bool save(ports::Files& files, const Backlog& backlog);
// False when it could not be removed: it is then found done at the next start.
bool forget(ports::Files& files, const Backlog& backlog);

}  // namespace idast::sim
