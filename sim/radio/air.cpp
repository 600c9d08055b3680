#include "sim/radio/air.h"

#include <algorithm>

namespace idast::sim {

Air::Air(const AirParameters& parameters, std::uint64_t seed) : parameters_{parameters} {
  towards_first_.chance = Random{seed}.fork(1);
  towards_second_.chance = Random{seed}.fork(2);
}

bool Air::send(Direction& way, Bytes frame) {
  if (frame.size() > kFrameBytesMax) {
    ++way.counts.too_long;
    return false;
  }
  if (way.queue.full()) {
    ++way.counts.refused;
    return false;
  }
  ++way.counts.sent;
  // Drawn for every frame, so that one fault does not shift the others.
  const bool lost = way.chance.unit() < parameters_.loss;
  const bool flipped = way.chance.unit() < parameters_.bit_flip;
  const bool duplicated = way.chance.unit() < parameters_.duplicate;
  const bool reordered = way.chance.unit() < parameters_.reorder;
  const std::uint64_t where = way.chance.next();
  if (lost) {
    ++way.counts.lost;
    return true;
  }
  Heard heard;
  std::ranges::copy(frame, heard.bytes.begin());
  heard.size = frame.size();
  if (flipped && heard.size > 0) {
    ++way.counts.flipped;
    Random bits{where};
    for (std::uint64_t i = 0; i <= where % 3; ++i) {
      const auto bit = static_cast<std::size_t>(bits.below(heard.size * 8));
      heard.bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
  }
  if (reordered && !way.queue.empty()) {
    ++way.counts.reordered;
    // Takes the newest waiting frame's place; a ring gives only its oldest, so all go round once.
    for (std::size_t left = way.queue.size() - 1; left > 0; --left) {
      way.queue.push(way.queue.pop());
    }
    const Heard overtaken = way.queue.pop();
    deliver(way, heard);
    deliver(way, overtaken);
  } else {
    deliver(way, heard);
  }
  if (duplicated) {
    ++way.counts.duplicated;
    deliver(way, heard);
  }
  return true;
}

// A full queue on the way loses the frame: the sender was told that it had been sent.
void Air::deliver(Direction& way, const Heard& frame) {
  if (!way.queue.push(frame)) ++way.counts.lost;
}

std::optional<std::size_t> Air::receive(Direction& way, std::span<std::byte> buffer) {
  if (way.queue.empty()) return std::nullopt;
  const Heard frame = way.queue.pop();
  const std::size_t size = std::min(frame.size, buffer.size());
  std::copy_n(frame.bytes.begin(), size, buffer.begin());
  ++way.counts.heard;
  return size;
}

}  // namespace idast::sim
