#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/require.h"
#include "sim/lab/plant_file.h"

// Whatever a file holds: a plant or an error that says where. A plant that is printed is read as
// the same plant.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace idast;
  using namespace idast::sim;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto parsed = parse_plant(text, "fuzz.toml");
  if (!parsed) {
    require(!parsed.error().message.empty(), "an error without words");
    return 0;
  }
  const std::string printed = print_plant(*parsed);
  const auto again = parse_plant(printed, "again.toml");
  require(again.has_value(), "a printed plant is not read");
  require(print_plant(*again) == printed, "a printed plant is read as another");
  return 0;
}
