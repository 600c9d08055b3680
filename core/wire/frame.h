#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/bytes.h"

// What the two boards say to each other by radio (ESP-NOW). Little-endian.
//
//   frame   := magic:u16 version:u8 type:u8 sender:u32 boot:u32 counter:u32 length:u8
//              payload:u8[length] tag:u8[t] crc:u32
//   magic   =  0x1da5
//   version =  1, for which t = 0. A version with t = 16 will carry an authentication tag over
//              everything before it; its bytes are kept free in every frame from now on.
//   crc     =  CRC-32C over everything before it
//
// The CRC covers the header: a flipped sender must not credit another panel. It finds accidents,
// not forgers: until the tag is there, whoever knows this page can speak for either board.
//
// boot counts the sender's starts and is kept in its memory; counter counts its frames from 0 in
// one boot. (boot, counter) never repeats: that is what a replay is told by.
//
// A frame carries bytes and does not know what a sample is. No heap, no state, any thread.
namespace idast::wire {

inline constexpr std::size_t kFrameBytesMax = 250;  // ESP-NOW version 1
inline constexpr std::size_t kHeaderBytes = 17;
inline constexpr std::size_t kTagBytesMax = 16;  // Poly1305, AES-CCM or AES-GCM
inline constexpr std::size_t kCrcBytes = 4;
inline constexpr std::size_t kPayloadBytesMax =
    kFrameBytesMax - kHeaderBytes - kTagBytesMax - kCrcBytes;
inline constexpr std::uint16_t kMagic = 0x1da5;
inline constexpr std::uint8_t kVersion = 1;

// Append only; core/node says what each payload holds. A frame of an unknown type is refused.
enum class FrameType : std::uint8_t { sample, phone, command, answer, time, site };
inline constexpr std::uint8_t kFrameTypeCount = 6;

// One board for ever: the last four bytes of its radio's MAC.
struct SenderId {
  std::uint32_t bits = 0;
  friend constexpr auto operator<=>(SenderId, SenderId) = default;
};

struct Frame {
  FrameType type = FrameType::sample;
  SenderId sender;
  std::uint32_t boot = 0;
  std::uint32_t counter = 0;
  Bytes payload;  // after parse(): a view into the bytes that were parsed
};

enum class FrameError : std::uint8_t {
  too_short,
  too_long,
  bad_magic,
  unknown_version,
  length_mismatch,  // the length byte disagrees with the frame's size
  bad_crc,
  unknown_type,
};
inline constexpr std::size_t kFrameErrorCount = 7;
std::string_view to_text(FrameError error);

// Believes nothing: any bytes give a frame that print() would have made, or an error.
std::expected<Frame, FrameError> parse(Bytes bytes);

// Prints into `buffer` and returns what was used of it. The payload is at most kPayloadBytesMax
// bytes (required).
Bytes print(const Frame& frame, std::span<std::byte, kFrameBytesMax> buffer);

// Takes every frame of one sender at most once and only forwards in (boot, counter). What arrives
// out of order is refused as replayed: a late sample is worth nothing, a late command is dangerous.
// After the start anything is taken, so a recording can be played until the sender speaks; only the
// tag can mend that. One owner, one thread.
class Acceptor {
 public:
  enum class Error : std::uint8_t { foreign_sender, old_boot, replayed };

  struct Accepted {
    bool boot_is_new = false;  // the first frame of this boot that arrived
    std::uint32_t missed = 0;  // frames that must have been sent in between and did not come
  };

  explicit Acceptor(SenderId sender) : sender_{sender} {}
  std::expected<Accepted, Error> accept(const Frame& frame);

 private:
  struct Place {
    std::uint32_t boot, counter;
  };
  SenderId sender_;
  std::optional<Place> last_;
};
std::string_view to_text(Acceptor::Error error);

}  // namespace idast::wire
