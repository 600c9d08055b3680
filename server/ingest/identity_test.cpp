#include "server/ingest/identity.h"

#include <doctest/doctest.h>

namespace idast::ingest {

TEST_CASE("a message that cannot be read still says which sample it was") {
  const Identity seven{"00000000000000aa", 7, 7};
  for (const std::string_view text :
       {R"({"boot":"00000000000000aa","seq":7})", R"({"boot":"00000000000000aa","seq":7)",
        R"( { "seq" : 7 , "boot" : "00000000000000aa" , "x":)",
        R"({"a":{"seq":1,"boot":"b"},"boot":"00000000000000aa","seq":7,"b":[[{"seq":3}]]})",
        "{\"boot\":\"00000000000000aa\",\"seq\":7,\"deviceName\":\"\xff\xfe\"}",
        R"({"powerW":1.2.3,"deviceName":"a \"quote\"","boot":"00000000000000aa","seq":7,)"}) {
    CAPTURE(text);
    // The last number may go on behind the end of what came.
    const auto identity = legible_identity(text);
    const bool cut = text.ends_with("7");
    CHECK(identity.has_value() != cut);
    if (identity) CHECK(*identity == seven);
  }
}

TEST_CASE("a summary accounts for everything that it stands for") {
  CHECK(legible_identity(R"({"boot":"00000000000000aa","seqFrom":3,"seq":7,?})") ==
        Identity{"00000000000000aa", 3, 7});
}

TEST_CASE("where there is doubt no sample is named") {
  for (const std::string_view text :
       {"", "{", "not json", R"(["boot","seq"])", R"({"seq":7})", R"({"boot":"00000000000000aa"})",
        R"({"boot":"00000000000000aa","seq":7,"seq":8})",
        R"({"boot":"00000000000000aa","seq":7,"\u0073eq":8})",
        R"({"boot":"00000000000000aa","seq":-7})", R"({"boot":"00000000000000aa","seq":7.5})",
        R"({"boot":"00000000000000aa","seq":"7"})", R"({"boot":"short","seq":7})",
        R"({"boot":"00000000000000aa","seq":99999999999999999999})",
        R"({"boot":"00000000000000aa","seq":7,"seqFrom":8})",
        R"({"x":{"boot":"00000000000000aa","seq":7}})",
        R"({"x":"\"boot\":\"00000000000000aa\",\"seq\":7"})"}) {
    CAPTURE(text);
    CHECK_FALSE(legible_identity(text).has_value());
  }
}

}  // namespace idast::ingest
