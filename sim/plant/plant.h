#pragma once
#include <cstdint>
#include <optional>

#include "core/base/random.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "core/control/mount.h"
#include "core/control/tracker.h"
#include "core/units/units.h"
#include "sim/sky/sky.h"

// The tracker's body: light sensors, servos, panel, battery, meters, phones. Physics and a seed; it
// knows neither radio nor MQTT. Stepped by any dt: right at 60 ms and at 10 s (slow parts
// integrate, fast ones are then at rest). The same seed, parameters, steps and sky give the same
// bytes.
namespace idast::sim {

// fielded: bare light sensors on 10 kΩ (all read 4095 in sun). reference: a 10 % neutral cap over
// each and 150 Ω, powered only while sampled.
enum class LightProfile : std::uint8_t { fielded, reference };

struct LightParameters {
  LightProfile profile = LightProfile::reference;
  Ohms resistance_10_lux = ohms(14'000.f);  // GL5528 data sheet: 8-20 kΩ
  float gamma = 0.65f;                      // GL5528: 0.6-0.7
  Ohms resistance_dark = ohms(1.0e6f);      // GL5528: at least 1 MΩ
  Millis lag_rise{20};                      // GL5528: 20 ms rising, 30 ms falling
  Millis lag_fall{30};
  Degrees cant = degrees(45.f);  // of each sensor off the panel's normal
  float lux_per_wm2 = 120.f;     // luminous efficacy of daylight, lm/W (Littlefair 1985)
  float mismatch = 0.10f;        // each resistance times 1 ± this, drawn once per seed
  bool bottom = false;           // a fourth sensor
  Volts supply = volts(3.3f);
  // ESP32 ADC, 12 bit at 11 dB (ESP-IDF, ADC calibration): linear between these
  Volts adc_floor = volts(0.15f);
  Volts adc_ceiling = volts(2.45f);
  float adc_noise_counts = 6.f;  // standard deviation after 64 samples' mean
};

struct ServoParameters {
  DegreesPerSecond speed =
      degrees_per_second(60.f / 0.17f);  // MG996R data sheet, 0.17 s/60° at 4.8 V
  Degrees dead_band = degrees(0.5f);     // stops up to half of it short, on the side it came from
  Degrees backlash = degrees(0.3f);      // of the gear
  Watts moving = watts(2.5f);            // 500 mA at 5 V, loaded lightly
  Watts holding = watts(0.05f);          // 10 mA idle with pulses on (1.2 Wh a day, each)
};

struct PanelParameters {
  Watts nominal = watts(10.f);
  float temperature_coefficient = -0.004f;       // per °C
  float faiman_u0 = 25.f;                        // W/(m²·K), Faiman 2008, open rack
  float faiman_u1 = 6.84f;                       // W·s/(m³·K)
  Millis thermal_lag = std::chrono::minutes{5};  // first-order warming of a small laminate
  Volts open_circuit = volts(10.8f);  // charger input around the maximum power point: 0.8 of it
  float refractive_index = 1.526f;    // De Soto 2006 (IAM "physical"), glass
  float extinction_per_m = 4.f;
  float glass_thickness_m = 0.002f;
};

struct BatteryParameters {
  WattHours capacity = watt_hours(40.0);
  Volts empty = volts(5.6f);  // open-circuit voltage at 0 % and 100 %
  Volts full = volts(6.9f);
  Ohms resistance = ohms(0.15f);
  float charge_efficiency = 0.92f;  // charger and cell
  Watts charge_max = watts(12.f);
  double start = 0.6;  // of capacity
};

struct LoadParameters {
  Watts electronics = watts(0.25f);              // transmitter and receiver together: 6 Wh a day
  Watts electronics_per_sample = watts(0.001f);  // divider current while sampled
  WattHours phone_capacity = watt_hours(12.0);
  Watts phone_charge = watts(5.f);
  double phones_per_day = 3.0;  // arrivals between 7:00 and 21:00 solar time
};

struct MeterParameters {  // INA226 data sheet
  Volts voltage_noise = volts(0.004f);
  Amperes current_noise = amperes(0.002f);
  Celsius temperature_noise = celsius(0.1f);
  MetresPerSecond wind_noise = metres_per_second(0.1f);
};

struct PlantParameters {
  control::Mount mount;              // what the law believes; the truth differs by the errors below
  Degrees yaw_error = degrees(0.f);  // the real mount stands this much clockwise
  Degrees tilt_error = degrees(0.f);  // the tilt servo's zero is off by this
  Degrees base_lean = degrees(0.5f);  // whole mount out of level, azimuth drawn by seed
  control::Pose start;                // servo angles at the beginning
  float albedo = kAlbedo;
  bool anemometer = true;
  bool power_sensor = true;  // panel and battery V·A (INA226)
  LightParameters light;
  ServoParameters servo;
  PanelParameters panel;
  BatteryParameters battery;
  LoadParameters load;
  MeterParameters meter;
};

// What the boards ask of the body.
struct PlantCommands {
  control::Pose target;    // servo angles
  bool motors_on = false;  // false: no pulses, the servos stay by friction
  bool charging_allowed = true;
};

struct PhoneSession {
  FixedText<64> label;  // such as "iPhone_15"
  Millis lasted{0};
  WattHours delivered = watt_hours(0.0);
};

// What the sensors say, noise and all.
struct Readings {
  control::Light light;
  std::optional<Volts> panel_voltage;
  std::optional<Amperes> panel_current;
  Celsius panel_temperature;
  Volts battery_voltage;
  std::optional<Amperes> battery_current;  // positive when charging
  Percent battery_charge;
  control::Pose servo;  // commanded angles: hobby servos do not report theirs
  std::optional<MetresPerSecond> wind;
  WattHours servo_energy = watt_hours(0.0);   // cumulative since the plant began
  WattHours device_energy = watt_hours(0.0);  // electronics
  std::optional<PhoneSession> phone;          // the phone now charging
};

// What really is: for tests and the lab, unknown to the boards.
struct Truth {
  control::Pose servo;
  control::Direction normal;
  PlaneLight light;
  Watts panel_power;       // at the maximum power point
  Watts panel_power_used;  // less what a full battery leaves
  WattHours panel_energy = watt_hours(0.0);
  WattHours phone_energy = watt_hours(0.0);
  Celsius cell_temperature;
  double charge = 0.0;  // 0..1
};

class Plant {
 public:
  Plant(const PlantParameters& parameters, std::uint64_t seed);

  // Lets `dt` pass under these conditions and commands. dt <= 0 does nothing; steps longer than
  // kStepMax are taken in pieces of it.
  void step(Millis dt, const Conditions& conditions, const PlantCommands& commands);

  // Sensors at the instant reached, read once per step: the same until the next one.
  const Readings& readings() const { return readings_; }
  const Truth& truth() const { return truth_; }
  const PlantParameters& parameters() const { return parameters_; }

  static constexpr Millis kStepMax = std::chrono::minutes{1};
};

}  // namespace idast::sim
