#include "tests/storm/lying_broker.h"

#include <algorithm>

namespace idast::storm {

LyingBroker::LyingBroker(std::size_t devices, Ledger& ledger, std::uint64_t seed)
    : ledger_{ledger}, random_{seed}, ends_(devices) {
  for (End& end : ends_) end.broker = this;
}

std::expected<ports::Ticket, ports::PublishError> LyingBroker::End::publish(
    std::string_view topic, std::string_view payload, int qos, bool) {
  if (!online) return std::unexpected{ports::PublishError::offline};
  if (full) return std::unexpected{ports::PublishError::queue_full};
  broker->ledger_.said(topic, payload);
  if (swallow_again && !said_before.emplace(payload).second) return ports::Ticket{1};
  broker->take(topic, payload, qos);
  return ports::Ticket{1};
}

std::optional<ports::Broker::Incoming> LyingBroker::End::receive() {
  if (inbox.empty()) return std::nullopt;
  const Incoming oldest = inbox.front();
  inbox.pop_front();
  return oldest;
}

void LyingBroker::take(std::string_view topic, std::string_view payload, int qos) {
  if (topic.ends_with("/result")) return;  // not the pipeline's
  if (happens(lies_.drop)) return;
  const int times = happens(lies_.doubled) ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    queue_.push_back({.topic = std::string{topic}, .payload = std::string{payload}, .qos = qos});
  }
  if (happens(lies_.reorder) && !queue_.empty()) {
    std::swap(queue_.back(), queue_[random_.below(queue_.size())]);
  }
}

void LyingBroker::restart() {
  queue_.clear();
  words_.clear();
  connect_server();
}

void LyingBroker::connect_server() {
  ++connection_;
  for (Queued& queued : queue_) queued.packet_id = 0;
}

void LyingBroker::deliver(const std::function<void(const mqtt::Message&)>& receive) {
  // By value: the server may acknowledge on the spot.
  std::vector<Queued> due;
  std::size_t held = 0;
  std::erase_if(queue_, [&](Queued& queued) {  // At QoS 0: handed over, and gone.
    if (queued.qos == 0) due.push_back(queued);
    return queued.qos == 0;
  });
  for (Queued& queued : queue_) {
    if (held == kWindow) break;
    ++held;
    if (queued.packet_id != 0) continue;
    if (++packet_id_ == 0) ++packet_id_;
    queued.packet_id = packet_id_;
    due.push_back(queued);
    queued.handed_before = true;
  }
  for (const Queued& queued : due) {
    receive({.topic = queued.topic,
             .payload = queued.payload,
             .qos = static_cast<std::uint8_t>(queued.qos),
             .duplicate = queued.handed_before,
             .token = {.connection = connection_, .packet_id = queued.packet_id}});
  }
}

void LyingBroker::acknowledge(const mqtt::AckToken& token) {
  if (token.connection != connection_) return;
  const auto queued = std::ranges::find(queue_, token.packet_id, &Queued::packet_id);
  if (queued == queue_.end()) return;
  ledger_.acknowledged(queued->topic, queued->payload);
  queue_.erase(queued);
}

void LyingBroker::to_device(std::string_view topic, std::string_view payload, Instant now) {
  ledger_.told(topic, payload);
  if (happens(lies_.words_lost)) return;
  words_.push_back({std::string{topic}, std::string{payload}, now});
  if (!happens(lies_.words_late)) return;
  const Millis late{static_cast<std::int64_t>(random_.below(20'000))};
  words_.push_back({std::string{topic}, std::string{payload}, now + late});
}

void LyingBroker::deliver_words(Instant now) {
  std::vector<Word> due;
  std::erase_if(words_, [&](const Word& word) {
    if (word.at > now) return false;
    due.push_back(word);
    return true;
  });
  for (const Word& word : due) {
    for (End& end : ends_) {
      if (!end.online || !end.topics.contains(word.topic)) continue;
      ports::Broker::Incoming incoming;
      if (!incoming.topic.assign(word.topic) || !incoming.payload.assign(word.payload)) continue;
      end.inbox.push_back(incoming);
    }
  }
}

}  // namespace idast::storm
