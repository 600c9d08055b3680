#pragma once
#include <cstdint>
#include <expected>
#include <string_view>

#include "core/ports/ports.h"

// How often a board has started, kept as one small file: the `boot` of its radio frames, of which
// (boot, counter) must never repeat (core/wire/frame.h). No heap; at start, before the node.
namespace idast::node {

inline constexpr std::string_view kBootsFile = "boots";

// Counts this start: one more than what is kept, 1 when nothing is. The number is kept before it is
// returned, so a power cut at any moment may skip one and never repeats one.
// Errors: the port's; `failed` also when what is kept is no number, or is the last one. Whoever
// gets an error has no number to send by.
std::expected<std::uint32_t, ports::FileError> count_boot(ports::Files& files);

}  // namespace idast::node
