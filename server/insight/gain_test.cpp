#include "server/insight/gain.h"

#include <cmath>
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include "core/sun/sun.h"
#include "core/telemetry/schema.h"

using namespace idast;
using namespace idast::insight;
using namespace std::chrono_literals;

namespace {

const Station kStation{.place = {degrees(13.75f), degrees(121.05f)}};
// 2026-06-20T16:00Z: midnight in Batangas; the sun is up from about 5:30 to 18:30.
constexpr UtcMillis kMidnight{1'781'971'200'000};

using Readings = std::function<std::optional<double>(std::string_view column, UtcMillis at)>;

// A tracker that always faces the sun through thin haze.
std::optional<double> tracking(std::string_view column, UtcMillis at) {
  const sun::Position sun = sun::position(at, kStation.place);
  const bool up = sun.elevation > degrees(0.f);
  if (column == "azimuth_deg") return static_cast<double>(sun.azimuth.in(degrees));
  if (column == "elevation_deg") {
    return static_cast<double>(std::max(0.f, sun.elevation.in(degrees)));
  }
  if (column == "temp_c") return 40.0;
  const double hours = static_cast<double>((at - kMidnight).count()) / 3.6e6;
  if (column == "servo_wh") return 1.0 + 0.02 * hours;
  if (column == "device_wh") return 2.0 + 0.25 * hours;
  const double height = up ? std::sin(static_cast<double>(sun.elevation.in(degrees)) / 57.3) : 0.0;
  if (column == "power_actual_w") return 8.0 * (1.0 - std::exp(-4.0 * height));
  return std::nullopt;
}

// Answers bucket queries, one sample a minute, and counts them.
class FakeReader final : public store::Reader {
 public:
  explicit FakeReader(Readings readings) : readings_{std::move(readings)} {}
  int queries = 0;
  bool fails = false;

  store::Result<void> ping() override { return {}; }
  store::Result<std::vector<store::DeviceSeen>> devices() override { return {}; }
  store::Result<std::optional<store::StoredRecord>> latest(const std::string&) override {
    return std::optional<store::StoredRecord>{};
  }
  store::Result<void> rows(const store::Range&, std::size_t,
                           const std::function<bool(store::StoredRecord&&)>&) override {
    return {};
  }
  store::Result<store::Buckets> buckets(const store::Range& range, Millis step,
                                        std::span<const std::size_t> fields) override {
    ++queries;
    if (fails) {
      return std::unexpected{store::StoreError{store::StoreErrorKind::unavailable, "away"}};
    }
    store::Buckets buckets;
    buckets.fields.resize(fields.size());
    for (UtcMillis at = range.from; at < range.to; at = at + step) {
      bool any = false;
      std::vector<store::Bucket> row;
      for (const std::size_t field : fields) {
        const auto value = readings_(telemetry::kFieldInfo[field].column, at + step / 2);
        any = any || value;
        row.push_back({value, value, value});
      }
      if (!any) continue;
      buckets.times.push_back(at);
      for (std::size_t f = 0; f < fields.size(); ++f) buckets.fields[f].push_back(row[f]);
    }
    return buckets;
  }
  store::Result<std::vector<store::Period>> periods(const std::string&,
                                                    std::span<const UtcMillis>) override {
    return {};
  }

 private:
  Readings readings_;
};

GainQuery days(int before, int after, UtcMillis now) {
  GainQuery query{.device = "a", .days = {}, .now = now};
  for (int i = -before; i <= after; ++i) query.days.push_back(kMidnight + 24h * i);
  return query;
}

}  // namespace

TEST_CASE("a day that is over has energy, gain, band, costs and a verdict") {
  Ledger ledger;
  FakeReader reader{tracking};
  const auto gains = ledger.gains(reader, kStation, days(0, 1, kMidnight + 30h));
  REQUIRE(gains);
  REQUIRE(gains->rows.size() == 1);
  const GainRow& day = gains->rows[0];
  CHECK(day.start == kMidnight);
  CHECK(day.why == Why::none);
  CHECK(day.energy_wh.value() == doctest::Approx(day.yield.tracked.in(watt_hours)).epsilon(0.01));
  CHECK(day.yield.coverage == doctest::Approx(1.0));
  REQUIRE(day.yield.gain);
  CHECK(*day.yield.gain > 0.1);
  CHECK(day.motion_wh.value() == doctest::Approx(0.48).epsilon(0.01));
  CHECK(day.electronics_wh.value() == doctest::Approx(6.0).epsilon(0.01));
  const double fixed = day.yield.fixed.in(watt_hours);
  CHECK(day.net_gain.value() == doctest::Approx(*day.yield.gain - 6.48 / fixed).epsilon(0.01));
  CHECK(day.verdict == Verdict::paying);
  CHECK(gains->curve.times.size() == gains->curve.fixed_w.size());
  CHECK(gains->curve.times.size() > 70);
  REQUIRE(gains->summary);
  CHECK(gains->summary->yield.gain == doctest::Approx(*day.yield.gain));
  CHECK(gains->summary->net_gain == doctest::Approx(*day.net_gain));
}

TEST_CASE("today has no net gain and no verdict before it is over, and asks again in a minute") {
  Ledger ledger;
  FakeReader reader{tracking};
  const UtcMillis noon = kMidnight + 12h;
  const auto gains = ledger.gains(reader, kStation, days(0, 1, noon));
  REQUIRE(gains);
  CHECK(gains->rows[0].yield.gain);
  CHECK_FALSE(gains->rows[0].net_gain);
  CHECK_FALSE(gains->rows[0].verdict);
  CHECK_FALSE(gains->summary);
  CHECK(reader.queries == 1);
  REQUIRE(ledger.gains(reader, kStation, days(0, 1, noon + 30s)));
  CHECK(reader.queries == 1);
  const auto later = ledger.gains(reader, kStation, days(0, 1, noon + 2h));
  REQUIRE(later);
  CHECK(reader.queries == 2);
  CHECK(later->rows[0].yield.fixed > gains->rows[0].yield.fixed);
}

TEST_CASE("what was read while the clock was a year ahead is read anew when it is set back") {
  Ledger ledger;
  FakeReader reader{tracking};
  const auto ahead = ledger.gains(reader, kStation, days(0, 1, kMidnight + 24h * 365));
  REQUIRE(ahead);
  CHECK(ahead->rows.at(0).verdict);
  const auto right = ledger.gains(reader, kStation, days(0, 1, kMidnight + 10h));
  REQUIRE(right);
  CHECK(reader.queries == 2);
  CHECK_FALSE(right->rows.at(0).verdict);
}

TEST_CASE("electronics that eat the gain are said to") {
  Ledger ledger;
  FakeReader reader{[](std::string_view column, UtcMillis at) {
    auto value = tracking(column, at);
    if (column == "device_wh") *value *= 12.0;
    return value;
  }};
  const auto gains = ledger.gains(reader, kStation, days(0, 1, kMidnight + 24h));
  REQUIRE(gains);
  CHECK(gains->rows[0].net_gain.value() < 0.0);
  CHECK(gains->rows[0].verdict == Verdict::not_paying);
  CHECK(gains->summary->verdict == Verdict::not_paying);
  CHECK(to_json(*gains, false).find(R"("verdict":"not_paying")") != std::string::npos);
}

TEST_CASE("what is missing is null and says why") {
  struct Case {
    const char* missing;
    Why why;
  };
  for (const Case& c :
       {Case{"power_actual_w", Why::no_power}, Case{"azimuth_deg", Why::no_direction}}) {
    Ledger ledger;
    FakeReader reader{[&](std::string_view column, UtcMillis at) {
      return column == c.missing ? std::nullopt : tracking(column, at);
    }};
    const auto gains = ledger.gains(reader, kStation, days(0, 1, kMidnight + 24h));
    REQUIRE(gains);
    CHECK(gains->rows[0].why == c.why);
    CHECK_FALSE(gains->rows[0].yield.gain);
    CHECK(to_json(*gains, false).find(R"("fixed_wh":null,"ideal_wh":null,"gain":null)") !=
          std::string::npos);
  }
  Ledger ledger;
  FakeReader nothing{[](std::string_view, UtcMillis) { return std::nullopt; }};
  CHECK(ledger.gains(nothing, kStation, days(0, 1, kMidnight + 24h))->rows[0].why ==
        Why::no_samples);
  FakeReader afternoon{[](std::string_view column, UtcMillis at) {
    return at < kMidnight + 13h ? std::nullopt : tracking(column, at);
  }};
  CHECK(Ledger{}.gains(afternoon, kStation, days(0, 1, kMidnight + 24h))->rows[0].why ==
        Why::little_covered);
  FakeReader night{tracking};
  CHECK(Ledger{}.gains(night, kStation, days(0, 1, kMidnight + 3h))->rows[0].why == Why::night);
}

TEST_CASE("a month is read a few days at a call, the newest first, and then not again") {
  Ledger ledger;
  FakeReader reader{tracking};
  GainQuery query = days(30, 1, kMidnight + 30h);
  const auto first = ledger.gains(reader, kStation, query);
  REQUIRE(first);
  CHECK(reader.queries == kDaysReadMax);
  CHECK(first->rows.size() == kDaysMax);
  CHECK(first->rows.back().why == Why::none);
  CHECK(first->rows.front().why == Why::pending);
  for (int i = 0; i < 3; ++i) REQUIRE(ledger.gains(reader, kStation, query));
  CHECK(reader.queries == kDaysMax);
  const auto all = ledger.gains(reader, kStation, query);
  REQUIRE(all);
  CHECK(reader.queries == kDaysMax);
  CHECK(all->summary_days == kDaysMax);
  CHECK(all->rows.front().why == Why::none);
}

TEST_CASE("hours follow each other, and the days before the first are not among the rows") {
  Ledger ledger;
  FakeReader reader{tracking};
  GainQuery query = days(2, 1, kMidnight + 24h);
  query.first = 2;
  query.by_hour = true;
  const auto gains = ledger.gains(reader, kStation, query);
  REQUIRE(gains);
  REQUIRE(gains->rows.size() == 24);
  for (std::size_t i = 0; i < 24; ++i) {
    CHECK(gains->rows[i].start == kMidnight + Millis{1h} * static_cast<int>(i));
  }
  CHECK(gains->rows[2].why == Why::night);
  CHECK(gains->rows[12].yield.gain);
  CHECK(reader.queries == 3);
}

TEST_CASE("a database that is away is said, and nothing wrong is kept") {
  Ledger ledger;
  FakeReader reader{tracking};
  reader.fails = true;
  CHECK_FALSE(ledger.gains(reader, kStation, days(0, 1, kMidnight + 24h)));
  reader.fails = false;
  CHECK(ledger.gains(reader, kStation, days(0, 1, kMidnight + 24h))->rows[0].yield.gain);
}

TEST_CASE("a counter that starts anew counts from zero") {
  FakeReader reader{[](std::string_view column, UtcMillis at) {
    auto value = tracking(column, at);
    if (column == "device_wh" && at > kMidnight + 12h) *value -= 5.0 - 3.0;
    return value;
  }};
  const auto gains = Ledger{}.gains(reader, kStation, days(0, 1, kMidnight + 24h));
  REQUIRE(gains);
  // Up to noon 3 Wh; then the counter stands at 3 of a new count, and gains 3 more.
  CHECK(gains->rows[0].electronics_wh.value() == doctest::Approx(9.0).epsilon(0.01));
}
