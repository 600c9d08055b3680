#include "core/telemetry/row.h"

#include <doctest/doctest.h>

using namespace idast;
using namespace idast::telemetry;

namespace {

Record record_with(std::string_view column, std::int64_t scaled) {
  Record record;
  record.device = "a";
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kFieldInfo[i].column != column) continue;
    record.value[i] = scaled;
    record.present.add(i);
  }
  return record;
}
std::string column_of(const Record& record, std::size_t field) {
  std::string text;
  print_column(record, field, text);
  return text;
}
std::string message_of(const Record& record) {
  std::string text;
  print_message(record, text);
  return text;
}

}  // namespace

TEST_CASE("a column prints in its own unit, and null when it is absent") {
  CHECK(column_of(record_with("power_w", 850), position_of("power_w")) == "8.5");
  CHECK(column_of(record_with("trees", 230), position_of("trees")) == "0.023");
  CHECK(column_of(record_with("manual", 1), position_of("manual")) == "1");
  CHECK(column_of(record_with("power_w", 850), position_of("temp_c")) == "null");
  Record record = record_with("power_w", 1);
  record.ts = UtcMillis{1'703'123'456'789};
  CHECK(column_of(record, position_of("ts")) == R"("2023-12-21T01:50:56.789Z")");
  CHECK(column_of(record, position_of("device_id")) == R"("a")");
  record.value[position_of("estimated")] =
      std::int64_t{1} << position_of("temp_c") | std::int64_t{1} << position_of("power_w");
  record.present.add(position_of("estimated"));
  CHECK(column_of(record, position_of("estimated")) == R"(["powerW","tempC"])");
}

TEST_CASE("a message says true and false, and its time as it was sent") {
  CHECK(message_of(record_with("manual", 1)) == R"({"manual":true})");
  Record record = record_with("ts", 123'456);
  record.ts = UtcMillis{1'703'123'456'789};
  CHECK(message_of(record) == R"({"timestamp":123456})");
  record.null.add(position_of("wind_ms"));
  CHECK(message_of(record) == R"({"timestamp":123456,"windMs":null})");
}

TEST_CASE("a message prints byte for byte as it always did") {
  Record record;
  const auto number = [&](std::size_t field, std::int64_t scaled) {
    record.value[field] = scaled;
    record.present.add(field);
  };
  number(position_of("ts"), 1'703'123'456'789);
  number(position_of("power_w"), -5);
  number(position_of("temp_c"), 0);
  number(position_of("energy_wh"), 1'250'500);
  number(position_of("trees"), 230);
  number(position_of("top"), -7);
  number(position_of("manual"), 0);
  number(position_of("efficiency"), 1'000);
  record.text[position_of("device_name")] = std::string{"a\"b\\\n\x7f\0é/", 10};
  record.present.add(position_of("device_name"));
  record.null.add(position_of("wind_ms"));
  record.extra = R"({"u":1})";
  CHECK(message_of(record) ==
        R"({"timestamp":1703123456789,"deviceName":"a\"b\\\u000a\u007f\u0000é/","top":-7,)"
        R"("manual":false,"powerW":-0.05,"tempC":0,"efficiency":100,"energyWh":1250.5,)"
        R"("trees":0.023,"windMs":null,"u":1})");
}

TEST_CASE("what stands in extra comes before the column's value, and once") {
  Record record = record_with("power_w", 851);
  record.extra = R"({"powerW":8.512,"u":{"powerW":1,"a":"}\",{"},"top":"bad"})";
  CHECK(fields_in_extra(record).contains(position_of("power_w")));
  CHECK(fields_in_extra(record).contains(position_of("top")));
  CHECK_FALSE(fields_in_extra(record).contains(position_of("temp_c")));
  CHECK(message_of(record) == record.extra);
  CHECK(column_of(record, position_of("power_w")) == "8.51");
  CHECK(message_of(Record{}) == "{}");
}

TEST_CASE("a row not yet committed has no id") {
  std::string text;
  print_row(std::nullopt, record_with("top", 7), text);
  CHECK(text.starts_with(R"({"id":null,"ts":"1970-01-01T00:00:00.000Z","device_name":null,)"));
  text.clear();
  print_row(42, record_with("top", 7), text);
  CHECK(text.starts_with(R"({"id":42,)"));
  CHECK(text.find(R"("raw_json":{"top":7},"device_id":"a")") != std::string::npos);
}

TEST_CASE("columns that differ are found, also those that came or went") {
  Record before = record_with("power_w", 850);
  Record after = before;
  after.ts = UtcMillis{5};
  CHECK(changed_columns(before, after).empty());
  after.value[position_of("power_w")] = 851;
  after.present.add(position_of("top"));
  KeySet expected;
  expected.add(position_of("power_w"));
  expected.add(position_of("top"));
  CHECK(changed_columns(before, after) == expected);
  before.present = {};
  CHECK(changed_columns(before, after) == expected);
  CHECK(changed_columns(after, before) == expected);
}

TEST_CASE("every key of the table is found by its name, and no other") {
  for (std::size_t i = 0; i < kFieldCount; ++i) CHECK(position_of_key(kFieldInfo[i].json) == i);
  for (const char* key : {"", "power_w", "powerw", "zzz", "A"}) CHECK_FALSE(position_of_key(key));
}

TEST_CASE("a message within quotes is the message with every quote doubled") {
  const auto doubled = [](const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
    return quoted + '"';
  };
  const auto in_quotes = [](const Record& record) {
    std::string text = "before,";
    print_message_in_quotes(record, text);
    return text.substr(7);
  };
  Record record;
  CHECK(message_of(record) == "{}");
  CHECK(in_quotes(record) == R"("{}")");
  record.extra = R"({"u":["x\"y",{}]})";
  CHECK(message_of(record) == record.extra);
  CHECK(in_quotes(record) == doubled(record.extra));
  // A word that is long, odd or no word, in every place: first, in the middle, last.
  const std::string words[] = {
      "", "track", "a\"b", "\\", std::string(200, 'x'), std::string(48, 'x'), std::string(49, 'y')};
  for (const std::string& word : words) {
    for (const char* extra : {"", R"({"u":1})"}) {
      Record filled;
      filled.device = word;
      filled.extra = extra;
      for (std::size_t i = 0; i < kFieldCount; ++i) {
        if (kFieldInfo[i].sql.kind == Kind::text) filled.text[i] = word;
        filled.value[i] = kFieldInfo[i].sql.low;
        filled.present.add(i);
        Record alone = filled;
        alone.present = {};
        alone.present.add(i);
        CHECK(in_quotes(alone) == doubled(message_of(alone)));
      }
      CHECK(in_quotes(filled) == doubled(message_of(filled)));
      filled.null = filled.present;
      filled.present = {};
      CHECK(in_quotes(filled) == doubled(message_of(filled)));
      std::size_t nulls = 0;
      const std::string message = message_of(filled);
      for (std::size_t at = message.find(":null"); at != message.npos;
           at = message.find(":null", at + 1)) {
        ++nulls;
      }
      CHECK(nulls == kFieldCount);
    }
  }
}
