#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/time.h"

// The time of samples by what never goes back, the uptime of their boot.
//
// A device without a clock says milliseconds since its start: the newest sample of a boot is as old
// as its way, and every other is older by the difference, so a backlog keeps its spacing.
//
// A clock that is set back, the device's or the server's, would put samples among those of an hour
// ago, where counters seem to rise and fall with every one. Until it has caught up, the time of a
// boot goes on at half its pace.
namespace idast::ingest {

// Boots remembered, the one unused longest forgotten first: a thousand trackers and their restarts.
inline constexpr std::size_t kBootsMax = 4'096;
// No device remembers longer than this. A sample that claims to be older than the newest by more is
// an error of its clock, or the newest was; its time is its receipt.
inline constexpr Millis kBacklogMax = std::chrono::hours{24 * 31};

// Clocks are set back by this at most when a time zone was taken for UTC. One that falls further
// was wrong before, and is followed at once.
inline constexpr Millis kFallMax = std::chrono::hours{14};

class Uptimes {
 public:
  // What a sample says of its time: by its own clock, or it is the time of its receipt.
  struct Said {
    UtcMillis time;
    bool by_own_clock = false;
  };
  // When a sample with this uptime was taken, as far as the receiver can tell.
  UtcMillis taken_at(std::string_view device, std::string_view boot, std::int64_t uptime_ms,
                     Said said);

  // Samples that a clock which was set back put before an older one of their boot.
  std::uint64_t fallen() const { return fallen_; }

 private:
  struct Newest {
    std::string boot;  // Device and boot.
    std::int64_t uptime_ms;
    UtcMillis taken;
  };
  UtcMillis next(Newest& newest, std::int64_t uptime_ms, UtcMillis said);
  std::list<Newest> recent_;  // The last used first.
  std::unordered_map<std::string_view, std::list<Newest>::iterator> places_;
  std::uint64_t fallen_ = 0;
};

}  // namespace idast::ingest
