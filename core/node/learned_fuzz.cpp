#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/crc.h"
#include "core/base/require.h"
#include "core/node/learned.h"

using namespace idast;
using namespace idast::node;

namespace {

// Any bytes, with the line that makes their CRC right: without it nothing gets past the CRC.
std::string with_crc(std::string_view body) {
  std::string text{body};
  std::uint32_t crc = crc32c(std::as_bytes(std::span{body}));
  std::array<char, 8> digits{};
  for (std::size_t i = digits.size(); i-- > 0; crc >>= 4) {
    digits[i] = "0123456789abcdef"[crc & 15u];
  }
  text += "crc ";
  text.append(digits.data(), digits.size());
  return text + "\n";
}

void check(std::string_view text) {
  const auto kept = parse_learned(text);
  if (!kept) return;
  std::array<char, kLearnedBytesMax> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  if (!print(*kept, out)) return;  // beyond any believable value
  const auto again = parse_learned(out.view());
  require(again.has_value(), "what was taken and printed is refused");
  require(again->mount == kept->mount, "another mount");
  require(again->learned.sweeps == kept->learned.sweeps, "another count");
  require(again->learned.value == kept->learned.value, "other values");
  require(again->learned.deviation == kept->learned.deviation, "other deviations");
}

}  // namespace

// Whatever is taken comes out of the printer as the same, and no byte ends the reader.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  check(text);
  check(with_crc(text));
  return 0;
}
