#include <map>

#include <doctest/doctest.h>

#include "core/base/calendar.h"
#include "server/query/history.h"
#include "server/query/samples.h"

using namespace idast;
using namespace idast::query;

namespace {

UtcMillis at(std::string_view iso) {
  const auto instant = utc_from_iso(iso);
  REQUIRE(instant);
  return *instant;
}

// Answers what a test put in, and remembers what it was asked.
class ScriptedReader : public store::Reader {
 public:
  std::map<std::string, std::vector<store::Period>> by_device;
  std::vector<UtcMillis> asked_starts;
  store::Range asked_range;
  Millis asked_step{0};
  store::Buckets answer;
  bool broken = false;

  store::Result<void> ping() override { return {}; }
  store::Result<std::vector<store::DeviceSeen>> devices() override {
    return std::vector<store::DeviceSeen>{};
  }
  store::Result<std::optional<store::StoredRecord>> latest(const std::string&) override {
    return std::nullopt;
  }
  store::Result<void> rows(const store::Range&, std::size_t,
                           const std::function<bool(store::StoredRecord&&)>&) override {
    return {};
  }
  store::Result<store::Buckets> buckets(const store::Range& range, Millis step,
                                        std::span<const std::size_t>) override {
    asked_range = range;
    asked_step = step;
    return answer;
  }
  store::Result<std::vector<store::Period>> periods(const std::string& device,
                                                    std::span<const UtcMillis> starts) override {
    if (broken)
      return std::unexpected{store::StoreError{store::StoreErrorKind::unavailable, "gone"}};
    asked_starts.assign(starts.begin(), starts.end());
    std::vector<store::Period> periods(starts.size() - 1);
    for (std::size_t i = 0; i < periods.size(); ++i) {
      periods[i].start = starts[i];
      for (const store::Period& p : by_device[device]) {
        if (p.first && *p.first >= starts[i] && *p.first < starts[i + 1]) {
          periods[i] = p;
          periods[i].start = starts[i];
        }
      }
    }
    return periods;
  }
};

store::Period made(double energy_wh, std::string_view first, std::string_view last,
                   std::string name, double battery) {
  store::Period period;
  period.energy_wh = energy_wh;
  period.samples = 10;
  period.minutes_covered = 10;
  period.battery_pct_mean = battery;
  period.device_name_last = std::move(name);
  period.first = at(first);
  period.last = at(last);
  return period;
}

}  // namespace

TEST_CASE("a day starts at local midnight, and where that is skipped at the change") {
  const auto manila = Zone::locate("Asia/Manila");
  REQUIRE(manila);
  CHECK(manila->start_of(PeriodKind::day, at("2026-11-22T17:00:00Z")) ==
        at("2026-11-22T16:00:00Z"));
  // Chile moved its clocks from 24:00 to 01:00 on 7 September 2024.
  const auto santiago = Zone::locate("America/Santiago");
  REQUIRE(santiago);
  CHECK(santiago->start_of(PeriodKind::day, at("2024-09-08T12:00:00Z")) ==
        at("2024-09-08T04:00:00Z"));
}

TEST_CASE("a day of 23 or 25 hours has as many hours") {
  const auto berlin = Zone::locate("Europe/Berlin");
  REQUIRE(berlin);
  const auto spring =
      berlin->starts(PeriodKind::hour, at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z"), 100);
  CHECK(spring.size() == 23 + 1);
  const auto autumn =
      berlin->starts(PeriodKind::hour, at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z"), 100);
  CHECK(autumn.size() == 25 + 1);
}

TEST_CASE("half-hour zones have their own hours") {
  const auto kolkata = Zone::locate("Asia/Kolkata");
  REQUIRE(kolkata);
  CHECK(kolkata->start_of(PeriodKind::hour, at("2026-01-01T00:10:00Z")) ==
        at("2025-12-31T23:30:00Z"));
}

TEST_CASE("the limit keeps the newest periods") {
  const auto utc = Zone::locate("UTC");
  const auto starts =
      utc->starts(PeriodKind::day, at("2020-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"), 3);
  REQUIRE(starts.size() == 4);
  CHECK(starts.front() == at("2025-12-29T00:00:00Z"));
  CHECK(starts.back() == at("2026-01-01T00:00:00Z"));
}

TEST_CASE("a day that a place left out is no period, and no other stands twice") {
  // Samoa went from 29 to 31 December 2011.
  const auto apia = Zone::locate("Pacific/Apia");
  REQUIRE(apia);
  CHECK(apia->starts(PeriodKind::day, at("2011-12-29T00:00:00Z"), at("2012-01-01T00:00:00Z"), 9) ==
        std::vector{at("2011-12-28T10:00:00Z"), at("2011-12-29T10:00:00Z"),
                    at("2011-12-30T10:00:00Z"), at("2011-12-31T10:00:00Z"),
                    at("2012-01-01T10:00:00Z")});
  const auto hours =
      apia->starts(PeriodKind::hour, at("2011-12-30T08:00:00Z"), at("2011-12-30T12:00:00Z"), 9);
  CHECK(hours.size() == 4 + 1);
}

TEST_CASE("no period is missing where a clock is put back by half an hour") {
  const auto lord_howe = Zone::locate("Australia/Lord_Howe");
  REQUIRE(lord_howe);
  // From 02:00 to 01:30, at 15:00 UTC.
  const auto hours = lord_howe->starts(PeriodKind::hour, at("2024-04-06T13:00:00Z"),
                                       at("2024-04-06T17:30:00Z"), 99);
  for (std::size_t i = 1; i < hours.size(); ++i) {
    CHECK(hours[i] > hours[i - 1]);
    CHECK(hours[i] - hours[i - 1] <= std::chrono::hours{1});
  }
}

TEST_CASE("an unknown time zone is an error in words") {
  CHECK(Zone::locate("Mars/Olympus").error() == "no such time zone: Mars/Olympus");
}

TEST_CASE("history.csv has one line per local day with samples, today included") {
  ScriptedReader reader;
  reader.by_device["a"] = {
      made(12.3456, "2026-11-20T23:00:00Z", "2026-11-21T08:30:30Z", "iPhone,15", 87.46),
      made(3.5, "2026-11-21T22:00:00Z", "2026-11-21T22:59:59Z", "", 50.0)};
  const auto csv = history_csv(reader, {{"a", "Asia/Manila"}}, 3, at("2026-11-22T01:00:00Z"));
  REQUIRE(csv);
  CHECK(*csv ==
        "timestamp,energy_wh,battery_pct,device_name,session_min\n"
        "1795190400,12.346,87.5,iPhone 15,570\n"
        "1795276800,3.500,50.0,Unknown,59\n");
  CHECK(reader.asked_starts.size() == 4);
}

TEST_CASE("several devices are summed, in UTC unless they share a zone") {
  ScriptedReader reader;
  reader.by_device["a"] = {made(1, "2026-11-22T00:10:00Z", "2026-11-22T01:00:00Z", "one", 40)};
  reader.by_device["b"] = {made(2, "2026-11-22T00:20:00Z", "2026-11-22T03:10:00Z", "two", 60)};
  const auto csv = history_csv(reader, {{"a", "Asia/Manila"}, {"b", "Africa/Nairobi"}}, 1,
                               at("2026-11-22T12:00:00Z"));
  REQUIRE(csv);
  CHECK(*csv ==
        "timestamp,energy_wh,battery_pct,device_name,session_min\n"
        "1795305600,3.000,50.0,two,180\n");
  REQUIRE(history_csv(reader, {{"a", "Asia/Manila"}, {"b", "Asia/Manila"}}, 1,
                      at("2026-11-22T12:00:00Z")));
  CHECK(reader.asked_starts.front() == at("2026-11-21T16:00:00Z"));
}

TEST_CASE("no devices is an empty history, and a broken store is an error") {
  ScriptedReader reader;
  CHECK(*history_csv(reader, {}, 60, at("2026-11-22T12:00:00Z")) ==
        "timestamp,energy_wh,battery_pct,device_name,session_min\n");
  reader.broken = true;
  CHECK_FALSE(history_csv(reader, {{"a", "UTC"}}, 60, at("2026-11-22T12:00:00Z")));
}

TEST_CASE("energy by period defaults to today's hours, 30 days and 12 months") {
  ScriptedReader reader;
  const UtcMillis now = at("2026-11-22T05:30:00Z");
  const DeviceZone device{"a", "UTC"};
  CHECK(energy(reader, device, {.kind = PeriodKind::hour}, now)->size() == 6);
  const auto days = energy(reader, device, {.kind = PeriodKind::day}, now);
  REQUIRE(days->size() == 30);
  CHECK(days->back().start == at("2026-11-22T00:00:00Z"));
  const auto months = energy(reader, device, {.kind = PeriodKind::month}, now);
  REQUIRE(months->size() == 12);
  CHECK(months->front().start == at("2025-12-01T00:00:00Z"));
}

TEST_CASE("coverage counts the minutes that have passed, not those to come") {
  ScriptedReader reader;
  reader.by_device["a"] = {made(1, "2026-11-22T05:00:00Z", "2026-11-22T05:19:00Z", "", 40)};
  const auto rows =
      energy(reader, {"a", "UTC"}, {.kind = PeriodKind::hour}, at("2026-11-22T05:20:00Z"));
  REQUIRE(rows->size() == 6);
  CHECK(rows->back().coverage == doctest::Approx(0.5));
  CHECK(
      to_json(PeriodKind::hour, {rows->back()}) ==
      R"({"period":"hour","rows":[{"start":"2026-11-22T05:00:00.000Z","energy_wh":1.000,"coverage":0.5000}]})");
}

TEST_CASE("there are never more buckets than points, whatever the range") {
  for (const std::int64_t span_ms :
       {1'000LL, 60'001LL, 86'400'000LL, 31'536'000'000LL, 315'360'000'000LL}) {
    for (const std::size_t points : {2u, 3u, 7u, 500u, 5000u}) {
      for (const std::int64_t from_ms : {0LL, 1'763'776'799'999LL, 1'763'776'800'001LL}) {
        const UtcMillis from{from_ms};
        const UtcMillis to{from_ms + span_ms};
        const Millis step = step_for(from, to, points);
        const std::int64_t first = from_ms / step.count();
        const std::int64_t last = (from_ms + span_ms - 1) / step.count();
        CHECK(static_cast<std::size_t>(last - first + 1) <= points);
      }
    }
  }
}

TEST_CASE("samples come column-wise, with nulls where a bucket has no value") {
  ScriptedReader reader;
  reader.answer.times = {UtcMillis{1'000}, UtcMillis{2'000}};
  reader.answer.fields = {{{1.5, 2.125, 3.0}, {}}};
  const auto fields = chart_fields("power_w");
  REQUIRE(fields);
  const auto json = samples_json(reader, {"a", UtcMillis{1'000}, UtcMillis{11'000}, 10, *fields});
  REQUIRE(json);
  CHECK(
      *json ==
      R"({"from":"1970-01-01T00:00:01.000Z","to":"1970-01-01T00:00:11.000Z","step_ms":1000,)"
      R"("t":[1000,2000],"fields":{"power_w":{"min":[1.5,null],"mean":[2.125,null],"max":[3,null]}}})");
}

TEST_CASE("a text column cannot be drawn, nor an unknown one") {
  CHECK(chart_fields("power_w,battery_pct,power_w")->size() == 2);
  CHECK_FALSE(chart_fields("device_name"));
  CHECK(chart_fields("powerW").error() == "powerW is not a number that can be drawn");
}
