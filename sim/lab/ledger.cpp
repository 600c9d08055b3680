#include "sim/lab/ledger.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace idast::sim {
namespace {

constexpr double kStampHours = 1.0 / 60.0;

double watts_on(const PlaneLight& light) {
  return static_cast<double>(light.total().in(watts_per_square_metre));
}

std::optional<double> ratio(double part, double whole) {
  if (!(whole > 0.0)) return std::nullopt;
  return part / whole;
}

}  // namespace

float turbidity(const Sky& sky, UtcMillis from, UtcMillis to) {
  constexpr Degrees kSunHigh = degrees(10.f);
  constexpr double kLeast = 1.5;
  constexpr double kMost = 7.0;
  std::vector<double> found;
  for (UtcMillis at = from; at <= to; at = at + kStamp) {
    const Conditions now = sky.at(at);
    if (now.in_gap || now.sun.elevation < kSunHigh || now.ghi <= watts_per_square_metre(0.f)) {
      continue;
    }
    const float up = unit_vector({now.sun.azimuth, now.sun.elevation}).up;
    const float clearness = now.ghi / (extraterrestrial(at) * up);
    found.push_back(
        sun::ClearSky::turbidity_of(sky.place().altitude, now.sun.elevation, clearness));
  }
  if (found.empty()) return kTurbidityAssumed;
  const auto tenth = found.begin() + static_cast<std::ptrdiff_t>(found.size() / 10);
  std::ranges::nth_element(found, tenth);
  return *tenth > kMost ? kTurbidityAssumed : static_cast<float>(std::max(*tenth, kLeast));
}

Ledger::Ledger(const Sky& sky, UtcMillis from, UtcMillis to, const LabOptions& options)
    : fixed_{fixed_normal(sky.place())},
      fixed_panel_{options.plant.panel},
      cloudless_{sky.place().altitude, turbidity(sky, from, to)},
      model_{options.plant.sky},
      keep_{options.keep_minutes} {}

void Ledger::begin(const Conditions& now, const SkyDome& dome) {
  const bool is_up = now.sun.elevation > kCountedAbove;
  counted_ = is_up && !now.in_gap;
  gaps_ += is_up && now.in_gap ? 1 : 0;
  const PlaneLight on_fixed = dome.on(unit_vector(fixed_));
  minute_ = LabMinute{};
  minute_.sky = now;
  oracle_ = counted_ ? oracle_light(dome, now.sun) : OracleLight{};
  minute_.poa_oracle_wm2 = static_cast<float>(watts_on(oracle_.light));
  minute_.poa_fixed_wm2 = static_cast<float>(watts_on(on_fixed));
  const Watts power = fixed_panel_.step(kStamp, on_fixed, now);
  if (!counted_) return;
  const sun::SkyDome cloudless{now.at, cloudless_.at(now.at, now.sun.elevation), now.sun, model_};
  const double at_best = watts_on(oracle_light(cloudless, now.sun).light);
  minute_.poa_cloudless_wm2 = static_cast<float>(at_best);
  poa_cloudless_ += at_best * kStampHours;
  poa_oracle_ += watts_on(oracle_.light) * kStampHours;
  poa_fixed_ += watts_on(on_fixed) * kStampHours;
  harvest_fixed_ += energy(power, kStampHours).in(watt_hours);
}

void Ledger::end(const PlaneLight& light, Watts power, const control::Direction& panel) {
  minute_.poa_wm2 = static_cast<float>(watts_on(light));
  minute_.power_w = power.in(watts);
  minute_.panel = panel;
  if (counted_) {
    poa_ += watts_on(light) * kStampHours;
    harvest_ += energy(power, kStampHours).in(watt_hours);
  }
  if (keep_) minutes_.push_back(minute_);
}

void Ledger::report(LabResult& result) {
  Figures& figures = result.figures;
  figures.poa_wh_m2 = poa_;
  figures.harvest_wh = harvest_;
  figures.capture = ratio(poa_, poa_oracle_);
  if (const auto gain = ratio(poa_, poa_fixed_)) figures.gain_over_fixed = *gain - 1.0;
  if (figures.servo_wh && figures.electronics_wh) {
    const double net = harvest_ - *figures.servo_wh - *figures.electronics_wh;
    if (const auto gain = ratio(net, harvest_fixed_)) figures.net_gain = *gain - 1.0;
  }
  result.poa_cloudless_wh_m2 = poa_cloudless_;
  result.poa_oracle_wh_m2 = poa_oracle_;
  result.poa_fixed_wh_m2 = poa_fixed_;
  result.harvest_fixed_wh = harvest_fixed_;
  result.gap_minutes = gaps_;
  result.minutes = std::move(minutes_);
}

void Attribution::take(const SkyDome& dome, const Conditions& now, const OracleLight& oracle,
                       const Boards& boards) {
  const control::Outputs& out = boards.out();
  const double best = watts_on(oracle.light);
  const double caught = watts_on(boards.plant().truth().light);
  const auto lose = [](double& cause, double from, double to) {
    cause += (from - to) * kStampHours;
  };
  if (out.state == State::stow) return lose(losses_.stow, best, caught);
  const double believed = watts_on(dome.on(unit_vector(out.panel)));
  if (out.state == State::diffuse) {
    lose(losses_.diffuse, best, believed);
    return lose(losses_.mount, believed, caught);
  }
  if (out.state != State::track) return lose(losses_.waiting, best, caught);
  const control::Direction sun{now.sun.azimuth, now.sun.elevation};
  const control::Aim aim = control::aim(mount_, sun, out.target);
  const double at_sun = watts_on(dome.on(unit_vector(sun)));
  const double reached =
      aim.reachable ? at_sun
                    : watts_on(dome.on(unit_vector(control::panel_direction(mount_, aim.pose))));
  lose(losses_.diffuse, best, at_sun);
  lose(losses_.limits, at_sun, reached);
  lose(losses_.dead_band, reached, believed);
  lose(losses_.mount, believed, caught);
}

}  // namespace idast::sim
