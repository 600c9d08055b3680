#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/ring.h"
#include "core/ports/ports.h"

// The air between the two boards, and the faults in it. A frame sent is there at once; how late it
// is heard depends on when the other side listens. The same seed and the same calls give the same
// faults. One owner, one thread.
namespace idast::sim {

// Chances per frame, 0..1, drawn in this order and independently.
struct AirParameters {
  double loss = 0.0;
  double bit_flip = 0.0;   // one to three bits of the frame
  double duplicate = 0.0;  // heard twice
  double reorder = 0.0;    // overtakes the frame before it, if that still waits
};

// A good indoor link: what ESP-NOW at a few metres does.
inline constexpr AirParameters kGoodAir{
    .loss = 0.005, .bit_flip = 0.0005, .duplicate = 0.0005, .reorder = 0.0005};

// One direction.
struct AirCounts {
  std::uint64_t sent = 0;      // taken over from the sender
  std::uint64_t refused = 0;   // the queue was full: the sender was told
  std::uint64_t too_long = 0;  // more than a frame: refused as well
  std::uint64_t lost = 0;
  std::uint64_t flipped = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t heard = 0;
};

class Air {
 public:
  // Frames under way in one direction: what an ESP-NOW driver buffers, about a second of traffic.
  static constexpr std::size_t kQueueFrames = 32;
  static constexpr std::size_t kFrameBytesMax = 250;  // ESP-NOW version 1

  Air(const AirParameters& parameters, std::uint64_t seed);
  Air(const Air&) = delete;
  Air& operator=(const Air&) = delete;

  // The radio of either board; they live as long as the air.
  ports::Radio& first() { return first_; }
  ports::Radio& second() { return second_; }

  const AirCounts& from_first() const { return towards_second_.counts; }
  const AirCounts& from_second() const { return towards_first_.counts; }

  // Other weather for the radio, from the next frame on.
  void change(const AirParameters& parameters) { parameters_ = parameters; }

 private:
  struct Heard {
    std::array<std::byte, kFrameBytesMax> bytes{};
    std::size_t size = 0;
  };
  struct Direction {
    Ring<Heard, kQueueFrames> queue;
    Random chance{0};
    AirCounts counts;
  };
  class End final : public ports::Radio {
   public:
    End(Air& air, Direction& out, Direction& in) : air_{air}, out_{out}, in_{in} {}
    bool send(Bytes frame) override { return air_.send(out_, frame); }
    std::optional<std::size_t> receive(std::span<std::byte> buffer) override {
      return Air::receive(in_, buffer);
    }

   private:
    Air& air_;
    Direction& out_;
    Direction& in_;
  };

  bool send(Direction& way, Bytes frame);
  void deliver(Direction& way, const Heard& frame);
  static std::optional<std::size_t> receive(Direction& way, std::span<std::byte> buffer);

  AirParameters parameters_;
  Direction towards_first_, towards_second_;
  End first_{*this, towards_second_, towards_first_};
  End second_{*this, towards_first_, towards_second_};
};

}  // namespace idast::sim
