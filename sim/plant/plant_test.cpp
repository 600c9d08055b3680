#include "sim/plant/plant.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "sim/sky/measured_sky.h"
#include "sim/sky/modelled_sky.h"

using namespace idast;
using namespace idast::sim;
using namespace std::chrono_literals;

namespace {

Degrees deg(double value) { return degrees(static_cast<float>(value)); }

Conditions sunny(double azimuth = 180.0, double elevation = 45.0) {
  return {
      .at = UtcMillis{1'710'910'800'000},
      .ghi = watts_per_square_metre(700.f),
      .dni = watts_per_square_metre(850.f),
      .dhi = watts_per_square_metre(100.f),
      .air_temperature = celsius(25.f),
      .wind = metres_per_second(2.f),
      .sun = {
          .azimuth = deg(azimuth), .elevation = deg(elevation), .elevation_true = deg(elevation)}};
}

Conditions dark() {
  Conditions now = sunny(0.0, -30.0);
  now.ghi = now.dni = now.dhi = watts_per_square_metre(0.f);
  return now;
}

PlantParameters quiet() {  // nothing left to chance
  PlantParameters parameters;
  parameters.light.mismatch = 0.f;
  parameters.light.adc_noise_counts = 0.f;
  parameters.base_lean = degrees(0.f);
  parameters.servo.dead_band = degrees(0.f);
  parameters.servo.backlash = degrees(0.f);
  parameters.meter = {volts(0.f), amperes(0.f), celsius(0.f), metres_per_second(0.f)};
  parameters.load.phones_per_day = 0.0;
  return parameters;
}

PlantCommands towards(double pan, double tilt) {
  return {.target = {.pan = deg(pan), .tilt = deg(tilt)}, .motors_on = true};
}

std::vector<std::vector<double>> reference(const char* name) {
  std::ifstream file{std::string{IDAST_SOURCE_DIR} + "/../shared/reference/solar/" + name};
  if (!file) std::printf("SKIPPED: reference/solar/%s is not here\n", name);
  std::vector<std::vector<double>> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || std::isalpha(static_cast<unsigned char>(line[0])))
      continue;
    std::stringstream cut{line};
    rows.emplace_back();
    for (std::string cell; std::getline(cut, cell, ',');) rows.back().push_back(std::stod(cell));
  }
  return rows;
}

}  // namespace

TEST_CASE("glass, cell temperature and panel power agree with the reference") {
  const PanelParameters panel;
  for (const auto& row : reference("iam_reference.csv")) {
    CHECK(std::abs(incidence_factor(static_cast<float>(row[1]), panel) - row[2]) < 0.002);
  }
  for (const auto& row : reference("pv_model_public.csv")) {
    const Irradiance plane = watts_per_square_metre(static_cast<float>(row[0]));
    const Celsius cell =
        cell_temperature(celsius(static_cast<float>(row[1])),
                         metres_per_second(static_cast<float>(row[2])), plane, panel);
    CHECK(std::abs(cell.in(celsius)-row[3]) < 0.01);
    CHECK(std::abs(panel_power(plane, cell, panel).in(watts)-row[9]) < 0.002);
  }
}

TEST_CASE("a panel facing the sun gives what the models say, measured as volts times amperes") {
  Plant plant{quiet(), 1};
  for (int i = 0; i < 3600; ++i) plant.step(1s, sunny(), towards(90, 45));
  CHECK(control::angle_between(plant.truth().normal, {deg(180), deg(45)}) < deg(0.05));
  const double light = plant.truth().light.total().in(watts_per_square_metre);
  const double cell = 25.0 + light / (25.0 + 6.84 * 2.0);
  CHECK(plant.truth().cell_temperature.in(celsius) == doctest::Approx(cell).epsilon(0.001));
  const double power = 10.0 * light / 1000.0 * (1.0 - 0.004 * (cell - 25.0));
  CHECK(plant.truth().panel_power.in(watts) == doctest::Approx(power).epsilon(0.001));
  const Readings& seen = plant.readings();
  CHECK((*seen.panel_voltage * *seen.panel_current).in(watts) ==
        doctest::Approx(power).epsilon(0.001));
  CHECK(*seen.panel_voltage > volts(7.f));
  CHECK(*seen.panel_voltage < volts(10.f));
}

TEST_CASE("energy is conserved: panel, losses, loads and charge add up at 60 ms and at 10 s") {
  double charge_after[2] = {0, 0};
  double panel_after[2] = {0, 0};
  int which = 0;
  for (const Millis dt : {Millis{60}, Millis{10'000}}) {
    PlantParameters parameters = quiet();
    parameters.battery.start = 0.3f;
    Plant plant{parameters, 1};
    for (Millis passed{0}; passed < 2h; passed += dt) plant.step(dt, sunny(), towards(90, 45));
    const Truth& truth = plant.truth();
    const double in = truth.panel_energy.in(watt_hours) * 0.92;
    const double out = plant.readings().device_energy.in(watt_hours) +
                       plant.readings().servo_energy.in(watt_hours) +
                       truth.phone_energy.in(watt_hours);
    CHECK((truth.charge - 0.3) * 40.0 == doctest::Approx(in - out).epsilon(0.001));
    charge_after[which] = truth.charge;
    panel_after[which++] = truth.panel_energy.in(watt_hours);
  }
  CHECK(charge_after[0] == doctest::Approx(charge_after[1]).epsilon(0.005));
  CHECK(panel_after[0] == doctest::Approx(panel_after[1]).epsilon(0.005));
}

TEST_CASE("a full battery takes less, and the panel's measured power shows it") {
  PlantParameters parameters = quiet();
  parameters.battery.start = 1.f;
  Plant plant{parameters, 1};
  for (int i = 0; i < 600; ++i) plant.step(1s, sunny(), towards(90, 45));
  CHECK(plant.truth().charge <= 1.0);
  CHECK(plant.truth().panel_power_used < plant.truth().panel_power * 0.2f);
  CHECK(*plant.readings().panel_voltage > volts(9.f));
  CHECK(plant.readings().battery_charge <= percent(100.f));
}

TEST_CASE("the servo turns 60 degrees in 0.17 s, stops short, and keeps its place without pulses") {
  PlantParameters parameters;
  parameters.start = {.pan = deg(30), .tilt = deg(90)};
  Plant plant{parameters, 1};
  PlantCommands commands = towards(90, 90);
  plant.step(60ms, sunny(), commands);
  CHECK(plant.truth().servo.pan < deg(52));
  plant.step(60ms, sunny(), commands);
  plant.step(60ms, sunny(), commands);
  CHECK(plant.truth().servo.pan <= deg(90));
  CHECK(plant.truth().servo.pan >= deg(89.75));
  const auto spent = plant.readings().servo_energy;
  CHECK(spent > watt_hours(0.0));
  commands = {.target = {.pan = deg(10), .tilt = deg(10)}, .motors_on = false};
  plant.step(10s, sunny(), commands);
  CHECK(plant.truth().servo.pan >= deg(89.75));
  CHECK(plant.readings().servo_energy == spent);
  // Less than the dead band is not worth a move to a hobby servo.
  commands = {.target = {.pan = plant.truth().servo.pan + deg(0.2), .tilt = deg(90)},
              .motors_on = true};
  const auto before = plant.truth().servo.pan;
  plant.step(10s, sunny(), commands);
  CHECK(plant.truth().servo.pan == before);
}

TEST_CASE("impossible targets end at the servo's own stops") {
  Plant plant{quiet(), 1};
  plant.step(10s, sunny(), towards(999, -999));
  CHECK(plant.truth().servo == control::Pose{deg(180), deg(0)});
  plant.step(10s, sunny(),
             {.target = {.pan = deg(std::nan("")), .tilt = deg(1e30)}, .motors_on = true});
  CHECK(plant.truth().servo == control::Pose{deg(90), deg(180)});
}

TEST_CASE("the reference head stays on scale from overcast to full sun, the fielded one does not") {
  for (const float resistance : {8'000.f, 14'000.f, 20'000.f}) {
    for (const float gamma : {0.6f, 0.7f}) {
      PlantParameters parameters = quiet();
      parameters.light.resistance_10_lux = ohms(resistance);
      parameters.light.gamma = gamma;
      Plant plant{parameters, 1};
      plant.step(10s, sunny(), towards(90, 45));
      CHECK(plant.readings().light.top > 1000);
      CHECK(plant.readings().light.top < 3500);
      parameters.light.profile = LightProfile::fielded;
      Plant fielded{parameters, 1};
      fielded.step(10s, sunny(), towards(90, 45));
      CHECK(fielded.readings().light.left == 4095);
      CHECK(fielded.readings().light.right == 4095);
    }
  }
}

TEST_CASE("the brighter side is where the sun is, and facing it the sensors agree") {
  struct Case {
    const char* name;
    double pan, tilt;
    int horizontal, vertical;  // sign of left - right and of top - mean
  };
  // The sun stands at pan 90, tilt 45.
  for (const Case& c : {Case{"facing", 90, 45, 0, 0}, Case{"sun to the left", 110, 45, 1, 0},
                        Case{"sun to the right", 70, 45, -1, 0}, Case{"sun above", 90, 25, 0, 1},
                        Case{"sun below", 90, 65, 0, -1}}) {
    CAPTURE(c.name);
    PlantParameters parameters = quiet();
    parameters.sky.albedo = 0.f;
    Plant plant{parameters, 1};
    Conditions now = sunny();
    now.dhi = watts_per_square_metre(0.f);
    plant.step(10s, now, towards(c.pan, c.tilt));
    const control::Light& light = plant.readings().light;
    const int horizontal = light.left - light.right;
    const int vertical = light.top - (light.left + light.right) / 2;
    CHECK((c.horizontal == 0 ? std::abs(horizontal) <= 2 : horizontal * c.horizontal > 60));
    if (c.vertical != 0) CHECK(vertical * c.vertical > 60);
    if (c.vertical == 0 && c.horizontal == 0) CHECK(std::abs(vertical) <= 2);
  }
}

TEST_CASE(
    "at night nothing is generated, the sensors read nothing and the battery feeds the boards") {
  Plant plant{quiet(), 1};
  for (int i = 0; i < 360; ++i) plant.step(10s, dark(), {});
  CHECK(plant.readings().light.top == 0);
  CHECK(plant.truth().panel_energy == watt_hours(0.0));
  CHECK(plant.truth().charge == doctest::Approx(0.6 - 0.25 / 40.0).epsilon(0.001));
  CHECK(*plant.readings().battery_current < amperes(0.f));
  CHECK(*plant.readings().panel_voltage == volts(0.f));
}

TEST_CASE("what is not fitted is absent") {
  PlantParameters parameters;
  parameters.anemometer = false;
  parameters.power_sensor = false;
  Plant plant{parameters, 1};
  plant.step(1s, sunny(), {});
  CHECK_FALSE(plant.readings().wind);
  CHECK_FALSE(plant.readings().panel_voltage);
  CHECK_FALSE(plant.readings().battery_current);
  CHECK_FALSE(plant.readings().light.bottom);
  parameters.light.bottom = true;
  Plant four{parameters, 1};
  four.step(1s, sunny(), {});
  CHECK(four.readings().light.bottom);
}

TEST_CASE("phones come by day, take up to their fill, and a command keeps them away") {
  const sun::Place place{deg(13.75), deg(121.05), metres(10.f)};
  const ModelledSky sky{place, 1};
  for (const bool allowed : {true, false}) {
    PlantParameters parameters;
    parameters.longitude = place.longitude;
    Plant plant{parameters, 4};
    int sessions = 0;
    int at_night = 0;
    bool charging = false;
    UtcMillis at{1'710'864'000'000};
    for (int i = 0; i < 30 * 8640; ++i, at = at + 10s) {
      PlantCommands commands = towards(90, 90);
      commands.charging_allowed = allowed;
      plant.step(10s, sky.at(at), commands);
      const auto& phone = plant.readings().phone;
      if (phone && !charging) {
        ++sessions;
        const double hour =
            std::fmod(static_cast<double>(at.unix_ms()) / 3.6e6 + 121.05 / 15.0, 24.0);
        if (hour < 6.9 || hour > 20.1) ++at_night;
      }
      if (phone) CHECK(phone->delivered <= watt_hours(12.1));
      charging = phone.has_value();
    }
    CHECK(at_night == 0);
    if (allowed) {
      CHECK(sessions > 30);
      CHECK(sessions < 150);
    } else {
      CHECK(sessions == 0);
    }
  }
}

TEST_CASE("the same seed gives the same bytes, another seed another body") {
  const ModelledSky sky{{deg(-1.29), deg(36.82), metres(1700.f)}, 9};
  const auto digest = [&](std::uint64_t seed) {
    Plant plant{PlantParameters{}, seed};
    std::uint64_t sum = 1469598103934665603u;
    UtcMillis at{1'710'900'000'000};
    for (int i = 0; i < 3000; ++i, at = at + 10s) {
      plant.step(10s, sky.at(at), towards(i % 180, 60));
      const Readings& seen = plant.readings();
      const auto add = [&sum](float value) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        sum = (sum ^ bits) * 1099511628211u;
      };
      add(static_cast<float>(seen.light.top + seen.light.left + seen.light.right));
      add(seen.panel_current->in(amperes));
      add(seen.battery_voltage.in(volts));
      add(seen.panel_temperature.in(celsius));
    }
    return sum;
  };
  CHECK(digest(1) == digest(1));
  CHECK(digest(1) != digest(2));
}

TEST_CASE("walls tell the sides apart too, and on axis leave every sensor the whole beam") {
  PlantParameters parameters = quiet();
  parameters.light.geometry = SensorGeometry::walled;
  Plant plant{parameters, 1};
  const auto counts = [&](double pan, double tilt) {
    plant.step(10s, sunny(), towards(pan, tilt));
    return plant.readings().light;
  };
  const control::Light facing = counts(90, 45);
  CHECK(facing.left == facing.right);
  CHECK(facing.left == facing.top);
  // The panel looks west of the sun, which so stands to its left.
  const control::Light left = counts(95, 45);
  CHECK(left.left > left.right + 30);
  const control::Light further = counts(100, 45);
  CHECK(further.right < left.right);
  const control::Light shaded = counts(120, 45);
  CHECK(shaded.right < 0.75 * shaded.left);
  const control::Light below = counts(90, 75);
  CHECK(below.top < 0.75 * below.left);
}

TEST_CASE("sensors differ in gamma and cant by no more than their spreads, and by the seed") {
  PlantParameters parameters = quiet();
  const auto left_and_right = [&](std::uint64_t seed) {
    Plant plant{parameters, seed};
    plant.step(10s, sunny(), towards(90, 45));
    return plant.readings().light.left - plant.readings().light.right;
  };
  CHECK(std::abs(left_and_right(1)) <= 1);
  for (const bool of_gamma : {true, false}) {
    parameters.light.gamma_spread = of_gamma ? 0.01f : 0.f;
    parameters.light.cant_spread = of_gamma ? degrees(0.f) : degrees(1.f);
    int widest = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      widest = std::max(widest, std::abs(left_and_right(seed)));
    }
    CHECK(widest > 10);
    CHECK(widest < 200);
  }
}

TEST_CASE("each setting-off of a servo costs its start, a move that goes on does not again") {
  PlantParameters parameters = quiet();
  parameters.servo.moving = watts(0.f);
  parameters.servo.holding = watts(0.f);
  parameters.servo.speed = degrees_per_second(10.f);
  Plant plant{parameters, 1};
  const auto starts = [&] {
    return plant.readings().servo_energy.in(watt_hours) * 3600.0 /
           static_cast<double>(parameters.servo.start_joules);
  };
  for (int i = 0; i < 50; ++i)
    plant.step(100ms, sunny(), towards(120, 90));  // three seconds of way
  CHECK(starts() == doctest::Approx(1.0));
  for (int i = 0; i < 50; ++i) plant.step(100ms, sunny(), towards(90, 60));  // both servos
  CHECK(starts() == doctest::Approx(3.0));
}

TEST_CASE("boards that sleep at night draw little then, and only then") {
  PlantParameters parameters = quiet();
  parameters.light.profile = LightProfile::reference;
  const auto hour_wh = [&](bool night) {
    Plant plant{parameters, 1};
    PlantCommands commands;
    commands.night = night;
    for (int i = 0; i < 60; ++i) plant.step(1min, dark(), commands);
    return plant.readings().device_energy.in(watt_hours);
  };
  CHECK(hour_wh(false) == doctest::Approx(0.25).epsilon(1e-3));
  CHECK(hour_wh(true) == doctest::Approx(0.25).epsilon(1e-3));
  parameters.electronics.sleeps_at_night = true;
  CHECK(hour_wh(false) == doctest::Approx(0.25).epsilon(1e-3));
  CHECK(hour_wh(true) == doctest::Approx(0.0103).epsilon(0.01));
}
