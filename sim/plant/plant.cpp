#include "sim/plant/plant.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

#include "core/sun/panel.h"

namespace idast::sim {
namespace {

using control::Direction;
using control::Pose;

constexpr float kRadians = std::numbers::pi_v<float> / 180.f;
constexpr std::size_t kTop = 0;
constexpr std::size_t kLeft = 1;
constexpr std::size_t kRight = 2;
constexpr std::size_t kBottom = 3;

// Independent streams of chance: events, noise at every step, and how this body was built.
constexpr std::uint64_t kChanceStream = 1;
constexpr std::uint64_t kNoiseStream = 2;
constexpr std::uint64_t kBuildStream = 3;

constexpr std::array<std::string_view, 10> kPhones{
    "iPhone_15", "iPhone_13",      "Galaxy_A15", "Galaxy_S23", "Redmi_Note_13",
    "Oppo_A78",  "Infinix_Hot_40", "Pixel_8",    "Vivo_Y27",   "Realme_C55"};

double hours(Millis duration) { return static_cast<double>(duration.count()) / 3.6e6; }
WattHours joules(float value) { return watt_hours(static_cast<double>(value) / 3600.0); }
float seconds(Millis duration) { return static_cast<float>(duration.count()) / 1000.f; }

// Share of the way that a first-order lag covers in dt.
float covered(Millis dt, Millis lag) {
  if (lag <= Millis{0}) return 1.f;
  return 1.f - std::exp(-seconds(dt) / seconds(lag));
}

UnitVector operator*(const UnitVector& v, float k) { return {v.east * k, v.north * k, v.up * k}; }
UnitVector operator+(const UnitVector& a, const UnitVector& b) {
  return {a.east + b.east, a.north + b.north, a.up + b.up};
}
float dot(const UnitVector& a, const UnitVector& b) {
  return a.east * b.east + a.north * b.north + a.up * b.up;
}
UnitVector cross(const UnitVector& a, const UnitVector& b) {
  return {a.north * b.up - a.up * b.north, a.up * b.east - a.east * b.up,
          a.east * b.north - a.north * b.east};
}

Direction direction_of(const UnitVector& v) {
  const float azimuth = std::atan2(v.east, v.north) / kRadians;
  const float turned = azimuth < 0.f ? azimuth + 360.f : azimuth;
  return {.azimuth = degrees(turned < 360.f ? turned : 0.f),
          .elevation = degrees(std::atan2(v.up, std::hypot(v.east, v.north)) / kRadians)};
}

// v turned about a unit axis (Rodrigues).
UnitVector turned(const UnitVector& v, const UnitVector& axis, Degrees angle) {
  const float c = std::cos(angle.in(degrees)*kRadians);
  const float s = std::sin(angle.in(degrees)*kRadians);
  return v * c + cross(axis, v) * s + axis * (dot(axis, v) * (1.f - c));
}

Degrees on_scale(Degrees servo) {
  if (!std::isfinite(servo.in(degrees))) return degrees(90.f);
  return std::clamp(servo, degrees(0.f), degrees(180.f));
}

}  // namespace

float incidence_factor(float aoi_cosine, const PanelParameters& panel) {
  return sun::incidence_factor(aoi_cosine, {.refractive_index = panel.refractive_index,
                                            .extinction_per_metre = panel.extinction_per_metre,
                                            .metres = panel.glass_metres});
}

Celsius cell_temperature(Celsius air, MetresPerSecond wind, Irradiance plane,
                         const PanelParameters& panel) {
  return sun::cell_temperature(air, wind, plane, {.u0 = panel.faiman_u0, .u1 = panel.faiman_u1});
}

Watts panel_power(Irradiance effective, Celsius cell, const PanelParameters& panel) {
  return sun::panel_power(effective, cell, panel.nominal, panel.temperature_coefficient);
}

Watts electronics_power(const ElectronicsParameters& electronics, bool night) {
  const auto samples = [&](Millis every) {
    return watts(electronics.sample_joules / std::max(seconds(every), 0.001f));
  };
  if (night && electronics.sleeps_at_night) {
    return electronics.night_sleep + samples(electronics.sample_every_at_night);
  }
  const float awake = electronics.awake_share;
  return electronics.awake * awake + electronics.light_sleep * (1.f - awake) +
         samples(electronics.sample_every);
}

Plant::Plant(const PlantParameters& parameters, std::uint64_t seed)
    : parameters_{parameters},
      chance_{Random{seed}.fork(kChanceStream)},
      noise_{Random{seed}.fork(kNoiseStream)},
      mount_{parameters.mount} {
  mount_.heading += parameters.yaw_error;
  mount_.tilt.neutral -=
      parameters.tilt_error * static_cast<float>(parameters.mount.tilt.direction);
  lean_azimuth_ = degrees(static_cast<float>(chance_.between(0.0, 360.0)));
  build_sensors(seed);
  const Pose start{.pan = on_scale(parameters.start.pan), .tilt = on_scale(parameters.start.tilt)};
  pan_.target = pan_.shaft = start.pan;
  tilt_.target = tilt_.shaft = start.tilt;
  truth_.charge = static_cast<double>(std::clamp(parameters.battery.start, 0.f, 1.f));
  readings_.servo = start;
  turn_frame();
}

void Plant::build_sensors(std::uint64_t seed) {
  const LightParameters& light = parameters_.light;
  Random build = Random{seed}.fork(kBuildStream);
  for (Sensor& sensor : sensors_) {
    const double spread = static_cast<double>(light.mismatch);
    sensor.mismatch = static_cast<float>(chance_.between(1.0 - spread, 1.0 + spread));
    const float of_gamma = static_cast<float>(build.between(-1.0, 1.0));
    const float of_cant = static_cast<float>(build.between(-1.0, 1.0));
    sensor.gamma = light.gamma + light.gamma_spread * of_gamma;
    if (light.geometry == SensorGeometry::walled) continue;
    const float cant = (light.cant + light.cant_spread * of_cant).in(degrees)*kRadians;
    sensor.along = std::cos(cant);
    sensor.beside = std::sin(cant);
  }
}

void Plant::step(Millis dt, const Conditions& conditions, const PlantCommands& commands) {
  for (Millis left = dt; left > Millis{0};) {
    const Millis now = std::min(left, kStepMax);
    piece(now, conditions, commands);
    left -= now;
  }
  if (dt > Millis{0}) measure(conditions);
}

void Plant::piece(Millis dt, const Conditions& conditions, const PlantCommands& commands) {
  if (dt != lags_of_) {
    lags_of_ = dt;
    covered_brighter_ = covered(dt, parameters_.light.lag_brighter);
    covered_darker_ = covered(dt, parameters_.light.lag_darker);
    covered_heat_ = covered(dt, parameters_.panel.thermal_lag);
  }
  move(pan_, commands.target.pan, dt, commands.motors_on);
  move(tilt_, commands.target.tilt, dt, commands.motors_on);
  turn_frame();
  light_sensors(conditions);
  panel(conditions);
  phones(dt, conditions, commands.charging_allowed);
  battery(dt, commands.night);
}

void Plant::move(Servo& servo, Degrees target, Millis dt, bool motors_on) {
  if (!motors_on) {
    servo.turning = false;
    return;
  }
  const ServoParameters& model = parameters_.servo;
  const Degrees wanted = on_scale(target);
  if (wanted != servo.target) {
    servo.target = wanted;
    const float share = static_cast<float>(chance_.unit());
    servo.stops_short = model.dead_band * (0.5f * share);
  }
  const float off = (servo.target - servo.shaft).in(degrees);
  double moving_hours = 0.0;
  if (std::abs(off) > model.dead_band.in(degrees) / 2.f) {
    const float side = off > 0.f ? 1.f : -1.f;
    const float way = std::abs(off) - servo.stops_short.in(degrees);
    const float speed = model.speed.in(degrees_per_second);
    const float gone = std::min(way, speed * seconds(dt));
    servo.shaft = on_scale(servo.shaft + degrees(side * gone));
    servo.side = side;
    moving_hours = static_cast<double>(gone / speed) / 3600.0;
    if (!servo.turning) readings_.servo_energy += joules(model.start_joules);
  }
  servo.turning = moving_hours > 0.0;
  readings_.servo_energy += energy(model.moving, moving_hours) +
                            energy(model.holding, std::max(0.0, hours(dt) - moving_hours));
}

Degrees Plant::panel_angle(const Servo& servo) const {
  return servo.shaft - parameters_.servo.backlash * (0.5f * servo.side);
}

// Where the panel and its sensors look, base lean included; only when something moved.
void Plant::turn_frame() {
  truth_.servo = {.pan = pan_.shaft, .tilt = tilt_.shaft};
  const Pose at{.pan = panel_angle(pan_), .tilt = panel_angle(tilt_)};
  if (sensed_ && at == frame_at_) return;
  frame_at_ = at;
  const control::PanelFrame frame = control::panel_frame(mount_, at);
  // The base leans towards lean_azimuth_: everything turns about the level axis across it.
  const UnitVector axis = unit_vector({lean_azimuth_ + degrees(90.f), degrees(0.f)}) * -1.f;
  const auto leaned = [&](const Direction& direction) {
    return turned(unit_vector(direction), axis, parameters_.base_lean);
  };
  normal_ = leaned(frame.normal);
  const UnitVector right = leaned(frame.right);
  const UnitVector top = leaned(frame.top);
  truth_.normal = direction_of(normal_);
  sensors_[kTop].side = top;
  sensors_[kLeft].side = right * -1.f;
  sensors_[kRight].side = right;
  sensors_[kBottom].side = top * -1.f;
  for (Sensor& sensor : sensors_) {
    sensor.looks = normal_ * sensor.along + sensor.side * sensor.beside;
  }
}

// What falls on a sensor's face.
Irradiance Plant::light_on(const Sensor& sensor, const SkyDome& dome) const {
  const PlaneLight seen = dome.on(sensor.looks);
  const Irradiance diffuse = seen.diffuse + seen.ground;
  // A sun behind the panel does not reach sensors on its front.
  const float before = truth_.light.aoi_cosine;
  if (before <= 0.f) return diffuse;
  const LightParameters& model = parameters_.light;
  if (model.geometry == SensorGeometry::canted) return seen.beam + diffuse;
  // The tangent of how far the sun leans to the wall's side is the shadow's length in walls.
  const float lean = -dome.along_sun(sensor.side) / before;
  const float shade = std::clamp(lean * model.wall_height, 0.f, 1.f);
  const float lit = 1.f - shade * shade * (3.f - 2.f * shade);  // faces and shadows are not sharp
  return seen.beam * lit + diffuse * model.wall_leaves;
}

void Plant::light_sensors(const Conditions& conditions) {
  const LightParameters& model = parameters_.light;
  const bool is_reference = model.profile == LightProfile::reference;
  const float cap = is_reference ? 0.1f : 1.f;
  const float divider = is_reference ? 150.f : 10'000.f;
  const SkyDome dome{conditions, parameters_.sky};
  truth_.light = dome.on(normal_);
  const std::size_t fitted = model.bottom ? kSensors : kSensors - 1;
  const float log_dark = std::log(model.resistance_dark.in(ohms));
  const float supply = model.supply.in(volts);
  float power = 0.f;
  for (std::size_t i = 0; i < fitted; ++i) {
    Sensor& sensor = sensors_[i];
    const float light = light_on(sensor, dome).in(watts_per_square_metre);
    constexpr float kLuxMin = 0.01f;  // starlight; keeps the power law finite
    const float lux = std::max(kLuxMin, cap * model.lux_per_wm2 * light);
    const float at_10_lux = sensor.mismatch * model.resistance_10_lux.in(ohms);
    const float lit = std::log(at_10_lux) - sensor.gamma * std::log(lux / 10.f);
    const float wanted = std::min(lit, log_dark);
    const bool brighter = wanted < sensor.log_resistance;
    const float share = !sensed_ ? 1.f : brighter ? covered_brighter_ : covered_darker_;
    sensor.log_resistance += (wanted - sensor.log_resistance) * share;
    sensor.resistance = std::exp(sensor.log_resistance);
    power += supply * supply / (divider + sensor.resistance);
  }
  divider_power_ = watts(power * (is_reference ? model.sampled_share : 1.f));
  sensed_ = true;
}

void Plant::panel(const Conditions& conditions) {
  const PanelParameters& model = parameters_.panel;
  const PlaneLight& light = truth_.light;
  const Celsius steady =
      cell_temperature(conditions.air_temperature, conditions.wind, light.total(), model);
  truth_.cell_temperature += (steady - truth_.cell_temperature) * (warmed_ ? covered_heat_ : 1.f);
  warmed_ = true;
  truth_.effective =
      light.beam * incidence_factor(light.aoi_cosine, model) + light.diffuse + light.ground;
  truth_.panel_power = panel_power(truth_.effective, truth_.cell_temperature, model);
}

// The next arrival: an exponential wait that runs only in open hours, solar time.
UtcMillis Plant::arrival_after(UtcMillis when) {
  const LoadParameters& model = parameters_.load;
  constexpr double kDayMs = 86.4e6;
  const double open = std::clamp(model.last_hour - model.first_hour, 0.1, 24.0);
  const double wait_hours =
      -std::log(1.0 - chance_.unit()) * open / std::max(model.phones_per_day, 1e-3);
  const double east = static_cast<double>(parameters_.longitude.in(degrees)) / 15.0;
  const double local_ms = static_cast<double>(when.unix_ms()) + east * 3.6e6;
  const double day = std::floor(local_ms / kDayMs);
  const double hour = (local_ms - day * kDayMs) / 3.6e6;
  const double into_open = std::clamp(hour - model.first_hour, 0.0, open) + wait_hours;
  const double days_on = std::floor(into_open / open);
  const double arrives = model.first_hour + (into_open - days_on * open) + 24.0 * days_on;
  return UtcMillis{static_cast<std::int64_t>(day * kDayMs + (arrives - east) * 3.6e6)};
}

void Plant::phones(Millis dt, const Conditions& conditions, bool allowed) {
  const LoadParameters& model = parameters_.load;
  phone_power_ = watts(0.f);
  auto& phone = readings_.phone;
  if (phone) {
    const bool ends = !allowed || phone->delivered >= phone_wants_ ||
                      truth_.charge < static_cast<double>(model.phone_until_charge);
    if (ends) {
      phone.reset();
      next_phone_ = arrival_after(conditions.at);
    }
  }
  if (!phone) {
    // A replay may jump: an arrival far ahead belongs to another day.
    constexpr Millis kFarAhead = std::chrono::hours{24 * 14};
    if (!next_phone_ || *next_phone_ - conditions.at > kFarAhead)
      next_phone_ = arrival_after(conditions.at);
    if (conditions.at < *next_phone_) return;
    next_phone_ = arrival_after(conditions.at);
    if (!allowed || truth_.charge < static_cast<double>(model.phone_from_charge)) return;
    phone = PhoneSession{.label = FixedText<64>{kPhones[chance_.below(kPhones.size())]},
                         .lasted = {},
                         .delivered = {}};
    phone_wants_ = model.phone_capacity * chance_.between(0.3, 1.0);
  }
  phone_power_ = model.phone_charge;
  phone->lasted += dt;
  const WattHours given = energy(phone_power_, hours(dt));
  phone->delivered += given;
  truth_.phone_energy += given;
}

void Plant::battery(Millis dt, bool night) {
  const BatteryParameters& model = parameters_.battery;
  const double dt_hours = hours(dt);
  const Watts electronics = electronics_power(parameters_.electronics, night) + divider_power_;
  readings_.device_energy += energy(electronics, dt_hours);

  const double servo_now = (readings_.servo_energy - servo_energy_before_).in(watt_hours);
  servo_energy_before_ = readings_.servo_energy;
  const Watts servos = watts(dt_hours > 0.0 ? static_cast<float>(servo_now / dt_hours) : 0.f);
  const Watts load = electronics + phone_power_ + servos;

  // The charger takes what the loads use and what the battery still accepts.
  const float room =
      (1.f - static_cast<float>(truth_.charge)) / std::max(1.f - model.taper_from, 0.001f);
  const Watts accepted = model.charge_max * std::clamp(room, 0.f, 1.f);
  truth_.panel_power_used =
      std::min(truth_.panel_power, (load + accepted) / model.charge_efficiency);
  battery_power_ = truth_.panel_power_used * model.charge_efficiency - load;
  truth_.panel_energy += energy(truth_.panel_power_used, dt_hours);
  const double change = energy(battery_power_, dt_hours) / model.capacity;
  truth_.charge = std::clamp(truth_.charge + change, 0.0, 1.0);
}

std::uint16_t Plant::adc(Volts voltage) {
  const LightParameters& model = parameters_.light;
  constexpr float kCountsMax = 4095.f;
  const float per_volt = kCountsMax / model.supply.in(volts);
  float counts = 0.f;
  if (voltage >= model.adc_floor) counts = voltage.in(volts)*per_volt;
  if (voltage > model.adc_ceiling) {
    const float at_ceiling = model.adc_ceiling.in(volts)*per_volt;
    const float beyond = (voltage - model.adc_ceiling) / (model.adc_full - model.adc_ceiling);
    counts = at_ceiling + (kCountsMax - at_ceiling) * beyond;
  }
  if (counts > 0.f) counts += static_cast<float>(noise_.normal()) * model.adc_noise_counts;
  return static_cast<std::uint16_t>(std::lround(std::clamp(counts, 0.f, kCountsMax)));
}

void Plant::measure(const Conditions& conditions) {
  const LightParameters& light = parameters_.light;
  const MeterParameters& meter = parameters_.meter;
  const auto noisy = [this](auto value, auto deviation) {
    return value + deviation * static_cast<float>(noise_.normal());
  };
  const float divider = light.profile == LightProfile::reference ? 150.f : 10'000.f;
  const auto counts = [&](std::size_t i) {
    return adc(light.supply * (divider / (divider + std::exp(sensors_[i].log_resistance))));
  };
  readings_.light = {.top = counts(kTop), .left = counts(kLeft), .right = counts(kRight)};
  if (light.bottom) readings_.light.bottom = counts(kBottom);
  readings_.panel_temperature = noisy(truth_.cell_temperature, meter.temperature_noise);
  readings_.servo = {.pan = pan_.target, .tilt = tilt_.target};

  const BatteryParameters& cells = parameters_.battery;
  const auto charge = static_cast<float>(truth_.charge);
  const float open = (cells.empty + (cells.full - cells.empty) * charge).in(volts);
  const float power = battery_power_.in(watts);
  // V = OCV + I·R and P = V·I; a load beyond what the resistance lets through gives half the OCV.
  const float root = std::sqrt(std::max(0.f, open * open + 4.f * cells.resistance.in(ohms)*power));
  const float battery_volts = 0.5f * (open + root);
  readings_.battery_voltage = noisy(volts(battery_volts), meter.voltage_noise);
  readings_.battery_charge = percent(100.f * charge);

  readings_.panel_voltage.reset();
  readings_.panel_current.reset();
  readings_.battery_current.reset();
  if (parameters_.power_sensor) {
    readings_.battery_current = noisy(amperes(power / battery_volts), meter.current_noise);
    const Volts at = working_voltage();
    const Amperes through =
        at > volts(0.1f) ? amperes(truth_.panel_power_used / watts(at.in(volts))) : amperes(0.f);
    readings_.panel_voltage = std::max(volts(0.f), noisy(at, meter.voltage_noise));
    readings_.panel_current = std::max(amperes(0.f), noisy(through, meter.current_noise));
  }
  readings_.wind.reset();
  if (parameters_.anemometer) {
    readings_.wind = std::max(metres_per_second(0.f), noisy(conditions.wind, meter.wind_noise));
  }
}

// The panel's voltage: at the maximum power point, or towards open circuit when less is drawn.
Volts Plant::working_voltage() const {
  const PanelParameters& model = parameters_.panel;
  const float suns = truth_.effective.in(watts_per_square_metre) / 1000.f;
  constexpr float kDark = 0.001f;
  if (suns < kDark) return volts(0.f);
  constexpr float kPerLogSun = 0.05f;    // of the voltage, for each factor e of light
  constexpr float kOpenCircuit = 1.22f;  // of the maximum power point's voltage
  const float heat = 1.f + model.voltage_coefficient * (truth_.cell_temperature.in(celsius)-25.f);
  const float dim = std::max(0.f, 1.f + kPerLogSun * std::log(suns));
  const float drawn =
      truth_.panel_power > watts(0.f) ? truth_.panel_power_used / truth_.panel_power : 1.f;
  return model.voltage * (heat * dim * (1.f + (kOpenCircuit - 1.f) * (1.f - drawn)));
}

}  // namespace idast::sim
