#include "core/telemetry/record_summary.h"

#include <string_view>

#include <doctest/doctest.h>

#include "core/telemetry/factors.h"
#include "core/telemetry/row.h"
#include "core/telemetry/summary.h"

using namespace idast;
using namespace idast::telemetry;

namespace {

void put(Record& record, std::size_t field, std::int64_t value) {
  record.value[field] = value;
  record.present.add(field);
}
void put(Record& record, std::size_t field, std::string_view text) {
  record.text[field] = text;
  record.present.add(field);
}

Record numbered(std::int64_t seq) {
  Record record;
  record.device = "a";
  put(record, position_of("boot_id"), "00000000000000aa");
  put(record, position_of("seq"), seq);
  put(record, position_of("power_w"), 100 + seq);
  put(record, position_of("state"), "track");
  put(record, position_of("steady"), 1);
  return record;
}

Record summed(std::initializer_list<Record> records) {
  RecordSummary summary;
  for (const Record& record : records) summary.add(record);
  CHECK(summary.size() == records.size());
  return summary.take();
}

}  // namespace

TEST_CASE("a record's summary says what the device's own would") {
  Summary device;
  RecordSummary server;
  for (int i = 0; i < 7; ++i) {
    const std::int32_t left = 2'000 + i * i, right = 1'999 - i, top = 2'100 + 3 * i;
    const std::int64_t milliwatt_hours = 5'000 + i;
    Sample sample;
    sample.seq = 10 + i;
    sample.left = left;
    sample.right = right;
    sample.top = top;
    sample.panel_temperature = celsius(static_cast<float>(i * i) * 0.1f);
    sample.energy = watt_hours(static_cast<double>(milliwatt_hours) / 1000);
    sample.tilt_angle = degrees(40.f + static_cast<float>(i));
    device.add(sample);

    Record record = numbered(10 + i);
    put(record, position_of("left"), left);
    put(record, position_of("right"), right);
    put(record, position_of("top"), top);
    put(record, position_of("avg"), (left + right) / 2);
    put(record, position_of("horizontal_error"), left - right);
    put(record, position_of("vertical_error"), top - (left + right) / 2);
    put(record, position_of("temp_c"), i * i);
    put(record, position_of("energy_wh"), milliwatt_hours);
    put(record, position_of("tilt_angle"), 40 + i);
    server.add(record);
  }
  auto sample = device.take();
  REQUIRE(sample);
  derive(*sample, {});
  const Record record = server.take();
  CHECK(record.value[position_of("left")] == *sample->left);
  CHECK(record.value[position_of("right")] == *sample->right);
  CHECK(record.value[position_of("top")] == *sample->top);
  CHECK(record.value[position_of("avg")] == *sample->average);
  CHECK(record.value[position_of("horizontal_error")] == *sample->horizontal_error);
  CHECK(record.value[position_of("vertical_error")] == *sample->vertical_error);
  CHECK(static_cast<double>(record.value[position_of("temp_c")]) / 10 ==
        doctest::Approx(sample->panel_temperature->in(celsius)));
  CHECK(record.value[position_of("energy_wh")] == 5'006);
  CHECK(record.value[position_of("tilt_angle")] == 46);
  CHECK(record.value[position_of("seq")] == *sample->seq);
  CHECK(record.value[position_of("seq_from")] == *sample->seq_from);
}

TEST_CASE("means are rounded to the column, halves away from zero") {
  const auto mean_of = [](std::int64_t a, std::int64_t b) {
    Record first = numbered(0);
    Record second = numbered(1);
    put(first, position_of("battery_a"), a);
    put(second, position_of("battery_a"), b);
    return summed({first, second}).value[position_of("battery_a")];
  };
  CHECK(mean_of(1, 2) == 2);
  CHECK(mean_of(-1, -2) == -2);
  CHECK(mean_of(-1, 2) == 1);
  CHECK(mean_of(4, 4) == 4);
}

TEST_CASE("one record alone comes back as it was") {
  Record record = numbered(4);
  record.extra = R"({"powerW":1.0412})";
  const Record back = summed({record});
  CHECK_FALSE(back.has(position_of("seq_from")));
  CHECK(back.extra == record.extra);
  CHECK(changed_columns(record, back).empty());
}

TEST_CASE("only records that differ in numbers alone, and follow each other, join") {
  const Record first = numbered(4);
  CHECK(may_join(first, numbered(5)));
  CHECK_FALSE(may_join(first, numbered(6)));  // A hole stays a hole.
  CHECK_FALSE(may_join(first, numbered(4)));
  CHECK_FALSE(may_join(first, numbered(3)));
  const auto changed = [](auto change) {
    Record record = numbered(5);
    change(record);
    return record;
  };
  const Record others[] = {
      changed([](Record& r) { r.device = "b"; }),
      changed([](Record& r) { put(r, position_of("boot_id"), "00000000000000bb"); }),
      changed([](Record& r) { put(r, position_of("state"), "fault"); }),
      changed([](Record& r) { put(r, position_of("device_name"), "Pixel"); }),
      changed([](Record& r) { put(r, position_of("steady"), 0); }),
      changed([](Record& r) { put(r, position_of("temp_c"), 0); }),
      changed([](Record& r) { r.present.remove(position_of("power_w")); }),
      changed([](Record& r) { r.null.add(position_of("temp_c")); }),
      changed([](Record& r) { r.extra = R"({"fan":1})"; }),
      changed([](Record& r) { r.extra = R"({"windMs":"?"})"; }),
      changed([](Record& r) { put(r, position_of("seq_from"), 3); })};
  for (const Record& other : others) CHECK_FALSE(may_join(first, other));
}

TEST_CASE("an unknown key that stays the same is kept, and one that changes keeps records apart") {
  Record first = numbered(0), second = numbered(1), third = numbered(2);
  first.extra = second.extra = R"({"fw":"2.1"})";
  third.extra = R"({"fw":"2.2"})";
  CHECK(may_join(first, second));
  CHECK_FALSE(may_join(second, third));
  CHECK(summed({first, second}).extra == R"({"fw":"2.1"})");
}

TEST_CASE("digits that a column does not have do not keep records apart, and do not stay") {
  Record first = numbered(0), second = numbered(1);
  first.extra = R"({"powerW":1.0004})";
  second.extra = R"({"powerW":1.0096})";
  CHECK(may_join(first, second));
  CHECK(summed({first, second}).extra.empty());
  second.extra = R"({"powerW":1.0096,"fan":1})";
  CHECK_FALSE(may_join(first, second));
}

TEST_CASE("records without identity join without a hole being asked for, and get no seqFrom") {
  Record first, second;
  first.device = second.device = "a";
  put(first, position_of("power_w"), 100);
  put(second, position_of("power_w"), 200);
  CHECK(may_join(first, second));
  const Record both = summed({first, second});
  CHECK(both.value[position_of("power_w")] == 150);
  CHECK_FALSE(both.has(position_of("seq_from")));
}
