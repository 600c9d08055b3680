#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "mqtt/packets.h"
#include "mqtt/session.h"

// Inside this room only; everything else includes session.h.
namespace idast::mqtt {

// Packet ids 1 … 60 000 belong to our publishes, in turn; the rest to SUBSCRIBE and UNSUBSCRIBE.
// A broker forbids one id for both at a time, and ranges that never meet need no bookkeeping.
constexpr std::uint16_t kPublishIdMax = 60'000;

// What may wait for one write. QoS 1 publishes above it wait in the queue, QoS 0 ones are refused.
constexpr std::size_t kOutboxBytesMax = 1024uz * 1024;

// Our publishes at QoS 1, oldest first, until the broker has acknowledged each; kept over
// reconnects.
class Outgoing {
 public:
  // Both must live as long. Of the options: outgoing_max, outgoing_bytes_max and inflight_max.
  Outgoing(const Options& options, Counters& counters) : options_{options}, counters_{counters} {}

  bool empty() const { return queue_.empty(); }
  bool has_room(std::size_t packet_bytes) const;

  // A valid packet that there is room for; its packet id is given here.
  void add(Publish packet, std::size_t packet_bytes, std::function<void()> acknowledged);

  // A new connection: all of them are sent again, marked DUP where the broker may have them.
  void rewind() { sent_ = 0; }

  // Appends what is due: in turn, inflight_max at once, while the outbox has room.
  void send(std::string& outbox);

  // PUBACK came: its publish is done, and the caller of publish() wants this called, if anything.
  // An id that is not in flight is counted and ignored.
  std::function<void()> acknowledge(std::uint16_t packet_id);

  void abandon();

 private:
  struct Entry {
    std::string packet;  // as on the wire; the id follows from the place in the queue
    std::function<void()> acknowledged;
    bool written = false;  // on some connection: the broker may have it
    bool done = false;     // acknowledged before an older one was
  };

  const Options& options_;
  Counters& counters_;
  std::deque<Entry> queue_;
  std::size_t bytes_ = 0;
  std::size_t sent_ = 0;        // the first so many were written on this connection
  std::uint16_t first_id_ = 1;  // packet id of the front, or of the next one
};

}  // namespace idast::mqtt
