#include "server/ingest/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace idast::ingest {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view digits_of(std::string_view text) {
  return text.substr(
      0, static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin()));
}

// number = [ "-" ] integer [ "." fraction ] [ ("e" | "E") [ "+" | "-" ] exponent ]
struct Parts {
  bool negative = false;
  std::string_view integer;
  std::string_view fraction;
  std::int64_t exponent = 0;
};

constexpr int kDigitsMax = 18;  // 10^18 < 2^63.
constexpr auto kPowersOfTen = [] {
  std::array<std::int64_t, kDigitsMax + 1> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

// An exponent of more digits than this says no more than "far away".
constexpr std::int64_t kExponentMax = 1'000'000;

std::optional<Parts> parts_of(std::string_view text) {
  Parts parts;
  if (text.starts_with('-')) {
    parts.negative = true;
    text.remove_prefix(1);
  }
  parts.integer = digits_of(text);
  if (parts.integer.empty()) return std::nullopt;
  if (parts.integer.size() > 1 && parts.integer.front() == '0') return std::nullopt;
  text.remove_prefix(parts.integer.size());
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    parts.fraction = digits_of(text);
    if (parts.fraction.empty()) return std::nullopt;
    text.remove_prefix(parts.fraction.size());
  }
  if (text.empty()) return parts;
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || digits_of(text).size() != text.size()) return std::nullopt;
  for (const char c : text) {
    parts.exponent = std::min(kExponentMax, parts.exponent * 10 + (c - '0'));
  }
  if (negative) parts.exponent = -parts.exponent;
  return parts;
}

// Of as many digits, and of no exponent, every number fits.
constexpr std::size_t kDigitsFit = 300;

bool fits_double(std::string_view number, const Parts& parts) {
  if (parts.exponent == 0 && parts.integer.size() <= kDigitsFit) return true;
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error == std::errc{}) return std::isfinite(value);
  // Too small is as good as zero; too large is not. The first digit that counts tells which.
  const std::size_t first = parts.integer.find_first_not_of('0');
  const std::size_t zeros = std::min(parts.fraction.find_first_not_of('0'), parts.fraction.size());
  const std::int64_t magnitude = first != std::string_view::npos
                                     ? static_cast<std::int64_t>(parts.integer.size() - first)
                                     : -static_cast<std::int64_t>(zeros);
  return magnitude + parts.exponent < 0;
}

bool is_not_a_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  constexpr std::array<std::string_view, 3> kWords{"nan", "inf", "infinity"};
  return std::ranges::any_of(kWords, [&](std::string_view word) {
    return std::ranges::equal(text, word, {}, [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
  });
}

}  // namespace

std::optional<Plain> plain_of(std::string_view text) {
  constexpr std::size_t kLengthMax = kDigitsMax + 2;  // A sign, a point.
  if (text.size() > kLengthMax) return std::nullopt;
  Plain plain;
  std::uint64_t digits = 0;  // Of 20 digits it may be wrong; then it is not plain.
  const char* next = text.data();
  const char* const end = next + text.size();
  const auto take_digits = [&] {
    const char* const first = next;
    for (; next != end && is_digit(*next); ++next) {
      digits = digits * 10 + static_cast<std::uint64_t>(*next - '0');
    }
    return static_cast<int>(next - first);
  };
  plain.negative = next != end && *next == '-';
  if (plain.negative) ++next;
  const char* const first = next;
  plain.count = take_digits();
  if (plain.count == 0 || (plain.count > 1 && *first == '0')) return std::nullopt;
  if (next != end && *next == '.') {
    ++next;
    plain.fraction = take_digits();
    if (plain.fraction == 0) return std::nullopt;
    plain.count += plain.fraction;
  }
  if (next != end || plain.count > kDigitsMax) return std::nullopt;
  plain.digits = static_cast<std::int64_t>(digits);
  return plain;
}

Token token_of(std::string_view text) {
  if (text == "null") return Token::null;
  if (text == "true" || text == "false") return Token::boolean;
  if (const auto parts = parts_of(text)) {
    return fits_double(text, *parts) ? Token::number : Token::beyond_double;
  }
  return is_not_a_number(text) ? Token::not_a_number : Token::garbage;
}

std::optional<Scaled> scaled_number(std::string_view number, int decimals) {
  const auto parts = parts_of(number);
  if (!parts) return std::nullopt;
  // How many of the number's digits, counted from its first, stand before the cut.
  const std::int64_t kept =
      static_cast<std::int64_t>(parts->integer.size()) + parts->exponent + decimals;
  Scaled scaled;
  int digits = 0;
  std::int64_t place = 0;
  bool round_up = false;
  const auto take = [&](char c) {
    if (place < kept) {
      if (digits == kDigitsMax) return false;
      scaled.value = scaled.value * 10 + (c - '0');
      if (scaled.value != 0) ++digits;
    } else if (c != '0') {
      scaled.exact = false;
      if (place == kept && c >= '5') round_up = true;
    }
    ++place;
    return true;
  };
  for (const std::string_view run : {parts->integer, parts->fraction}) {
    for (const char c : run) {
      if (!take(c)) return std::nullopt;
    }
  }
  while (scaled.value != 0 && place < kept) {
    if (!take('0')) return std::nullopt;
  }
  if (round_up) ++scaled.value;
  if (parts->negative) scaled.value = -scaled.value;
  return scaled;
}

std::optional<Scaled> scaled_number(const Plain& number, int decimals) {
  Scaled scaled{.value = number.digits};
  if (number.fraction <= decimals) {
    const int more = decimals - number.fraction;
    if (number.count + more > kDigitsMax) return std::nullopt;
    scaled.value *= kPowersOfTen[static_cast<std::size_t>(more)];
  } else {
    const std::int64_t cut = kPowersOfTen[static_cast<std::size_t>(number.fraction - decimals)];
    const std::int64_t rest = number.digits % cut;
    scaled.exact = rest == 0;
    scaled.value = number.digits / cut + (rest >= cut - rest ? 1 : 0);
  }
  if (number.negative) scaled.value = -scaled.value;
  return scaled;
}

}  // namespace idast::ingest
