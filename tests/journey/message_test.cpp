#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/random.h"
#include "core/base/temporary_folder_test.h"
#include "core/telemetry/row.h"
#include "server/ingest/parser.h"
#include "server/store/sqlite.h"

// From the bytes of a message to what a person with `sqlite3` reads, and back to the message.

using namespace idast;

namespace {

constexpr std::string_view kTopic = "solar-tracker/esp32-receiver-A1B2C3/telemetry";
constexpr UtcMillis kReceived{1'703'123'457'000};

struct Case {
  std::string payload;
  std::string expected{};  // What raw_json must say; empty: the payload.
};

std::vector<Case> told_cases() {
  return {
      {R"({"timestamp":1703123456789,"device_id":"esp32-receiver-A1B2C3","top":2500,"left":2300,
 "right":2400,"avg":2350,"horizontalError":-100,"verticalError":150,"tiltAngle":90,"panAngle":85,
 "panTarget":90,"manual":false,"steady":true,"powerW":8.5,"powerActualW":8.2,"tempC":34.5,
 "batteryPct":87.5,"batteryV":6.2,"efficiency":88.0,"energyWh":1250.5,"energyKWh":1.2505,
 "co2kg":0.5002,"trees":0.0230,"phones":104.2,"phoneMinutes":75030,"pesos":15.01,
 "gridPrice":12.0,"deviceName":"iPhone_15","mode":"live"})"},
      {"{}"},
      {R"({"powerActualW":null,"deviceName":null,"manual":null,"gridPrice":null,"mode":"live"})"},
      {R"({"device_id":null})"},
      {R"({"device_id":null,"u":1})"},
      {R"({"device_id":7})"},
      {R"({"boot":null,"seq":null,"timestamp":null,"estimated":null})"},
      {R"({"boot":"00000000000000AA","seq":0,"uptimeMs":5})"},
      {R"({"boot":"not a boot","seq":1})"},
      {R"({"timestamp":123456})"},
      {R"({"timestamp":-1})"},
      {R"({"timestamp":1703123456789.5})"},
      {R"({"timestamp":9007199254740991})"},
      {R"({"powerW":8.512345,"tempC":-0.05,"batteryPct":1e2,"energyWh":1.2505e3})"},
      {R"({"powerW":99999999.99,"energyKWh":-999999.999999,"phones":0.001})"},
      {R"({"powerW":"8.5","top":[1,null],"manual":1,"deviceName":{"a":null}})"},
      {R"({"unknown":null,"nested":{"a":null,"b":[null,{"c":null}]},"deep":[[[[]]]]})"},
      {R"({"big":12345678901234567890,"bigger":123456789012345678901234567890,"e":1e300})"},
      {R"({"text":"\u00e9\n\"\\\/\ud83c\udf1e","k\"e\\y":true})"},
      {R"({"deviceName":"\u0000 ; \u001f","mode":"'; DROP TABLE sample; --"})"},
      {R"({"estimated":["powerW","tempC"]})"},
      {R"({"estimated":["tempC","powerW","unheard of"]})"},
      {R"({"estimated":[]})"},
      {R"({"powerW":nan,"tempC":-inf,"batteryV":1e400,"u":[Infinity]})",
       R"({"powerW":null,"tempC":null,"batteryV":null,"u":[null]})"},
      {R"({"top":1,"top":2,"u":1,"u":{"v":2},"mode":"a","mode":7})",
       R"({"top":2,"u":{"v":2},"mode":7})"},
  };
}

// A message of known keys with values of every kind, fit or not.
std::string random_message(Random& random) {
  constexpr std::array kValues{"null",  "true",         "false", "0",        "1",    "-17",
                               "8.5",   "8.512345",     "1e3",   "2.5e-1",   "\"\"", "\"live\"",
                               "[1,2]", "{\"a\":null}", "1e18",  "4095",     "90",   "-0.001",
                               "0.5",   "[\"tempC\"]",  "12.25", "1250.500", "7e-7", "99999999999"};
  std::string message = "{";
  const auto member = [&](std::string_view key) {
    if (message.size() > 1) message += ", ";
    telemetry::print_text(key, message);
    message.append(" : ").append(kValues[random.next() % kValues.size()]);
  };
  for (const telemetry::FieldInfo& field : telemetry::kFieldInfo) {
    if (field.json != "device_id" && random.next() % 2 == 0) member(field.json);
  }
  if (random.next() % 2 == 0) member("unknown");
  return message + "}";
}

// As text in an SQL script.
std::string sql_text(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted.push_back(c);
    if (c == '\'') quoted.push_back(c);
  }
  return quoted + "'";
}

std::string shell(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> buffer;
  for (std::size_t bytes = 0; (bytes = fread(buffer.data(), 1, buffer.size(), pipe)) != 0;) {
    text.append(buffer.data(), bytes);
  }
  pclose(pipe);
  return text;
}

}  // namespace

TEST_CASE("what a device sent comes back from the database as it was sent") {
  const TemporaryFolder folder;
  const std::string file = folder.file("idast.db");
  auto store = store::open_sqlite(file);
  REQUIRE(store);

  std::vector<Case> cases = told_cases();
  Random random{17};
  for (int i = 0; i < 300; ++i) cases.push_back({random_message(random)});
  ingest::Parser parser;
  std::vector<telemetry::Record> records;
  std::string script = "CREATE TEMP TABLE sent(id INTEGER PRIMARY KEY, message TEXT);\n";
  for (const Case& c : cases) {
    auto record = parser.parse(kTopic, c.payload, kReceived);
    CAPTURE(c.payload);
    REQUIRE(record);
    records.push_back(std::move(*record));
    script += "INSERT INTO sent VALUES(" + std::to_string(records.size()) + ", " +
              sql_text(c.expected.empty() ? c.payload : c.expected) + ");\n";
    REQUIRE((*store)->commit({&records.back(), 1}));
  }

  // Two messages are the same when they have the same leaves and containers at the same places.
  script +=
      "CREATE TEMP VIEW a AS SELECT t.id, e.fullkey, e.atom, replace(e.type, 'real', 'integer') "
      "AS type FROM telemetry AS t, json_tree(t.raw_json) AS e;\n"
      "CREATE TEMP VIEW b AS SELECT s.id, e.fullkey, e.atom, replace(e.type, 'real', 'integer') "
      "AS type FROM sent AS s, json_tree(s.message) AS e;\n"
      "SELECT 'lost', * FROM (SELECT * FROM b EXCEPT SELECT * FROM a);\n"
      "SELECT 'invented', * FROM (SELECT * FROM a EXCEPT SELECT * FROM b);\n"
      "SELECT count(*) FROM telemetry;\n";
  std::ofstream{folder.file("script.sql")} << script;
  CHECK(shell("sqlite3 -batch '" + file + "' < '" + folder.file("script.sql") + "' 2>&1") ==
        std::to_string(cases.size()) + "\n");

  auto reader = (*store)->open_reader();
  REQUIRE(reader);
  const store::Range always{"", UtcMillis{0}, UtcMillis{1'000'000'000'000'000}};
  std::size_t seen = 0;
  REQUIRE((*reader)->rows(always, 10'000, [&](store::StoredRecord&& row) {
    std::string before;
    std::string after;
    telemetry::print_row(row.id, records[static_cast<std::size_t>(row.id) - 1], before);
    telemetry::print_row(row.id, row.record, after);
    CHECK(before == after);
    ++seen;
    return true;
  }));
  CHECK(seen == cases.size());
}
