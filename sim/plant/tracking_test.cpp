#include <algorithm>
#include <cstdio>
#include <string>

#include <doctest/doctest.h>

#include "sim/plant/plant.h"
#include "sim/sky/measured_sky.h"
#include "sim/sky/modelled_sky.h"

// The laws of core/control driving the body under a sky: the loop that the twin and the lab close.
using namespace idast;
using namespace idast::sim;
using namespace std::chrono_literals;

namespace {

struct Day {
  double captured = 0.0;     // share of what the best tilt of each minute would have caught
  double servo_share = 0.0;  // of the harvest
  int minutes_stowed = 0;
};

Day track(const Sky& sky, UtcMillis from, UtcMillis to, control::Law law, Millis dt,
          LightProfile profile = LightProfile::reference) {
  control::Settings settings;
  settings.law = law;
  settings.place = sky.place();
  settings.wind.anemometer = true;
  PlantParameters parameters;
  parameters.mount = settings.mount;
  parameters.longitude = sky.place().longitude;
  parameters.light.profile = profile;
  control::Tracker tracker{settings};
  Plant plant{parameters, 1};
  control::Outputs out = tracker.step({});
  double light = 0.0;
  double best_light = 0.0;
  Day day;
  UtcMillis minute = from;
  for (UtcMillis at = from; at < to; at = at + dt) {
    const Conditions now = sky.at(at);
    plant.step(dt, now, {.target = out.target, .motors_on = out.motors_on});
    const Readings& seen = plant.readings();
    out = tracker.step({.now = Instant{at - from + dt},
                        .utc = at,
                        .light = seen.light,
                        .wind = seen.wind,
                        .battery = seen.battery_charge});
    if (at < minute) continue;
    minute = minute + 1min;
    day.minutes_stowed += out.state == State::stow ? 1 : 0;
    if (now.sun.elevation <= degrees(0.5f)) continue;
    double best = 0.0;
    for (int share = 0; share <= 20; ++share) {
      const Degrees up = now.sun.elevation +
                         (degrees(90.f) - now.sun.elevation) * (0.05f * static_cast<float>(share));
      best = std::max<double>(
          best, plane_light(now, {now.sun.azimuth, up}).total().in(watts_per_square_metre));
    }
    best_light += best;
    light += plant.truth().light.total().in(watts_per_square_metre);
  }
  day.captured = light / best_light;
  day.servo_share = plant.readings().servo_energy / plant.truth().panel_energy;
  return day;
}

}  // namespace

TEST_CASE(
    "on measured days the laws catch what they should, the naive one less in sun, more under "
    "cloud") {
  struct Case {
    const char* name;
    double naive_min, ephemeris_min, ephemeris_max;
  };
  for (const Case& c :
       {Case{"slv16001.csv", 0.95, 0.999, 1.001}, Case{"srrl20120517.csv", 0.90, 0.985, 1.0},
        Case{"psu17010.csv", 0.90, 0.70, 0.85}}) {
    const auto file =
        read_weather(std::string{IDAST_SOURCE_DIR} + "/../shared/reference/weather/" + c.name);
    if (!file) {
      std::printf("SKIPPED: reference/weather/%s is not here\n", c.name);
      continue;
    }
    const MeasuredSky sky{*file};
    const auto run = [&](control::Law law) {
      return track(sky, sky.replay_start(), sky.last(), law, 2s);
    };
    const Day naive = run(control::Law::naive);
    const Day ephemeris = run(control::Law::ephemeris);
    std::printf(
        "%s: captured by naive %.4f, by ephemeris %.4f; servo %.3f %% and %.3f %% of harvest\n",
        c.name, naive.captured, ephemeris.captured, 100 * naive.servo_share,
        100 * ephemeris.servo_share);
    CHECK(naive.captured >= c.naive_min);
    CHECK(ephemeris.captured >= c.ephemeris_min);
    CHECK(ephemeris.captured <= c.ephemeris_max);
    CHECK(naive.servo_share < 0.01);
    CHECK(ephemeris.servo_share < 0.01);
  }
}

TEST_CASE("on a modelled clear day both laws follow the sun, at 60 ms as at 10 s") {
  const ModelledSky sky{{degrees(-1.29f), degrees(36.82f), metres(1700.f)},
                        2,
                        {.clear_share = 1.0, .squall_share = 0.0}};
  const UtcMillis noon{1'717'232'400'000 -
                       60'000};  // 2024-06-01T09:00Z, 11:27 by the sun of Nairobi
  for (const control::Law law : {control::Law::naive, control::Law::ephemeris}) {
    const Day fast = track(sky, noon, noon + 30min, law, 60ms);
    const Day slow = track(sky, noon - 2h, noon + 3h, law, 10s);
    CHECK(fast.captured > 0.95);
    CHECK(slow.captured > 0.95);
    CHECK(fast.minutes_stowed == 0);
  }
}

TEST_CASE("a squall lays the panel flat and lets it go again") {
  const ModelledSky sky{
      {degrees(13.75f), degrees(121.05f), metres(10.f)}, 2, {.squall_share = 1.0}};
  const UtcMillis midnight{1'717'171'200'000};  // 2024-05-31T16:00Z
  const Day day = track(sky, midnight, midnight + 24h, control::Law::ephemeris, 10s);
  CHECK(day.minutes_stowed >= 10);
  CHECK(day.minutes_stowed <= 30);
}

TEST_CASE(
    "bare sensors on 10 kΩ are saturated in sun, and the fielded law then says so and stays") {
  const ModelledSky sky{{degrees(13.75f), degrees(121.05f), metres(10.f)}, 2, {.clear_share = 1.0}};
  const UtcMillis morning{1'717'200'000'000};  // 8 o'clock in Batangas
  const Day day =
      track(sky, morning, morning + 8h, control::Law::naive, 10s, LightProfile::fielded);
  CHECK(day.captured < 0.95);
}
