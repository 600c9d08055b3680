#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "core/base/random.h"
#include "core/telemetry/codec.h"
#include "core/telemetry/factors.h"
#include "core/telemetry/json.h"

using namespace idast;
using namespace idast::telemetry;

namespace {
std::string json_of(const Sample& sample) {
  char buffer[kMessageBytesMax];
  TextWriter out{buffer, sizeof buffer};
  print_json(sample, out);
  CHECK_FALSE(out.overflowed());
  return std::string{out.view()};
}

Sample full_sample() {
  Sample sample;
  sample.timestamp = 1703123456789;
  sample.device_name.assign("iPhone_15");
  sample.top = 2500;
  sample.left = 2300;
  sample.right = 2400;
  sample.tilt_angle = degrees(90.f);
  sample.pan_angle = degrees(85.f);
  sample.pan_target = degrees(90.f);
  sample.manual = false;
  sample.steady = true;
  sample.power = watts(8.5f);
  sample.power_actual = watts(8.2f);
  sample.panel_temperature = celsius(34.5f);
  sample.battery_charge = percent(87.5f);
  sample.battery_voltage = volts(6.2f);
  sample.efficiency = percent(88.f);
  sample.energy = watt_hours(1250.5);
  sample.device_id.assign("esp32-receiver-A1B2C3");
  sample.mode.assign("live");
  sample.state = State::track;
  sample.state_reason = Reason::sun_up;
  sample.sun_elevation = degrees(-3.25f);
  sample.battery_current = amperes(-0.25f);
  sample.servo_energy = watt_hours(0.0312);
  sample.estimated.add(position_of("temp_c"));
  return sample;
}
}  // namespace

TEST_CASE("the radio brings back every field that travels, to its step") {
  const Sample sent = full_sample();
  const Sample got = decode(encode(sent));
  CHECK(got.top == 2500);
  CHECK(got.tilt_angle == degrees(90.f));
  CHECK(got.manual == false);
  CHECK(got.steady == true);
  CHECK(got.power->in(watts) == doctest::Approx(8.5));
  CHECK(got.energy->in(watt_hours) == doctest::Approx(1250.5));
  CHECK(got.state == State::track);
  CHECK(got.state_reason == Reason::sun_up);
  CHECK(got.sun_elevation->in(degrees) == doctest::Approx(-3.25));
  CHECK(got.battery_current->in(amperes) == doctest::Approx(-0.25));
  CHECK(got.estimated == sent.estimated);
  CHECK_FALSE(got.wind);
  CHECK(got.device_id.empty());
}

TEST_CASE("encode after decode gives the same bytes, for any bytes") {
  Random random{7};
  for (int round = 0; round < 2000; ++round) {
    Payload payload;
    for (auto& byte : payload) byte = static_cast<std::byte>(random.next());
    const Payload once = encode(decode(payload));
    CHECK(encode(decode(once)) == once);
  }
}

TEST_CASE("an older sender's shorter payload leaves the tail absent") {
  const Payload whole = encode(full_sample());
  const Sample sample = decode(Bytes{whole}.first(6));
  CHECK(sample.right == 2400);
  CHECK_FALSE(sample.tilt_angle);
  CHECK_FALSE(sample.power);
}

TEST_CASE("a value that does not fit the radio is sent as absent, not as a lie") {
  Sample sample;
  sample.power = watts(700.f);  // 0.01 W steps in 16 bits end at 655.34 W.
  sample.panel_temperature = celsius(std::numeric_limits<float>::quiet_NaN());
  sample.elevation = degrees(-400.f);
  const Sample got = decode(encode(sample));
  CHECK_FALSE(got.power);
  CHECK_FALSE(got.panel_temperature);
  CHECK_FALSE(got.elevation);
}

TEST_CASE("derived fields follow from energy, price and grid factor") {
  Sample sample = full_sample();
  derive(sample, {.grid_factor = 0.4, .grid_price = 12.0});
  CHECK(sample.average == 2350);
  CHECK(sample.horizontal_error == -100);
  CHECK(sample.vertical_error == 150);
  CHECK(sample.energy_kwh->in(kilowatt_hours) == doctest::Approx(1.2505));
  CHECK(sample.co2->in(kilograms) == doctest::Approx(0.5002));
  CHECK(*sample.trees == doctest::Approx(0.02298).epsilon(0.001));
  CHECK(*sample.phones == doctest::Approx(104.208).epsilon(0.0001));
  CHECK(*sample.phone_minutes == doctest::Approx(75030));
  CHECK(*sample.savings == doctest::Approx(15.006));
}

TEST_CASE("the message prints the contract's keys and values, and leaves out what is absent") {
  Sample sample = full_sample();
  derive(sample, {.grid_factor = 0.4, .grid_price = 12.0});
  CHECK(json_of(sample) ==
        R"({"timestamp":1703123456789,"deviceName":"iPhone_15","top":2500,"left":2300,)"
        R"("right":2400,"avg":2350,"horizontalError":-100,"verticalError":150,"tiltAngle":90,)"
        R"("panAngle":85,"panTarget":90,"manual":false,"steady":true,"powerW":8.5,)"
        R"("powerActualW":8.2,"tempC":34.5,"batteryPct":87.5,"batteryV":6.2,"efficiency":88,)"
        R"("energyWh":1250.5,"energyKWh":1.2505,"co2kg":0.5002,"trees":0.023,"phones":104.208,)"
        R"("phoneMinutes":75030,"pesos":15.01,"gridPrice":12,"device_id":"esp32-receiver-A1B2C3",)"
        R"("mode":"live","state":"track","stateReason":"sun_up","sunElevationDeg":-3.25,)"
        R"("batteryA":-0.25,"servoWh":0.0312,"estimated":["tempC"]})");
}

TEST_CASE("identity prints as sixteen digits and whole numbers") {
  Sample sample;
  sample.boot = BootId{0x00ab00000000000fu};
  sample.seq = 0;
  sample.uptime = Millis{350};
  CHECK(json_of(sample) == R"({"boot":"00ab00000000000f","seq":0,"uptimeMs":350})");
}

TEST_CASE("a number that JSON cannot hold is left out") {
  Sample sample;
  sample.power = watts(std::numeric_limits<float>::infinity());
  sample.trees = std::nan("");
  CHECK(json_of(sample) == "{}");
}

TEST_CASE("the widest possible sample still fits one message") {
  Sample sample = full_sample();
  sample.device_name.assign(std::string(64, '\x01'));
  sample.device_id.assign(std::string(64, 'x'));
  sample.mode.assign(std::string(32, '"'));
  sample.energy = watt_hours(999999999.999);
  derive(sample, {});
  sample.boot = BootId{~std::uint64_t{0}};
  sample.seq = sample.seq_from = sql::kCountMax;
  sample.uptime = Millis{sql::kCountMax};
  for (auto member : {&Sample::trim_azimuth, &Sample::trim_elevation, &Sample::azimuth,
                      &Sample::elevation, &Sample::sun_azimuth, &Sample::sun_elevation}) {
    sample.*member = degrees(-359.99f);
  }
  sample.bottom = 4095;
  sample.panel_voltage = volts(-99999.f);
  sample.panel_current = sample.battery_current = amperes(-99999.f);
  sample.servo_energy = sample.device_energy = watt_hours(-99999999.9999);
  sample.wind = metres_per_second(-9999.99f);
  for (std::size_t i = 0; i < kFieldCount; ++i) sample.estimated.add(i);
  CHECK(json_of(sample).size() < kMessageBytesMax);
}
