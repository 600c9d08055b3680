#include "core/node/radio_link.h"

#include <algorithm>

#include "core/base/require.h"

namespace idast::node {

void RadioLink::send(wire::FrameType type, Bytes payload) {
  std::array<std::byte, wire::kFrameBytesMax> buffer;
  const Bytes frame = wire::print({type, self_, boot_, frame_counter_, payload}, buffer);
  if (!radio_.send(frame)) {
    ++counts_.frames_not_sent;
    return;
  }
  // 2^32 frames are 40 years of three a second; the owner must not let the pair repeat.
  require(frame_counter_ != UINT32_MAX, "RadioLink: frame counter exhausted");
  ++frame_counter_;
  ++counts_.frames_sent;
}

std::optional<RadioLink::Heard> RadioLink::next() {
  for (; left_ > 0; --left_) {
    const auto size = radio_.receive(heard_);
    if (!size) return std::nullopt;
    const auto frame = wire::parse(Bytes{heard_}.first(std::min(*size, heard_.size())));
    if (!frame) {
      ++counts_.frames_refused;
      continue;
    }
    const auto accepted = acceptor_.accept(*frame);
    if (!accepted) {
      const bool foreign = accepted.error() == wire::Acceptor::Error::foreign_sender;
      ++(foreign ? counts_.frames_refused : counts_.frames_replayed);
      continue;
    }
    --left_;
    ++counts_.frames_heard;
    counts_.frames_missed += accepted->missed;
    return Heard{*frame, accepted->boot_is_new};
  }
  return std::nullopt;
}

}  // namespace idast::node
