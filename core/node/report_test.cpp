#include "core/node/report.h"

#include <limits>

#include <doctest/doctest.h>

#include "core/node/fakes_test.h"
#include "core/telemetry/schema.h"

using namespace idast;
using namespace idast::node;

namespace {

struct Bench {
  Reporter reporter{watt_hours(100.0)};
  ports::Readings readings = sunny();
  Instant now{};

  void run(Millis lasting, Millis step = Millis{60}) {
    for (const Instant until = now + lasting; now < until; now = now + step) {
      reporter.integrate(readings, now);
    }
    reporter.integrate(readings, now);
  }
  telemetry::Sample sample() const { return reporter.sample(readings, control::Outputs{}); }
};

}  // namespace

TEST_CASE("power is measured volts times amperes, or absent") {
  Bench bench;
  bench.run(Millis{60});
  CHECK(bench.sample().power == watts(8.f));
  CHECK(bench.sample().power_actual == watts(8.f));
  bench.readings.panel_current.reset();
  CHECK_FALSE(bench.sample().power);
  CHECK_FALSE(bench.sample().power_actual);
  bench.readings.panel_current = amperes(std::numeric_limits<float>::quiet_NaN());
  CHECK_FALSE(bench.sample().power);
  CHECK_FALSE(bench.sample().panel_current);
  bench.readings.panel_current = amperes(-0.002f);
  CHECK(bench.sample().power == watts(0.f));
}

TEST_CASE("an hour at eight watts adds eight watt-hours, at any step") {
  for (const Millis step : {Millis{60}, Millis{1'000}, Millis{10'000}}) {
    Bench bench;
    bench.run(std::chrono::hours{1}, step);
    CHECK(bench.sample().energy->in(watt_hours) == doctest::Approx(108.0).epsilon(1e-4));
  }
}

TEST_CASE("a pause of more than two minutes is not integrated, and is counted") {
  Bench bench;
  bench.run(Millis{60});
  bench.now = bench.now + std::chrono::hours{5};
  bench.run(Millis{60});
  CHECK(bench.reporter.energy().in(watt_hours) < 100.01);
  CHECK(bench.reporter.gaps() == 1);
}

TEST_CASE("without a power sensor there is no energy, however long it runs") {
  Bench bench;
  bench.readings.panel_voltage.reset();
  bench.run(std::chrono::minutes{5});
  CHECK_FALSE(bench.sample().energy);
  CHECK_FALSE(bench.sample().efficiency);
}

TEST_CASE("efficiency is battery power over panel power of the last minute") {
  Bench bench;
  bench.run(std::chrono::minutes{2});
  CHECK(bench.sample().efficiency->in(percent) == doctest::Approx(6.2 / 8.0 * 100));
  bench.readings.battery_current = amperes(0.f);
  bench.run(std::chrono::seconds{30});
  const float half = bench.sample().efficiency->in(percent);
  CHECK(half > 35.f);
  CHECK(half < 45.f);
  bench.run(std::chrono::seconds{40});
  CHECK(bench.sample().efficiency == percent(0.f));
  bench.readings.battery_current = amperes(-1.f);
  bench.run(std::chrono::minutes{2}, Millis{10'000});
  CHECK(bench.sample().efficiency == percent(0.f));
}

TEST_CASE("efficiency is absent below half a watt and without a battery meter") {
  Bench bench;
  bench.readings.panel_current = amperes(0.06f);
  bench.run(std::chrono::minutes{2});
  CHECK_FALSE(bench.sample().efficiency);
  bench.readings = sunny();
  bench.readings.battery_current.reset();
  bench.run(std::chrono::minutes{2});
  CHECK_FALSE(bench.sample().efficiency);
}

TEST_CASE("a charge that no gauge measured is an estimate and says so") {
  Bench bench;
  CHECK(bench.sample().battery_charge == percent(87.5f));
  CHECK(bench.sample().estimated.empty());
  bench.readings.battery_charge.reset();
  bench.readings.battery_voltage = volts(6.25f);
  CHECK(bench.sample().battery_charge->in(percent) == doctest::Approx(50.f));
  CHECK(bench.sample().estimated.contains(telemetry::position_of("battery_pct")));
  bench.readings.battery_voltage.reset();
  CHECK_FALSE(bench.sample().battery_charge);
}

TEST_CASE("where nothing was sensed, nothing is said") {
  Bench bench;
  bench.readings = {};
  bench.run(std::chrono::minutes{2});
  const auto sample = bench.sample();
  CHECK_FALSE(sample.top);
  CHECK_FALSE(sample.panel_temperature);
  CHECK_FALSE(sample.battery_voltage);
  CHECK_FALSE(sample.wind);
  CHECK_FALSE(sample.sun_azimuth);
  CHECK(sample.state == State::acquire);
}
