#include "core/base/text.h"

namespace idast {

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
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
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
