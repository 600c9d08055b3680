#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/packets.h"
#include "mqtt/session.h"

// Inside this room only; everything else includes session.h.
namespace idast::mqtt {

// The filters a session remembers, and what the broker of the present connection said to each.
class Subscriptions {
 public:
  Subscriptions();

  struct Answered {
    bool asked = false;                     // somebody waited for this SUBACK
    std::vector<std::string> refused = {};  // copies: a callback may change the list
  };

  // A known filter: its QoS is changed, and it is asked for again.
  std::expected<void, SubscribeError> add(std::string_view filter, std::uint8_t qos);
  // False when the filter is not known. Appends an UNSUBSCRIBE; null: there is no broker to tell.
  bool remove(std::string_view filter, std::string* outbox);

  // A new connection: every filter is asked for again.
  void forget_answers();
  // Appends a SUBSCRIBE for every filter not yet asked for; false when there was none.
  bool send(std::string& outbox);
  // Nothing: the SUBACK has fewer answers than its SUBSCRIBE asked for, which breaks MQTT.
  std::optional<Answered> answer(const Suback& packet);

  bool pending() const;    // an answer is awaited
  bool confirmed() const;  // all of them

 private:
  struct Subscription {
    std::string filter;
    std::uint8_t qos = 0;
    enum class Is : std::uint8_t { unsent, pending, confirmed, refused } is = Is::unsent;
    std::uint16_t packet_id = 0;  // while pending: of the SUBSCRIBE that asks
    std::size_t position = 0;     // and the place in it
  };

  std::uint16_t next_packet_id();

  std::vector<Subscription> all_;
  std::uint16_t packet_id_;  // the next one
};

}  // namespace idast::mqtt
