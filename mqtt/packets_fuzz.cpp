#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/require.h"
#include "mqtt/packets.h"

// input := settings:u8 stream. The stream is decoded whole and in small pieces, which must agree;
// every packet found is encoded and decoded again, which must give the same packet.

using namespace idast::mqtt;

namespace {

constexpr std::size_t kSmallLimit = 64;
constexpr std::size_t kLargeLimit = 256 * 1024;

// What a stream came to: each packet as its canonical bytes, then the error if there was one.
struct Reading {
  std::vector<std::string> packets;
  std::string error;
  friend bool operator==(const Reading&, const Reading&) = default;
};

std::string canonical(const OversizePublish& packet) {
  return "skipped " + std::to_string(packet.packet_bytes) + " " + std::to_string(packet.packet_id);
}

template <class P>
std::string canonical(const P& packet) {
  std::string bytes;
  const auto encoded = encode(packet, bytes);
  idast::require(encoded.has_value(), "what was decoded must encode");
  Decoder decoder{kLargeLimit + 16};
  std::string_view rest = bytes;
  while (true) {
    const auto again = decoder.next();
    idast::require(again.has_value(), "what was encoded must decode");
    if (*again) {
      idast::require(std::get<P>(**again) == packet, "decoded twice, the same packet");
      idast::require(rest.empty(), "a packet ends with its last byte");
      return bytes;
    }
    idast::require(!rest.empty(), "a packet needs no byte after its last");
    const auto room = decoder.room();
    const std::size_t count = std::min(room.size(), rest.size());
    std::copy_n(rest.begin(), count, room.begin());
    decoder.received(count);
    rest.remove_prefix(count);
  }
}

Reading read_in_pieces(std::string_view stream, std::size_t limit, std::size_t piece) {
  Reading reading;
  Decoder decoder{limit};
  while (true) {
    const auto packet = decoder.next();
    if (!packet) {
      reading.error = name(packet.error());
      return reading;
    }
    if (*packet) {
      reading.packets.push_back(
          std::visit([](const auto& one) { return canonical(one); }, **packet));
      continue;
    }
    if (stream.empty()) return reading;
    const auto room = decoder.room();
    const std::size_t count = std::min({room.size(), stream.size(), piece});
    std::copy_n(stream.begin(), count, room.begin());
    decoder.received(count);
    stream.remove_prefix(count);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t limit = (data[0] & 1) != 0 ? kSmallLimit : kLargeLimit;
  const std::size_t piece = 1 + (data[0] >> 1);
  const std::string_view stream{reinterpret_cast<const char*>(data) + 1, size - 1};
  const Reading whole = read_in_pieces(stream, limit, stream.size());
  const Reading pieces = read_in_pieces(stream, limit, piece);
  idast::require(whole == pieces, "how the bytes arrive must not matter");
  return 0;
}
