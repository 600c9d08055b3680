#include <cstddef>
#include <cstdint>

#include "core/base/require.h"
#include "core/base/text.h"
#include "server/api/url.h"

// Whatever is accepted is UTF-8 without control characters, inside the limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace idast;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  static_cast<void>(api::parse_time(text));
  const auto target = api::parse_target(text);
  if (!target) return 0;
  require(target->path.starts_with('/'), "a path begins with a slash");
  require(is_utf8(target->path), "a path is UTF-8");
  require(target->parameters.size() <= api::kParametersMax, "parameters are bounded");
  for (const auto& segment : target->segments) {
    require(segment != "." && segment != "..", "no segment climbs");
  }
  return 0;
}
