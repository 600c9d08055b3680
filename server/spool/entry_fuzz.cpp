#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/spool/entry.h"

using namespace idast::spool;

// Whatever is read is written as the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto decoded = decode(text);
  if (!decoded) return 0;
  std::string again;
  if (!encode(decoded->entry, again) || again != text.substr(0, decoded->bytes)) std::abort();
  return 0;
}
