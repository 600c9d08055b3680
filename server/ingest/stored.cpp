#include "server/ingest/stored.h"

namespace idast::ingest {

void StoredWords::note(const std::string& device, const std::string& boot, std::int64_t upto) {
  auto place = devices_.find(device);
  const bool known = place != devices_.end();
  if (!known) {
    if (devices_.size() >= kStoredDevicesMax) {
      ++dropped_;
      return;
    }
    place = devices_.try_emplace(device).first;
    place->second.place = due_.emplace(Instant{}, place);
  }
  auto& waiting = place->second.waiting;
  if (!waiting.contains(boot) && waiting.size() >= kStoredBootsMax) {
    ++dropped_;
    return;
  }
  // From silence to having something to hear, at the same time.
  if (known && waiting.empty()) due_.insert(told_.extract(place->second.place));
  waiting[boot] = upto;
}

std::vector<StoredMessage> StoredWords::take(Instant now) {
  std::vector<StoredMessage> messages;
  while (!told_.empty() && told_.begin()->first <= now) {
    devices_.erase(told_.begin()->second);
    told_.erase(told_.begin());
  }
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto place = due_.begin()->second;
    due_.erase(due_.begin());
    Device& device = place->second;
    auto word = device.waiting.upper_bound(device.told_boot);
    if (word == device.waiting.end()) word = device.waiting.begin();
    messages.push_back(
        {"solar-tracker/" + place->first + "/stored",
         R"({"boot":")" + word->first + R"(","upto":)" + std::to_string(word->second) + "}"});
    device.told_boot = word->first;
    device.waiting.erase(word);
    Schedule& schedule = device.waiting.empty() ? told_ : due_;
    device.place = schedule.emplace(now + kStoredEvery, place);
  }
  return messages;
}

std::optional<Instant> StoredWords::due_at() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

}  // namespace idast::ingest
