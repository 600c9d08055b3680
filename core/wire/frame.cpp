#include "core/wire/frame.h"

#include <array>

#include "core/base/crc.h"
#include "core/base/require.h"

namespace idast::wire {

std::string_view to_text(FrameError error) {
  constexpr std::array<std::string_view, kFrameErrorCount> kWords{
      "too_short",       "too_long", "bad_magic",   "unknown_version",
      "length_mismatch", "bad_crc",  "unknown_type"};
  return kWords[static_cast<std::size_t>(error)];
}

std::string_view to_text(Acceptor::Error error) {
  constexpr std::array<std::string_view, 3> kWords{"foreign_sender", "old_boot", "replayed"};
  return kWords[static_cast<std::size_t>(error)];
}

std::expected<Frame, FrameError> parse(Bytes bytes) {
  if (bytes.size() < kHeaderBytes + kCrcBytes) return std::unexpected{FrameError::too_short};
  if (bytes.size() > kFrameBytesMax) return std::unexpected{FrameError::too_long};

  ByteReader in{bytes};
  if (in.read<std::uint16_t>() != kMagic) return std::unexpected{FrameError::bad_magic};
  if (in.read<std::uint8_t>() != kVersion) return std::unexpected{FrameError::unknown_version};
  const auto type = in.read<std::uint8_t>();
  Frame frame;
  frame.sender = SenderId{in.read<std::uint32_t>()};
  frame.boot = in.read<std::uint32_t>();
  frame.counter = in.read<std::uint32_t>();
  const std::size_t length = in.read<std::uint8_t>();
  if (length > kPayloadBytesMax || bytes.size() != kHeaderBytes + length + kCrcBytes) {
    return std::unexpected{FrameError::length_mismatch};
  }
  frame.payload = in.take(length);
  if (in.read<std::uint32_t>() != crc32c(bytes.first(bytes.size() - kCrcBytes))) {
    return std::unexpected{FrameError::bad_crc};
  }
  if (type >= kFrameTypeCount) return std::unexpected{FrameError::unknown_type};
  frame.type = static_cast<FrameType>(type);
  return frame;
}

Bytes print(const Frame& frame, std::span<std::byte, kFrameBytesMax> buffer) {
  require(frame.payload.size() <= kPayloadBytesMax, "wire::print: payload longer than a frame");
  ByteWriter out{buffer};
  out.write(kMagic).write(kVersion).write(static_cast<std::uint8_t>(frame.type));
  out.write(frame.sender.bits).write(frame.boot).write(frame.counter);
  out.write(static_cast<std::uint8_t>(frame.payload.size())).write(frame.payload);
  out.write(crc32c(out.view()));
  return out.view();
}

std::expected<Acceptor::Accepted, Acceptor::Error> Acceptor::accept(const Frame& frame) {
  if (frame.sender != sender_) return std::unexpected{Error::foreign_sender};
  Accepted accepted{.boot_is_new = true, .missed = 0};
  if (last_) {
    if (frame.boot < last_->boot) return std::unexpected{Error::old_boot};
    accepted.boot_is_new = frame.boot != last_->boot;
    if (!accepted.boot_is_new && frame.counter <= last_->counter) {
      return std::unexpected{Error::replayed};
    }
    accepted.missed = accepted.boot_is_new ? frame.counter : frame.counter - last_->counter - 1;
  }
  last_ = Place{frame.boot, frame.counter};
  return accepted;
}

}  // namespace idast::wire
