#include "server/ingest/stored.h"

namespace idast::ingest {

void StoredWords::note(const std::string& device, const std::string& boot, std::int64_t upto) {
  auto place = devices_.find(device);
  if (place == devices_.end()) {
    if (devices_.size() >= kStoredDevicesMax) {
      ++dropped_;
      return;
    }
    place = devices_.emplace(device, Device{}).first;
  }
  auto& waiting = place->second.waiting;
  if (!waiting.contains(boot) && waiting.size() >= kStoredBootsMax) {
    ++dropped_;
    return;
  }
  waiting[boot] = upto;
}

std::vector<StoredMessage> StoredWords::take(Instant now) {
  std::vector<StoredMessage> messages;
  for (auto place = devices_.begin(); place != devices_.end();) {
    Device& device = place->second;
    const bool silent = !device.told || now >= *device.told + kStoredEvery;
    if (silent && device.waiting.empty()) {
      place = devices_.erase(place);
      continue;
    }
    if (silent) {
      auto word = device.waiting.upper_bound(device.told_boot);
      if (word == device.waiting.end()) word = device.waiting.begin();
      messages.push_back(
          {"solar-tracker/" + place->first + "/stored",
           R"({"boot":")" + word->first + R"(","upto":)" + std::to_string(word->second) + "}"});
      device.told = now;
      device.told_boot = word->first;
      device.waiting.erase(word);
    }
    ++place;
  }
  return messages;
}

std::optional<Instant> StoredWords::due_at() const {
  std::optional<Instant> earliest;
  for (const auto& [id, device] : devices_) {
    if (device.waiting.empty()) continue;
    const Instant at = device.told ? *device.told + kStoredEvery : Instant{};
    if (!earliest || at < *earliest) earliest = at;
  }
  return earliest;
}

}  // namespace idast::ingest
