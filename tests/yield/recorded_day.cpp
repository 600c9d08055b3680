#include "tests/yield/recorded_day.h"

#include <algorithm>
#include <cmath>

#include "core/sun/panel.h"

namespace idast::tests {
namespace {

using namespace std::chrono_literals;

// A panel without motors that is told its light minute by minute.
class StandingPanel {
 public:
  explicit StandingPanel(const sim::PanelParameters& parameters) : parameters_{parameters} {}

  double watts_of(const sun::PlaneLight& light, const sim::Conditions& now, Millis dt) {
    const Celsius steady =
        sim::cell_temperature(now.air_temperature, now.wind, light.total(), parameters_);
    const float share = warmed_
                            ? 1.f - std::exp(-static_cast<float>(dt.count()) /
                                             static_cast<float>(parameters_.thermal_lag.count()))
                            : 1.f;
    cell_ += (steady - cell_) * share;
    warmed_ = true;
    const Irradiance effective = light.beam * sim::incidence_factor(light.aoi_cosine, parameters_) +
                                 light.diffuse + light.ground;
    return static_cast<double>(sim::panel_power(effective, cell_, parameters_).in(watts));
  }

 private:
  sim::PanelParameters parameters_;
  Celsius cell_;
  bool warmed_ = false;
};

sun::PlaneLight best_light(const sim::SkyDome& dome, const sun::Position& sun) {
  sun::PlaneLight best = dome.on({});
  for (int share = 0; share <= 20; ++share) {
    const Degrees up =
        sun.elevation + (degrees(90.f) - sun.elevation) * (0.05f * static_cast<float>(share));
    const sun::PlaneLight light = dome.on(sun::unit_vector(sun.azimuth, up));
    if (light.total() > best.total()) best = light;
  }
  return best;
}

insight::Minute stored(UtcMillis at, const sim::Readings& seen, const control::Outputs& out) {
  insight::Minute minute{.at = at};
  if (seen.panel_voltage && seen.panel_current) {
    minute.power = *seen.panel_voltage * *seen.panel_current;
  }
  minute.panel_temperature = seen.panel_temperature;
  minute.azimuth = out.panel.azimuth;
  minute.elevation = out.panel.elevation;
  minute.wind = seen.wind;
  minute.panel_voltage = seen.panel_voltage;
  minute.battery_charge = seen.battery_charge;
  const std::optional<double> counts[] = {seen.light.top, seen.light.left, seen.light.right};
  minute.light_index = insight::light_index(counts);
  return minute;
}

}  // namespace

RecordedDay record_day(const sim::Sky& sky, UtcMillis from, UtcMillis to, control::Law law,
                       const sim::PlantParameters& body, std::uint64_t seed, Millis step) {
  control::Settings settings;
  settings.law = law;
  settings.place = sky.place();
  settings.wind.anemometer = true;
  settings.mount = body.mount;
  control::Tracker tracker{settings};
  sim::Plant plant{body, seed};
  StandingPanel fixed{body.panel};
  StandingPanel ideal{body.panel};
  const sun::UnitVector normal = insight::fixed_normal(sky.place());
  control::Outputs out = tracker.step({});
  RecordedDay day;
  UtcMillis stamp = from;
  for (UtcMillis at = from; at < to;) {
    const sim::Conditions now = sky.at(at);
    const Millis dt = now.sun.elevation < degrees(-3.f) ? Millis{1min} : step;
    plant.step(dt, now, {.target = out.target, .motors_on = out.motors_on});
    const sim::Readings& seen = plant.readings();
    out =
        tracker.step({.now = Instant{at - from + dt},
                      .utc = at,
                      .light = seen.light,
                      .wind = seen.wind,
                      .panel_power = seen.panel_voltage && seen.panel_current
                                         ? std::optional{*seen.panel_voltage * *seen.panel_current}
                                         : std::nullopt,
                      .panel_temperature = seen.panel_temperature,
                      .battery = seen.battery_charge});
    if (at >= stamp) {
      stamp = stamp + 1min;
      day.minutes.push_back(stored(at, seen, out));
      const sim::SkyDome dome{now, body.sky};
      const sun::PlaneLight on_fixed = dome.on(normal);
      const sun::PlaneLight on_ideal = best_light(dome, now.sun);
      const double fixed_w = fixed.watts_of(on_fixed, now, 1min);
      const double ideal_w = ideal.watts_of(on_ideal, now, 1min);
      if (now.sun.elevation > degrees(0.5f) && !now.in_gap) {
        day.tracked_wh += static_cast<double>(plant.truth().panel_power.in(watts)) / 60.0;
        day.fixed_wh += fixed_w / 60.0;
        day.ideal_wh += ideal_w / 60.0;
        const auto poa = [](const sun::PlaneLight& light) {
          return static_cast<double>(light.total().in(watts_per_square_metre)) / 60.0;
        };
        day.tracked_poa_wh += poa(plant.truth().light);
        day.fixed_poa_wh += poa(on_fixed);
      }
    }
    at = at + dt;
  }
  day.servo_wh = plant.readings().servo_energy.in(watt_hours);
  day.device_wh = plant.readings().device_energy.in(watt_hours);
  return day;
}

}  // namespace idast::tests
