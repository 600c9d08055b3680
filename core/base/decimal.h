#pragma once
#include <cstddef>
#include <cstdint>

namespace idast {

// Prints scaled / 10^decimals at `out`, without trailing zeros and without floating point: (850, 2)
// -> 8.5. `decimals` is 0 to 18. Returns the end of the text; all of kDecimalBytesMax may be
// written to, because digits are copied in pieces of one length.
inline constexpr std::size_t kDecimalBytesMax = 48;
char* print_decimal(std::int64_t scaled, int decimals, char* out);

}  // namespace idast
