#pragma once
#include <cstdint>
#include <vector>

#include "mqtt/session.h"

// Inside this room only; everything else includes session.h.
namespace idast::mqtt {

// What the broker delivered at QoS 1 on the present connection and nobody has acknowledged yet.
class Deliveries {
 public:
  // The counters must live as long.
  explicit Deliveries(Counters& counters) : counters_{counters} {}

  // A new connection: the broker sends again what the last one left open, and tokens of that one
  // are stale.
  void open();
  void close();

  // The token for one delivery; packet id 0 is QoS 0, of which nothing is held.
  AckToken receive(std::uint16_t packet_id);

  // True when PUBACK is due now; otherwise the token is stale, unknown or void, and counted.
  bool settle(AckToken token);

 private:
  Counters& counters_;
  bool open_ = false;
  std::uint64_t connection_ = 0;
  // By packet id: the last delivery that is not yet acknowledged; 0: none is.
  std::vector<std::uint32_t> held_ = std::vector<std::uint32_t>(65'536);
  std::uint32_t serial_ = 0;  // of the last delivery
};

}  // namespace idast::mqtt
