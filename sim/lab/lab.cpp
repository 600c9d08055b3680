#include "sim/lab/lab.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/require.h"
#include "sim/lab/boards.h"
#include "sim/lab/ideal.h"
#include "sim/lab/ledger.h"
#include "sim/lab/pointing.h"
#include "sim/lab/reacquire.h"
#include "sim/lab/sky_reader.h"

namespace idast::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, kLabLaws> kNames{"naive", "ephemeris",   "hybrid", "fixed",
                                                        "flat",  "single_axis", "oracle"};

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

double share_done(UtcMillis at, UtcMillis from, UtcMillis to) {
  return static_cast<double>((at - from).count()) /
         static_cast<double>(std::max((to - from).count(), Millis::rep{1}));
}

control::Direction ideal_normal(LabLaw law, const Sky& sky, const Conditions& now,
                                const OracleLight& oracle) {
  if (law == LabLaw::fixed) return fixed_normal(sky.place());
  if (law == LabLaw::single_axis) return single_axis_normal(now.sun);
  return law == LabLaw::oracle ? oracle.normal : control::Direction{};
}

LabResult run_ideal(const Sky& sky, UtcMillis from, UtcMillis to, LabLaw law,
                    const LabOptions& options, const LabProgress& progress) {
  Ledger ledger{sky, from, to, options};
  IdealPanel panel{options.plant.panel};
  for (UtcMillis at = from; at <= to; at = at + kStamp) {
    const Conditions now = sky.at(at);
    const SkyDome dome{now, options.plant.sky};
    ledger.begin(now, dome);
    const control::Direction normal = ideal_normal(law, sky, now, ledger.oracle());
    const PlaneLight light = dome.on(unit_vector(normal));
    ledger.end(light, panel.step(kStamp, light, now), normal);
    if (progress && (at - from) % 1h == Millis{0}) progress(share_done(at, from, to));
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
  Run(const Sky& sky, UtcMillis from, UtcMillis to, control::Law law, const LabOptions& options,
      const LabWatch& watch)
      : sky_{sky},
        from_{from},
        to_{to},
        reader_{sky},
        plant_{lab_plant(options, sky.place())},
        settings_{lab_boards(options, law, sky.place())},
        step_{law == control::Law::naive ? std::min(options.step, kMovingStep) : options.step},
        seed_{options.seed},
        watch_{watch},
        boards_{plant_, settings_, options.seed},
        ledger_{sky, from, to, options},
        attribution_{plant_.mount},
        stow_{settings_.wind.stow_at, flat_within(plant_)} {}

  LabResult pass(const LabProgress& progress) {
    step(step_, from_);
    stamp(reader_.at(from_));
    for (UtcMillis at = from_ + kStamp; at <= to_; at = at + kStamp) {
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
      if (progress && (at - from_) % 1h == Millis{0}) progress(share_done(at, from_, to_));
    }
    return report();
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

  LabResult report() {
    LabResult result;
    Figures& figures = result.figures;
    pointing_.report(figures);
    const Readings& readings = boards_.plant().readings();
    figures.moves = moves_;
    figures.servo_wh = readings.servo_energy.in(watt_hours);
    figures.electronics_wh = readings.device_energy.in(watt_hours);
    figures.stow_minutes = stow_minutes_;
    if (plant_.anemometer) figures.stow_seconds_max = stow_.seconds(to_);
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
  UtcMillis from_;
  UtcMillis to_;
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
  LabResult result = of_boards ? Run{sky, from, to, *of_boards, options, watch}.pass(progress)
                               : run_ideal(sky, from, to, law, options, progress);
  result.noon = highest_sun(sky, from, to);
  return result;
}

}  // namespace idast::sim
