#include "server/ingest/status.h"

#include <doctest/doctest.h>

#include "server/ingest/parser.h"

using namespace idast;
using namespace idast::ingest;

namespace {
constexpr std::string_view kStatus = "solar-tracker/a/status";
constexpr std::string_view kLost = "solar-tracker/a/lost";
constexpr std::string_view kHistory = "solar-tracker/a/history";
constexpr UtcMillis kNoon{1'700'000'000'000};
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

TEST_CASE("a receiver's ten-minute row is read, and what is absent stays absent") {
  StatusReader reader;
  const auto row = reader.read_history(
      kHistory,
      R"({"timestamp":1699999999123,"device_id":"a","energy_wh":1250.505,"battery_pct":87.5,)"
      R"("device_name":"iPhone_15","session_min":120})",
      kNoon);
  REQUIRE(row);
  CHECK(row->device == "a");
  CHECK(row->taken == UtcMillis{1'699'999'999'123});
  CHECK(row->energy == 1'250'505);
  CHECK(row->battery == 875);
  CHECK(row->device_name == "iPhone_15");
  CHECK(row->session_min == 120);
  CHECK(row->received == kNoon);
  const auto bare = reader.read_history(
      kHistory, R"({"energy_wh":null,"battery_pct":null,"device_name":"Unknown"})", kNoon);
  REQUIRE(bare);
  CHECK_FALSE(bare->energy);
  CHECK_FALSE(bare->battery);
  CHECK_FALSE(bare->session_min);
  CHECK(bare->device_name == "Unknown");
  CHECK(bare->taken == kNoon);
  CHECK(reader.counters().accepted == 2);
}

TEST_CASE("a value of a row that is none of its column costs that value alone") {
  StatusReader reader;
  const std::string name(65, 'x');
  for (const std::string& odd :
       {std::string{R"("energy_wh":"many")"}, std::string{R"("energy_wh":1e12)"},
        std::string{R"("energy_wh":-1e300)"}, std::string{R"("energy_wh":[1])"},
        std::string{R"("battery_pct":100000)"}, std::string{R"("battery_pct":true)"},
        std::string{R"("device_name":7)"}, R"("device_name":")" + name + '"'}) {
    CAPTURE(odd);
    const auto row = reader.read_history(kHistory, R"({"session_min":0,)" + odd + "}", kNoon);
    REQUIRE(row);
    CHECK(row->session_min == 0);
    CHECK_FALSE(row->energy);
    CHECK_FALSE(row->battery);
    CHECK(row->device_name.empty());
  }
  const auto row = reader.read_history(kHistory, R"({"energy_wh":0,"session_min":-1})", kNoon);
  REQUIRE(row);
  CHECK(row->energy == 0);
  CHECK_FALSE(row->session_min);
}

TEST_CASE("a row's time is its own, or its receipt when that cannot be") {
  struct Case {
    std::string_view timestamp;
    UtcMillis taken;
  };
  StatusReader reader;
  for (const Case& c : {Case{"1699000000000", UtcMillis{1'699'000'000'000}},
                        Case{"1699000000000.0", UtcMillis{1'699'000'000'000}},
                        Case{"1700000300000", kNoon + kAheadMax}, Case{"1700000300001", kNoon},
                        Case{"9007199254740991", kNoon}, Case{"18446744073709551615", kNoon},
                        Case{"999999999999", kNoon}, Case{"86400000", kNoon}, Case{"-5", kNoon},
                        Case{"null", kNoon}, Case{"\"noon\"", kNoon}}) {
    CAPTURE(c.timestamp);
    const auto row = reader.read_history(
        kHistory, R"({"energy_wh":1,"timestamp":)" + std::string{c.timestamp} + "}", kNoon);
    REQUIRE(row);
    CHECK(row->taken == c.taken);
  }
  CHECK(reader.counters().clock_ahead == 2);
}

TEST_CASE("what is no row is refused by its reason and counted") {
  struct Case {
    Refusal why;
    std::string_view topic;
    std::string payload;
  };
  StatusReader reader;
  const std::string deep = std::string(20, '[') + std::string(20, ']');
  for (const Case& c :
       {Case{Refusal::not_json, kHistory, ""}, Case{Refusal::not_json, kHistory, "1,2,3"},
        Case{Refusal::not_json, kHistory, R"({"energy_wh":nan})"},
        Case{Refusal::not_object, kHistory, "[]"}, Case{Refusal::bad_content, kHistory, "{}"},
        Case{Refusal::bad_content, kHistory, R"({"timestamp":1699000000000})"},
        Case{Refusal::bad_content, kHistory, R"({"energy_wh":"x"})"},
        Case{Refusal::foreign_device, kHistory, R"({"device_id":"b","energy_wh":1})"},
        Case{Refusal::bad_utf8, kHistory, "{\"device_name\":\"\xff\"}"},
        Case{Refusal::too_deep, kHistory, R"({"energy_wh":1,"u":)" + deep + "}"},
        Case{Refusal::too_large, kHistory, std::string(kPayloadBytesMax + 1, ' ')},
        Case{Refusal::bad_topic, kStatus, R"({"energy_wh":1})"},
        Case{Refusal::bad_device_id, "solar-tracker/ü/history", R"({"energy_wh":1})"}}) {
    CAPTURE(c.payload.substr(0, 80));
    const auto row = reader.read_history(c.topic, c.payload, kNoon);
    REQUIRE_FALSE(row);
    CHECK(name(row.error()) == name(c.why));
  }
  CHECK(reader.counters().history_refused == 13);
  CHECK(reader.counters().accepted == 0);
}
