#pragma once
#include <cstddef>
#include <optional>
#include <span>

#include "core/base/bytes.h"
#include "core/telemetry/codec.h"

// A sample said by what differs from the one before it: some 25 bytes where the radio takes 67. A
// stream of bits, lowest first: for each by_radio field in order, 0 when its integer is as before,
// else 1 and the difference; then likewise what the receiver added (time, uptime, numbers, price,
// name). A difference is zigzag (0, -1, 1, -2 …) in groups of three bits, lowest first, each with a
// fourth that says whether another follows.
//
// Not packed, because it follows or never changes in a memory: derived fields, boot, device, mode.
// Pure functions; any thread; no heap.
namespace idast::telemetry {

namespace detail {
// Bits of a difference of W's integers: zigzag takes one more, a group of three carries a fourth.
template <class W>
inline constexpr std::size_t kDifferenceBits = (8 * sizeof(W) + 1 + 2) / 3 * 4;
}  // namespace detail

// Bound for any sample after any other.
inline constexpr std::size_t kPackedBytesMax = [] {
  std::size_t bits = std::apply(
      []<auto... M, class... W>(const Field<M, W>&...) {
        std::size_t sum = 0;
        ((sum +=
          [] {
            if constexpr (Field<M, W>::by_radio) return 1 + detail::kDifferenceBits<W>;
            return std::size_t{0};
          }()),
         ...);
        return sum;
      },
      kFields);
  bits += 4 * (2 + detail::kDifferenceBits<std::int64_t>);  // time, uptime, seq, seqFrom
  bits += 1 + 64;                                           // price
  bits += 1 + 7 + 8 * decltype(Sample::device_name)::kBytesMax;
  return (bits + 7) / 8;
}();

// The bytes used at the start of `out`, which must hold kPackedBytesMax.
std::size_t pack(const Sample& sample, const Sample& before, std::span<std::byte> out);

struct Unpacked {
  Sample sample;
  std::size_t bytes = 0;  // that it took
};
// Total: any bytes give some sample or nothing; never reads past their end.
std::optional<Unpacked> unpack(Bytes packed, const Sample& before);

}  // namespace idast::telemetry
