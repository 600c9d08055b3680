#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/ports/ports.h"
#include "core/wire/frame.h"

// One board's end of the radio to its other half: numbers what it sends, and hands on what came
// whole, from the right board, and for the first time. Everything else is counted. One owner, one
// thread, no heap; the radio must outlive it.
namespace idast::node {

struct LinkCounts {
  std::uint32_t frames_sent = 0;
  std::uint32_t frames_not_sent = 0;  // the radio's queue was full
  std::uint32_t frames_heard = 0;
  std::uint32_t frames_refused = 0;   // broken, foreign, or no message of ours
  std::uint32_t frames_replayed = 0;  // out of order, doubled, or played back
  std::uint32_t frames_missed = 0;    // sent by the other board and not arrived
};

class RadioLink {
 public:
  // Frames looked at in one step, refused ones too: a radio that never falls silent must not keep
  // the owner from its other work. More than a good link brings in the longest step, 60 ms.
  static constexpr int kFramesPerStep = 16;

  // `boot` counts this board's starts: see core/wire/frame.h.
  RadioLink(ports::Radio& radio, wire::SenderId self, wire::SenderId other, std::uint32_t boot)
      : radio_{radio}, self_{self}, boot_{boot}, acceptor_{other} {}

  void send(wire::FrameType type, Bytes payload);

  struct Heard {
    wire::Frame frame;         // its payload is valid until the next call
    bool boot_is_new = false;  // the other board has started since it was last heard
  };
  // A step begins: next() has kFramesPerStep frames to look at.
  void begin_step() { left_ = kFramesPerStep; }
  std::optional<Heard> next();
  // What was heard last is no message of ours.
  void refuse() { ++counts_.frames_refused; }

  const LinkCounts& counts() const { return counts_; }

 private:
  ports::Radio& radio_;
  wire::SenderId self_;
  std::uint32_t boot_;
  wire::Acceptor acceptor_;
  LinkCounts counts_;
  std::uint32_t frame_counter_ = 0;
  int left_ = 0;
  std::array<std::byte, wire::kFrameBytesMax> heard_{};
};

}  // namespace idast::node
