#include "server/ingest/parser.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/random.h"
#include "core/telemetry/row.h"
#include "server/ingest/number.h"
#include "server/ingest/uptimes.h"

using namespace idast;
using namespace idast::ingest;
using telemetry::position_of;
using telemetry::Record;

namespace {

constexpr std::string_view kTopic = "solar-tracker/esp32-receiver-A1B2C3/telemetry";
constexpr UtcMillis kReceived{1'703'123'457'000};

// The example of CONTRACT §1, byte for byte.
constexpr std::string_view kExample =
    R"({"timestamp":1703123456789,"device_id":"esp32-receiver-A1B2C3","top":2500,"left":2300,"right":2400,"avg":2350,
 "horizontalError":-100,"verticalError":150,"tiltAngle":90,"panAngle":85,"panTarget":90,"manual":false,"steady":true,
 "powerW":8.5,"powerActualW":8.2,"tempC":34.5,"batteryPct":87.5,"batteryV":6.2,"efficiency":88.0,"energyWh":1250.5,
 "energyKWh":1.2505,"co2kg":0.5002,"trees":0.0230,"phones":104.2,"phoneMinutes":75030,"pesos":15.01,"gridPrice":12.0,
 "deviceName":"iPhone_15","mode":"live"})";

Record parsed(Parser& parser, std::string_view payload) {
  auto record = parser.parse(kTopic, payload, kReceived);
  if (!record) FAIL(name(record.error()) << ": " << payload);
  return *record;
}
Record parsed(std::string_view payload) {
  Parser parser;
  return parsed(parser, payload);
}
std::string message_of(const Record& record) {
  std::string text;
  telemetry::print_message(record, text);
  return text;
}
std::string row_of(const Record& record) {
  std::string text;
  telemetry::print_row(std::nullopt, record, text);
  return text;
}

}  // namespace

TEST_CASE("the contract's example is read value for value") {
  const Record record = parsed(kExample);
  CHECK(record.device == "esp32-receiver-A1B2C3");
  CHECK(record.ts == UtcMillis{1'703'123'456'789});
  CHECK(record.extra.empty());
  const std::string row = row_of(record);
  const std::string original =
      R"({"id":null,"ts":"2023-12-21T01:50:56.789Z","device_name":"iPhone_15","top":2500,)"
      R"("left":2300,"right":2400,"avg":2350,"horizontal_error":-100,"vertical_error":150,)"
      R"("tilt_angle":90,"pan_angle":85,"pan_target":90,"manual":0,"steady":1,"power_w":8.5,)"
      R"("power_actual_w":8.2,"temp_c":34.5,"battery_pct":87.5,"battery_v":6.2,"efficiency":88,)"
      R"("energy_wh":1250.5,"energy_kwh":1.2505,"co2_kg":0.5002,"trees":0.023,"phones":104.2,)"
      R"("phone_minutes":75030,"pesos":15.01,"grid_price":12,"raw_json":{)"
      R"("timestamp":1703123456789,"deviceName":"iPhone_15","top":2500,"left":2300,"right":2400,)"
      R"("avg":2350,"horizontalError":-100,"verticalError":150,"tiltAngle":90,"panAngle":85,)"
      R"("panTarget":90,"manual":false,"steady":true,"powerW":8.5,"powerActualW":8.2,)"
      R"("tempC":34.5,"batteryPct":87.5,"batteryV":6.2,"efficiency":88,"energyWh":1250.5,)"
      R"("energyKWh":1.2505,"co2kg":0.5002,"trees":0.023,"phones":104.2,"phoneMinutes":75030,)"
      R"("pesos":15.01,"gridPrice":12,"device_id":"esp32-receiver-A1B2C3","mode":"live"},)"
      R"("device_id":"esp32-receiver-A1B2C3","mode":"live")";
  CHECK(row.substr(0, original.size()) == original);
  // Ours, however many they have become: this device sends none of them.
  for (std::size_t i = position_of("boot_id"); i < telemetry::kFieldCount; ++i) {
    CAPTURE(telemetry::kFieldInfo[i].column);
    const std::string absent = "\"" + std::string{telemetry::kFieldInfo[i].column} + "\":null";
    CHECK(row.find(absent, original.size()) != std::string::npos);
  }
}

TEST_CASE("a message that cannot be read is refused by its reason") {
  struct Case {
    Refusal why;
    std::string payload;
  };
  const std::string deep = std::string(16, '[') + std::string(16, ']');
  const std::vector<Case> cases{
      {Refusal::not_json, ""},
      {Refusal::not_json, "   "},
      {Refusal::not_json, "hello"},
      {Refusal::not_json, "{"},
      {Refusal::not_json, "{]"},
      {Refusal::not_json, R"({"top":1)"},
      {Refusal::not_json, R"({"top":1}})"},
      {Refusal::not_json, R"({"top":1} {"top":2})"},
      {Refusal::not_json, R"({"top":1} x)"},
      {Refusal::not_json, R"({"top" 1})"},
      {Refusal::not_json, R"({"top":1,})"},
      {Refusal::not_json, R"({,"top":1})"},
      {Refusal::not_json, R"({"top":1 "left":2})"},
      {Refusal::not_json, R"({"top":})"},
      {Refusal::not_json, R"({"top":,"left":1})"},
      {Refusal::not_json, R"({top:1})"},
      {Refusal::not_json, R"({'top':1})"},
      {Refusal::not_json, R"({"top":01})"},
      {Refusal::not_json, R"({"top":+1})"},
      {Refusal::not_json, R"({"top":1.})"},
      {Refusal::not_json, R"({"top":.5})"},
      {Refusal::not_json, R"({"top":1e})"},
      {Refusal::not_json, R"({"top":0x10})"},
      {Refusal::not_json, R"({"top":tru})"},
      {Refusal::not_json, R"({"top":truefalse})"},
      {Refusal::not_json, R"({"top":nanny})"},
      {Refusal::not_json, R"({"u":[1,,2 nonsense]})"},
      {Refusal::not_json, R"({"u":[1,2,]})"},
      {Refusal::not_json, R"({"u":[1 2]})"},
      {Refusal::not_json, R"({"u":[1,2})"},
      {Refusal::not_json, R"({"u":{"a":}})"},
      {Refusal::not_json, R"({"u":"\x"})"},
      {Refusal::not_json, R"({"u":"\u12"})"},
      {Refusal::not_json, R"({"u":"\ud800"})"},
      {Refusal::not_json, "{\"u\":\"a\nb\"}"},
      {Refusal::not_json, R"({"u":"open})"},
      {Refusal::not_json, std::string{"{\"u\":1}\0", 8}},
      {Refusal::not_object, "[]"},
      {Refusal::not_object, R"([{"top":1}])"},
      {Refusal::not_object, std::string(16, '[') + std::string(16, ']')},
      {Refusal::too_deep, std::string(17, '[') + "0" + std::string(17, ']')},
      {Refusal::not_object, "42"},
      {Refusal::not_object, "null"},
      {Refusal::not_object, R"("text")"},
      {Refusal::bad_utf8, "{\"deviceName\":\"\xff\"}"},
      {Refusal::bad_utf8, "{\"deviceName\":\"\xc0\xaf\"}"},
      {Refusal::bad_utf8, "{\"deviceName\":\"\xed\xa0\x80\"}"},
      {Refusal::bad_utf8, "{\"\xf8\":1}"},
      {Refusal::too_deep, "{\"u\":" + deep + "}"},
      {Refusal::too_deep, "{\"u\":" + std::string(10'000, '[') + "}"},
      {Refusal::too_deep, std::string(10'000, '[') + std::string(10'000, ']')},
      {Refusal::too_large, "{\"u\":\"" + std::string(kPayloadBytesMax, 'x') + "\"}"},
      {Refusal::foreign_device, R"({"device_id":"another"})"},
      {Refusal::foreign_device, R"({"device_id":""})"},
  };
  Parser parser;
  std::uint64_t refused = 0;
  for (const Case& c : cases) {
    CAPTURE(escaped_head(c.payload));
    const auto record = parser.parse(kTopic, c.payload, kReceived);
    REQUIRE_FALSE(record);
    CHECK(name(record.error()) == name(c.why));
  }
  for (const std::uint64_t count : parser.counters().refused) refused += count;
  CHECK(refused == cases.size());
  CHECK(parser.counters().accepted == 0);
  // And the parser goes on as if nothing had been.
  CHECK(parsed(parser, kExample).number(position_of("top")) == 2500);
}

TEST_CASE("a message of exactly 64 KiB, and one 16 deep, are read") {
  std::string payload = R"({"top":1,"u":")";
  payload.append(kPayloadBytesMax - payload.size() - 2, 'x').append("\"}");
  REQUIRE(payload.size() == kPayloadBytesMax);
  CHECK(parsed(payload).number(position_of("top")) == 1);

  const std::string deep = "{\"u\":" + std::string(15, '[') + std::string(15, ']') + "}";
  CHECK(message_of(parsed(deep)) == deep);
}

TEST_CASE("only solar-tracker/{id}/telemetry with a decent id is a topic") {
  Parser parser;
  const std::string longest(64, 'x');
  for (const std::string& good : {std::string{"a"}, longest, std::string{"A_z.0-9"}}) {
    const auto record = parser.parse("solar-tracker/" + good + "/telemetry", "{}", kReceived);
    REQUIRE(record);
    CHECK(record->device == good);
  }
  struct Case {
    Refusal why;
    std::string topic;
  };
  for (const Case& c : {Case{Refusal::bad_topic, ""},
                        {Refusal::bad_topic, "solar-tracker/a"},
                        {Refusal::bad_topic, "solar-tracker/a/status"},
                        {Refusal::bad_topic, "solar-tracker/a/telemetry/x"},
                        {Refusal::bad_topic, "other/a/telemetry"},
                        {Refusal::bad_device_id, "solar-tracker//telemetry"},
                        {Refusal::bad_device_id, "solar-tracker/" + longest + "x/telemetry"},
                        {Refusal::bad_device_id, "solar-tracker/a b/telemetry"},
                        {Refusal::bad_device_id, "solar-tracker/ä/telemetry"},
                        {Refusal::bad_device_id, "solar-tracker/a'b/telemetry"}}) {
    CAPTURE(c.topic);
    CHECK(parser.parse(c.topic, "{}", kReceived).error() == c.why);
  }
}

TEST_CASE("what one field has wrong costs that field only, and is counted and kept") {
  struct Case {
    const char* key;
    const char* json;
    bool kept = true;  // As it was; otherwise as null.
  };
  for (const Case& c : std::vector<Case>{{"top", "\"2500\""},
                                         {"top", "true"},
                                         {"top", "[1,{\"a\":null}]"},
                                         {"top", "{}"},
                                         {"top", "2147483648"},
                                         {"top", "-2147483649"},
                                         {"top", "1e300"},
                                         {"top", "123456789012345678901234567890"},
                                         {"timestamp", "97031235670312356790"},
                                         {"powerW", "100000000"},
                                         {"powerW", "99999999.995"},
                                         {"batteryPct", "-99999"},
                                         {"manual", "1"},
                                         {"manual", "\"true\""},
                                         {"steady", "0"},
                                         {"deviceName", "7"},
                                         {"mode", "[\"live\"]"},
                                         {"boot", "\"short\""},
                                         {"boot", "\"00000000000000g0\""},
                                         {"boot", "17"},
                                         {"seq", "-1"},
                                         {"seq", "9007199254740992"},
                                         {"timestamp", "-5"},
                                         {"timestamp", "\"2023-12-21\""},
                                         {"device_id", "42"},
                                         {"estimated", "\"tempC\""},
                                         {"estimated", "[\"tempC\",1]"},
                                         {"powerW", "nan", false},
                                         {"powerW", "-nan", false},
                                         {"powerW", "NaN", false},
                                         {"powerW", "inf", false},
                                         {"powerW", "-inf", false},
                                         {"powerW", "INF", false},
                                         {"powerW", "Infinity", false},
                                         {"powerW", "-Infinity", false},
                                         {"powerW", "1e400", false},
                                         {"powerW", "-1E+400", false},
                                         {"manual", "nan", false},
                                         {"deviceName", "inf", false}}) {
    Parser parser;
    const std::string payload =
        std::string{"{\""} + c.key + "\" : " + c.json + " ,\"left\":7,\"u\":\"nan, inf\"}";
    CAPTURE(payload);
    const Record record = parsed(parser, payload);
    const std::size_t field = telemetry::position_of_key(c.key).value_or(0);
    CHECK_FALSE(record.has(field));
    CHECK(record.number(position_of("left")) == 7);
    CHECK(record.ts == kReceived);
    for (std::size_t i = 0; i < telemetry::kFieldCount; ++i) {
      CHECK(parser.counters().field_refused[i] == (i == field ? 1 : 0));
    }
    const std::string message = message_of(record);
    const std::string member = std::string{"\""} + c.key + "\":" + (c.kept ? c.json : "null");
    CHECK(message.find(member) != std::string::npos);
    CHECK(message.find("\"u\":\"nan, inf\"") != std::string::npos);
  }
}

TEST_CASE("text is as long as its column in characters, not bytes") {
  std::string name;
  for (int i = 0; i < 64; ++i) name += "ü";
  CHECK(parsed("{\"deviceName\":\"" + name + "\"}").text[position_of("device_name")] == name);
  Parser parser;
  CHECK_FALSE(parsed(parser, "{\"deviceName\":\"" + name + "x\"}").has(position_of("device_name")));
  CHECK(parser.counters().field_refused[position_of("device_name")] == 1);
}

TEST_CASE("numbers are rounded to their column and kept as sent when they are finer") {
  const std::size_t power = position_of("power_w");
  struct Case {
    const char* json;
    std::int64_t scaled;
    bool exact;
  };
  for (const Case& c : {Case{"8.5", 850, true},
                        {"8.50", 850, true},
                        {"8.5000", 850, true},
                        {"85e-1", 850, true},
                        {"0.085e2", 850, true},
                        {"1.005", 101, false},
                        {"-1.005", -101, false},
                        {"8.512345", 851, false},
                        {"0", 0, true},
                        {"-0.0", 0, true},
                        {"1e-400", 0, false},
                        {"0.004999999999999999", 0, false},
                        {"99999999.994", 9'999'999'999, false}}) {
    CAPTURE(c.json);
    const Record record = parsed(std::string{"{\"powerW\":"} + c.json + "}");
    CHECK(record.number(power) == c.scaled);
    CHECK(record.extra.empty() == c.exact);
    if (!c.exact) CHECK(message_of(record) == std::string{"{\"powerW\":"} + c.json + "}");
  }
}

TEST_CASE("unknown keys come back exactly, nulls and odd numbers included") {
  for (const std::string_view payload :
       {R"({"a":null})", R"({"a":{"b":null,"c":[null,{}]}})", R"({"":0})",
        R"({"big":123456789012345678901234567890,"fine":0.1000000000000000055511151231257827})",
        R"({"e":1E+2,"text":"a\"b\\c\/\u00e9\n"})", R"({"k\"ey":true,"\u0000":false})",
        R"({"top":null,"windMs":null,"boot":null,"device_id":null,"estimated":null})"}) {
    CAPTURE(payload);
    CHECK(message_of(parsed(payload)).size() > 4);
    if (payload.find("top") == std::string_view::npos) {
      CHECK(message_of(parsed(payload)) == payload);
    }
  }
  CHECK(message_of(parsed(R"({"u":[nan,{"v":-Infinity}],"w":1e999})")) ==
        R"({"u":[null,{"v":null}],"w":null})");
}

TEST_CASE("of duplicate keys the last wins, and they are counted") {
  Parser parser;
  Record record = parsed(parser, R"({"top":1,"top":2,"u":1,"u":2})");
  CHECK(record.number(position_of("top")) == 2);
  CHECK(message_of(record) == R"({"top":2,"u":2})");
  CHECK(parser.counters().duplicate_keys == 2);
  CHECK(message_of(parsed(R"({"top":"bad","top":2})")) == R"({"top":2})");
  CHECK(message_of(parsed(R"({"top":2,"top":"bad"})")) == R"({"top":"bad"})");
  CHECK(message_of(parsed(R"({"top":2,"top":null})")) == R"({"top":null})");
  CHECK(message_of(parsed(R"({"top":2,"t\u006fp":3})")) == R"({"top":3})");
  CHECK(message_of(parsed(R"({"powerW":8.512,"powerW":nan})")) == R"({"powerW":null})");
  // The last word on whose message it is, too.
  CHECK(
      parser
          .parse(kTopic, R"({"device_id":"esp32-receiver-A1B2C3","device_id":"other"})", kReceived)
          .error() == Refusal::foreign_device);
}

TEST_CASE("estimated keeps its keys as bits, and its own order and unknown words as sent") {
  const Record plain = parsed(R"({"estimated":["powerW","tempC"]})");
  CHECK(plain.extra.empty());
  CHECK(message_of(plain) == R"({"estimated":["powerW","tempC"]})");
  CHECK(message_of(parsed(R"({"estimated":[]})")) == R"({"estimated":[]})");
  for (const char* payload :
       {R"({"estimated":["tempC","powerW"]})", R"({"estimated":["new","tempC"]})",
        R"({"estimated":["a\"b","tempC","tempC"]})"}) {
    const Record record = parsed(payload);
    CHECK(record.has(position_of("estimated")));
    CHECK(message_of(record) == payload);
    const telemetry::KeySet keys{
        static_cast<std::uint64_t>(record.value[position_of("estimated")])};
    CHECK(keys.contains(position_of("temp_c")));
  }
}

TEST_CASE("time is the sender's when it is Unix time and not ahead, otherwise the receipt") {
  Parser parser;
  const auto ts = [&](const std::string& stamp) {
    return parsed(parser, "{\"timestamp\":" + stamp + "}").ts - kReceived;
  };
  CHECK(ts("1703123456789") == Millis{-211});
  CHECK(ts(std::to_string((kReceived + kAheadMax).unix_ms())) == kAheadMax);
  CHECK(parser.counters().clock_ahead == 0);
  CHECK(ts(std::to_string((kReceived + kAheadMax).unix_ms() + 1)) == Millis{0});
  CHECK(parser.counters().clock_ahead == 1);
  for (const char* stamp : {"999999999999", "0", "-1", "null", "nan", "\"now\"", "1e400"}) {
    CAPTURE(stamp);
    CHECK(ts(stamp) == Millis{0});
  }
  CHECK(parsed(parser, "{}").ts == kReceived);
  // The stamp comes back as sent.
  CHECK(message_of(parsed(parser, R"({"timestamp":123456})")) == R"({"timestamp":123456})");
}

TEST_CASE("a backlog without a clock keeps its spacing") {
  Uptimes uptimes;
  const UtcMillis now{1'000'000'000};
  CHECK(uptimes.taken_at("a", "boot", 50'000, {now}) == now);
  CHECK(uptimes.taken_at("a", "boot", 50'350, {now + Millis{350}}) == now + Millis{350});
  CHECK(uptimes.taken_at("a", "boot", 40'000, {now + Millis{400}}) == now - Millis{9'950});
  CHECK(uptimes.taken_at("a", "boot", 40'350, {now + Millis{401}}) == now - Millis{9'599});
  CHECK(uptimes.taken_at("b", "boot", 1, {now}) == now);
  CHECK(uptimes.taken_at("a", "other", 1, {now}) == now);
  // One absurd uptime does not move what follows to another age.
  CHECK(uptimes.taken_at("a", "boot", 9'000'000'000'000'000, {now}) == now);
  CHECK(uptimes.taken_at("a", "boot", 50'700, {now}) == now);
  for (std::size_t i = 0; i < kBootsMax; ++i) {
    uptimes.taken_at("many", std::to_string(i), 5, {now});
  }
  CHECK(uptimes.taken_at("b", "boot", 0, {now}) == now);
}

TEST_CASE("a clock that is set back an hour puts no sample before an older one of its boot") {
  for (const bool own : {false, true}) {
    CAPTURE(own);
    Uptimes uptimes;
    const UtcMillis noon{43'200'000};
    constexpr Millis kStep{10'000}, kHour = std::chrono::hours{1};
    UtcMillis before = uptimes.taken_at("a", "boot", 0, {noon, own});
    UtcMillis said = noon;
    std::int64_t uptime_ms = 0;
    const auto go_on = [&](Millis span) {
      for (Millis gone{0}; gone < span; gone += kStep) {
        said = said + kStep;
        uptime_ms += kStep.count();
        const UtcMillis taken = uptimes.taken_at("a", "boot", uptime_ms, {said, own});
        CHECK(taken >= before);
        before = taken;
      }
    };
    go_on(kHour);
    CHECK(before == said);
    CHECK(uptimes.fallen() == 0);
    said = said - kHour;
    go_on(kHour);
    CHECK(before == said + kHour / 2);
    // What was taken before it fell stands where it did.
    const UtcMillis old = own ? noon + Millis{5'000} : said;
    CHECK(uptimes.taken_at("a", "boot", 5'000, {old, own}) ==
          (own ? old : before - (2 * kHour - Millis{5'000})));
    go_on(kHour + kStep);
    CHECK(before == said);
    CHECK(uptimes.fallen() == 718);
    // Set right again, it is followed at once; so it is when it was wrong beyond any zone.
    said = said + kHour;
    go_on(kStep);
    CHECK(before == said);
    said = said - kFallMax - kHour;
    CHECK(uptimes.taken_at("a", "boot", uptime_ms + 1, {said, own}) == said);
  }
}

TEST_CASE("a summary cannot begin after its end") {
  Parser parser;
  const Record record = parsed(parser, R"({"seq":5,"seqFrom":6})");
  CHECK_FALSE(record.has(position_of("seq_from")));
  CHECK(message_of(record) == R"({"seq":5,"seqFrom":6})");
  CHECK(message_of(parsed(R"({"seqFrom":5.6,"seq":5})")) == R"({"seq":5,"seqFrom":5.6})");
  CHECK(parser.counters().field_refused[position_of("seq_from")] == 1);
}

TEST_CASE("what was refused stands where its last duplicate stood") {
  const Record record = parsed(R"({"seqFrom":"x","seq":6,"u":1,"seqFrom":15})");
  CHECK(message_of(record) == R"({"seq":6,"u":1,"seqFrom":15})");
  CHECK(message_of(parsed(message_of(record))) == message_of(record));
}

TEST_CASE("every cut and every flipped bit of a message is refused or read, never more") {
  Parser parser;
  for (std::size_t size = 0; size < kExample.size(); ++size) {
    CHECK_FALSE(parser.parse(kTopic, kExample.substr(0, size), kReceived));
  }
  Random random{21};
  for (int round = 0; round < 5'000; ++round) {
    std::string payload{kExample};
    char& byte = payload[random.next() % payload.size()];
    byte = static_cast<char>(byte ^ static_cast<char>(1u << random.next() % 8));
    const auto record = parser.parse(kTopic, payload, kReceived);
    if (record) CHECK(parser.parse(kTopic, message_of(*record), kReceived));
  }
}
