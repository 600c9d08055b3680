#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Which sample a message was that cannot be read (bad UTF-8, too large, too deep, not JSON). Its
// number is used up: without a word for it, the device's progress would never pass the hole. So
// where boot and seq are legible all the same, the sample is given up by name.
namespace idast::ingest {

struct Identity {
  std::string boot;        // 16 hexadecimal digits.
  std::int64_t first = 0;  // seqFrom, or seq.
  std::int64_t last = 0;   // seq.
  friend bool operator==(const Identity&, const Identity&) = default;
};

// Believes nothing: `boot` and `seq` must stand in the outermost object, once, behind text that
// still looks like JSON. Nothing when there is any doubt. One pass over the text; any thread.
std::optional<Identity> legible_identity(std::string_view payload);

}  // namespace idast::ingest
