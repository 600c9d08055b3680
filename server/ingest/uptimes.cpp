#include "server/ingest/uptimes.h"

#include <algorithm>

namespace idast::ingest {

UtcMillis Uptimes::taken_at(std::string_view device, std::string_view boot, std::int64_t uptime_ms,
                            UtcMillis received) {
  std::string key{device};
  key.append("/").append(boot);
  const auto place = places_.find(key);
  if (place == places_.end()) {
    if (recent_.size() >= kBootsMax) {
      places_.erase(recent_.back().boot);
      recent_.pop_back();
    }
    recent_.push_front({std::move(key), uptime_ms});
    places_.emplace(recent_.front().boot, recent_.begin());
    return received;
  }
  recent_.splice(recent_.begin(), recent_, place->second);
  std::int64_t& newest_ms = recent_.front().uptime_ms;
  newest_ms = std::max(newest_ms, uptime_ms);
  const Millis older{newest_ms - uptime_ms};
  return older > kBacklogMax ? received : received - older;
}

}  // namespace idast::ingest
