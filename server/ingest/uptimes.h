#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/time.h"

// The time of samples whose device has no clock: what it says is milliseconds since its start, so
// the newest sample of a boot is as old as its way, and every other is older by the difference. A
// backlog keeps its spacing.
namespace idast::ingest {

// Boots remembered, the one unused longest forgotten first: a thousand trackers and their restarts.
inline constexpr std::size_t kBootsMax = 4'096;
// No device remembers longer than this. A sample that claims to be older than the newest by more is
// an error of its clock, or the newest was; its time is its receipt.
inline constexpr Millis kBacklogMax = std::chrono::hours{24 * 31};

class Uptimes {
 public:
  // When a sample with this uptime was taken, as far as the receiver can tell.
  UtcMillis taken_at(std::string_view device, std::string_view boot, std::int64_t uptime_ms,
                     UtcMillis received);

 private:
  struct Newest {
    std::string boot;  // Device and boot.
    std::int64_t uptime_ms;
  };
  std::list<Newest> recent_;  // The last used first.
  std::unordered_map<std::string_view, std::list<Newest>::iterator> places_;
};

}  // namespace idast::ingest
