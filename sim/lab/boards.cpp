#include "sim/lab/boards.h"

#include <algorithm>

namespace idast::sim {
namespace {

// What whoever builds a tracker can know of it: data sheets, not the single specimen.
control::HeadSettings head_of(const PlantParameters& plant) {
  const LightParameters& light = plant.light;
  const bool is_reference = light.profile == LightProfile::reference;
  control::HeadSettings head;
  head.divider = ohms(is_reference ? 150.f : 10'000.f);
  head.cap = is_reference ? 0.1f : 1.f;
  head.supply = light.supply;
  head.linear_min = light.adc_floor;
  head.linear_max = light.adc_ceiling;
  head.resistance_10_lux = light.resistance_10_lux;
  head.gamma = light.gamma;
  head.cant = light.cant;
  head.lux_per_wm2 = light.lux_per_wm2;
  head.panel_nominal = plant.panel.nominal;
  head.temperature_coefficient = plant.panel.temperature_coefficient;
  return head;
}

}  // namespace

PlantParameters lab_plant(const LabOptions& options, const sun::Place& place) {
  PlantParameters plant = options.plant;
  plant.longitude = place.longitude;
  plant.load.phones_per_day = 0.0;
  // A battery that a year does not fill, and a charger that takes all there is.
  plant.battery.capacity = watt_hours(1.0e6);
  plant.battery.start = 0.5f;
  plant.battery.charge_max = std::max(plant.battery.charge_max, plant.panel.nominal * 2.f);
  plant.start = control::flat_pose(plant.mount);
  return plant;
}

control::Settings lab_boards(const LabOptions& options, control::Law law, const sun::Place& place) {
  control::Settings settings = options.boards;
  settings.law = law;
  settings.place = place;
  settings.mount = options.plant.mount;
  settings.wind.anemometer = options.plant.anemometer;
  settings.hybrid.head = head_of(options.plant);
  settings.hybrid.play = {.dead_band = options.plant.servo.dead_band,
                          .backlash = options.plant.servo.backlash};
  // Bare sensors read high long before the light is steady, and well in the dark.
  constexpr int kSteadyAboveFielded = 3500, kDarkBelowFielded = 60;
  if (options.plant.light.profile == LightProfile::fielded) {
    settings.naive.steady_above = kSteadyAboveFielded;
    settings.naive.dark_below = kDarkBelowFielded;
  }
  return settings;
}

void Boards::step(Millis dt, const Conditions& now, std::optional<UtcMillis> utc) {
  plant_.step(
      dt, now,
      {.target = out_.target, .motors_on = out_.motors_on, .night = out_.state == State::night});
  uptime_ = uptime_ + dt;
  const Readings& seen = plant_.readings();
  control::Inputs inputs{.now = uptime_,
                         .utc = utc,
                         .light = seen.light,
                         .wind = seen.wind,
                         .panel_temperature = seen.panel_temperature,
                         .battery = seen.battery_charge};
  if (seen.panel_voltage && seen.panel_current) {
    inputs.panel_power = *seen.panel_voltage * *seen.panel_current;
  }
  out_ = tracker_.step(inputs);
}

float Boards::error_deg(const Conditions& now) const {
  return control::angle_between(plant_.truth().normal, {now.sun.azimuth, now.sun.elevation})
      .in(degrees);
}

}  // namespace idast::sim
