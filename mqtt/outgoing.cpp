#include "mqtt/outgoing.h"

#include <utility>

#include "core/base/require.h"

namespace idast::mqtt {

bool Outgoing::has_room(std::size_t packet_bytes) const {
  return queue_.size() < options_.outgoing_max &&
         bytes_ + packet_bytes <= options_.outgoing_bytes_max;
}

void Outgoing::add(Publish packet, std::size_t packet_bytes, std::function<void()> acknowledged) {
  require(has_room(packet_bytes), "Outgoing: has_room() was asked");
  packet.packet_id =
      static_cast<std::uint16_t>((first_id_ - 1 + queue_.size()) % kPublishIdMax + 1);
  Entry& entry = queue_.emplace_back();
  entry.packet.reserve(packet_bytes);
  entry.acknowledged = std::move(acknowledged);
  require(encode(packet, entry.packet).has_value(), "Outgoing: publish() checked the packet");
  bytes_ += packet_bytes;
  ++counters_.outgoing;
}

void Outgoing::send(std::string& outbox) {
  while (sent_ < queue_.size() && sent_ < options_.inflight_max &&
         outbox.size() < kOutboxBytesMax) {
    Entry& entry = queue_[sent_++];
    if (entry.done) continue;
    if (entry.written) mark_duplicate(entry.packet);
    ++(entry.written ? counters_.publishes_resent : counters_.publishes_sent);
    entry.written = true;
    outbox.append(entry.packet);
  }
}

std::function<void()> Outgoing::acknowledge(std::uint16_t packet_id) {
  // Ids were given in turn, so the id says the place in the queue.
  const std::size_t place =
      static_cast<std::size_t>(packet_id + kPublishIdMax - first_id_) % kPublishIdMax;
  const bool known = packet_id <= kPublishIdMax && place < sent_ && !queue_[place].done;
  if (!known) {
    ++counters_.answers_unexpected;
    return {};
  }
  Entry& entry = queue_[place];
  entry.done = true;
  bytes_ -= entry.packet.size();
  std::string{}.swap(entry.packet);
  auto acknowledged = std::exchange(entry.acknowledged, {});
  while (!queue_.empty() && queue_.front().done) {
    queue_.pop_front();
    --sent_;
    first_id_ = static_cast<std::uint16_t>(first_id_ % kPublishIdMax + 1);
  }
  --counters_.outgoing;
  ++counters_.publishes_acknowledged;
  return acknowledged;
}

void Outgoing::abandon() {
  counters_.publishes_abandoned += counters_.outgoing;
  counters_.outgoing = 0;
  queue_.clear();
  bytes_ = sent_ = 0;
  first_id_ = 1;
}

}  // namespace idast::mqtt
