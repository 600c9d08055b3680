#include "core/control/hybrid.h"

#include <array>
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/base/random.h"
#include "core/control/tracker.h"
#include "core/sun/panel.h"

using namespace idast;
using namespace idast::control;
using namespace std::chrono_literals;

namespace {

// A body that is what the forward model says it is, with terms that the law does not know: enough
// to test learning without the plant, which has tests of its own in sim/lab.
struct RealBody {
  HeadSettings head;
  Mount mount;
  Body body{mount, head};
  Terms terms = Body::nominal(head);
  Random random{5};

  std::uint16_t counts(double light, std::size_t channel) {
    const double resistance = std::exp(body.reading(terms, channel, light));
    const double share = 150.0 / (150.0 + resistance);
    return static_cast<std::uint16_t>(std::lround(4095.0 * share + 4.0 * random.normal()));
  }
  std::array<double, kChannels> light_in(const InnerAngles& inner, const Vector& sun, double beam,
                                         double sky) {
    const Shares shares = body.shares(terms, inner, sun);
    std::array<double, kChannels> light{};
    for (std::size_t i = 0; i < kChannels; ++i) {
      light[i] = std::max(0.1, shares.beam[i] * beam + shares.sky[i] * sky);
    }
    return light;
  }
};

// A tracker on that body under a sun that stands still at the clock's place for it.
struct Bench {
  static constexpr UtcMillis kMorning{1'750'464'000'000};  // 2025-06-21T00:00Z: 8 in Batangas
  Settings settings;
  RealBody real;
  Tracker tracker{settings};
  Inputs inputs;
  Outputs out;
  double beam = 800.0;
  double sky = 90.0;
  bool clock = true;
  Millis clock_ahead{0};
  std::optional<Degrees> pan_jammed;
  std::optional<std::uint16_t> left_reads;  // whatever the light

  explicit Bench(double yaw = 0.0, double tilt_zero = 0.0) : tracker{with_place()} {
    at(real.terms, Term::yaw) = yaw;
    at(real.terms, Term::tilt_zero) = tilt_zero;
    inputs.battery = percent(60.f);
  }
  Settings with_place() {
    settings.law = Law::hybrid;
    settings.hybrid.play = {degrees(0.f), degrees(0.f)};  // this body's servos have none
    settings.place = sun::Place{degrees(13.75f), degrees(121.05f), metres(10.f)};
    return settings;
  }
  UtcMillis now() const { return kMorning + inputs.now.since_start(); }
  Vector sun() const {
    const auto where = sun::position(now(), *settings.place);
    return vector_of({where.azimuth, where.elevation});
  }
  double error_deg() {
    return angle_between_deg(
        real.body.panel(real.terms, inner_angles(real.mount, standing())).normal, sun());
  }
  // This body's servos go exactly where they are told, unless one is jammed.
  Pose standing() const {
    return {.pan = pan_jammed.value_or(out.target.pan), .tilt = out.target.tilt};
  }

  const Outputs& run(Millis lasting, Millis step = 60ms) {
    for (Millis passed{0}; passed < lasting; passed += step) {
      inputs.now = inputs.now + step;
      inputs.utc.reset();
      if (clock) inputs.utc = now() + clock_ahead;
      const auto light = real.light_in(inner_angles(real.mount, standing()), sun(), beam, sky);
      inputs.light = Light{.top = real.counts(light[0], 0),
                           .left = real.counts(light[1], 1),
                           .right = real.counts(light[2], 2)};
      if (left_reads) inputs.light->left = *left_reads;
      inputs.panel_power =
          watts(static_cast<float>(std::exp(real.body.reading(real.terms, 3, light[3]))));
      inputs.panel_temperature = celsius(25.f);
      out = tracker.step(inputs);
    }
    return out;
  }
};

}  // namespace

TEST_CASE("a hidden mount error is learned within a quarter of an hour of sun") {
  for (const double yaw : {-5.0, 5.0}) {
    for (const double tilt : {-3.0, 3.0}) {
      CAPTURE(yaw);
      CAPTURE(tilt);
      Bench bench{yaw, tilt};
      bench.run(5s);
      CHECK(bench.error_deg() > 3.0);
      bench.run(15min);
      CHECK(bench.out.state == State::track);
      CHECK(bench.error_deg() < 0.6);
      REQUIRE(bench.out.trim_azimuth);
      CHECK(std::abs(bench.out.trim_azimuth->in(degrees)-yaw) < 1.0);
    }
  }
}

TEST_CASE(
    "a sweep says that it calibrates, and sensors that differ are told from a mount that does") {
  Bench bench;
  at(bench.real.terms, Term::gain_left) += 0.10;
  at(bench.real.terms, Term::gain_right) -= 0.08;
  CHECK(bench.run(200ms).reason == Reason::calibrating);
  bench.run(15min);
  CHECK(bench.error_deg() < 0.6);
  CHECK(std::abs(bench.out.trim_azimuth->in(degrees)) < 0.7f);
}

TEST_CASE("what was learned survives a restart, and garbage is not taken") {
  Bench first{5.0, -3.0};
  first.run(15min);
  const Learned learned = first.tracker.learned();
  CHECK(learned.sweeps > 0);

  Bench second{5.0, -3.0};
  REQUIRE(second.tracker.recall(learned));
  second.run(20s);
  CHECK(second.error_deg() < 0.8);

  for (int i = 0; i < 3; ++i) {
    Learned garbage = learned;
    if (i == 0) garbage.value[0] = std::nan("");
    if (i == 1) garbage.value[4] = 1e6;
    if (i == 2) garbage.deviation[2] = -1.0;
    Tracker fresh{second.settings};
    CHECK_FALSE(fresh.recall(garbage));
    CHECK(fresh.learned().sweeps == 0);
  }
  Tracker fresh{second.settings};
  CHECK_FALSE(fresh.recall({}));
}

TEST_CASE("under a closed sky the panel leans to the zenith and learns no trim") {
  Bench bench{4.0, 2.0};
  bench.beam = 0.0;
  bench.sky = 180.0;
  bench.run(1h, 200ms);
  CHECK(bench.out.state == State::diffuse);
  CHECK(bench.out.reason == Reason::overcast);
  CHECK(bench.out.panel.elevation > degrees(80.f));
  REQUIRE(bench.out.trim_azimuth);
  CHECK(std::abs(bench.out.trim_azimuth->in(degrees)) < 0.3f);

  bench.beam = 800.0;
  bench.run(30s);
  CHECK(bench.out.state == State::track);
}

TEST_CASE("without a clock the sun is found by light, and followed") {
  Bench bench;
  bench.clock = false;
  CHECK(bench.run(1s).state == State::acquire);
  CHECK(bench.out.reason == Reason::searching);
  bench.run(90s);
  CHECK(bench.error_deg() < 5.0);
  CHECK(bench.out.state == State::acquire);
  bench.run(30min);
  CHECK(bench.error_deg() < 5.0);
  // The clock comes back.
  bench.clock = true;
  bench.run(2min);
  CHECK(bench.out.state == State::track);
}

TEST_CASE("a clock that comes while the sun is searched for by light is no fault") {
  for (const Millis late : {5s, 20s, 35s, 50s, 80s}) {
    CAPTURE(late.count());
    Bench bench;
    bench.clock = false;
    bench.run(late);
    bench.clock = true;
    for (int second = 0; second < 120; ++second) {
      bench.run(1s);
      REQUIRE(bench.out.state != State::fault);
    }
    CHECK(bench.out.state == State::track);
    CHECK(bench.error_deg() < 0.8);
  }
}

TEST_CASE("a sweep in which the clock is lost is given up and teaches nothing") {
  for (const Millis after : {1s, 5s, 10s}) {
    CAPTURE(after.count());
    Bench bench;
    bench.run(after);
    REQUIRE(bench.out.reason == Reason::calibrating);
    bench.clock = false;
    bench.run(120ms);
    CHECK(bench.out.state == State::acquire);
    bench.run(5min);
    CHECK(bench.tracker.learned().sweeps == 0);
    bench.clock = true;
    bench.run(15min);
    CHECK(bench.out.state == State::track);
    CHECK(bench.error_deg() < 0.6);
  }
}

TEST_CASE("a clock that is an hour off is doubted, and the light is followed until it agrees") {
  Bench bench;
  bench.run(20min);
  CHECK(bench.error_deg() < 0.6);
  bench.clock_ahead = -1h;
  bench.run(150min, 120ms);
  CHECK(bench.out.reason == Reason::clock_doubted);
  CHECK(bench.error_deg() < 5.0);
  bench.clock_ahead = 0ms;
  bench.run(20min, 120ms);
  CHECK(bench.out.state == State::track);
  CHECK(bench.error_deg() < 1.0);
}

TEST_CASE("one jammed servo is told from a wrong clock, and tracking goes on when it is free") {
  Bench bench;
  bench.run(1h);
  bench.pan_jammed = bench.out.target.pan + degrees(25.f);
  bench.run(5min);
  CHECK(bench.out.state == State::fault);
  CHECK(bench.out.reason == Reason::not_moving);
  CHECK_FALSE(bench.out.motors_on);
  bench.pan_jammed.reset();
  bench.run(15min);
  CHECK(bench.out.state == State::track);
  CHECK(bench.error_deg() < 0.6);
}

TEST_CASE("a sensor without a reading in good light is a fault; one that is only dim is none") {
  Bench bench;
  bench.run(30min);
  CHECK(bench.out.reason == Reason::sun_unguarded);
  for (const std::uint16_t counts : {std::uint16_t{0}, std::uint16_t{4095}}) {
    CAPTURE(counts);
    bench.left_reads = counts;
    bench.run(2min);
    CHECK(bench.out.reason == Reason::sensor_fault);
    CHECK(bench.error_deg() < 0.6);
    bench.left_reads.reset();
    bench.run(2min);
    CHECK(bench.out.reason == Reason::sun_unguarded);
  }
  bench.beam = 0.0;
  bench.sky = 2.0;  // below what the sensors can tell
  bench.run(10min);
  CHECK(bench.out.reason != Reason::sensor_fault);
}

TEST_CASE("a night that is bright is not believed, and a dark one is") {
  for (const bool bright : {true, false}) {
    CAPTURE(bright);
    Bench bench;
    bench.clock_ahead = 12h;
    if (!bright) bench.beam = bench.sky = 0.0;
    bench.run(2min);
    CHECK(bench.out.state == State::night);
    bench.run(10min);
    CHECK(bench.out.reason == (bright ? Reason::clock_doubted : Reason::sun_down));
    if (bright) CHECK(bench.error_deg() < 5.0);
  }
}

TEST_CASE("no state is a dead end: after any nonsense a sunny hour brings the panel to the sun") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    Bench bench{3.0, -2.0};
    Random random{seed};
    for (int i = 0; i < 4000; ++i) {
      Inputs nonsense;
      nonsense.now = bench.inputs.now + Millis{static_cast<std::int64_t>(random.next() % 400)};
      bench.inputs.now = nonsense.now;
      if (random.unit() < 0.7) nonsense.utc = bench.now() + Millis{random.next() % 90'000'000};
      if (random.unit() < 0.8) {
        nonsense.light = Light{static_cast<std::uint16_t>(random.next() % 4096),
                               static_cast<std::uint16_t>(random.next() % 4096),
                               static_cast<std::uint16_t>(random.next() % 4096), std::nullopt};
      }
      if (random.unit() < 0.5) {
        nonsense.panel_power = watts(static_cast<float>(random.between(-5.0, 20.0)));
      }
      bench.out = bench.tracker.step(nonsense);
    }
    bench.run(70min, 120ms);
    CHECK(bench.out.state == State::track);
    CHECK(bench.error_deg() < 1.5);
  }
}

TEST_CASE("saturated sensors are recognised: the ephemeris is followed, and said so") {
  Bench bench;
  bench.real.head.resistance_10_lux = ohms(20.f);
  bench.real.terms = Body::nominal(bench.real.head);
  bench.run(10s);
  CHECK(bench.out.reason == Reason::saturated);
  CHECK(bench.out.state == State::track);
  CHECK(bench.error_deg() < 0.6);
}

TEST_CASE("sensors that fall silent under a cloud do not keep the panel away from the sun") {
  Bench bench;
  bench.beam = 0.0;
  bench.sky = 180.0;
  bench.run(10min, 200ms);
  REQUIRE(bench.out.state == State::diffuse);
  bench.inputs.light.reset();
  bench.inputs.panel_power.reset();
  for (int second = 0; second < 15 * 60; ++second) {
    bench.inputs.now = bench.inputs.now + 1s;
    bench.inputs.utc = bench.now();
    bench.out = bench.tracker.step(bench.inputs);
  }
  CHECK(bench.out.state == State::track);
  CHECK(bench.error_deg() < 2.0);
}

TEST_CASE("without any sensor the hybrid law is the ephemeris") {
  Settings settings = Bench{}.settings;
  Tracker tracker{settings};
  Inputs inputs;
  Outputs out;
  for (int i = 0; i < 1000; ++i) {
    inputs.now = inputs.now + 60ms;
    inputs.utc = Bench::kMorning + inputs.now.since_start();
    out = tracker.step(inputs);
  }
  CHECK(out.state == State::track);
  CHECK_FALSE(out.trim_azimuth);
  CHECK(angle_between(out.panel, *out.sun) < degrees(0.6f));
}

TEST_CASE("the best tilt is the sun's in a beam, flat under a sky, and between in between") {
  const Terms terms = Body::nominal({});
  const double zenith = 1.0;
  CHECK(best_tilt(terms, zenith, 900.0, 0.1) == doctest::Approx(zenith).epsilon(0.02));
  CHECK(best_tilt(terms, zenith, 0.0, 100.0) < 0.01);
  const double between = best_tilt(terms, zenith, 100.0, 200.0);
  CHECK(between > 0.1);
  CHECK(between < 0.9);
  const double best = light_on_tilt(terms, between, zenith, 100.0, 200.0);
  for (int i = 0; i <= 20; ++i) {
    CHECK(light_on_tilt(terms, zenith * i / 20.0, zenith, 100.0, 200.0) <= best * 1.0001);
  }
}

TEST_CASE("beam and sky are told apart by four channels in one pose") {
  RealBody real;
  const Vector sun = vector_of({degrees(150.f), degrees(40.f)});
  for (const auto& [beam, sky] :
       {std::array{800.0, 60.0}, std::array{0.0, 200.0}, std::array{300.0, 250.0}}) {
    const InnerAngles inner{.p = -30.0, .t = 40.0};
    const auto light = real.light_in(inner, sun, beam, sky);
    Sight sight;
    for (std::size_t i = 0; i < kChannels; ++i)
      sight[i] = real.body.reading(real.terms, i, light[i]);
    const auto found = skylight(real.body, real.terms, sight, inner, sun);
    REQUIRE(found);
    CHECK(found->beam == doctest::Approx(beam).epsilon(0.01));
    CHECK(found->sky == doctest::Approx(sky).epsilon(0.01));
    CHECK(found->misfit < 0.01);
  }
  CHECK_FALSE(skylight(real.body, real.terms, {}, {}, sun));
}

TEST_CASE("the glass lets the beam through as the physical model says") {
  CHECK(sun::incidence_factor(1.0) == doctest::Approx(1.0));
  CHECK(sun::incidence_factor(0.5) == doctest::Approx(0.949).epsilon(0.01));
  CHECK(sun::incidence_factor(0.0) == 0.0);
  CHECK(sun::incidence_factor(-0.5) == 0.0);
  CHECK(sun::incidence_factor(std::numeric_limits<double>::quiet_NaN()) == 0.0);
}

TEST_CASE("play: a load stands short of its target on the side it came from") {
  PlaySettings play;
  ServoPlay servo;
  servo.follow(degrees(90.f), play);
  CHECK(servo.angle(play) == doctest::Approx(90.0));
  servo.follow(degrees(100.f), play);
  CHECK(servo.angle(play) == doctest::Approx(100.0 - 0.125 - 0.15));
  servo.follow(degrees(100.1f), play);  // inside the dead band: nothing moves
  CHECK(servo.angle(play) == doctest::Approx(100.0 - 0.125 - 0.15));
  servo.follow(servo.target_for(95.0, play), play);
  CHECK(servo.angle(play) == doctest::Approx(95.0));
}
