#include "core/control/tracker.h"

#include <array>
#include <chrono>
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/base/random.h"

using namespace idast;
using namespace idast::control;
using namespace std::chrono_literals;

namespace {

const sun::Place kBatangas{degrees(13.75f), degrees(121.05f)};
constexpr UtcMillis kMorning{1'710'896'400'000};   // 2024-03-20T01:00:00Z, 9:00 in Batangas
constexpr UtcMillis kMidnight{1'710'864'000'000};  // 16:00Z the day before, midnight in Batangas

Settings with(Law law) {
  Settings settings;
  settings.law = law;
  settings.place = kBatangas;
  return settings;
}

// Drives a tracker at a fixed step and remembers its last answer.
struct Bench {
  Tracker tracker;
  Inputs inputs{};
  Outputs out{};

  explicit Bench(const Settings& settings, UtcMillis utc = kMorning) : tracker{settings} {
    inputs.utc = utc;
  }
  Outputs run(Millis duration, Millis step = Millis{100}) {
    for (Millis passed{0}; passed < duration; passed += step) {
      out = tracker.step(inputs);
      inputs.now = inputs.now + step;
      if (inputs.utc) inputs.utc = *inputs.utc + step;
    }
    return out;
  }
};

Light light(int top, int left, int right) {
  return {static_cast<std::uint16_t>(top), static_cast<std::uint16_t>(left),
          static_cast<std::uint16_t>(right), std::nullopt};
}

}  // namespace

TEST_CASE("the ephemeris law points the panel at the sun and then holds still") {
  for (const MountKind kind : {MountKind::az_el, MountKind::tilt_tilt}) {
    Settings settings = with(Law::ephemeris);
    settings.mount.kind = kind;
    Bench bench{settings};
    const Outputs out = bench.run(30s);
    REQUIRE(out.sun);
    CHECK(out.state == State::track);
    CHECK(out.reason == Reason::sun_unguarded);
    CHECK(angle_between(out.panel, *out.sun) < degrees(0.5f));
    CHECK(out.steady);
    CHECK_FALSE(out.motors_on);
  }
}

TEST_CASE(
    "through a whole year of days the ephemeris law stays within its hysteresis of a sun above 5 "
    "degrees") {
  for (const float latitude : {-33.9f, -1.3f, 0.f, 13.75f, 52.5f}) {
    Settings settings = with(Law::ephemeris);
    settings.place->latitude = degrees(latitude);
    for (int day = 0; day < 365; day += 61) {
      Bench bench{settings, kMidnight + 24h * day};
      for (int minute = 0; minute < 24 * 60; ++minute) {
        const Outputs out = bench.run(60s, 10s);
        // Beyond 87° an azimuth axis has to turn half around: the keyhole.
        const bool judged = out.sun->elevation > degrees(5.f) &&
                            out.sun->elevation < degrees(87.f) && out.target == out.goal;
        if (judged && minute > 0) {
          CAPTURE(latitude);
          CAPTURE(day);
          CAPTURE(minute);
          REQUIRE(angle_between(out.panel, *out.sun) < degrees(0.75f));
        }
      }
    }
  }
}

TEST_CASE("without clock or site the ephemeris law holds still and says why") {
  Bench clockless{with(Law::ephemeris)};
  clockless.inputs.utc.reset();
  CHECK(clockless.run(5s).reason == Reason::no_clock);
  CHECK(clockless.out.state == State::acquire);
  CHECK_FALSE(clockless.out.motors_on);

  Settings placeless = with(Law::ephemeris);
  placeless.place.reset();
  Bench siteless{placeless};
  CHECK(siteless.run(5s).reason == Reason::no_site);
  CHECK_FALSE(siteless.out.motors_on);
  CHECK_FALSE(siteless.out.sun);

  placeless.place = sun::Place{degrees(std::nanf("")), degrees(0.f)};
  siteless.tracker.configure(placeless);
  CHECK(siteless.run(5s).reason == Reason::no_site);
}

TEST_CASE("at night the panel lies flat with motors off, and wakes with the sun") {
  Bench bench{with(Law::ephemeris), kMidnight};
  CHECK(bench.run(60s).state == State::night);
  CHECK(bench.out.reason == Reason::sun_down);
  CHECK(bench.out.panel.elevation > degrees(89.f));
  CHECK_FALSE(bench.out.motors_on);
  bench.run(7h, 10s);
  CHECK(bench.out.state == State::track);
}

TEST_CASE("the fielded law turns towards the brighter sensor, one degree each loop") {
  struct Case {
    const char* name;
    Light seen;
    float pan, tilt;  // degrees moved in ten loops
  };
  for (const Case& c : {Case{"left", light(2000, 2600, 1400), -10.f, 0.f},
                        Case{"right", light(2000, 1400, 2600), 10.f, 0.f},
                        Case{"top", light(2600, 2000, 2000), 0.f, 10.f},
                        Case{"below", light(1400, 2000, 2000), 0.f, -10.f},
                        Case{"even", light(2000, 2000, 2000), 0.f, 0.f},
                        Case{"inside 8 %", light(2150, 2080, 1930), 0.f, 0.f},
                        Case{"inside 60", light(300, 330, 280), 0.f, 0.f}}) {
    CAPTURE(c.name);
    Settings settings = with(Law::naive);
    Tracker tracker{settings, {degrees(90.f), degrees(80.f)}};
    Inputs inputs;
    inputs.light = c.seen;
    Outputs out = tracker.step(inputs);
    for (int i = 0; i < 10; ++i) {
      inputs.now = inputs.now + 60ms;
      out = tracker.step(inputs);
    }
    CHECK(out.target.pan.in(degrees)-90.f == doctest::Approx(c.pan));
    CHECK(out.target.tilt.in(degrees)-80.f == doctest::Approx(c.tilt));
  }
}

TEST_CASE("a flipped panel turns the other way for the same light") {
  Tracker tracker{with(Law::naive), {degrees(90.f), degrees(140.f)}};
  Inputs inputs;
  inputs.light = light(2000, 2600, 1400);
  tracker.step(inputs);
  inputs.now = inputs.now + 60ms;
  CHECK(tracker.step(inputs).target.pan.in(degrees) == doctest::Approx(91.f));
}

TEST_CASE("the fielded law locks inside the dead band and leaves at twice the dead band") {
  Tracker tracker{with(Law::naive)};
  Inputs inputs;
  const auto settle = [&](const Light& seen) {
    inputs.light = seen;
    Outputs out;
    for (int i = 0; i < 100; ++i) {
      inputs.now = inputs.now + 60ms;
      out = tracker.step(inputs);
    }
    return out;
  };
  CHECK(settle(light(3000, 3000, 3000)).steady);
  const Outputs before = settle(light(3000, 3200, 2800));  // error 400: over the band, under twice
  CHECK(before.steady);
  CHECK(before.target == Pose{});
  const Outputs after = settle(light(3000, 3400, 2600));  // error 800: over twice the band
  CHECK_FALSE(after.steady);
  CHECK(after.target.pan < degrees(90.f));
  // Dim light is never steady.
  CHECK_FALSE(settle(light(900, 900, 900)).steady);
}

TEST_CASE("the smoothed counts, errors and average add up and follow the fielded weight") {
  Tracker tracker{with(Law::naive)};
  Inputs inputs;
  inputs.light = light(1000, 1000, 1000);
  tracker.step(inputs);
  inputs.light = light(2000, 1000, 3000);
  inputs.now = inputs.now + 60ms;
  const auto errors = tracker.step(inputs).light;
  REQUIRE(errors);
  CHECK(errors->light.top == 1150);
  CHECK(errors->light.right == 1300);
  CHECK(errors->horizontal == -300);
  CHECK(errors->average == 1150);
  CHECK(errors->vertical == 0);
}

TEST_CASE("darkness, saturation and missing sensors are told apart") {
  Bench bench{with(Law::naive)};
  CHECK(bench.run(1s).reason == Reason::no_light);
  CHECK(bench.out.state == State::fault);
  bench.inputs.light = light(3, 0, 5);
  CHECK(bench.run(1s).reason == Reason::light_low);
  CHECK(bench.out.state == State::night);
  bench.inputs.light = light(4095, 4095, 4095);
  CHECK(bench.run(10s).reason == Reason::saturated);
}

TEST_CASE("manual goes where it is told and ends by itself") {
  for (const Law law : {Law::naive, Law::ephemeris, Law::hybrid}) {
    Bench bench{with(law)};
    bench.inputs.light = light(2000, 2000, 2000);
    bench.run(20s);
    Command command{.mode = Mode::manual, .pan = degrees(30.f), .tilt = degrees(120.f)};
    command.manual_for = 60s;
    REQUIRE(bench.tracker.obey(command, bench.inputs.now));
    CHECK(bench.run(20s).target == Pose{degrees(30.f), degrees(120.f)});
    CHECK(bench.out.state == State::manual);
    CHECK(bench.out.manual);
    bench.run(41s);
    CHECK_FALSE(bench.out.manual);
    CHECK(bench.out.state != State::manual);
  }
}

TEST_CASE("manual for ever is cut to a day") {
  Bench bench{with(Law::ephemeris)};
  Command command{.mode = Mode::manual};
  command.manual_for = Millis::max();
  REQUIRE(bench.tracker.obey(command, bench.inputs.now));
  CHECK(bench.run(23h, 60s).manual);
  CHECK_FALSE(bench.run(2h, 60s).manual);
}

TEST_CASE("a direction can be commanded, and bad commands are refused and change nothing") {
  Bench bench{with(Law::ephemeris)};
  REQUIRE(bench.tracker.obey(
      {.mode = Mode::manual, .direction = Direction{degrees(120.f), degrees(40.f)}},
      bench.inputs.now));
  bench.run(20s);
  CHECK(angle_between(bench.out.panel, {degrees(120.f), degrees(40.f)}) < degrees(0.1f));

  const Degrees nan = degrees(std::nanf(""));
  struct Case {
    Command command;
    Refusal refusal;
  };
  for (const Case& c :
       {Case{{.mode = Mode::manual, .pan = nan}, Refusal::not_a_number},
        Case{{.mode = Mode::manual, .tilt = degrees(181.f)}, Refusal::out_of_range},
        Case{{.mode = Mode::manual, .direction = Direction{nan, degrees(4.f)}},
             Refusal::not_a_number},
        Case{{.mode = Mode::manual, .direction = Direction{degrees(0.f), degrees(-4.f)}},
             Refusal::out_of_range},
        Case{{.mode = Mode::manual, .pan = degrees(3.f), .direction = Direction{}},
             Refusal::conflict},
        Case{{.mode = Mode::automatic, .pan = degrees(3.f)}, Refusal::conflict},
        Case{{.mode = Mode::manual, .manual_for = 0ms}, Refusal::duration}}) {
    const auto answer = bench.tracker.obey(c.command, bench.inputs.now);
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == c.refusal);
    CHECK(bench.tracker.mode() == Mode::manual);
  }
}

TEST_CASE("stop keeps the motors off until another mode, whatever the wind does") {
  Settings settings = with(Law::ephemeris);
  settings.wind.anemometer = true;
  Bench bench{settings};
  bench.inputs.wind = metres_per_second(3.f);
  REQUIRE(bench.tracker.obey({.mode = Mode::stop}, bench.inputs.now));
  const Pose before = bench.run(1s).target;
  bench.inputs.wind = metres_per_second(25.f);
  bench.run(3h, 10s);
  CHECK(bench.out.target == before);
  CHECK_FALSE(bench.out.motors_on);
  CHECK(bench.out.reason == Reason::stopped);
  REQUIRE(bench.tracker.obey({.mode = Mode::automatic}, bench.inputs.now));
  CHECK(bench.run(30s).state == State::stow);
}

TEST_CASE(
    "wind at the threshold lays the panel flat within 30 s and keeps it so for ten calm minutes") {
  Settings settings = with(Law::ephemeris);
  settings.wind.anemometer = true;
  Bench bench{settings};
  bench.inputs.wind = metres_per_second(14.9f);
  CHECK(bench.run(60s).state == State::track);
  CHECK(bench.out.reason == Reason::sun_up);
  CHECK(bench.out.wind_guard);
  bench.inputs.wind = metres_per_second(15.f);
  bench.run(30s);
  CHECK(bench.out.state == State::stow);
  CHECK(bench.out.reason == Reason::wind_high);
  CHECK(bench.out.panel.elevation > degrees(89.f));

  bench.inputs.wind = metres_per_second(11.f);
  CHECK(bench.run(9min).state == State::stow);
  bench.inputs.wind = metres_per_second(12.f);  // a gust begins the ten minutes anew
  bench.run(1s);
  bench.inputs.wind = metres_per_second(11.f);
  CHECK(bench.run(9min + 50s).state == State::stow);
  CHECK(bench.run(20s).state == State::track);
}

TEST_CASE("a silent or lying anemometer stows after a minute, manual or not") {
  for (const auto& reading :
       {std::optional<MetresPerSecond>{}, std::optional{metres_per_second(std::nanf(""))},
        std::optional{metres_per_second(-3.f)}, std::optional{metres_per_second(1e9f)}}) {
    Settings settings = with(Law::naive);
    settings.wind.anemometer = true;
    Bench bench{settings};
    bench.inputs.light = light(2000, 2000, 2000);
    bench.inputs.wind = metres_per_second(2.f);
    bench.run(10s);
    REQUIRE(bench.tracker.obey({.mode = Mode::manual, .tilt = degrees(30.f)}, bench.inputs.now));
    bench.inputs.wind = reading;
    CHECK(bench.run(59s).state == State::manual);
    CHECK(bench.run(5s).state == State::stow);
    CHECK(bench.out.reason == Reason::wind_unknown);
  }
}

TEST_CASE("a loop that stalled does not move the target in one leap, and the goal is told") {
  Settings settings = with(Law::ephemeris);
  settings.rate_max = degrees_per_second(30.f);
  Bench bench{settings};
  bench.run(10s);
  const Pose before = bench.out.target;
  const Degrees far = before.pan > degrees(90.f) ? degrees(0.f) : degrees(180.f);
  REQUIRE(bench.tracker.obey({.mode = Mode::manual, .pan = far}, bench.inputs.now));
  bench.inputs.now = bench.inputs.now + Millis{std::chrono::seconds{5}};
  bench.out = bench.tracker.step(bench.inputs);
  CHECK(std::abs((bench.out.target.pan - before.pan).in(degrees)) <= 30.01f);
  CHECK(bench.out.goal.pan == far);
}

TEST_CASE("a battery gauge that falls silent or foolish does not release the motors") {
  Bench bench{with(Law::ephemeris)};
  bench.inputs.battery = percent(5.f);
  CHECK(bench.run(10s).reason == Reason::battery_low);
  bench.inputs.battery.reset();
  CHECK(bench.run(10s).reason == Reason::battery_low);
  bench.inputs.battery = percent(std::numeric_limits<float>::quiet_NaN());
  CHECK(bench.run(10s).reason == Reason::battery_low);
  bench.inputs.battery = percent(9.f);
  const Outputs held = bench.run(10s);
  CHECK(held.reason == Reason::battery_low);
  CHECK_FALSE(held.motors_on);
}

TEST_CASE("a weak battery holds the motors until it has recovered") {
  Bench bench{with(Law::ephemeris)};
  bench.inputs.battery = percent(7.f);
  CHECK(bench.run(10s).reason == Reason::battery_low);
  CHECK_FALSE(bench.out.motors_on);
  bench.inputs.battery = percent(12.f);
  CHECK(bench.run(10s).reason == Reason::battery_low);
  bench.inputs.battery = percent(16.f);
  CHECK(bench.run(10s).state == State::track);
}

TEST_CASE("unsound settings never drive a motor") {
  for (int i = 0; i < 6; ++i) {
    Settings settings = with(Law::ephemeris);
    if (i == 0) settings.mount.pan.min = degrees(std::nanf(""));
    if (i == 1) settings.mount.tilt.max = degrees(200.f);
    if (i == 2) std::swap(settings.mount.pan.min, settings.mount.pan.max);
    if (i == 3) settings.mount.tilt.direction = 0;
    if (i == 4) settings.rate_max = degrees_per_second(std::numeric_limits<float>::infinity());
    if (i == 5) settings.naive.loop = 0ms;
    Bench bench{settings};
    bench.run(10s);
    CHECK(bench.out.reason == Reason::settings_unsound);
    CHECK(bench.out.state == State::fault);
    CHECK_FALSE(bench.out.motors_on);
  }
}

TEST_CASE(
    "a sun out of reach is named, approached as far as it goes, and does not keep the motors on") {
  Settings settings = with(Law::ephemeris);
  settings.mount.pan.min = degrees(80.f);
  settings.mount.pan.max = degrees(100.f);
  settings.mount.tilt.min = degrees(70.f);
  settings.mount.tilt.max = degrees(110.f);
  Bench bench{settings, kMorning - 2h};
  bench.run(60s);
  CHECK(bench.out.reason == Reason::out_of_reach);
  int on = 0;
  for (int i = 0; i < 600; ++i) on += bench.run(1s, 1s).motors_on ? 1 : 0;
  CHECK(on < 60);
}

TEST_CASE("words of states and reasons are stable, unique and short enough to store") {
  for (std::size_t i = 0; i < kReasonWords.size(); ++i) {
    CHECK(kReasonWords[i].size() <= 32);
    CHECK_FALSE(kReasonWords[i].empty());
    for (std::size_t j = 0; j < i; ++j) CHECK(kReasonWords[i] != kReasonWords[j]);
  }
  CHECK(to_text(State::acquire) == "acquire");
  CHECK(to_text(State::fault) == "fault");
  CHECK(law_from("naive") == Law::naive);
  CHECK(law_from("hybrid") == Law::hybrid);
  CHECK_FALSE(law_from("fixed"));
}

namespace {

float wild(Random& random) {
  constexpr std::array<float, 8> kEdges{0.f,
                                        -1.f,
                                        1e9f,
                                        -1e9f,
                                        180.f,
                                        std::numeric_limits<float>::infinity(),
                                        -std::numeric_limits<float>::infinity(),
                                        std::numeric_limits<float>::quiet_NaN()};
  if (random.unit() < 0.3) return kEdges[random.next() % kEdges.size()];
  return static_cast<float>(random.between(-50.0, 250.0));
}

Inputs wild_inputs(Random& random, Instant now) {
  Inputs inputs;
  inputs.now = now;
  const auto maybe = [&](double share) { return random.unit() < share; };
  if (maybe(0.8))
    inputs.utc = UtcMillis{static_cast<std::int64_t>(random.next() >> (random.next() % 40))};
  if (maybe(0.8)) {
    inputs.light =
        Light{static_cast<std::uint16_t>(random.next()), static_cast<std::uint16_t>(random.next()),
              static_cast<std::uint16_t>(random.next() % 4096), std::nullopt};
    if (maybe(0.5)) inputs.light->bottom = static_cast<std::uint16_t>(random.next());
  }
  if (maybe(0.7)) inputs.wind = metres_per_second(wild(random) / 10.f);
  if (maybe(0.5)) inputs.panel_power = watts(wild(random));
  if (maybe(0.5)) inputs.panel_temperature = celsius(wild(random));
  if (maybe(0.5)) inputs.battery = percent(wild(random));
  return inputs;
}

Command wild_command(Random& random) {
  Command command{.mode = static_cast<Mode>(random.next() % 4)};
  if (random.unit() < 0.4) command.pan = degrees(wild(random));
  if (random.unit() < 0.4) command.tilt = degrees(wild(random));
  if (random.unit() < 0.3)
    command.direction = Direction{degrees(wild(random)), degrees(wild(random))};
  if (random.unit() < 0.5) command.manual_for = Millis{static_cast<std::int64_t>(random.next())};
  return command;
}

Settings wild_settings(Random& random) {
  Settings settings = with(std::array{Law::naive, Law::ephemeris, Law::hybrid}[random.next() % 3]);
  settings.mount.kind = random.unit() < 0.5 ? MountKind::az_el : MountKind::tilt_tilt;
  settings.mount.heading = degrees(static_cast<float>(random.between(-360.0, 360.0)));
  for (Axis* axis : {&settings.mount.pan, &settings.mount.tilt}) {
    axis->min = degrees(static_cast<float>(random.between(0.0, 90.0)));
    axis->max = degrees(static_cast<float>(random.between(90.0, 180.0)));
    axis->neutral = degrees(static_cast<float>(random.between(0.0, 180.0)));
    axis->direction = random.unit() < 0.5 ? 1 : -1;
  }
  settings.place->latitude = degrees(static_cast<float>(random.between(-90.0, 90.0)));
  settings.wind.anemometer = random.unit() < 0.5;
  settings.rate_max = degrees_per_second(static_cast<float>(random.between(0.0, 90.0)));
  return settings;
}

}  // namespace

TEST_CASE("whatever comes in, targets keep their limits and rates, and every number is a number") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random{seed};
    const Settings settings = wild_settings(random);
    Tracker tracker{settings, {degrees(wild(random)), degrees(wild(random))}};
    Instant now{Millis{1000}};
    Inputs first;
    first.now = now;
    Pose before = tracker.step(first).target;
    Instant furthest = now;
    for (int i = 0; i < 1000; ++i) {
      now = now + Millis{static_cast<std::int64_t>(random.next() % 2000) - 300};
      const Millis passed = std::max(Millis{0}, now - furthest);
      furthest = std::max(furthest, now);
      if (random.unit() < 0.05) (void)tracker.obey(wild_command(random), now);
      const Outputs out = tracker.step(wild_inputs(random, now));

      const float most =
          settings.rate_max.in(degrees_per_second) * static_cast<float>(passed.count()) / 1000.f;
      CAPTURE(seed);
      CAPTURE(i);
      REQUIRE(out.target.pan >= settings.mount.pan.min);
      REQUIRE(out.target.pan <= settings.mount.pan.max);
      REQUIRE(out.target.tilt >= settings.mount.tilt.min);
      REQUIRE(out.target.tilt <= settings.mount.tilt.max);
      REQUIRE(std::abs((out.target.pan - before.pan).in(degrees)) <= most + 1e-3f);
      REQUIRE(std::abs((out.target.tilt - before.tilt).in(degrees)) <= most + 1e-3f);
      REQUIRE(std::isfinite(out.panel.azimuth.in(degrees)));
      REQUIRE(std::isfinite(out.panel.elevation.in(degrees)));
      if (tracker.mode() == Mode::stop) REQUIRE_FALSE(out.motors_on);
      before = out.target;
    }
  }
}

TEST_CASE("manual always ends, whatever else happens") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random{seed};
    Tracker tracker{wild_settings(random)};
    Instant now{Millis{0}};
    tracker.step({.now = now});
    Command command = wild_command(random);
    command.mode = Mode::manual;
    (void)tracker.obey(command, now);
    for (int i = 0; i < 200; ++i) {
      now = now + Millis{static_cast<std::int64_t>(random.next() % 900'000) - 100'000};
      (void)tracker.step(wild_inputs(random, now));
    }
    Inputs inputs;
    inputs.now = now + kManualForMax + kManualForMax;
    CHECK_FALSE(tracker.step(inputs).manual);
    CHECK(tracker.mode() == Mode::automatic);
  }
}
