#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/state.h"
#include "core/base/time.h"
#include "core/control/tracker.h"
#include "sim/plant/plant.h"
#include "sim/sky/sky.h"

// The lab: one run is one sky, one law, one body (a plant with its hidden errors) and one seed, and
// gives figures. The laws naive, ephemeris and hybrid are control::Tracker itself, fed with the
// plant's noisy readings and nothing else. Runs share nothing: any thread may make one. The same
// arguments give the same figures.
namespace idast::sim {

// fixed, flat, single_axis and oracle (ideal.h) are panels without mount, motors or electronics.
enum class LabLaw : std::uint8_t { naive, ephemeris, hybrid, fixed, flat, single_axis, oracle };
inline constexpr std::size_t kLabLaws = 7;
std::string_view to_text(LabLaw law);
std::optional<LabLaw> lab_law_from(std::string_view text);
// The law of the boards behind it; none for the panels without motors.
std::optional<control::Law> board_law(LabLaw law);

constexpr Millis kMovingStep{60};

struct LabOptions {
  // The body. Its mount is what the law believes. The lab gives it a battery that is never full,
  // so that the harvest is not curtailed, and no phones.
  PlantParameters plant;
  // Of the boards. What follows from the rest is overwritten: law, place, mount, whether there is
  // an anemometer, what the builder knows of head, panel and servos (nominal figures, never the
  // mismatch, the spreads, the errors or the sky) and, with the fielded profile, the naive law's
  // idea of bright light.
  control::Settings boards;
  std::uint64_t seed = 1;
  // Of the boards' loop and the body while nothing moves: 1 ms..60 s, a divisor of 60 s. 60 ms is
  // what the boards do. While motors are on no step is longer than that, nor by day for the naive
  // law, which answers single readings; with the sun lower than
  // kNightBelow and motors off a step is a minute.
  Millis step = kMovingStep;
  bool keep_minutes = false;  // fill LabResult::minutes
};
constexpr Degrees kNightBelow = degrees(-3.f);

// A run covers the stamps `from`, from + 1 min, … `to`. A figure that is undefined is absent.
//
// Irradiation, harvest and their ratios: sums of one-minute rectangles at the stamps with the sun
// above 0.5° (apparent) at which the sky was measured (no gap). Costs (servo, electronics) cover
// every moment of the run, nights too: they are paid from the same battery.
// Pointing: at the stamps with DNI > 120 W/m² and the sun above 5°. The first 30 of these are the
// time before the trim. Of the later ones those in state diffuse or stow are excluded and counted;
// those with the sun above 87° (the keyhole) are left out and not counted.
struct Figures {
  double poa_wh_m2 = 0.0;
  std::optional<double> capture;          // poa / the oracle's
  std::optional<double> gain_over_fixed;  // poa / that of `fixed` - 1
  std::optional<double> net_gain;         // (harvest - servo - electronics) / fixed's harvest - 1

  std::optional<double> pointing_mean_deg;  // between the panel's true normal and the sun
  std::optional<double> pointing_p95_deg;   // the smallest that 95 % of the minutes do not exceed
  std::optional<double>
      pointing_before_trim_mean_deg;  // over the first 30 minutes, same exclusions
  std::optional<std::int64_t> pointing_minutes;
  std::optional<std::int64_t> pointing_excluded_minutes;

  // The trim last reported, as one angle: the root of the squares of its azimuth and elevation.
  std::optional<double> trim_end_deg;

  std::optional<std::int64_t> moves;  // times that a servo's target set off from standing still
  std::optional<double> servo_wh;     // moving and holding
  std::optional<double> electronics_wh;
  double harvest_wh = 0.0;  // of the panel at its maximum power point

  std::optional<std::int64_t> stow_minutes;  // stamps in state stow, sun above 0.5°
  // The longest time from true wind at or over the threshold until the panel was within 3° of flat
  // (plus what its own tilt error and lean put it off), or until the wind was below again when no
  // stow had begun by then. A panel that is flat already needs no time. Absent without such wind
  // or without an anemometer.
  std::optional<double> stow_seconds_max;

  // Rebooted at the first solar noon with steady sun (DNI over 120 W/m² for five minutes, its
  // least minute not below 90 % of its greatest), panel flat, with what the law had learned by
  // then: seconds until the pointing error stays within 2° (clock known) or 5° (no clock) for ten
  // seconds. kReacquireMax when it did not come to that. Absent without such a noon and for laws
  // that cannot (ephemeris without a clock).
  std::optional<double> reacquire_clock_s;
  std::optional<double> reacquire_no_clock_s;
};
constexpr Millis kReacquireMax = std::chrono::seconds{600};
constexpr Irradiance kPointingDniMin = watts_per_square_metre(120.f);
constexpr Degrees kPointingElevationMin = degrees(5.f);
constexpr Degrees kKeyholeAbove = degrees(87.f);
constexpr int kMinutesBeforeTrim = 30;
constexpr Degrees kCountedAbove = degrees(0.5f);

// Where the oracle's light went that the panel did not catch, in Wh/m² of the plane. Each minute's
// loss (which may be negative for a moment: a neighbour may gain what another loses) is split along
// the chain oracle -> sun -> nearest reachable -> where the law believes to point -> where it does.
struct LightLosses {
  double diffuse = 0.0;    // the sun's direction, or the law's diffuse tilt, is not the best tilt
  double limits = 0.0;     // the servos do not reach the sun
  double dead_band = 0.0;  // believed pose to sun: hysteresis, lead, search and calibration
  double mount = 0.0;      // true normal to believed one: mount errors, backlash, servo dead band
  double stow = 0.0;       // flat for the wind
  double waiting = 0.0;    // in states acquire, night, manual and fault
};

// One stamp of a run.
struct LabMinute {
  Conditions sky;
  float poa_wm2 = 0.f;
  float poa_cloudless_wm2 = 0.f;  // the oracle's under no clouds; 0 where nothing counts
  float poa_oracle_wm2 = 0.f;
  float poa_fixed_wm2 = 0.f;
  float power_w = 0.f;             // at the maximum power point
  control::Direction panel;        // where its normal truly points
  std::optional<float> error_deg;  // between it and the sun, sun above the horizon
  std::optional<State> state;      // of the boards
  std::optional<Reason> reason;
  std::optional<control::Direction> trim;  // azimuth and elevation learned
};

struct LabResult {
  Figures figures;
  UtcMillis noon;  // the highest sun of the run
  // What the oracle would have caught without clouds, in air as clear as the run's clearest tenth
  // (ledger.h). Minus the oracle's own: what the clouds took.
  double poa_cloudless_wh_m2 = 0.0;
  double poa_oracle_wh_m2 = 0.0;
  double poa_fixed_wh_m2 = 0.0;
  double harvest_fixed_wh = 0.0;
  LightLosses losses;  // of laws with motors
  control::Learned learned;
  std::int64_t gap_minutes = 0;    // stamps in daylight that no measurement supports
  std::vector<LabMinute> minutes;  // with keep_minutes
};

// What a watcher sees after each step of a law with motors: enough to follow a run by the second.
// References are valid during the call only.
struct LabMoment {
  UtcMillis at;
  const Conditions& sky;
  const Truth& truth;
  const Readings& readings;
  const control::Outputs& out;
  float error_deg;  // between true normal and sun
};
using LabWatch = std::function<void(const LabMoment&)>;

// Called once per simulated hour with the share done, 0..1.
using LabProgress = std::function<void(double share)>;

// from <= to. `sky` is only read.
LabResult run_lab(const Sky& sky, UtcMillis from, UtcMillis to, LabLaw law,
                  const LabOptions& options, const LabWatch& watch = {},
                  const LabProgress& progress = {});

}  // namespace idast::sim
