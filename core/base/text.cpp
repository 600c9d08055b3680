#include "core/base/text.h"

#include <array>
#include <cstring>

#include "core/base/decimal.h"
#include "core/base/hex.h"

namespace idast {

std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) > 0x9f) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

namespace {

// "00" to "99".
constexpr std::array<char, 200> kPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

constexpr int kDigitsMax = 20;  // Of 64 bits.
constexpr int kDecimalsMax = 18;
// One copy of fixed length takes either side of the point; a loop over a few digits is guessed
// wrong too often.
constexpr std::size_t kCopyBytes = 24;
static_assert(kDecimalBytesMax >= 1 + kDigitsMax + 1 + kCopyBytes, "the second copy must fit");

}  // namespace

char* print_decimal(std::int64_t scaled, int decimals, char* out) {
  require(decimals >= 0 && decimals <= kDecimalsMax, "print_decimal: at most 18 decimals");
  auto magnitude = static_cast<std::uint64_t>(scaled);
  if (scaled < 0) {
    magnitude = 0 - magnitude;
    *out++ = '-';
  }
  // From the right; behind the last digit is what the copies below reach over.
  char digits[kDigitsMax + kCopyBytes] = {};
  char* const end = digits + kDigitsMax;
  char* at = end;
  for (; magnitude >= 100; magnitude /= 100) {
    at -= 2;
    std::memcpy(at, &kPairs[magnitude % 100 * 2], 2);
  }
  if (magnitude >= 10) {
    *--at = static_cast<char>('0' + magnitude % 10);
    magnitude /= 10;
  }
  *--at = static_cast<char>('0' + magnitude);
  // Zeros before the first digit of a small fraction.
  while (end - at <= decimals) *--at = '0';
  const char* const point = end - decimals;
  std::memcpy(out, at, kCopyBytes);
  out += point - at;
  const char* last = end;
  while (last != point && last[-1] == '0') --last;
  if (last == point) return out;
  *out++ = '.';
  std::memcpy(out, point, kCopyBytes);
  return out + (last - point);
}

TextWriter& TextWriter::decimal(std::int64_t scaled, int decimals) {
  char number[kDecimalBytesMax];
  const char* const end = print_decimal(scaled, decimals, number);
  return text({number, static_cast<std::size_t>(end - number)});
}

TextWriter& TextWriter::json_string(std::string_view value) {
  character('"');
  for (std::size_t at = 0; at < value.size();) {
    const char c = value[at];
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) {
      const std::size_t length = utf8_length(value, at);
      text(length == 0 ? "\\ufffd" : value.substr(at, length));
      at += length == 0 ? 1 : length;
      continue;
    }
    ++at;
    if (c == '"' || c == '\\') {
      character('\\').character(c);
    } else if (byte < 0x20 || byte == 0x7f) {
      text("\\u00").character(kHexDigits[byte >> 4]).character(kHexDigits[byte & 15]);
    } else {
      character(c);
    }
  }
  return character('"');
}

}  // namespace idast
