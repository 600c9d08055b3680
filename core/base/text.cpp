#include "core/base/text.h"

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
  std::uint64_t unit = 1;
  for (int i = 0; i < decimals; ++i) unit *= 10;
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, magnitude / unit).ptr;
  text({digits, static_cast<std::size_t>(end - digits)});
  std::uint64_t fraction = magnitude % unit;
  if (fraction == 0) return *this;
  character('.');
  while (fraction != 0) {
    unit /= 10;
    character(static_cast<char>('0' + fraction / unit));
    fraction %= unit;
  }
  return *this;
}

TextWriter& TextWriter::json_string(std::string_view value) {
  constexpr char kHex[] = "0123456789abcdef";
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
      text("\\u00").character(kHex[byte >> 4]).character(kHex[byte & 15]);
    } else {
      character(c);
    }
  }
  return character('"');
}

}  // namespace idast
