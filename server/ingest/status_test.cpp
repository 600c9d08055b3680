#include "server/ingest/status.h"

#include <doctest/doctest.h>

using namespace idast;
using namespace idast::ingest;

namespace {
constexpr std::string_view kStatus = "solar-tracker/a/status";
constexpr std::string_view kLost = "solar-tracker/a/lost";
}  // namespace

TEST_CASE("a fielded device's status is read") {
  StatusReader reader;
  const auto status = reader.read_status(
      kStatus,
      R"({"status":"online","timestamp":123456,"device_id":"a","wifi_connected":true,)"
      R"("wifi_ssid":"farm","sta_ip":"192.168.1.7","mqtt_connected":true,"uptime_ms":123456})");
  REQUIRE(status);
  CHECK(status->device == "a");
  CHECK(status->online);
  CHECK(status->timestamp == 123456);
  CHECK(status->wifi_connected == true);
  CHECK(status->wifi_ssid == "farm");
  CHECK_FALSE(status->backfill);
  CHECK_FALSE(reader.read_status(kStatus, R"({"status":"offline"})")->online);
  CHECK(reader.counters().accepted == 2);
}

TEST_CASE("what is new in a status is read, and a field of the wrong type is absent") {
  StatusReader reader;
  const auto status = reader.read_status(
      kStatus,
      R"({"status":"online","firmware":"1.2.0","rssi_dbm":-61,"heap_bytes":"many","lost":)"
      R"({"ring_full":12,"odd":-1,"text":"x"},"backfill":{"done":3,"total":9},"unknown":[1]})");
  REQUIRE(status);
  CHECK(status->firmware == "1.2.0");
  CHECK(status->rssi_dbm == -61);
  CHECK_FALSE(status->heap_bytes);
  CHECK(status->lost.size() == 1);
  CHECK(status->lost.at("ring_full") == 12);
  const BackfillWord backfill = status->backfill.value_or(BackfillWord{});
  CHECK(backfill.done == 3);
  CHECK(backfill.total == 9);
  for (const char* odd_word : {R"({"done":9,"total":3})", R"({"done":-1,"total":3})", "7", "{}"}) {
    const auto odd = reader.read_status(
        kStatus, std::string{R"({"status":"online","backfill":)"} + odd_word + "}");
    REQUIRE(odd);
    CHECK_FALSE(odd->backfill);
  }
}

TEST_CASE("a bad status is refused by its reason and counted") {
  struct Case {
    Refusal why;
    std::string_view topic;
    std::string payload;
  };
  StatusReader reader;
  std::uint64_t refused = 0;
  const std::string deep = std::string(20, '[') + std::string(20, ']');
  for (const Case& c :
       {Case{Refusal::not_json, kStatus, ""}, Case{Refusal::not_json, kStatus, "online"},
        Case{Refusal::not_json, kStatus, R"({"status":"online",})"},
        Case{Refusal::not_object, kStatus, R"("online")"},
        Case{Refusal::bad_content, kStatus, "{}"},
        Case{Refusal::bad_content, kStatus, R"({"status":"asleep"})"},
        Case{Refusal::bad_content, kStatus, R"({"status":true})"},
        Case{Refusal::foreign_device, kStatus, R"({"status":"online","device_id":"b"})"},
        Case{Refusal::bad_utf8, kStatus, "{\"status\":\"\xff\"}"},
        Case{Refusal::too_deep, kStatus, R"({"status":"online","u":)" + deep + "}"},
        Case{Refusal::too_large, kStatus, std::string(kPayloadBytesMax + 1, ' ')},
        Case{Refusal::bad_topic, kLost, R"({"status":"online"})"},
        Case{Refusal::bad_device_id, "solar-tracker/ü/status", R"({"status":"online"})"}}) {
    CAPTURE(c.payload.substr(0, 80));
    const auto status = reader.read_status(c.topic, c.payload);
    REQUIRE_FALSE(status);
    CHECK(name(status.error()) == name(c.why));
  }
  for (const std::uint64_t count : reader.counters().refused) refused += count;
  CHECK(refused == 13);
}

TEST_CASE("a loss names a boot and a range, otherwise it is refused") {
  StatusReader reader;
  const auto loss = reader.read_lost(
      kLost, R"({"boot":"00000000000000aa","from":3,"to":9,"reason":"ring_full"})", UtcMillis{5});
  REQUIRE(loss);
  CHECK(loss->device == "a");
  CHECK(loss->boot == "00000000000000aa");
  CHECK(loss->first == 3);
  CHECK(loss->last == 9);
  CHECK(loss->reason == "ring_full");
  CHECK(reader.read_lost(kLost, R"({"boot":"00000000000000aa","from":3,"to":3})", UtcMillis{5})
            ->reason == "unknown");
  for (const char* payload :
       {"{}", R"({"boot":"aa","from":3,"to":9})", R"({"boot":"00000000000000aa","from":9,"to":3})",
        R"({"boot":"00000000000000aa","from":-1,"to":3})", R"({"boot":"00000000000000aa","to":3})",
        R"({"boot":"00000000000000aa","from":0,"to":9007199254740993})"}) {
    CAPTURE(payload);
    CHECK(reader.read_lost(kLost, payload, UtcMillis{5}).error() == Refusal::bad_content);
  }
}
