#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.h"

// What goes wrong in a storm, and when. A list of faults is all that a seed decides about it, so a
// failing one can be made shorter and read by a person.
namespace idast::storm {

enum class FaultKind : std::uint8_t {
  bad_air,           // frames between the boards lost, broken, doubled, overtaken
  broker_away,       // the device has no connection
  broker_full,       // the device's broker takes nothing more
  broker_drops,      // messages vanish after the broker acknowledged them
  broker_doubles,    // messages come to the server twice
  broker_reorders,   // messages come to the server in another order
  broker_restarts,   // everything the broker knew is gone, all connections too
  words_lost,        // the server's words do not reach the device
  words_late,        // they come twice, and long after
  server_restarts,   // what it held in memory is gone; the database stays
  store_fails,       // commits fail
  store_dies_after,  // a commit succeeds, and the server is gone before it knows
  server_clock,      // the server's clock is set by `amount_ms`
  device_clock,      // the receiver's clock is set by `amount_ms`
  device_clockless,  // the receiver does not know the time
  receiver_restarts,
  transmitter_restarts,
  spool_full,  // the spool's disk takes nothing
  days_pass,   // by every clock at once: what is stored becomes old
};

struct Fault {
  FaultKind kind = FaultKind::bad_air;
  std::size_t device = 0;  // where the kind has one
  Instant from, until;     // kinds that happen at once: at `from`
  double strength = 0;     // 0 … 1: how many of what can be hit are hit
  std::int64_t amount_ms = 0;
};

// "12.3-18.0 s  broker_drops  device 1  0.4"
std::string to_text(const Fault& fault);

inline constexpr std::size_t kDevices = 3;
inline constexpr Millis kStormLasts{45'000};

// The faults of a seed, by time; all are over at kStormLasts.
std::vector<Fault> faults_of(std::uint64_t seed);

}  // namespace idast::storm
