#include <array>
#include <cstddef>

#include <doctest/doctest.h>

#include "core/base/bytes.h"
#include "core/base/ring.h"
#include "core/base/text.h"
#include "core/base/time.h"

using namespace idast;

TEST_CASE("a decimal prints exactly, without trailing zeros") {
  struct Row {
    std::int64_t scaled;
    int decimals;
    const char* text;
  };
  for (const Row& row :
       {Row{850, 2, "8.5"}, Row{-5, 3, "-0.005"}, Row{0, 2, "0"}, Row{12505, 4, "1.2505"},
        Row{100, 0, "100"}, Row{800, 2, "8"}, Row{5, 18, "0.000000000000000005"},
        Row{-70, 3, "-0.07"}, Row{INT64_MAX, 4, "922337203685477.5807"},
        Row{INT64_MIN, 0, "-9223372036854775808"}}) {
    char buffer[32];
    TextWriter out{buffer, sizeof buffer};
    out.decimal(row.scaled, row.decimals);
    CHECK(out.view() == row.text);
  }
}

TEST_CASE("a writer that runs out of room says so and keeps what fitted") {
  char buffer[4];
  TextWriter out{buffer, sizeof buffer};
  out.text("abc").text("de");
  CHECK(out.overflowed());
  CHECK(out.view() == "abc");
}

TEST_CASE("a JSON string escapes quotes, backslashes and control characters") {
  char buffer[64];
  TextWriter out{buffer, sizeof buffer};
  out.json_string("a\"b\\c\n\x7f");
  CHECK(out.view() == "\"a\\\"b\\\\c\\u000a\\u007f\"");
}

TEST_CASE("a JSON string is UTF-8 whatever it is made of") {
  struct Row {
    const char* text;
    const char* printed;
  };
  for (const Row& row : {Row{"caf\xc3\xa9 \xf0\x9f\x98\x80", "\"caf\xc3\xa9 \xf0\x9f\x98\x80\""},
                         Row{"caf\xc3", "\"caf\\ufffd\""}, Row{"\xffx\x80", "\"\\ufffdx\\ufffd\""},
                         Row{"\xe2\x82", "\"\\ufffd\\ufffd\""}}) {
    char buffer[64];
    TextWriter out{buffer, sizeof buffer};
    out.json_string(row.text);
    CHECK(out.view() == row.printed);
    CHECK(is_utf8(out.view()));
  }
  CHECK_FALSE(is_utf8("caf\xc3"));
}

TEST_CASE("a full ring refuses, and gives back the oldest first") {
  Ring<int, 2> ring;
  CHECK(ring.push(1));
  CHECK(ring.push(2));
  CHECK_FALSE(ring.push(3));
  CHECK(ring.pop() == 1);
  CHECK(ring.push(3));
  CHECK(ring[0] == 2);
  CHECK(ring[1] == 3);
}

TEST_CASE("little-endian bytes come back as written, and a short read fails once and for all") {
  std::array<std::byte, 16> buffer{};
  ByteWriter out{buffer};
  out.write<std::uint16_t>(0x1234).write<std::int32_t>(-7);
  ByteReader in{out.view()};
  CHECK(in.read<std::uint16_t>() == 0x1234);
  CHECK(in.read<std::int32_t>() == -7);
  CHECK_FALSE(in.failed());
  CHECK(in.read<std::uint8_t>() == 0);
  CHECK(in.failed());
}
