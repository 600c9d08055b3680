#include "mqtt/deliveries.h"

#include <algorithm>
#include <utility>

namespace idast::mqtt {

void Deliveries::open() {
  open_ = true;
  ++connection_;
  std::ranges::fill(held_, 0u);
  counters_.held = 0;
}

void Deliveries::close() {
  open_ = false;
  counters_.held = 0;
}

AckToken Deliveries::receive(std::uint16_t packet_id) {
  if (packet_id == 0) return {.connection = connection_};
  if (++serial_ == 0) serial_ = 1;
  const AckToken token{.connection = connection_, .packet_id = packet_id, .serial = serial_};
  if (std::exchange(held_[packet_id], serial_) != 0) return token;
  ++counters_.held;
  counters_.held_max = std::max(counters_.held_max, counters_.held);
  return token;
}

bool Deliveries::settle(AckToken token) {
  if (token.packet_id == 0) return false;
  if (!open_ || token.connection != connection_) {
    ++counters_.acknowledgements_stale;
    return false;
  }
  std::uint32_t& held = held_[token.packet_id];
  if (held != token.serial || held == 0) {
    ++(held == 0 ? counters_.acknowledgements_unknown : counters_.acknowledgements_void);
    return false;
  }
  held = 0;
  --counters_.held;
  ++counters_.acknowledgements_sent;
  return true;
}

}  // namespace idast::mqtt
