#include "core/base/json_reader.h"

#include <string>

#include <doctest/doctest.h>

#include "core/base/random.h"

using namespace idast;

namespace {

std::string error_of(std::string_view text) {
  const auto document = JsonDocument::parse(text);
  return document ? "none" : std::string{to_text(document.error())};
}

std::optional<double> number_of(std::string_view text) {
  const auto document = JsonDocument::parse(text);
  REQUIRE_MESSAGE(document, std::string{text});
  return document->root().number();
}

}  // namespace

TEST_CASE("a command is read by its keys, whatever their order and blanks") {
  const auto document = JsonDocument::parse(
      " {\"id\" :\"01H\", \"site\":{\"lat\":-1.29,\"lon\":36.82},\n"
      "\"gridPrice\":12.5,\"startCharging\":true,\"list\":[1,{\"id\":\"inner\"}],\"x\":null} ");
  REQUIRE(document);
  const JsonValue root = document->root();
  CHECK(root["id"].text<8>()->view() == "01H");
  CHECK(root["site"]["lat"].number() == doctest::Approx(-1.29));
  CHECK(root["site"]["lon"].number() == doctest::Approx(36.82));
  CHECK(root["gridPrice"].number() == doctest::Approx(12.5));
  CHECK(root["startCharging"].boolean() == true);
  CHECK(root["x"].is(JsonKind::null));
  CHECK(root["list"].is(JsonKind::array));
}

TEST_CASE("what is absent or of another kind answers with nothing") {
  const auto document = JsonDocument::parse(R"({"a":"12","b":3,"c":true})");
  REQUIRE(document);
  const JsonValue root = document->root();
  CHECK_FALSE(root["z"].exists());
  CHECK_FALSE(root["z"]["y"].number());
  CHECK_FALSE(root["a"].number());
  CHECK_FALSE(root["a"]["b"].exists());
  CHECK_FALSE(root["b"].text<8>());
  CHECK_FALSE(root["b"].boolean());
  CHECK_FALSE(root["c"].integer());
}

TEST_CASE("of duplicate keys the last wins, also when one is written with escapes") {
  const auto document = JsonDocument::parse(R"({"ab":1,"\u0061b":2})");
  REQUIRE(document);
  CHECK(document->root()["ab"].integer() == 2);
}

TEST_CASE("numbers are exact where a number can be") {
  CHECK(number_of("0") == 0.0);
  CHECK(number_of("-12.75") == -12.75);
  CHECK(number_of("1e3") == 1000.0);
  CHECK(number_of("25E-2") == 0.25);
  CHECK(number_of("1703123456789") == 1703123456789.0);
  CHECK(number_of("0.1") == doctest::Approx(0.1).epsilon(1e-15));
  CHECK(number_of("123456789012345678901234567890") == doctest::Approx(1.2345678901234568e29));
  CHECK(number_of("1e308") == doctest::Approx(1e308));
  CHECK(number_of("1e-400") == 0.0);
  CHECK_FALSE(number_of("1e400"));
  CHECK_FALSE(number_of("-1e99999999999"));
}

TEST_CASE("an integer is a whole number as written, or nothing") {
  const auto integer = [](std::string_view text) {
    const auto document = JsonDocument::parse(text);
    REQUIRE(document);
    return document->root().integer();
  };
  CHECK(integer("9223372036854775807") == INT64_MAX);
  CHECK(integer("-9223372036854775808") == INT64_MIN);
  CHECK_FALSE(integer("9223372036854775808"));
  CHECK_FALSE(integer("1.0"));
  CHECK_FALSE(integer("1e2"));
}

TEST_CASE("text is given back with its escapes resolved, or not at all when it is too long") {
  const auto document = JsonDocument::parse(R"("a\"\\\/\n\u00e9\ud83d\ude00")");
  REQUIRE(document);
  CHECK(document->root().text<16>()->view() == "a\"\\/\n\xc3\xa9\xf0\x9f\x98\x80");
  CHECK(document->root().text<11>());
  CHECK_FALSE(document->root().text<10>());
}

TEST_CASE("what is not JSON is refused") {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[1,]",
                           "{\"a\":1,}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "01",
                           "1.",
                           ".5",
                           "-",
                           "1e",
                           "+1",
                           "nan",
                           "NaN",
                           "inf",
                           "tru",
                           "\"a",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\ud800\"",
                           "\"\\ud800\\u0041\"",
                           "\"\\udc00\"",
                           "\"\t\"",
                           "1 2",
                           "{\"a\":1}}",
                           "'a'",
                           "{1:2}",
                           "\"\\"}) {
    CHECK_MESSAGE(error_of(text) == "bad_syntax", text);
  }
}

TEST_CASE("bad UTF-8 is refused") {
  for (const char* text : {"\"\x80\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
                           "\"\xe2\x82\"", "\"\xff\"", "{\"\xc3\":1}"}) {
    CHECK_MESSAGE(error_of(text) == "bad_utf8", text);
  }
  CHECK(error_of("\"\xe2\x82\xac\xf0\x9f\x98\x80\"") == "none");
}

TEST_CASE("four levels are read and a fifth is refused") {
  CHECK(error_of("[[[[]]]]") == "none");
  CHECK(error_of("[[[[1]]]]") == "none");
  CHECK(error_of("[[[[[]]]]]") == "too_deep");
  CHECK(error_of(std::string(1000, '[')) == "too_deep");
}

TEST_CASE("more than 1 KiB or 64 values are refused") {
  CHECK(error_of("\"" + std::string(1022, 'a') + "\"") == "none");
  CHECK(error_of("\"" + std::string(1023, 'a') + "\"") == "too_long");
  std::string list = "[1";
  for (int i = 1; i < 63; ++i) list += ",1";
  CHECK(error_of(list + "]") == "none");
  CHECK(error_of(list + ",1]") == "too_many_values");
}

TEST_CASE("a command cut anywhere or damaged anywhere never crashes the reader") {
  const std::string sound =
      R"({"id":"01HXYZ","issuedAt":1703123456789,"site":{"lat":13.75,"mount":"az_el"},"n":"\u00e9"})";
  for (std::size_t size = 0; size < sound.size(); ++size) {
    CHECK(error_of(sound.substr(0, size)) != "none");
  }
  Random random{7};
  for (int trial = 0; trial < 5'000; ++trial) {
    std::string damaged = sound;
    damaged[random.next() % damaged.size()] = static_cast<char>(random.next());
    const auto document = JsonDocument::parse(damaged);
    if (document) (void)document->root()["site"]["lat"].number();
  }
}
