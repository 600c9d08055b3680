#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"

// What to tell devices of the commits: solar-tracker/{id}/stored {"boot":"…","upto":n} (CONTRACT
// §1). At most one message a second per device; what waits is replaced by what is newer, so a
// device hears the last word always and every word never.
namespace idast::ingest {

inline constexpr Millis kStoredEvery{1'000};
// Devices with something to hear or just told, and boots of one that wait at once (an old boot's
// backlog beside the present one). Beyond these a word is dropped and counted: the device, which
// hears nothing, sends again after 10 s, and the commit that absorbs it says it anew.
inline constexpr std::size_t kStoredDevicesMax = 4'096;
inline constexpr std::size_t kStoredBootsMax = 8;

struct StoredMessage {
  std::string topic;
  std::string payload;
};

class StoredWords {
 public:
  // A commit made this boot complete up to `upto`; -1: not even its first sample is there.
  void note(const std::string& device, const std::string& boot, std::int64_t upto);
  // What to publish now, at QoS 1.
  std::vector<StoredMessage> take(Instant now);
  // When take() will have something next.
  std::optional<Instant> due_at() const;

  std::uint64_t dropped() const { return dropped_; }

 private:
  struct Device;
  using Devices = std::map<std::string, Device>;
  // By when a word may be sent, or a silent device forgotten: take() and due_at() are asked after
  // every message and must not walk through all devices.
  using Schedule = std::multimap<Instant, Devices::iterator>;
  struct Device {
    std::map<std::string, std::int64_t> waiting;  // By boot.
    std::string told_boot;                        // Boots take turns.
    Schedule::iterator place;                     // In due_ while something waits, else in told_.
  };

  Devices devices_;
  Schedule due_;
  Schedule told_;
  std::uint64_t dropped_ = 0;
};

}  // namespace idast::ingest
