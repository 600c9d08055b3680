#include "core/node/report.h"

#include <algorithm>
#include <cmath>

#include "core/telemetry/schema.h"

namespace idast::node {
namespace {

// A meter that answers "not a number" did not answer.
template <class Unit>
std::optional<Quantity<Unit>> sound(std::optional<Quantity<Unit>> value) {
  if (!value || !std::isfinite(value->in(Unit{}))) return std::nullopt;
  return value;
}

// What a meter cannot measure below zero: the rest is its noise.
template <class Unit>
std::optional<Quantity<Unit>> not_negative(std::optional<Quantity<Unit>> value) {
  if (!value || !std::isfinite(value->in(Unit{}))) return std::nullopt;
  return std::max(*value, Unit{}(0));
}

std::optional<std::int32_t> counts(std::optional<std::uint16_t> value) {
  if (!value) return std::nullopt;
  return *value;
}

std::optional<Watts> battery_power(const ports::Readings& readings) {
  const auto voltage = sound(readings.battery_voltage);
  const auto current = sound(readings.battery_current);
  if (!voltage || !current) return std::nullopt;
  return *voltage * *current;
}

double watt_seconds(Watts power, double seconds) {
  return static_cast<double>(power.in(watts)) * seconds;
}

void fill_light(telemetry::Sample& sample, const ports::Readings& readings,
                const control::Outputs& outputs) {
  sample.top = counts(readings.top);
  sample.left = counts(readings.left);
  sample.right = counts(readings.right);
  sample.bottom = counts(readings.bottom);
  if (!outputs.light) return;
  // The smoothed counts the law worked with, so that its errors follow from them.
  sample.top = outputs.light->light.top;
  sample.left = outputs.light->light.left;
  sample.right = outputs.light->light.right;
  sample.bottom = counts(outputs.light->light.bottom);
}

void fill_pointing(telemetry::Sample& sample, const control::Outputs& outputs) {
  sample.tilt_angle = outputs.target.tilt;
  sample.pan_angle = outputs.target.pan;
  sample.pan_target = outputs.goal.pan;
  sample.manual = outputs.manual;
  sample.steady = outputs.steady;
  sample.state = outputs.state;
  sample.state_reason = outputs.reason;
  sample.trim_azimuth = outputs.trim_azimuth;
  sample.trim_elevation = outputs.trim_elevation;
  sample.azimuth = outputs.panel.azimuth;
  sample.elevation = outputs.panel.elevation;
  if (!outputs.sun) return;
  sample.sun_azimuth = outputs.sun->azimuth;
  sample.sun_elevation = outputs.sun->elevation;
}

void fill_battery(telemetry::Sample& sample, const ports::Readings& readings) {
  sample.battery_voltage = not_negative(readings.battery_voltage);
  sample.battery_current = sound(readings.battery_current);
  const auto charge = battery_charge(readings);
  if (!charge) return;
  sample.battery_charge = charge->value;
  if (charge->estimated) sample.estimated.add(telemetry::position_of("battery_pct"));
}

}  // namespace

std::optional<Watts> measured_power(const ports::Readings& readings) {
  const auto voltage = not_negative(readings.panel_voltage);
  const auto current = not_negative(readings.panel_current);
  if (!voltage || !current) return std::nullopt;
  return *voltage * *current;
}

std::optional<Charge> battery_charge(const ports::Readings& readings) {
  if (const auto gauge = not_negative(readings.battery_charge)) return Charge{*gauge, false};
  const auto voltage = not_negative(readings.battery_voltage);
  if (!voltage) return std::nullopt;
  const float share = (*voltage - kBatteryEmpty) / (kBatteryFull - kBatteryEmpty);
  return Charge{percent(std::clamp(share, 0.f, 1.f) * 100.f), true};
}

void Reporter::integrate(const ports::Readings& readings, Instant now) {
  const Millis lasted = now - last_;
  const bool first = !started_;
  started_ = true;
  if (!first && lasted <= Millis{0}) return;
  last_ = now;
  const auto power = measured_power(readings);
  if (!power) return;
  measured_ = true;
  if (first) return;
  if (lasted > kIntegrationGapMax) {
    ++gaps_;
    return;
  }
  energy_ += idast::energy(*power, static_cast<double>(lasted.count()) / 3'600'000.0);
  add_to_window(*power, battery_power(readings), lasted, now);
}

void Reporter::add_to_window(Watts panel, std::optional<Watts> battery, Millis lasted,
                             Instant now) {
  if (!battery) return;
  const std::int64_t number = now.since_start() / kSlot;
  Slot& slot = slots_[static_cast<std::size_t>(number) % kSlots];
  if (slot.number != number) slot = {.number = number};
  const double seconds = static_cast<double>(lasted.count()) / 1000.0;
  slot.panel_ws += watt_seconds(panel, seconds);
  slot.battery_ws += watt_seconds(*battery, seconds);
  slot.seconds += seconds;
}

std::optional<Percent> Reporter::efficiency() const {
  const std::int64_t newest = last_.since_start() / kSlot;
  double panel_ws = 0, battery_ws = 0, seconds = 0;
  for (const Slot& slot : slots_) {
    if (slot.number < 0 || slot.number + static_cast<std::int64_t>(kSlots) <= newest) continue;
    panel_ws += slot.panel_ws;
    battery_ws += slot.battery_ws;
    seconds += slot.seconds;
  }
  if (seconds <= 0) return std::nullopt;
  if (panel_ws / seconds < static_cast<double>(kEfficiencyPowerMin.in(watts))) return std::nullopt;
  // A phone may take more than the panel gives: then nothing of it reaches the battery.
  return percent(static_cast<float>(std::max(0.0, battery_ws / panel_ws) * 100.0));
}

telemetry::Sample Reporter::sample(const ports::Readings& readings,
                                   const control::Outputs& outputs) const {
  telemetry::Sample sample;
  fill_light(sample, readings, outputs);
  fill_pointing(sample, outputs);
  fill_battery(sample, readings);
  sample.panel_voltage = not_negative(readings.panel_voltage);
  sample.panel_current = sound(readings.panel_current);
  sample.power_actual = measured_power(readings);
  sample.power = sample.power_actual;
  sample.panel_temperature = sound(readings.panel_temperature);
  if (measured_) sample.energy = energy_;
  sample.efficiency = efficiency();
  sample.servo_energy = sound(readings.servo_energy);
  sample.device_energy = sound(readings.device_energy);
  sample.wind = not_negative(readings.wind);
  return sample;
}

}  // namespace idast::node
