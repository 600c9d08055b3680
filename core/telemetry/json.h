#pragma once
#include <cstddef>

#include "core/base/text.h"
#include "core/telemetry/schema.h"

namespace idast::telemetry {

// CONTRACT §1: a telemetry message is at most 2 KiB.
inline constexpr std::size_t kMessageBytesMax = 2048;

// Appends the sample as one JSON object, CONTRACT §1's keys; absent fields are left out. Numbers
// have their column's decimals. Check out.overflowed() when the buffer is smaller than
// kMessageBytesMax.
void print_json(const Sample& sample, TextWriter& out);

// Their message keys as an array.
void print_keys(KeySet keys, TextWriter& out);

// Sixteen lower-case hexadecimal digits.
FixedText<16> to_text(BootId boot);

}  // namespace idast::telemetry
