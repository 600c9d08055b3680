#pragma once
#include <cstdint>
#include <optional>

#include "core/base/time.h"

// How far a tracker's backlog has come in. A sample is part of a backlog when it is older than what
// travels live; the rest is estimated from the samples themselves, because no device says how much
// it still holds: their spacing gives the number that is missing up to the moment the backlog
// began.
namespace idast::live {

// A sample whose own time is this much older than its receipt waited in a memory, not in the air.
constexpr Millis kBacklogAge = std::chrono::seconds{15};
// A backlog is over when nothing of it came for this long: the device's resend interval is 10 s.
constexpr Millis kBacklogQuiet = std::chrono::seconds{12};
// A device that has said nothing of its backlog for this long has none: it says so every few
// seconds while it sends one.
constexpr Millis kWordHolds = std::chrono::seconds{90};
// Fewer old samples than this are a hiccup, not worth a progress bar.
constexpr std::int64_t kBacklogSamplesMin = 20;

struct Progress {
  std::int64_t done = 0;
  std::int64_t total = 0;  // An estimate; never below done.
  double per_second = 0;
  std::optional<double> seconds_left{};  // Absent while the rate is not known.
  friend bool operator==(const Progress&, const Progress&) = default;
};

// One device's backlog. By value, driven, one owner.
class Backfill {
 public:
  void receive(UtcMillis ts, UtcMillis received);
  // What the device itself says; absent: that it has no backlog.
  struct Word {
    std::int64_t done = 0;
    std::int64_t total = 0;
  };
  void say(std::optional<Word> word, UtcMillis received);
  // Absent when no backlog is coming in.
  std::optional<Progress> progress(UtcMillis now) const;

 private:
  double rate(UtcMillis now) const;
  Progress estimate() const;

  std::int64_t done_ = 0;
  UtcMillis began_, last_received_;
  UtcMillis oldest_, newest_;
  // The rate over the last one to two windows.
  UtcMillis window_began_;
  std::int64_t window_done_ = 0;
  double rate_before_ = 0;
  std::optional<Word> word_;
  UtcMillis word_at_;
};

}  // namespace idast::live
