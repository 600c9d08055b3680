#include "core/base/calendar.h"

#include <doctest/doctest.h>

using namespace idast;

TEST_CASE("ISO 8601 times are read to the millisecond, in any zone") {
  struct Case {
    const char* text;
    std::int64_t unix_ms;
  };
  for (const Case& c :
       {Case{"1970-01-01T00:00:00Z", 0}, Case{"2005-05-22T07:47:42Z", 1'116'748'062'000},
        Case{"2005-05-22T07:47:42.5Z", 1'116'748'062'500},
        Case{"2005-05-22T07:47:42.123456789Z", 1'116'748'062'123},
        Case{"2005-05-22 07:47:42,05", 1'116'748'062'050},
        Case{"2005-05-22T15:47:42+08:00", 1'116'748'062'000},
        Case{"2005-05-22T04:17:42-0330", 1'116'748'062'000},
        Case{"2005-05-22T07:47", 1'116'748'020'000}, Case{"2024-02-29", 1'709'164'800'000},
        Case{"1969-12-31T23:59:59.999Z", -1}}) {
    CAPTURE(c.text);
    const auto found = utc_from_iso(c.text);
    REQUIRE(found);
    CHECK(found->unix_ms() == c.unix_ms);
  }
}

TEST_CASE("what is not a time is refused") {
  for (const char* text :
       {"", "2005", "2005-05-22T", "2005-02-30T00:00:00Z", "2005-05-22T24:00:00Z",
        "2005-05-22T07:60:00Z", "2005-05-22T07:47:60Z", "2005-05-22T07:47:42.Z",
        "2005-05-22T07:47:42Zx", "2005-05-22T07:47:42+99:00", "0000-01-01T00:00:00Z",
        "2005-5-22T07:47:42Z", "+2005-05-22", "2005-05-22T07:47:42.1234567890Z",
        "2005-05-22T07:47:42+8", "２005-05-22"}) {
    CAPTURE(text);
    CHECK_FALSE(utc_from_iso(text));
  }
}

TEST_CASE("what is written is read back as it was") {
  for (std::int64_t ms : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'709'251'199'999},
                          std::int64_t{253'402'300'799'999}, std::int64_t{-62'135'596'800'000}}) {
    char buffer[32];
    TextWriter out{buffer, sizeof buffer};
    write_iso(out, UtcMillis{ms});
    CHECK(out.view().size() == 24);
    CHECK(utc_from_iso(out.view()) == UtcMillis{ms});
  }
  CHECK(civil_from(UtcMillis{INT64_MAX}).year == 9999);
  CHECK(civil_from(UtcMillis{INT64_MIN}).year == 1);
  CHECK_FALSE(utc_from({.year = 2023, .month = 2, .day = 29}));
}
