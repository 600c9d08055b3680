#include "server/ingest/uptimes.h"

#include <algorithm>

namespace idast::ingest {
namespace {

bool fell(UtcMillis said, UtcMillis before) { return said < before && before - said <= kFallMax; }

}  // namespace

UtcMillis Uptimes::taken_at(std::string_view device, std::string_view boot, std::int64_t uptime_ms,
                            Said said) {
  std::string key{device};
  key.append("/").append(boot);
  const auto place = places_.find(key);
  if (place == places_.end()) {
    if (recent_.size() >= kBootsMax) {
      places_.erase(recent_.back().boot);
      recent_.pop_back();
    }
    recent_.push_front({std::move(key), uptime_ms, said.time});
    places_.emplace(recent_.front().boot, recent_.begin());
    return said.time;
  }
  recent_.splice(recent_.begin(), recent_, place->second);
  Newest& newest = recent_.front();
  if (uptime_ms > newest.uptime_ms) return next(newest, uptime_ms, said.time);
  const Millis older{newest.uptime_ms - uptime_ms};
  if (said.by_own_clock || older > kBacklogMax) return said.time;
  return (fell(said.time, newest.taken) ? newest.taken : said.time) - older;
}

UtcMillis Uptimes::next(Newest& newest, std::int64_t uptime_ms, UtcMillis said) {
  const Millis younger{uptime_ms - newest.uptime_ms};
  newest.uptime_ms = uptime_ms;
  if (fell(said, newest.taken) && younger <= kBacklogMax) {
    ++fallen_;
    said = std::max(said, newest.taken + younger / 2);
  }
  newest.taken = said;
  return said;
}

}  // namespace idast::ingest
