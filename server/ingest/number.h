#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

// Numbers as they stand in a message, read without floating point: 1.005 is exactly that, and its
// two decimals are 1.01, on every machine.
namespace idast::ingest {

// What nearly every number is: a sign, at most 18 digits and a point among them.
struct Plain {
  std::int64_t digits = 0;  // Without sign and point.
  int count = 0;            // Of the digits, and
  int fraction = 0;         // of those behind the point.
  bool negative = false;
};
// Nothing: it is another number, or none.
std::optional<Plain> plain_of(std::string_view text);

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
// The same of a number that was seen to be plain.
std::optional<Scaled> scaled_number(const Plain& number, int decimals);

}  // namespace idast::ingest
