#include "core/base/text.h"

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

TextWriter& TextWriter::decimal(std::int64_t scaled, int decimals) {
  auto magnitude = static_cast<std::uint64_t>(scaled);
  if (scaled < 0) {
    magnitude = 0 - magnitude;
    character('-');
  }
  while (decimals > 0 && magnitude % 10 == 0) {
    magnitude /= 10;
    --decimals;
  }
  // From the right; 20 digits, a point, and zeros before the first digit of a small fraction.
  char digits[48];
  char* const end = digits + sizeof digits;
  char* at = end;
  const auto digit = [&] {
    *--at = static_cast<char>('0' + magnitude % 10);
    magnitude /= 10;
  };
  for (int i = 0; i < decimals; ++i) digit();
  if (decimals > 0) *--at = '.';
  do {
    digit();
  } while (magnitude != 0);
  return text({at, static_cast<std::size_t>(end - at)});
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
