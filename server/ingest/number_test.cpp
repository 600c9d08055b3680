#include "server/ingest/number.h"

#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "core/base/random.h"

using namespace idast;
using namespace idast::ingest;

namespace {

std::string random_number(Random& random) {
  const auto digits = [&](std::uint64_t most) {
    std::string text;
    for (std::uint64_t i = random.below(most); i > 0; --i) {
      text += static_cast<char>('0' + random.below(10));
    }
    return text;
  };
  std::string text = random.below(2) == 0 ? "" : "-";
  const std::string integer = digits(15);
  text += integer.empty() || integer.front() == '0' ? "0" : integer;
  if (const std::string fraction = digits(8); !fraction.empty()) text += '.' + fraction;
  return text;
}

}  // namespace

TEST_CASE("a plain number is scaled as any other") {
  Random random{7};
  int plain_numbers = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string number = random_number(random);
    CAPTURE(number);
    REQUIRE(token_of(number) == Token::number);
    const auto read = plain_of(number);
    if (!read) continue;
    ++plain_numbers;
    const int decimals = static_cast<int>(random.below(7));
    const auto plain = scaled_number(*read, decimals);
    const auto full = scaled_number(number, decimals);
    // Of nothing the text is asked, which may still know.
    if (!plain) continue;
    REQUIRE(full.has_value());
    REQUIRE(plain->value == full->value);
    REQUIRE(plain->exact == full->exact);
  }
  CHECK(plain_numbers > 150'000);
}

TEST_CASE("halves are rounded away from zero, and what was rounded says so") {
  const auto value_of = [](const char* text, int decimals) {
    return scaled_number(text, decimals).value_or(Scaled{-1, false});
  };
  CHECK(value_of("1.005", 2).value == 101);
  CHECK(value_of("-1.005", 2).value == -101);
  CHECK(value_of("1.0049", 2).value == 100);
  CHECK_FALSE(value_of("1.005", 2).exact);
  CHECK(value_of("1.500", 1).exact);
  CHECK(value_of("-0", 0).value == 0);
  CHECK(value_of("999999999999999999", 0).value == 999'999'999'999'999'999);
  CHECK(plain_of("999999999999999999").has_value());
  CHECK(plain_of("-99999999999999999.9").has_value());
  CHECK_FALSE(plain_of("9999999999999999999"));
  CHECK_FALSE(plain_of("99999999999999999999"));
  CHECK_FALSE(plain_of(""));
  CHECK_FALSE(scaled_number("999999999999999999", 1));
  CHECK_FALSE(scaled_number("9999999999999999999", 0));
}

TEST_CASE("what JSON does not know as a number is none") {
  for (const char* text :
       {"01", "-01", "1.", ".5", "-", "+1", "1e", "0x1", "1 2", "--1", "1.2.3"}) {
    CAPTURE(text);
    CHECK(token_of(text) == Token::garbage);
    CHECK_FALSE(plain_of(text));
  }
  for (const char* text : {"0", "-0", "0.0", "10", "1e5", "1E-5", "123456789012345678901"}) {
    CAPTURE(text);
    CHECK(token_of(text) == Token::number);
  }
  CHECK(token_of("1e400") == Token::beyond_double);
  CHECK(token_of("nan") == Token::not_a_number);
}
