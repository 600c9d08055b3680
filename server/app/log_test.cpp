#include "server/app/log.h"

#include <doctest/doctest.h>

namespace idast::app {

TEST_CASE("a line has an event and its fields; text that could deceive is quoted") {
  const Fields fields{{"device", "a b\"c\n"}, {"count", std::int64_t{3}}, {"ok", true},
                      {"share", 0.5},         {"word", "plain"},          {"none", ""}};
  CHECK(to_line(LogFormat::text, "room.event", fields) ==
        R"(room.event device="a b\"c\u000a" count=3 ok=true share=0.5 word=plain none="")");
  CHECK(to_line(LogFormat::json, "room.event", fields) ==
        R"("event":"room.event","device":"a b\"c\u000a","count":3,"ok":true,"share":0.5,)"
        R"("word":"plain","none":""})");
}

TEST_CASE("a flood is logged a few times a second, and what was left out is counted") {
  LogLimit limit;
  int logged = 0;
  for (int i = 0; i < 100; ++i) logged += limit.allows(Instant{Millis{i}}) ? 1 : 0;
  CHECK(logged == LogLimit::kPerSecond);
  CHECK(limit.allows(Instant{Millis{1'001}}));
  CHECK(limit.held_back() == 100 - LogLimit::kPerSecond);
  CHECK(limit.held_back() == 0);
}

}  // namespace idast::app
