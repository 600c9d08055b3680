#pragma once
#include <cstdint>
#include <expected>
#include <string_view>

#include "core/ports/ports.h"

// How often this board has started. Frames carry the number, and the other board takes none of a
// lower one (core/wire/frame.h), so it must never go back: each start adds a line, and a line that
// a power cut left torn was not used yet.
namespace idast::node {

inline constexpr std::string_view kBootsFile = "boots";
// Then the file is begun anew with its last line, in one step.
inline constexpr std::size_t kBootsBytesMax = 4'096;

// The number of this start, 1 at the first, written down before it is given out. An error: it could
// not be, and the next start may get it again; the caller says so and goes on with `number`.
struct BootCount {
  std::uint32_t number = 0;
  std::expected<void, ports::FileError> kept;
};
BootCount count_boot(ports::Files& files);

}  // namespace idast::node
