#include "server/insight/yield.h"

#include <cmath>

#include <doctest/doctest.h>

#include "server/insight/off_mpp.h"

using namespace idast;
using namespace idast::insight;
using namespace std::chrono_literals;

namespace {

const Station kStation{.place = {degrees(13.75f), degrees(121.05f)}};
constexpr UtcMillis kMorning{1'717'200'000'000};  // 2024-06-01T00:00Z, 8 o'clock in Batangas

// Four hours of a panel that faces 60° up in the east and gives 6 W.
std::vector<Minute> steady_hours() {
  std::vector<Minute> minutes;
  for (int i = 0; i < 240; ++i) {
    minutes.push_back({.at = kMorning + i * Millis{1min} + 30s,
                       .power = watts(6.f),
                       .panel_temperature = celsius(45.f),
                       .azimuth = degrees(80.f),
                       .elevation = degrees(60.f)});
  }
  return minutes;
}

Yield yield_of(const std::vector<Minute>& minutes) {
  return sum(estimate(minutes, kStation), 0, minutes.size());
}

}  // namespace

TEST_CASE("a tracked panel is compared with what it measured itself") {
  const Yield yield = yield_of(steady_hours());
  CHECK(yield.tracked.in(watt_hours) == doctest::Approx(24.0).epsilon(1e-4));
  CHECK(yield.coverage == doctest::Approx(1.0));
  CHECK(yield.off_mpp_minutes == 0);
  REQUIRE(yield.gain);
  CHECK(*yield.gain_low < *yield.gain);
  CHECK(*yield.gain < *yield.gain_high);
  CHECK(yield.ideal >= yield.fixed);
}

TEST_CASE("what is not measured is not estimated") {
  auto no_power = steady_hours();
  for (Minute& minute : no_power) minute.power.reset();
  auto no_direction = steady_hours();
  for (Minute& minute : no_direction) minute.elevation.reset();
  auto night = steady_hours();
  for (Minute& minute : night) minute.at = minute.at + 12h;
  for (const auto& minutes : {no_power, no_direction, night, std::vector<Minute>{}}) {
    const Yield yield = yield_of(minutes);
    CHECK_FALSE(yield.gain);
    CHECK_FALSE(yield.gain_low);
    CHECK(yield.fixed == watt_hours(0.0));
    CHECK(yield.coverage == 0.0);
  }
}

TEST_CASE("less than most of the daylight gives sums, and no gain") {
  auto minutes = steady_hours();
  for (std::size_t i = 0; i < 140; ++i) minutes[i].power.reset();
  const Yield yield = yield_of(minutes);
  CHECK(yield.coverage < kCoverageMin);
  CHECK(yield.fixed > watt_hours(1.0));
  CHECK_FALSE(yield.gain);
}

TEST_CASE("a missing thermometer and missing minutes widen the band") {
  const Yield whole = yield_of(steady_hours());
  auto holes = steady_hours();
  for (std::size_t i = 0; i < 60; ++i) holes[i].power.reset();
  const Yield parts = yield_of(holes);
  REQUIRE(parts.gain);
  CHECK(*parts.gain_high - *parts.gain_low > *whole.gain_high - *whole.gain_low);
}

TEST_CASE("a panel that lies flat gives what flat panels give, whatever the sky was") {
  auto minutes = steady_hours();
  for (Minute& minute : minutes) minute.elevation = degrees(90.f);
  const Station equator{.place = {degrees(0.f), degrees(121.05f)}};
  const Yield yield = sum(estimate(minutes, equator), 0, minutes.size());
  REQUIRE(yield.gain);
  CHECK(*yield.gain == doctest::Approx(0.0).epsilon(0.002));
}

TEST_CASE("readings out of their senses do no more harm than that") {
  auto minutes = steady_hours();
  minutes[3].power = watts(1e6f);
  minutes[4].power = watts(-5.f);
  minutes[5].panel_temperature = celsius(900.f);
  minutes[6].wind = metres_per_second(-3.f);
  minutes[7].azimuth = degrees(1e7f);
  const Yield yield = yield_of(minutes);
  REQUIRE(yield.gain);
  CHECK(std::isfinite(*yield.gain));
  CHECK(std::isfinite(*yield.gain_high));
}

TEST_CASE("a swing is an angle: across north and high up azimuth says little") {
  const auto swing = [](float az_low, float az_high, float el_low, float el_high) {
    return swing_of(degrees(az_low), degrees(az_high), degrees(el_low), degrees(el_high))
        .in(degrees);
  };
  CHECK(swing(100.f, 101.f, 40.f, 41.f) == doctest::Approx(1.0));
  CHECK(swing(1.f, 359.f, 30.f, 30.f) < 2.f);
  CHECK(swing(10.f, 170.f, 89.f, 89.f) < 3.f);
  CHECK(swing(100.f, 160.f, 30.f, 30.f) > 45.f);
}

TEST_CASE("a minute in which the panel swung keeps its energy and takes its light from others") {
  auto swung = steady_hours();
  swung[100].swing = degrees(40.f);
  swung[100].elevation = degrees(0.f);
  swung[100].power = watts(2.f);
  const Estimates with = estimate(swung, kStation);
  const Estimates without = estimate(steady_hours(), kStation);
  CHECK(with.use[100] == Use::moved);
  CHECK(with.powers[0][100].tracked == watts(2.f));
  CHECK(with.powers[0][100].fixed.in(watts) ==
        doctest::Approx(without.powers[0][100].fixed.in(watts)).epsilon(0.03));
  for (Minute& minute : swung) minute.swing = degrees(40.f);
  CHECK(sum(estimate(swung, kStation), 0, swung.size()).coverage == 0.0);
}

TEST_CASE("a panel that rocks a little for an hour tells its light itself") {
  // Bright before and after, grey in between: its neighbours would tell of another sky.
  auto rocked = steady_hours();
  for (std::size_t i = 100; i < 160; ++i) {
    rocked[i].swing = degrees(10.f);
    rocked[i].power = *rocked[i].power * 0.2f;
  }
  const Estimates with = estimate(rocked, kStation);
  const Estimates without = estimate(steady_hours(), kStation);
  for (std::size_t i = 100; i < 160; ++i) {
    CHECK(with.use[i] == Use::measured);
    CHECK(with.powers[0][i].fixed < without.powers[0][i].fixed * 0.4f);
  }
}

TEST_CASE("a panel that looks away from the sun takes the sky of the minutes when it did not") {
  // East all day, under a grey sky: as bright in the afternoon, with the sun behind it, as before.
  std::vector<Minute> minutes;
  for (int i = -120; i < 480; ++i) {
    const UtcMillis at = kMorning + i * Millis{1min};
    const auto sun = sun::position(at, kStation.place);
    const float up = std::max(0.f, std::sin(sun.elevation.in(degrees) / 57.2958f));
    minutes.push_back({.at = at,
                       .power = watts(2.2f * up),
                       .panel_temperature = celsius(30.f),
                       .azimuth = degrees(90.f),
                       .elevation = degrees(40.f)});
  }
  const Yield yield = yield_of(minutes);
  REQUIRE(yield.gain);
  // Without a beam a steep panel cannot lose much more than its share of the sky.
  CHECK(*yield.gain > -0.35);
  CHECK(*yield.gain < 0.05);
}

TEST_CASE("the light index goes with the light and leaves out what is dark or saturated") {
  using Counts = std::optional<double>;
  const auto index = [](Counts a, Counts b, Counts c) {
    const Counts counts[] = {a, b, c};
    return light_index(counts);
  };
  CHECK_FALSE(index({}, {}, {}));
  CHECK_FALSE(index(4095.0, 0.0, 4000.0));
  CHECK(index(2047.5, 4095.0, {}) == doctest::Approx(0.0));
  CHECK(*index(3000.0, 3000.0, 3000.0) > *index(2000.0, 2000.0, 2000.0));
}

TEST_CASE("only a full battery takes a panel off its maximum power point") {
  auto minutes = steady_hours();
  for (std::size_t i = 0; i < minutes.size(); ++i) {
    minutes[i].battery_charge = percent(i < 120 ? 60.f : 97.f);
    // From noon on the charger takes half, and the voltage runs up.
    minutes[i].panel_voltage = volts(i < 120 ? 8.2f : 9.1f);
    if (i >= 120) minutes[i].power = watts(3.f);
  }
  const auto off = off_maximum_power_point(minutes, kStation);
  CHECK_FALSE(off[60]);
  CHECK(off[180]);
  for (Minute& minute : minutes) minute.battery_charge = percent(60.f);
  CHECK_FALSE(off_maximum_power_point(minutes, kStation)[180]);
}

TEST_CASE("with a full battery and nothing to judge by, power is not believed") {
  auto minutes = steady_hours();
  for (Minute& minute : minutes) minute.battery_charge = percent(99.f);
  const Yield yield = yield_of(minutes);
  CHECK(yield.off_mpp == doctest::Approx(1.0));
  CHECK_FALSE(yield.gain);
}

TEST_CASE("a rating moves by clear days, slowly and not beyond belief") {
  const float days[] = {0.9f, 0.9f, 0.9f, 0.9f, 0.9f, 0.9f};
  CHECK(rating_of({}).factor == 1.f);
  CHECK(rating_of({}).deviation == doctest::Approx(0.05));
  const Rating one = rating_of({days, 1});
  const Rating many = rating_of(days);
  CHECK(one.factor < 1.f);
  CHECK(many.factor < one.factor);
  CHECK(many.factor > 0.9f);
  CHECK(many.deviation == doctest::Approx(0.03));
  CHECK_FALSE(rating_factor(steady_hours(), kStation));  // facing away, and no clear light
}

TEST_CASE("Erbs' share falls from all to a sixth, and the climate knows seasons and hemispheres") {
  CHECK(erbs_diffuse_share(0.f) == 1.f);
  CHECK(erbs_diffuse_share(0.5f) == doctest::Approx(0.6592).epsilon(1e-3));
  CHECK(erbs_diffuse_share(0.9f) == doctest::Approx(0.165));
  constexpr UtcMillis kJuly{1'721'000'000'000};
  const auto air = [](float latitude) {
    return climate_air_temperature(kJuly, {degrees(latitude), degrees(0.f)}).in(celsius);
  };
  CHECK(air(0.f) == doctest::Approx(27.0));
  CHECK(air(50.f) > air(-50.f) + 15.f);
}
