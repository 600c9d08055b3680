#pragma once
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/require.h"

// Text without a heap: FixedText holds up to N bytes, TextWriter prints into a caller's buffer.
namespace idast {

// Up to N bytes of UTF-8, by value. What does not fit is refused by assign(), never cut.
template <std::size_t N>
class FixedText {
 public:
  static constexpr std::size_t kBytesMax = N;

  constexpr FixedText() = default;
  constexpr explicit(false) FixedText(std::string_view text) {
    require(assign(text), "FixedText: literal longer than its place");
  }
  // A literal that is too long does not compile.
  template <std::size_t Size>
    requires(Size <= N + 1)
  consteval explicit(false) FixedText(const char (&literal)[Size])
      : FixedText{std::string_view{literal, Size - 1}} {}

  // False, and unchanged, when the text is longer than N bytes.
  constexpr bool assign(std::string_view text) {
    if (text.size() > N) return false;
    for (std::size_t i = 0; i < text.size(); ++i) bytes_[i] = text[i];
    size_ = text.size();
    return true;
  }

  constexpr std::string_view view() const { return {bytes_.data(), size_}; }
  constexpr bool empty() const { return size_ == 0; }
  friend constexpr bool operator==(const FixedText& a, const FixedText& b) {
    return a.view() == b.view();
  }

 private:
  std::array<char, N> bytes_{};
  std::size_t size_ = 0;
};

// Bytes of the UTF-8 sequence at `at` (RFC 3629: shortest form, no surrogates, up to U+10FFFF); 0
// when there is none.
std::size_t utf8_length(std::string_view text, std::size_t at);
bool is_utf8(std::string_view text);

// Appends to a buffer; what does not fit sets overflowed() and is left out. One owner, one thread.
class TextWriter {
 public:
  constexpr TextWriter(char* buffer, std::size_t size_bytes) : buffer_{buffer}, room_{size_bytes} {}

  constexpr TextWriter& text(std::string_view piece) {
    if (piece.size() > room_ - used_) {
      overflowed_ = true;
      return *this;
    }
    for (const char c : piece) buffer_[used_++] = c;
    return *this;
  }
  constexpr TextWriter& character(char c) { return text({&c, 1}); }

  TextWriter& integer(std::int64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    return text({digits, static_cast<std::size_t>(end - digits)});
  }

  // Prints scaled / 10^decimals without trailing zeros and without floating point: (850, 2) -> 8.5.
  TextWriter& decimal(std::int64_t scaled, int decimals);

  // A JSON string with its quotes; control characters, quotes and backslashes escaped. Bytes that
  // are no UTF-8 become U+FFFD: a message with one bad label must not be refused whole.
  TextWriter& json_string(std::string_view value);

  constexpr std::string_view view() const { return {buffer_, used_}; }
  constexpr bool overflowed() const { return overflowed_; }

 private:
  char* buffer_;
  std::size_t room_;
  std::size_t used_ = 0;
  bool overflowed_ = false;
};

}  // namespace idast
