#include "mqtt/subscriptions.h"

#include <algorithm>

#include "core/base/require.h"
#include "mqtt/outgoing.h"

namespace idast::mqtt {
namespace {

constexpr std::uint16_t kPacketIdMin = kPublishIdMax + 1;

// A SUBSCRIBE packet stays below this, since brokers limit packets (ours to 128 KiB).
constexpr std::size_t kSubscribeBytesMax = 16uz * 1024;

}  // namespace

Subscriptions::Subscriptions() : packet_id_{kPacketIdMin} {}

std::expected<void, SubscribeError> Subscriptions::add(std::string_view filter, std::uint8_t qos) {
  if (!valid_filter(filter)) return std::unexpected{SubscribeError::bad_filter};
  const auto known = std::ranges::find(all_, filter, &Subscription::filter);
  if (known != all_.end()) {
    known->qos = qos;
    known->is = Subscription::Is::unsent;
    return {};
  }
  if (all_.size() == kSubscriptionsMax) return std::unexpected{SubscribeError::too_many};
  all_.push_back({.filter = std::string{filter}, .qos = qos});
  return {};
}

bool Subscriptions::remove(std::string_view filter, std::string* outbox) {
  const auto known = std::ranges::find(all_, filter, &Subscription::filter);
  if (known == all_.end()) return false;
  if (outbox != nullptr) {
    const Unsubscribe packet{.packet_id = next_packet_id(), .filters = {known->filter}};
    require(encode(packet, *outbox).has_value(), "Subscriptions: a known filter is valid");
  }
  all_.erase(known);
  return true;
}

void Subscriptions::forget_answers() {
  for (Subscription& one : all_) one.is = Subscription::Is::unsent;
}

// In as few packets as their limit allows.
bool Subscriptions::send(std::string& outbox) {
  Subscribe packet{.packet_id = next_packet_id()};
  std::size_t bytes = 0;
  bool sent = false;
  const auto send = [&] {
    sent = true;
    require(encode(packet, outbox).has_value(), "Subscriptions: known filters are valid");
    packet = {.packet_id = next_packet_id()};
    bytes = 0;
  };
  for (Subscription& one : all_) {
    if (one.is != Subscription::Is::unsent) continue;
    one.is = Subscription::Is::pending;
    one.packet_id = packet.packet_id;
    one.position = packet.requests.size();
    packet.requests.push_back({.filter = one.filter, .qos = one.qos});
    bytes += one.filter.size();
    if (bytes >= kSubscribeBytesMax) send();
  }
  if (!packet.requests.empty()) send();
  return sent;
}

std::optional<Subscriptions::Answered> Subscriptions::answer(const Suback& packet) {
  Answered answered;
  for (Subscription& one : all_) {
    if (one.is != Subscription::Is::pending || one.packet_id != packet.packet_id) continue;
    answered.asked = true;
    if (one.position >= packet.return_codes.size()) return std::nullopt;
    const auto code = static_cast<std::uint8_t>(packet.return_codes[one.position]);
    // A lower QoS than asked is a refusal too: what it delivers is not redelivered.
    const bool granted = code != kSubackFailure && code >= one.qos;
    one.is = granted ? Subscription::Is::confirmed : Subscription::Is::refused;
    if (!granted) answered.refused.push_back(one.filter);
  }
  return answered;
}

bool Subscriptions::pending() const {
  return std::ranges::any_of(
      all_, [](const Subscription& one) { return one.is == Subscription::Is::pending; });
}

bool Subscriptions::confirmed() const {
  return std::ranges::all_of(
      all_, [](const Subscription& one) { return one.is == Subscription::Is::confirmed; });
}

std::uint16_t Subscriptions::next_packet_id() {
  const std::uint16_t id = packet_id_;
  packet_id_ = id == 65'535 ? kPacketIdMin : static_cast<std::uint16_t>(id + 1);
  return id;
}

}  // namespace idast::mqtt
