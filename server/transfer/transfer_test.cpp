#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/telemetry/row.h"
#include "server/ingest/parser.h"
#include "server/store/folder_test.h"
#include "server/store/sqlite.h"
#include "server/transfer/export.h"
#include "server/transfer/import.h"

// Out of a store, into another, and what the original back end's table becomes.

using namespace idast;
using namespace idast::transfer;
using telemetry::position_of;
using telemetry::Record;

using store::Folder;

namespace {

constexpr std::int64_t kNoon = 1'703'160'000'000;  // 2023-12-21 12:00:00 UTC.
constexpr const char* kDevice = "esp32-receiver-A1B2C3";

template <class T, class E>
T value_of(std::expected<T, E>&& result) {
  if constexpr (std::is_same_v<E, std::string>) {
    if (!result) FAIL(result.error());
  } else if constexpr (std::is_same_v<E, store::StoreError>) {
    if (!result) FAIL(result.error().words);
  }
  REQUIRE(result.has_value());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// Text in small pieces, so that every border falls everywhere once.
Source source_of(std::string text, std::size_t piece = 7) {
  return [text = std::move(text), at = std::size_t{0},
          piece](std::span<char> into) mutable -> std::expected<std::size_t, std::string> {
    const std::size_t bytes = std::min({piece, into.size(), text.size() - at});
    text.copy(into.data(), bytes, at);
    at += bytes;
    return bytes;
  };
}

std::string exported(const std::string& path, const store::ScanRange& range = {},
                     Format format = Format::json) {
  const auto scan = value_of(store::SampleScan::open(path, range));
  std::string text;
  const auto done = value_of(export_samples(
      *scan, range, format,
      [&](std::string_view piece) {
        text.append(piece);
        return true;
      },
      [](double) {}));
  CHECK(done.bytes == static_cast<std::int64_t>(text.size()));
  if (format != Format::history) CHECK(done.rows == scan->rows());
  return text;
}

struct Outcome {
  Imported imported;
  std::string fault;
};

Outcome imported(const std::string& path, const std::vector<std::string>& files,
                 const ImportOptions& options = {}) {
  const auto store = value_of(store::open_sqlite(path));
  const auto reader = value_of(store->open_reader());
  Import import{*store, *reader, path, options};
  Outcome outcome;
  for (const std::string& file : files) {
    auto taken = import.take(source_of(file), "file");
    if (!taken) outcome.fault = taken.error();
  }
  value_of(import.finish());
  outcome.imported = import.imported();
  return outcome;
}

std::vector<store::StoredRecord> rows_in(const std::string& path) {
  const auto scan = value_of(store::SampleScan::open(path, {}));
  std::vector<store::StoredRecord> rows;
  while (const store::StoredRecord* stored = value_of(scan->next())) rows.push_back(*stored);
  return rows;
}

std::string message_of(const Record& record) {
  std::string text;
  telemetry::print_message(record, text);
  return text;
}

const std::vector<telemetry::HistoryRow> kHistory{
    {.device = "ours",
     .taken = UtcMillis{kNoon - 86'400'000},
     .energy = 1'250'500,
     .battery = 875,
     .device_name = "Phone, \"mine\"",
     .session_min = 120,
     .received = UtcMillis{kNoon + 17}},
    {.device = "ours", .taken = UtcMillis{kNoon}, .battery = -1, .received = UtcMillis{kNoon + 18}},
    {.device = "mute", .taken = UtcMillis{kNoon}, .energy = 0, .received = UtcMillis{kNoon}}};

// What a station has after a while: fielded trackers and ours, doubles, late and refused values, a
// clock that was ahead, holes and losses.
void fill(const std::string& path) {
  const auto store = value_of(store::open_sqlite(path));
  ingest::Parser parser;
  std::vector<Record> batch;
  const auto send = [&](const std::string& device, const std::string& message,
                        std::int64_t received) {
    auto record =
        parser.parse("solar-tracker/" + device + "/telemetry", message, UtcMillis{received});
    REQUIRE(record.has_value());
    batch.push_back(std::move(*record));
  };
  const auto number = [](std::int64_t value) { return std::to_string(value); };
  for (int i = 0; i < 50; ++i) {
    const std::int64_t at = kNoon + i * 350;
    send("fielded", R"({"timestamp":)" + number(at) + R"(,"powerW":8.5,"top":)" + number(i) + "}",
         at + 20);
    send("ours",
         R"({"timestamp":)" + number(at) + R"(,"boot":"00000000000000aa","seq":)" +
             number(i == 30 ? 99 : i) + R"(,"uptimeMs":)" + number(5'000 + i * 350) +
             R"(,"energyWh":)" + number(i) + ".125}",
         at + 30);
  }
  send("fielded", R"({"timestamp":)" + number(kNoon) + R"(,"powerW":8.5,"top":0})", kNoon + 9'000);
  send("fielded", R"({"timestamp":)" + number(kNoon) + R"(,"powerW":8.5,"top":0})", kNoon + 9'000);
  send("clockless", R"({"timestamp":12345,"tempC":nan,"u":{"a":[1,"ü\n"]},"powerW":8.512345})",
       kNoon + 100);
  send("ahead", R"({"timestamp":)" + number(2 * kNoon) + R"(,"device_id":null,"top":"x"})", kNoon);
  // An older boot whose samples come late.
  send("ours",
       R"({"timestamp":)" + number(kNoon - 90'000) +
           R"(,"boot":"00000000000000bb","seq":4,"uptimeMs":100})",
       kNoon + 50'000);
  send("ours", R"({"boot":"00000000000000cc","uptimeMs":100})", kNoon + 50'001);
  const std::vector<telemetry::Loss> losses{
      {"ours", "00000000000000bb", 0, 2, "no_room", UtcMillis{kNoon + 7}},
      {"ours", "00000000000000aa", 200, 205, "", UtcMillis{kNoon + 8}},  // Left out on purpose.
      {"silent", "00000000000000dd", 0, 9, "restart", UtcMillis{kNoon + 9}}};
  // Losses come before the samples of their boot, and between others.
  value_of(store->commit({}, std::vector{losses[0]}));
  value_of(store->commit(batch, std::vector{losses[1], losses[2]}));
  // What receivers noted: of one that sends samples, and of one that never did.
  value_of(store->commit({}, {}, kHistory));
}

constexpr const char* kTableHead =
    "INSERT INTO `telemetry` (`id`, `ts`, `device_name`, `power_w`, `manual`, `raw_json`) VALUES ";

}  // namespace

TEST_CASE("an export taken into an empty store exports to the same bytes") {
  const Folder folder;
  fill(folder.file("a.db"));
  const std::string text = exported(folder.file("a.db"));
  const auto outcome = imported(folder.file("b.db"), {text});
  CHECK(outcome.fault == "");
  CHECK(outcome.imported.refused.empty());
  CHECK(outcome.imported.taken == 106);
  CHECK(outcome.imported.losses == 2);
  CHECK(outcome.imported.history_taken == 3);
  CHECK((exported(folder.file("b.db")) == text));
}

TEST_CASE("what receivers noted is a line each, and a table of its own as csv") {
  const Folder folder;
  fill(folder.file("a.db"));
  const std::string text = exported(folder.file("a.db"));
  CHECK(text.find(R"({"device":"ours","received":"2023-12-21T12:00:00.017Z",)"
                  R"("ts":"2023-12-20T12:00:00.000Z","history":{"energy_wh":1250.5,)"
                  R"("battery_pct":87.5,"session_min":120,"device_name":"Phone, \"mine\""}})"
                  "\n") != std::string::npos);
  const std::string table = exported(folder.file("a.db"), {}, Format::history);
  CHECK(table ==
        "device_id,ts,energy_wh,battery_pct,device_name,session_min,received\r\n"
        "\"mute\",2023-12-21 12:00:00.000,0,,,,2023-12-21 12:00:00.000\r\n"
        "\"ours\",2023-12-20 12:00:00.000,1250.5,87.5,\"Phone, \"\"mine\"\"\",120,"
        "2023-12-21 12:00:00.017\r\n"
        "\"ours\",2023-12-21 12:00:00.000,,-0.1,,,2023-12-21 12:00:00.018\r\n");
  // Beside the samples' table it makes the history whole; and again changes nothing.
  const std::string samples = exported(folder.file("a.db"), {}, Format::csv);
  const auto outcome = imported(folder.file("b.db"), {samples, table, table});
  CHECK(outcome.fault == "");
  CHECK(outcome.imported.refused.empty());
  CHECK(outcome.imported.history_taken == 3);
  CHECK(outcome.imported.history_absorbed == 3);
  CHECK((exported(folder.file("b.db"), {}, Format::history) == table));
}

TEST_CASE("a part has the rows that receivers noted in it") {
  const Folder folder;
  fill(folder.file("a.db"));
  const auto lines = [&](const store::ScanRange& range) {
    const std::string table = exported(folder.file("a.db"), range, Format::history);
    return std::ranges::count(table, '\n') - 1;
  };
  CHECK(lines({"ours", std::nullopt, std::nullopt}) == 2);
  CHECK(lines({"ours", UtcMillis{kNoon}, std::nullopt}) == 1);
  CHECK(lines({"ours", UtcMillis{kNoon + 1}, std::nullopt}) == 0);
  CHECK(lines({"", std::nullopt, UtcMillis{kNoon}}) == 1);
  CHECK(lines({"nobody", std::nullopt, std::nullopt}) == 0);
}

TEST_CASE("what is no row of a receiver is refused by reason, and the rest is taken") {
  const Folder folder;
  const std::string head = std::string{kHistoryNames} + "\n";
  const std::string end = ",2023-12-21,1,,,,2023-12-21\n";
  const auto table =
      imported(folder.file("a.db"),
               {head + "a" + end + "b b" + end + "c,noon,1,,,,2023-12-21\n" +
                "d,2023-12-21,,,,,2023-12-21\n" + "e,2023-12-21,many,5,,,2023-12-21\n"});
  CHECK(table.fault == "");
  CHECK(table.imported.history_taken == 2);
  CHECK(table.imported.refused == std::map<std::string, std::uint64_t>{
                                      {"bad_device_id", 1}, {"bad_ts", 1}, {"bad_content", 1}});
  CHECK(table.imported.fields_refused == std::map<std::string, std::uint64_t>{{"energy_wh", 1}});
  const std::string first = R"({"idast_export":1,"device":null,"from":null,"to":null,"rows":0})";
  const std::string times = R"("received":"2023-12-21T12:00:00Z","ts":"2023-12-21T12:00:00Z",)";
  const auto lines = imported(
      folder.file("b.db"),
      {first + "\n{\"device\":\"a\"," + times + R"("history":{"battery_pct":50}})" +
       "\n{\"device\":\"a\"," + times + "\"history\":{}}\n" +
       R"({"device":"a","history":{"battery_pct":50}})" + "\n{\"end\":true,\"rows\":0}\n"});
  CHECK(lines.fault == "");
  CHECK(lines.imported.history_taken == 1);
  CHECK(lines.imported.refused ==
        std::map<std::string, std::uint64_t>{{"bad_content", 1}, {"bad_line", 1}});
}

TEST_CASE("an export taken again changes nothing, and says what was there already") {
  const Folder folder;
  fill(folder.file("a.db"));
  const std::string text = exported(folder.file("a.db"));
  const auto outcome = imported(folder.file("a.db"), {text, text});
  CHECK(outcome.imported.taken == 0);
  CHECK(outcome.imported.absorbed == 2 * 51);
  CHECK(outcome.imported.known == 2 * 55);
  CHECK(outcome.imported.history_taken == 0);
  CHECK(outcome.imported.history_absorbed == 2 * 3);
  CHECK((exported(folder.file("a.db")) == text));
}

TEST_CASE("an import that was interrupted anywhere is completed by running it again") {
  const Folder folder;
  fill(folder.file("a.db"));
  const std::string text = exported(folder.file("a.db"));
  for (std::size_t part = 1; part < 8; ++part) {
    const std::string path = folder.file(("b" + std::to_string(part)).c_str());
    const auto first = imported(path, {text.substr(0, text.size() * part / 8)});
    CHECK(first.imported.cut_off == std::vector<std::string>{"file"});
    const auto second = imported(path, {text});
    CHECK(second.imported.cut_off.empty());
    CHECK(second.fault == "");
    // One of two doubles may have been in the first part: it is then already there.
    CHECK(rows_in(path).size() >= 104);
    CHECK(rows_in(path).size() <= 106);
  }
}

TEST_CASE("an export of a part has that part, and promises nothing of the rest") {
  const Folder folder;
  fill(folder.file("a.db"));
  const store::ScanRange range{"ours", UtcMillis{kNoon + 3'500}, UtcMillis{kNoon + 7'000}};
  const std::string text = exported(folder.file("a.db"), range);
  const auto outcome = imported(folder.file("b.db"), {text});
  CHECK(outcome.imported.taken == 10);
  const auto rows = rows_in(folder.file("b.db"));
  REQUIRE(rows.size() == 10);
  CHECK(rows[0].record.value[position_of("seq")] == 10);
  // A boot began when it began, not with the first sample of the part.
  CHECK(rows[0].boot_started == UtcMillis{kNoon - 5'000});
  const auto scan = value_of(store::SampleScan::open(folder.file("b.db"), {}));
  value_of(scan->boots([](const store::ScannedBoot& boot) { CHECK(boot.upto == -1); }));
}

TEST_CASE("what is no line of an export is refused by reason, and the rest is taken") {
  const Folder folder;
  const std::string head = R"({"idast_export":1,"device":null,"from":null,"to":null,"rows":1})";
  const std::string good =
      R"({"device":"a","received":"2023-12-21T12:00:00.000Z","ts":"2023-12-21T12:00:00.000Z",)"
      R"("row":1,"message":{"top":1}})";
  const auto outcome =
      imported(folder.file("a.db"),
               {head + "\n" + good + "\nnonsense\n{}\n" + R"({"device":"b b","received":)" +
                R"("2023-12-21T12:00:00Z","ts":"2023-12-21T12:00:00Z","message":{}})" + "\n" +
                R"({"device":"a","received":"noon","ts":"noon","message":{}})" + "\n" +
                R"({"end":true,"rows":1})"});
  CHECK(outcome.fault == "");
  CHECK(outcome.imported.taken == 1);
  CHECK(outcome.imported.cut_off.empty());
  const std::map<std::string, std::uint64_t> refused{{"bad_line", 3}, {"bad_device_id", 1}};
  CHECK(outcome.imported.refused == refused);
  CHECK(imported(folder.file("a.db"), {R"({"top":1})"}).fault.find("first line") !=
        std::string::npos);
  CHECK(imported(folder.file("a.db"), {R"({"idast_export":2})"}).fault.find("newer") !=
        std::string::npos);
  CHECK(imported(folder.file("a.db"), {""}).fault == "file is empty");
  CHECK(rows_in(folder.file("a.db")).size() == 1);
}

TEST_CASE("csv has the view's columns, and gives every row back but its time of receipt") {
  const Folder folder;
  fill(folder.file("a.db"));
  const std::string text = exported(folder.file("a.db"), {}, Format::csv);
  auto connection =
      value_of(store::Connection::open(folder.file("a.db"), store::Connection::Mode::read_only));
  auto names = value_of(connection.prepare(
      "SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info('telemetry'))"));
  REQUIRE(value_of(names.step()));
  CHECK(text.substr(0, text.find("\r\n")) == names.text(0));
  auto first = value_of(connection.prepare(
      "SELECT id || ',' || ts || ',,' || top FROM telemetry ORDER BY id LIMIT 1"));
  REQUIRE(value_of(first.step()));
  const std::size_t line = text.find("\r\n") + 2;
  CHECK(text.substr(line, first.text(0).size()) == first.text(0));

  const auto outcome = imported(folder.file("b.db"), {text});
  CHECK(outcome.fault == "");
  CHECK(outcome.imported.refused.empty());
  const auto before = rows_in(folder.file("a.db"));
  const auto after = rows_in(folder.file("b.db"));
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(before[i].record.device == after[i].record.device);
    CHECK(before[i].record.ts == after[i].record.ts);
    CHECK(message_of(before[i].record) == message_of(after[i].record));
  }
}

TEST_CASE("a dump's rows become samples: rows by the dozen, escapes, NULL, other tables") {
  const Folder folder;
  const std::string dump = std::string{R"(-- MariaDB dump 10.19
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
CREATE TABLE `user` (`id` int(11) COMMENT 'a; ``quoted'' ( one');
INSERT INTO `user` VALUES (-5,'; INSERT INTO `telemetry` VALUES (1)');
CREATE TABLE `telemetry` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `ts` timestamp(3) NULL DEFAULT current_timestamp(3),
  `device_name` varchar(64) DEFAULT NULL COMMENT 'phone, (label)',
  `power_w` decimal(10,2) DEFAULT NULL,
  `manual` tinyint(1) DEFAULT NULL,
  `raw_json` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`raw_json`)),
  PRIMARY KEY (`id`),
  KEY `idx_ts` (`ts`)
) ENGINE=InnoDB;
INSERT INTO `telemetry` VALUES (1,'2023-12-21 12:00:00.000','O\'Brien\\s \"phone\"\n',8.50,0,'{\"device_id\":\"a\",\"deviceName\":\"O\'Brien\\\\s \\\"phone\\\"\\n\",\"powerW\":8.5,\"manual\":false,\"x\":null}'),
(2,'2023-12-21 12:00:10.250',NULL,NULL,NULL,'{\"device_id\":\"b\"}'),(3,'0000-00-00 00:00:00.000',NULL,NULL,NULL,'{}');
INSERT INTO `telemetry` VALUES (4,'2023-12-21 12:00:20','it''s',-0.01,1,NULL);
)"};
  const auto outcome = imported(folder.file("a.db"), {dump}, {.device = "d", .assume_utc = false});
  CHECK(outcome.fault == "");
  CHECK(outcome.imported.taken == 3);
  CHECK(outcome.imported.refused == std::map<std::string, std::uint64_t>{{"bad_ts", 1}});
  const auto rows = rows_in(folder.file("a.db"));
  REQUIRE(rows.size() == 3);
  const Record& first = rows[0].record;
  CHECK(first.device == "a");
  CHECK(first.ts == UtcMillis{kNoon});
  CHECK(first.text[position_of("device_name")] == "O'Brien\\s \"phone\"\n");
  CHECK(first.value[position_of("power_w")] == 850);
  CHECK(message_of(first) ==
        R"({"deviceName":"O'Brien\\s \"phone\"\u000a","manual":false,"powerW":8.5,)"
        R"("device_id":"a","x":null})");
  CHECK(rows[1].record.device == "b");
  CHECK(rows[1].record.ts == UtcMillis{kNoon + 10'250});
  // Without a message, the columns are all that is known; the device is the one that was said.
  CHECK(rows[2].record.device == "d");
  CHECK(rows[2].record.text[position_of("device_name")] == "it's");
  CHECK(rows[2].record.value[position_of("power_w")] == -1);
  CHECK(rows[2].record.number(position_of("manual")) == 1);
}

TEST_CASE("where column and message differ, the column stands in the row and the message is kept") {
  const Folder folder;
  const std::string dump =
      std::string{"/*!40103 SET TIME_ZONE='+00:00' */;\n"} + kTableHead +
      R"((1,'2023-12-21 12:00:00.000',NULL,9.00,1,'{"device_id":"a","powerW":8.5,"manual":1,)"
      R"("deviceName":"Phone"}'),)"
      R"((2,'2023-12-21 12:00:01.000','x',99999999999.00,NULL,'{"device_id":"a","powerW":8.512}');)";
  const auto outcome = imported(folder.file("a.db"), {dump});
  CHECK(outcome.fault == "");
  CHECK(outcome.imported.taken == 2);
  CHECK(outcome.imported.fields_refused == std::map<std::string, std::uint64_t>{{"power_w", 1}});
  const auto rows = rows_in(folder.file("a.db"));
  REQUIRE(rows.size() == 2);
  const Record& first = rows[0].record;
  CHECK(first.number(position_of("power_w")) == 900);
  CHECK(first.number(position_of("manual")) == 1);
  CHECK_FALSE(first.has(position_of("device_name")));
  CHECK(message_of(first) == R"({"device_id":"a","manual":1,"deviceName":"Phone","powerW":8.5})");
  CHECK(rows[1].record.text[position_of("device_name")] == "x");
  CHECK(rows[1].record.number(position_of("power_w")) == 851);
}

TEST_CASE("a dump again, or after the same samples came by MQTT, adds nothing") {
  const Folder folder;
  {
    const auto store = value_of(store::open_sqlite(folder.file("a.db")));
    ingest::Parser parser;
    value_of(store->commit(std::vector{value_of(parser.parse(
        std::string{"solar-tracker/"} + kDevice + "/telemetry",
        R"({"timestamp":1703160000000,"deviceName":"Phone","powerW":8.5,"manual":true})",
        UtcMillis{kNoon + 40}))}));
  }
  const std::string dump =
      std::string{"SET TIME_ZONE='+00:00';\n"} + kTableHead +
      R"((1,'2023-12-21 12:00:00.000','Phone',8.50,1,'{"powerW":8.5,"manual":true,)"
      R"("deviceName":"Phone","timestamp":1703160000000}'),)"
      R"((2,'2023-12-21 12:00:00.000','Phone',8.50,1,NULL);)";
  const ImportOptions options{.device = kDevice, .assume_utc = true};
  const auto first = imported(folder.file("a.db"), {dump}, options);
  CHECK(first.fault == "");
  CHECK(first.imported.known == 1);
  CHECK(first.imported.taken == 1);
  const auto second = imported(folder.file("a.db"), {dump}, options);
  CHECK(second.imported.known == 2);
  CHECK(second.imported.taken == 0);
}

TEST_CASE("a database that cannot be read for a moment costs an import no row and invents none") {
  // The second question for rows is not answered.
  struct Hesitant final : store::Reader {
    explicit Hesitant(store::Reader& r) : real{r} {}
    store::Reader& real;
    int asked = 0;
    store::Result<void> ping() override { return real.ping(); }
    store::Result<std::vector<store::DeviceSeen>> devices() override { return real.devices(); }
    store::Result<std::optional<store::StoredRecord>> latest(const std::string& device) override {
      return real.latest(device);
    }
    store::Result<void> rows(const store::Range& range, std::size_t limit,
                             const std::function<bool(store::StoredRecord&&)>& row) override {
      if (++asked != 2) return real.rows(range, limit, row);
      return std::unexpected{store::StoreError{store::StoreErrorKind::unavailable, "locked"}};
    }
    store::Result<store::Buckets> buckets(const store::Range& range, Millis step,
                                          std::span<const std::size_t> fields) override {
      return real.buckets(range, step, fields);
    }
    store::Result<std::vector<store::Period>> periods(const std::string& device,
                                                      std::span<const UtcMillis> starts) override {
      return real.periods(device, starts);
    }
  };
  const std::string rows = R"((1,'2023-12-21 12:00:00.000','Phone',8.50,1,NULL),)"
                           R"((2,'2023-12-21 12:00:01.000','Phone',8.25,1,NULL);)";
  const std::string dump = std::string{"SET TIME_ZONE='+00:00';\n"} + kTableHead + rows;
  const std::string first_row = std::string{"SET TIME_ZONE='+00:00';\n"} + kTableHead +
                                rows.substr(0, rows.find("),(") + 1) + ";";
  const Folder folder;
  const ImportOptions options{.device = kDevice, .assume_utc = true};
  CHECK(imported(folder.file("a.db"), {first_row}, options).imported.taken == 1);
  {
    const auto store = value_of(store::open_sqlite(folder.file("a.db")));
    const auto reader = value_of(store->open_reader());
    Hesitant hesitant{*reader};
    Import import{*store, hesitant, folder.file("a.db"), options};
    CHECK_FALSE(import.take(source_of(dump), "file"));
    value_of(import.finish());
    CHECK(import.imported().known == 1);
    CHECK(import.imported().taken == 1);
  }
  const auto found = rows_in(folder.file("a.db"));
  CHECK(found.size() == 2);
  for (const store::StoredRecord& row : found) CHECK(row.record.device == kDevice);
}

TEST_CASE("what was received long ago is not the newest when it is brought in") {
  const Folder folder;
  fill(folder.file("a.db"));
  const auto latest_of = [&](const std::string& path, const std::string& device) {
    const auto store = value_of(store::open_sqlite(path));
    const auto latest = value_of(value_of(store->open_reader())->latest(device));
    REQUIRE(latest.has_value());
    return latest->id;
  };
  const std::int64_t newest = latest_of(folder.file("a.db"), "fielded");
  const std::string past =
      "ts,device_id,top\n2023-12-20,fielded,1\n2023-12-20,new,1\n2023-12-19,new,2\n";
  CHECK(imported(folder.file("a.db"), {past}).imported.taken == 3);
  CHECK(latest_of(folder.file("a.db"), "fielded") == newest);
  CHECK(latest_of(folder.file("a.db"), "new") == rows_in(folder.file("a.db")).back().id);
  // An export knows it, too.
  const std::string text = exported(folder.file("a.db"));
  CHECK(imported(folder.file("b.db"), {text}).fault == "");
  CHECK(latest_of(folder.file("b.db"), "fielded") == newest);
  CHECK((exported(folder.file("b.db")) == text));
}

TEST_CASE("what cannot be meant is said in words that tell what to do") {
  const Folder folder;
  const auto fault = [&](const std::string& text) {
    return imported(folder.file("a.db"), {text}).fault;
  };
  const auto has = [](const std::string& words, const char* part) {
    CAPTURE(words);
    CHECK(words.find(part) != std::string::npos);
  };
  const std::string utc = "/*!40103 SET TIME_ZONE='+00:00' */;\n";
  has(fault(std::string{kTableHead} + "(1,'2023-12-21 12:00:00',NULL,1,1,NULL);"), "--assume-utc");
  has(fault(utc + "INSERT INTO `telemetry` VALUES (1,2);"), "--complete-insert");
  has(fault(utc + kTableHead + "(1,'2023-12-21 12:00:00"), "cut off");
  has(fault(utc + "CREATE TABLE `telemetry` (`id` int"), "cut off");
  has(fault(utc + "INSERT INTO `user` VALUES (1);"), "no row of a table telemetry");
  has(fault("a,b\n1,2\n"), "no column ts");
  has(fault("ts,top\n2023-12-21,1,2\n"), "3 values for 2 columns");
  has(fault("ts,top\n\"2023-12-21,1\n"), "within quotes");
  has(fault("ts\n\"2023-12-21\"x\n"), "comma");
  CHECK(rows_in(folder.file("a.db")).empty());
  const auto nobody = imported(folder.file("a.db"), {"ts,top\n2023-12-21,1\n"});
  CHECK(nobody.imported.refused == std::map<std::string, std::uint64_t>{{"no_device", 1}});
}
