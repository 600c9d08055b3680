#include "sim/lab/lab.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/require.h"
#include "sim/lab/boards.h"
#include "sim/lab/ideal.h"
#include "sim/lab/reacquire.h"
#include "sim/lab/sky_reader.h"

namespace idast::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kStamp = 1min;
constexpr double kStampHours = 1.0 / 60.0;
constexpr std::array<std::string_view, kLabLaws> kNames{"naive", "ephemeris",   "hybrid", "fixed",
                                                        "flat",  "single_axis", "oracle"};

double watts_on(const PlaneLight& light) {
  return static_cast<double>(light.total().in(watts_per_square_metre));
}

std::optional<double> mean(const std::vector<float>& values) {
  if (values.empty()) return std::nullopt;
  double sum = 0.0;
  for (const float value : values) sum += static_cast<double>(value);
  return sum / static_cast<double>(values.size());
}

std::optional<double> percentile_95(std::vector<float> values) {
  if (values.empty()) return std::nullopt;
  const std::size_t rank = (values.size() * 95 + 99) / 100;  // of the smallest that 95 % reach
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(rank - 1));
  return static_cast<double>(values[rank - 1]);
}

std::optional<double> ratio(double part, double whole) {
  if (!(whole > 0.0)) return std::nullopt;
  return part / whole;
}

// Pointing errors, in their order of time.
class Pointing {
 public:
  void take(const Conditions& now, State state, float error_deg) {
    if (now.dni <= kPointingDniMin || now.sun.elevation <= kPointingElevationMin) return;
    const bool before_trim = ++seen_ <= kMinutesBeforeTrim;
    if (now.sun.elevation > kKeyholeAbove) return;
    if (state == State::diffuse || state == State::stow) {
      excluded_ += before_trim ? 0 : 1;
      return;
    }
    (before_trim ? before_ : after_).push_back(error_deg);
  }

  void report(Figures& figures) const {
    figures.pointing_mean_deg = mean(after_);
    figures.pointing_p95_deg = percentile_95(after_);
    figures.pointing_before_trim_mean_deg = mean(before_);
    figures.pointing_minutes = static_cast<std::int64_t>(after_.size());
    figures.pointing_excluded_minutes = excluded_;
  }

 private:
  std::int64_t seen_ = 0;
  std::int64_t excluded_ = 0;
  std::vector<float> before_;
  std::vector<float> after_;
};

// How long the panel stood in a storm before it was flat.
class StowTimer {
 public:
  StowTimer(MetresPerSecond threshold, Degrees flat_within)
      : threshold_{threshold}, flat_above_{degrees(90.f) - flat_within} {}

  void take(const Conditions& now, const Truth& truth, State state) {
    const bool is_flat = truth.normal.elevation >= flat_above_;
    const bool storm = now.wind >= threshold_;
    if (!since_) {
      if (!storm) {
        was_calm_ = true;
        return;
      }
      if (!was_calm_) return;
      since_ = now.at;
      was_calm_ = false;
    }
    const bool over = !storm && state != State::stow;
    if (!is_flat && !over) return;
    longest_ = std::max(longest_.value_or(Millis{0}), now.at - *since_);
    since_.reset();
  }

  std::optional<double> seconds(UtcMillis end) const {
    auto longest = longest_;
    if (since_) longest = std::max(longest.value_or(Millis{0}), end - *since_);
    if (!longest) return std::nullopt;
    return static_cast<double>(longest->count()) / 1000.0;
  }

 private:
  MetresPerSecond threshold_;
  Degrees flat_above_;
  bool was_calm_ = true;
  std::optional<UtcMillis> since_;
  std::optional<Millis> longest_;
};

// What every law is measured against, stamp by stamp, and the sums over the counted stamps.
class Ledger {
 public:
  Ledger(const LabOptions& options, const sun::Place& place, bool keep)
      : fixed_{fixed_normal(place)}, fixed_panel_{options.plant.panel}, keep_{keep} {}

  // Begins a stamp: the references' light.
  void begin(const Conditions& now, const SkyDome& dome) {
    counted_ = now.sun.elevation > kCountedAbove && !now.in_gap;
    gaps_ += now.sun.elevation > kCountedAbove && now.in_gap ? 1 : 0;
    const PlaneLight on_fixed = dome.on(unit_vector(fixed_));
    minute_ = LabMinute{};
    minute_.sky = now;
    oracle_ = counted_ ? oracle_light(dome, now.sun) : OracleLight{};
    minute_.poa_oracle_wm2 = static_cast<float>(watts_on(oracle_.light));
    minute_.poa_fixed_wm2 = static_cast<float>(watts_on(on_fixed));
    const Watts power = fixed_panel_.step(kStamp, on_fixed, now);
    if (!counted_) return;
    poa_oracle_ += watts_on(oracle_.light) * kStampHours;
    poa_fixed_ += watts_on(on_fixed) * kStampHours;
    harvest_fixed_ += energy(power, kStampHours).in(watt_hours);
  }

  // Ends it: the law's own light and power.
  void end(const PlaneLight& light, Watts power, const control::Direction& panel) {
    minute_.poa_wm2 = static_cast<float>(watts_on(light));
    minute_.power_w = power.in(watts);
    minute_.panel = panel;
    if (counted_) {
      poa_ += watts_on(light) * kStampHours;
      harvest_ += energy(power, kStampHours).in(watt_hours);
    }
    if (keep_) minutes_.push_back(minute_);
  }

  bool counted() const { return counted_; }
  const OracleLight& oracle() const { return oracle_; }
  LabMinute& minute() { return minute_; }

  void report(LabResult& result) {
    Figures& figures = result.figures;
    figures.poa_wh_m2 = poa_;
    figures.harvest_wh = harvest_;
    figures.capture = ratio(poa_, poa_oracle_);
    if (const auto gain = ratio(poa_, poa_fixed_)) figures.gain_over_fixed = *gain - 1.0;
    if (figures.servo_wh && figures.electronics_wh) {
      const double net = harvest_ - *figures.servo_wh - *figures.electronics_wh;
      if (const auto gain = ratio(net, harvest_fixed_)) figures.net_gain = *gain - 1.0;
    }
    result.poa_oracle_wh_m2 = poa_oracle_;
    result.poa_fixed_wh_m2 = poa_fixed_;
    result.harvest_fixed_wh = harvest_fixed_;
    result.gap_minutes = gaps_;
    result.minutes = std::move(minutes_);
  }

 private:
  control::Direction fixed_;
  IdealPanel fixed_panel_;
  bool keep_;
  bool counted_ = false;
  std::int64_t gaps_ = 0;
  OracleLight oracle_;
  LabMinute minute_;
  double poa_ = 0.0, poa_oracle_ = 0.0, poa_fixed_ = 0.0;
  double harvest_ = 0.0, harvest_fixed_ = 0.0;
  std::vector<LabMinute> minutes_;
};

// Splits what the oracle caught and the panel did not.
class Attribution {
 public:
  explicit Attribution(const control::Mount& mount) : mount_{mount} {}

  void take(const SkyDome& dome, const Conditions& now, const OracleLight& oracle,
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

  const LightLosses& losses() const { return losses_; }

 private:
  control::Mount mount_;
  LightLosses losses_;
};

UtcMillis highest_sun(const Sky& sky, UtcMillis from, UtcMillis to) {
  UtcMillis noon = from;
  Degrees highest = degrees(-90.f);
  for (UtcMillis at = from; at <= to; at = at + kStamp) {
    const sun::Position position = sun::position(at, sky.place());
    if (position.elevation <= highest) continue;
    highest = position.elevation;
    noon = at;
  }
  return noon;
}

// Whether the sun culminates at this stamp.
bool is_noon(const sun::Place& place, UtcMillis at) {
  const auto up = [&](UtcMillis when) { return sun::position(when, place).elevation; };
  return up(at) > degrees(0.f) && up(at) >= up(at + kStamp) && up(at) > up(at - kStamp);
}

control::Direction ideal_normal(LabLaw law, const Sky& sky, const Conditions& now,
                                const OracleLight& oracle) {
  if (law == LabLaw::fixed) return fixed_normal(sky.place());
  if (law == LabLaw::single_axis) return single_axis_normal(now.sun);
  return law == LabLaw::oracle ? oracle.normal : control::Direction{};
}

LabResult run_ideal(const Sky& sky, UtcMillis from, UtcMillis to, LabLaw law,
                    const LabOptions& options, const LabProgress& progress) {
  Ledger ledger{options, sky.place(), options.keep_minutes};
  IdealPanel panel{options.plant.panel};
  for (UtcMillis at = from; at <= to; at = at + kStamp) {
    const Conditions now = sky.at(at);
    const SkyDome dome{now, options.plant.sky};
    ledger.begin(now, dome);
    const control::Direction normal = ideal_normal(law, sky, now, ledger.oracle());
    const PlaneLight light = dome.on(unit_vector(normal));
    ledger.end(light, panel.step(kStamp, light, now), normal);
    if (progress && (at - from) % 1h == Millis{0}) {
      progress(static_cast<double>((at - from).count()) /
               static_cast<double>(std::max((to - from).count(), Millis::rep{1})));
    }
  }
  LabResult result;
  const bool stands_still = law == LabLaw::fixed || law == LabLaw::flat;
  if (stands_still) {
    result.figures.moves = 0;
    result.figures.servo_wh = 0.0;
    result.figures.electronics_wh = 0.0;
  }
  ledger.report(result);
  return result;
}

// A law with motors.
class Run {
 public:
  Run(const Sky& sky, control::Law law, const LabOptions& options, const LabWatch& watch)
      : sky_{sky},
        reader_{sky},
        plant_{lab_plant(options, sky.place())},
        settings_{lab_boards(options, law, sky.place())},
        step_{law == control::Law::naive ? std::min(options.step, kMovingStep) : options.step},
        seed_{options.seed},
        watch_{watch},
        boards_{plant_, settings_, options.seed},
        ledger_{options, sky.place(), options.keep_minutes},
        attribution_{plant_.mount},
        stow_{settings_.wind.stow_at, flat_within(plant_)} {}

  LabResult pass(UtcMillis from, UtcMillis to, const LabProgress& progress) {
    step(step_, from);
    stamp(reader_.at(from));
    for (UtcMillis at = from + kStamp; at <= to; at = at + kStamp) {
      // The sun moves a quarter of a degree in a minute: both ends tell whether it is night.
      const bool night = sun::position(at, sky_.place()).elevation < kNightBelow &&
                         sun::position(at - kStamp, sky_.place()).elevation < kNightBelow;
      const Millis resting = night ? kStamp : step_;
      for (UtcMillis now = at - kStamp; now < at;) {
        const Millis wanted = boards_.out().motors_on ? std::min(resting, kMovingStep) : resting;
        const Millis dt = std::min(wanted, at - now);
        now = now + dt;
        step(dt, now);
      }
      stamp(reader_.at(at));
      if (progress && (at - from) % 1h == Millis{0}) {
        progress(static_cast<double>((at - from).count()) /
                 static_cast<double>((to - from).count()));
      }
    }
    return report(to);
  }

 private:
  // A body that leans or whose tilt servo is off is as flat as it gets when its boards say flat.
  static Degrees flat_within(const PlantParameters& plant) {
    constexpr Degrees kFlat = degrees(3.f);
    return kFlat + degrees(std::abs(plant.tilt_error.in(degrees))) + plant.base_lean;
  }

  void step(Millis dt, UtcMillis at) {
    const Conditions now = reader_.at(at);
    const control::Pose before = boards_.out().target;
    boards_.step(dt, now, at);
    const control::Outputs& out = boards_.out();
    const bool moving = out.target != before;
    moves_ += moving && !was_moving_ ? 1 : 0;
    was_moving_ = moving;
    stow_.take(now, boards_.plant().truth(), out.state);
    if (out.trim_azimuth || out.trim_elevation) {
      trim_ = control::Direction{out.trim_azimuth.value_or(degrees(0.f)),
                                 out.trim_elevation.value_or(degrees(0.f))};
    }
    if (!watch_) return;
    watch_({.at = at,
            .sky = now,
            .truth = boards_.plant().truth(),
            .readings = boards_.plant().readings(),
            .out = out,
            .error_deg = boards_.error_deg(now)});
  }

  void stamp(const Conditions& now) {
    const SkyDome dome{now, plant_.sky};
    const Truth& truth = boards_.plant().truth();
    const control::Outputs& out = boards_.out();
    ledger_.begin(now, dome);
    LabMinute& minute = ledger_.minute();
    minute.state = out.state;
    minute.reason = out.reason;
    minute.trim = trim_;
    if (now.sun.elevation > degrees(0.f)) minute.error_deg = boards_.error_deg(now);
    ledger_.end(truth.light, truth.panel_power, truth.normal);
    if (ledger_.counted()) {
      attribution_.take(dome, now, ledger_.oracle(), boards_);
      pointing_.take(now, out.state, boards_.error_deg(now));
      stow_minutes_ += out.state == State::stow ? 1 : 0;
    }
    if (!restart_ && is_noon(sky_.place(), now.at) && is_steady_sun(sky_, now.at)) {
      restart_ = Restart{.at = now.at, .learned = boards_.tracker().learned()};
    }
  }

  LabResult report(UtcMillis end) {
    LabResult result;
    Figures& figures = result.figures;
    pointing_.report(figures);
    const Readings& readings = boards_.plant().readings();
    figures.moves = moves_;
    figures.servo_wh = readings.servo_energy.in(watt_hours);
    figures.electronics_wh = readings.device_energy.in(watt_hours);
    figures.stow_minutes = stow_minutes_;
    if (plant_.anemometer) figures.stow_seconds_max = stow_.seconds(end);
    if (trim_) {
      figures.trim_end_deg =
          static_cast<double>(std::hypot(trim_->azimuth.in(degrees), trim_->elevation.in(degrees)));
    }
    ledger_.report(result);
    result.losses = attribution_.losses();
    result.learned = boards_.tracker().learned();
    if (restart_) {
      const Reacquired found =
          reacquire(sky_, restart_->at, plant_, settings_, seed_, restart_->learned);
      figures.reacquire_clock_s = found.clock_s;
      figures.reacquire_no_clock_s = found.no_clock_s;
    }
    return result;
  }

  struct Restart {
    UtcMillis at;
    control::Learned learned;
  };

  const Sky& sky_;
  SkyReader reader_;
  PlantParameters plant_;
  control::Settings settings_;
  Millis step_;
  std::uint64_t seed_;
  const LabWatch& watch_;
  Boards boards_;
  Ledger ledger_;
  Attribution attribution_;
  Pointing pointing_;
  StowTimer stow_;
  std::optional<control::Direction> trim_;
  bool was_moving_ = false;
  std::int64_t moves_ = 0;
  std::int64_t stow_minutes_ = 0;
  std::optional<Restart> restart_;
};

}  // namespace

std::string_view to_text(LabLaw law) { return kNames[static_cast<std::size_t>(law)]; }

std::optional<LabLaw> lab_law_from(std::string_view text) {
  for (std::size_t i = 0; i < kLabLaws; ++i) {
    if (text == kNames[i]) return static_cast<LabLaw>(i);
  }
  return std::nullopt;
}

std::optional<control::Law> board_law(LabLaw law) {
  if (law == LabLaw::naive) return control::Law::naive;
  if (law == LabLaw::ephemeris) return control::Law::ephemeris;
  if (law == LabLaw::hybrid) return control::Law::hybrid;
  return std::nullopt;
}

LabResult run_lab(const Sky& sky, UtcMillis from, UtcMillis to, LabLaw law,
                  const LabOptions& options, const LabWatch& watch, const LabProgress& progress) {
  require(from <= to, "run_lab: a run that ends before it begins");
  require(options.step > Millis{0} && kStamp % options.step == Millis{0},
          "run_lab: the step must divide a minute");
  const auto of_boards = board_law(law);
  LabResult result = of_boards ? Run{sky, *of_boards, options, watch}.pass(from, to, progress)
                               : run_ideal(sky, from, to, law, options, progress);
  result.noon = highest_sun(sky, from, to);
  return result;
}

}  // namespace idast::sim
