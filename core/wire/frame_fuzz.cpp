#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/require.h"
#include "core/wire/frame.h"

using namespace idast;

// What parses must print to the same bytes again. The second try repairs the CRC, so that the
// fuzzer reaches what stands behind it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input{reinterpret_cast<const std::byte*>(data), size};
  const auto check = [](Bytes bytes) {
    const auto frame = wire::parse(bytes);
    if (!frame) return;
    std::array<std::byte, wire::kFrameBytesMax> buffer{};
    require(std::ranges::equal(wire::print(*frame, buffer), bytes), "frame changed on its way");
  };
  check(input);

  const Bytes payload = input.first(std::min(size, wire::kPayloadBytesMax));
  std::array<std::byte, wire::kFrameBytesMax> buffer{};
  const auto type = static_cast<wire::FrameType>(size == 0 ? 0 : data[0]);
  check(wire::print({type, {}, 0, 0, payload}, buffer));
  return 0;
}
