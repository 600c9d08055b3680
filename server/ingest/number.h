#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

// Numbers as they stand in a message, read without floating point: 1.005 is exactly that, and its
// two decimals are 1.01, on every machine.
namespace idast::ingest {

enum class Token : std::uint8_t {
  number,         // RFC 8259, within a double's range.
  beyond_double,  // RFC 8259, such as 1e400: most readers make an infinity of it.
  not_a_number,   // nan, inf, Infinity: with a sign or without, in any case of letters.
  null,
  boolean,  // true or false.
  garbage,
};
Token token_of(std::string_view text);

struct Scaled {
  std::int64_t value = 0;  // The number × 10^decimals, halves rounded away from zero.
  bool exact = true;       // Nothing was rounded.
};
// `number` must be a Token::number. Nothing when the result needs more than 18 digits.
std::optional<Scaled> scaled_number(std::string_view number, int decimals);

}  // namespace idast::ingest
