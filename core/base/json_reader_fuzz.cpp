#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/json_reader.h"
#include "core/base/require.h"

using namespace idast;

// Every question may be asked of any document, and what is longer than the limit never passes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto document = JsonDocument::parse(text);
  if (!document) return 0;
  require(size <= JsonDocument::kBytesMax, "a text past the limit was read");
  const JsonValue root = document->root();
  for (const JsonValue value : {root, root["a"], root["site"], root["site"]["lat"], root[""]}) {
    (void)value.boolean();
    const auto number = value.number();
    if (value.integer()) require(number.has_value(), "an integer that is no number");
    (void)value.text<16>();
    (void)value.text<1024>();
  }
  return 0;
}
