#pragma once
#include <array>
#include <cstddef>
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

// How the light sensors tell sides apart. canted: each looks aside by `cant`. walled: all look
// along the panel's normal, each at the foot of a wall that shades it from a sun on the other side.
enum class SensorGeometry : std::uint8_t { canted, walled };

struct LightParameters {
  LightProfile profile = LightProfile::reference;
  SensorGeometry geometry = SensorGeometry::canted;
  Ohms resistance_10_lux = ohms(14'000.f);  // GL5528 data sheet: 8-20 kΩ
  float gamma = 0.65f;                      // GL5528: 0.6-0.7
  Ohms resistance_dark = ohms(1.0e6f);      // GL5528: at least 1 MΩ
  Millis lag_brighter{20};                  // GL5528: 20 ms towards light, 30 ms towards dark
  Millis lag_darker{30};
  Degrees cant = degrees(45.f);  // of each sensor off the panel's normal
  float lux_per_wm2 = 120.f;     // luminous efficacy of daylight (Littlefair 1985)
  // Drawn once per seed, for each sensor, evenly: resistance times 1 ± mismatch, gamma ± and cant ±
  // its spread.
  float mismatch = 0.10f;
  float gamma_spread = 0.f;
  Degrees cant_spread = degrees(0.f);
  // Of the walled geometry: a wall this many faces high begins at the sensor's edge and shades its
  // face once the sun leans to the other side (20 mm at a GL5528's 5 mm: full shade from 14° on).
  // Of the diffuse light it leaves this share.
  float wall_height = 4.f;
  float wall_leaves = 0.7f;
  bool bottom = false;          // a fourth sensor is fitted
  float sampled_share = 0.02f;  // of the time the `reference` divider has power
  // ESP32 ADC, 12 bit at 11 dB: counts go with voltage between floor and ceiling (ESP-IDF, ADC
  // calibration: 150-2450 mV), read 0 below, and run up to 4095 at `adc_full`.
  Volts supply = volts(3.3f);
  Volts adc_floor = volts(0.15f);
  Volts adc_ceiling = volts(2.45f);
  Volts adc_full = volts(3.1f);
  float adc_noise_counts = 6.f;  // standard deviation of a mean over a few samples
};

struct ServoParameters {
  DegreesPerSecond speed = degrees_per_second(60.f / 0.17f);  // MG996R data sheet, 4.8 V
  Degrees dead_band = degrees(0.5f);  // stops up to half of it short, on the side it came from
  Degrees backlash = degrees(0.3f);   // of the gear
  Watts moving = watts(2.5f);         // 500 mA at 5 V, lightly loaded
  Watts holding = watts(0.05f);       // 10 mA at 5 V while pulses come
  // Each setting-off draws the stall current for a moment: 1.4 A at 5 V for 30 ms. 700 moves of
  // both servos, with a second of holding after each, come to 0.1 Wh.
  float start_joules = 0.2f;
};

struct PanelParameters {
  Watts nominal = watts(10.f);
  float temperature_coefficient = -0.004f;       // of power, per °C (crystalline silicon)
  float faiman_u0 = 25.f;                        // W/(m²·K), Faiman 2008, open rack
  float faiman_u1 = 6.84f;                       // W·s/(m³·K)
  Millis thermal_lag = std::chrono::minutes{5};  // of a small laminate
  Volts voltage = volts(9.f);                    // at the maximum power point, 1000 W/m², 25 °C
  float voltage_coefficient = -0.0035f;          // per °C
  float refractive_index = 1.526f;               // of glass; IAM "physical", De Soto 2006
  float extinction_per_metre = 4.f;
  float glass_metres = 0.002f;
};

struct BatteryParameters {
  WattHours capacity = watt_hours(40.0);
  Volts empty = volts(5.6f);  // open circuit, at 0 % and at 100 %
  Volts full = volts(6.9f);
  Ohms resistance = ohms(0.15f);
  float charge_efficiency = 0.92f;  // charger and cells
  Watts charge_max = watts(12.f);
  float taper_from = 0.95f;  // above this charge the charger takes less, at 100 % nothing
  float start = 0.6f;        // charge at the beginning, 0..1
};

// Both boards of a pair, with meters and regulators. The defaults draw 0.25 W day and night: the
// goal of 6 Wh a day. Currents: ESP32 data sheet, "current consumption" (at 3.3 V: modem sleep at
// 80 MHz 20-31 mA, radio receiving 95-100 mA, light sleep 0.8 mA, deep sleep 0.01 mA).
struct ElectronicsParameters {
  Watts awake = watts(0.20f);        // two processors at 80 MHz, 25 mA each, regulators at 85 %
  Watts light_sleep = watts(0.02f);  // processors 0.8 mA each; meters and regulators stay
  float awake_share = 1.f;           // of the time by day; the rest in light sleep
  float sample_joules = 0.0175f;     // of a sample sent and passed on: radios on for 50 ms
  Millis sample_every{350};
  bool sleeps_at_night = false;  // from sunset the boards wake only for a sample now and then
  Watts night_sleep = watts(0.01f);
  Millis sample_every_at_night = std::chrono::minutes{1};
};

// What the boards draw from the battery, the light sensors' dividers apart.
Watts electronics_power(const ElectronicsParameters& electronics, bool night);

struct LoadParameters {
  WattHours phone_capacity = watt_hours(12.0);
  Watts phone_charge = watts(5.f);  // a USB port at 5 V, 1 A
  double phones_per_day = 14.0;     // arriving between the hours below, solar time: a busy school
  double first_hour = 7.0;
  double last_hour = 20.0;
  float phone_from_charge = 0.35f;   // none is taken below this battery charge,
  float phone_until_charge = 0.20f;  // and charging ends below that
};

struct MeterParameters {  // INA226 and DS18B20 data sheets, a cup anemometer
  Volts voltage_noise = volts(0.003f);
  Amperes current_noise = amperes(0.001f);
  Celsius temperature_noise = celsius(0.1f);
  MetresPerSecond wind_noise = metres_per_second(0.1f);
};

struct PlantParameters {
  control::Mount mount;              // what the law believes; the truth differs by the errors below
  Degrees yaw_error = degrees(0.f);  // the real mount stands this much clockwise
  Degrees tilt_error = degrees(0.f);  // the tilt servo's zero is off by this
  Degrees base_lean = degrees(0.5f);  // whole mount out of level, azimuth drawn by seed
  control::Pose start;                // servo angles at the beginning
  SkyModel sky;                       // of the place, as it truly is
  Degrees longitude = degrees(0.f);   // for the phones' day only: people come by solar time
  bool anemometer = true;
  bool power_sensor = true;  // panel and battery V·A (INA226)
  LightParameters light;
  ServoParameters servo;
  PanelParameters panel;
  BatteryParameters battery;
  ElectronicsParameters electronics;
  LoadParameters load;
  MeterParameters meter;
};

// What the boards ask of the body.
struct PlantCommands {
  control::Pose target;    // servo angles
  bool motors_on = false;  // false: no pulses, the servos stay by friction
  bool charging_allowed = true;
  bool night = false;  // the boards may sleep, if they are of the kind that does
};

struct PhoneSession {
  FixedText<64> label;  // such as "iPhone_15"
  Millis lasted{0};
  WattHours delivered;
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
  WattHours servo_energy;             // cumulative since the plant began
  WattHours device_energy;            // electronics
  std::optional<PhoneSession> phone;  // the phone now charging
};

// What really is: for tests and the lab, unknown to the boards.
struct Truth {
  control::Pose servo;
  control::Direction normal;
  PlaneLight light;
  Irradiance effective;    // what reaches the cells: beam · IAM + diffuse + ground
  Watts panel_power;       // at the maximum power point
  Watts panel_power_used;  // less what a full battery leaves
  WattHours panel_energy;
  WattHours phone_energy;
  Celsius cell_temperature;
  double charge = 0.0;  // 0..1; double, so that a milliwatt over 60 ms counts
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
  static constexpr std::size_t kSensors = 4;  // top, left, right, bottom

 private:
  struct Servo {
    Degrees target;         // last commanded
    Degrees shaft;          // where the motor stands
    Degrees stops_short{};  // of this target
    float side = 1.f;       // 1: came from below, -1: from above
    bool turning = false;
  };
  struct Sensor {
    float mismatch = 1.f;  // factor of its resistance
    float gamma = 0.65f;
    float along = 1.f;  // its direction's shares of the normal and of its own side
    float beside = 0.f;
    UnitVector looks;
    UnitVector side;  // in the panel's plane, away from the panel's middle
    float log_resistance = 0.f;
    float resistance = 1.f;  // Ω
  };

  void piece(Millis dt, const Conditions& conditions, const PlantCommands& commands);
  void move(Servo& servo, Degrees target, Millis dt, bool motors_on);
  void turn_frame();
  void build_sensors(std::uint64_t seed);
  void light_sensors(const Conditions& conditions);
  void panel(const Conditions& conditions);
  void phones(Millis dt, const Conditions& conditions, bool allowed);
  void battery(Millis dt, bool night);
  void measure(const Conditions& conditions);
  Irradiance light_on(const Sensor& sensor, const SkyDome& dome) const;
  std::uint16_t adc(Volts voltage);
  UtcMillis arrival_after(UtcMillis when);
  Degrees panel_angle(const Servo& servo) const;
  Volts working_voltage() const;

  PlantParameters parameters_;
  Random chance_;
  Random noise_;
  control::Mount mount_;  // as it really stands, but for the lean
  Degrees lean_azimuth_;
  Servo pan_;
  Servo tilt_;
  std::array<Sensor, kSensors> sensors_;
  control::Pose frame_at_;  // panel angles of normal_ and the sensors' directions
  UnitVector normal_;
  bool sensed_ = false;
  bool warmed_ = false;
  // Shares of the way that the lags cover in a step of lags_of_: the same for most steps.
  Millis lags_of_{0};
  float covered_brighter_ = 1.f;
  float covered_darker_ = 1.f;
  float covered_heat_ = 1.f;

  std::optional<UtcMillis> next_phone_;
  WattHours phone_wants_;
  Watts phone_power_;
  Watts divider_power_;
  Watts battery_power_;  // net, positive when charging
  WattHours servo_energy_before_;

  Readings readings_;
  Truth truth_;
};

// The formulas of core/sun/panel.h with this panel's parameters.
float incidence_factor(float aoi_cosine, const PanelParameters& panel);
Celsius cell_temperature(Celsius air, MetresPerSecond wind, Irradiance plane,
                         const PanelParameters& panel);
Watts panel_power(Irradiance effective, Celsius cell, const PanelParameters& panel);

}  // namespace idast::sim
