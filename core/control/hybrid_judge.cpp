#include <algorithm>
#include <limits>

#include "core/control/hybrid.h"
#include "core/control/numbers.h"

// What the hybrid law makes of what it saw: what to believe, to doubt, to leave alone.
namespace idast::control {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis kAfterUnsteady = seconds{60};
constexpr Millis kAfterMisfit = seconds{150};
constexpr Millis kStuckFor = minutes{10};
constexpr Millis kSearchAgain = minutes{5};
constexpr int kGlanceMisfitsMax = 3;
// Relative, root mean square: sensors in one pose agree within a percent once they are known.
constexpr double kOddMisfit = 0.05, kOddLightMin = 150.0;
constexpr Millis kOddFor = seconds{30}, kOddSweepEvery = minutes{10};

// Poses that look away from the sun fit worse than a ring around it; sensors that were never
// calibrated fit no better than those.
constexpr double kFoundMisfitMax = 0.15, kRingMisfitMax = 0.06;
constexpr double kFoundBeamMin = 120.0;
// Beyond this the light contradicts the clock; within the second one it agrees again.
constexpr double kDoubtBeyond = 8.0, kAgreeWithin = 3.0;  // degrees
// Beyond this before anything is learned: a crooked mount alone may look several degrees off.
constexpr double kDoubtBeyondFirst = 10.0;
// Known sensors fit the true sun this well.
constexpr double kOtherSunMisfitMax = 0.04;
constexpr std::uint32_t kSweepsToTrust = 3;
// And they fit an axis that stood still this well.
constexpr double kJamMisfitMax = 0.04;
// Two sensors that see this much (W/m², a sun some degrees up) for this long: it is not night.
constexpr double kNoNight = 60.0;
constexpr Millis kNoNightFor = minutes{3};
constexpr int kAgreementsMin = 2;
// A reading that is missing for this long, in light that it should show.
constexpr Millis kUnreadMax = minutes{1};

}  // namespace

void Hybrid::judge(Learning verdict, const Inputs& inputs) {
  if (!glancing_.judged) return judge_glance(verdict);
  switch (verdict) {
    case Learning::learned:
      misfits_ = 0;
      unsteady_ = 0;
      swept_at_ = inputs.now;
      if (calibration_.moved_mount()) {
        ++beam_sweeps_;
        beam_swept_at_ = inputs.now;
        glancing_.since_sweep = 0;
      }
      return;
    case Learning::unsteady: {
      // Clouds come and go for hours: ever more patience.
      constexpr int kDoublingsMax = 4;
      sweep_not_before_ = inputs.now + kAfterUnsteady * (1 << std::min(unsteady_, kDoublingsMax));
      ++unsteady_;
      return;
    }
    case Learning::too_few:
      sweep_not_before_ = inputs.now + kAfterTooFew;
      return;
    case Learning::misfit:
      break;
  }
  sweep_not_before_ = inputs.now + kAfterMisfit;
  if (beam_is_strong() && nothing_changed(sweeping_.seen)) return stop_moving(inputs);
  ++misfits_;
  if (misfits_ >= 2) {
    const auto stuck = stuck_sensors(sweeping_.seen);
    for (std::size_t i = 0; i < kLights; ++i) excluded_[i] = excluded_[i] || stuck[i];
  }
  // Sensors that are known tell at once whether another sun explains what they saw.
  // They tell as well whether an axis that stood still does.
  jam_misfit_ = std::numeric_limits<double>::infinity();
  if (calibration_.sweeps() >= kSweepsToTrust) {
    jam_search_.begin(calibration_.body(), calibration_.terms(), sweeping_.seen);
  } else if (misfits_ >= 2) {
    search_.begin(calibration_.body(), calibration_.terms(), sweeping_.seen);
  }
}

// Before anything is said of a jam, another sun may explain the same better.
void Hybrid::judge_jam(const FoundJam& found) {
  if (found.seen.beam > kFoundBeamMin) jam_misfit_ = found.seen.misfit;
  search_.begin(calibration_.body(), calibration_.terms(), sweeping_.seen);
}

// A servo that pushes against what holds it burns: hold still, try again later.
void Hybrid::stop_moving(const Inputs& inputs) {
  stuck_until_ = inputs.now + kStuckFor;
  swept_at_.reset();  // the next try begins with a sweep
  calibration_.excuse();
  misfits_ = 0;
}

void Hybrid::judge_found(const FoundSun& found, const Inputs& inputs) {
  const bool exact = sweeping_.ring && calibration_.sweeps() > 0;
  const double most = exact ? kRingMisfitMax : kFoundMisfitMax;
  const bool fits = found.seen.misfit < most && found.seen.beam > kFoundBeamMin;
  if (inputs.sun && !doubted_) {
    if (jam_misfit_ < std::min(kJamMisfitMax, found.seen.misfit)) return stop_moving(inputs);
    // A sweep that fits no mount at all may fit another sun.
    const bool known = calibration_.sweeps() >= kSweepsToTrust;
    if (!fits || (known && found.seen.misfit > kOtherSunMisfitMax)) return;
    const double beyond = known ? kDoubtBeyond : kDoubtBeyondFirst;
    if (angle_between_deg(found.direction, vector_of(*inputs.sun)) < beyond) return;
    doubt(found.direction);
    return;
  }
  if (!fits) {
    found_.reset();
    search_at_ = inputs.now + kSearchAgain;
    return;
  }
  found_ = found.direction;
  if (!sweeping_.ring) return;  // a ring makes it exact
  found_at_ = inputs.now;
  if (!inputs.sun) return;
  const double off = angle_between_deg(found.direction, vector_of(*inputs.sun));
  agreements_ = off < kAgreeWithin ? agreements_ + 1 : 0;
  if (agreements_ < kAgreementsMin) return;
  doubted_ = false;
  misfits_ = 0;
  sweep_not_before_.reset();
  swept_at_.reset();
}

// Clock or place contradict the light: from now on it is followed.
void Hybrid::doubt(std::optional<Vector> found) {
  doubted_ = true;
  agreements_ = 0;
  found_ = found;
  found_at_.reset();
  search_at_.reset();
  light_now_.reset();  // it was estimated with the wrong sun
}

// Glances that nothing explains ask for a sweep.
void Hybrid::judge_glance(Learning verdict) {
  glancing_.judged = true;
  glancing_.misfits = verdict == Learning::misfit ? glancing_.misfits + 1 : 0;
  if (glancing_.misfits < kGlanceMisfitsMax) return;
  glancing_.misfits = 0;
  swept_at_.reset();
}

// Channels that do not agree for a while, under light that they should: something is not as it was
// learned, be it the mount, a sensor or the clock. A sweep tells which.
void Hybrid::watch_light(const Inputs& inputs) {
  const bool odd = light_now_ && calibration_.sweeps() > 0 && light_now_->misfit > kOddMisfit &&
                   light_now_->beam + light_now_->sky > kOddLightMin;
  if (!odd) {
    odd_since_.reset();
    return;
  }
  if (!odd_since_) odd_since_ = inputs.now;
  if (inputs.now - *odd_since_ < kOddFor) return;
  if (inputs.now - sweeping_.began_at < kOddSweepEvery) return;
  odd_since_.reset();
  swept_at_.reset();
}

// A sensor whose reading is missing although the others say that it could be read.
void Hybrid::watch_readings(const Inputs& inputs, const Vector& sun) {
  const bool known = light_now_ && light_is_fresh_ && calibration_.sweeps() > 0;
  if (!known) return;
  const Terms& terms = calibration_.terms();
  const Shares shares = calibration_.body().shares(terms, standing(), sun);
  for (std::size_t i = 0; i < kLights; ++i) {
    if (sight_[i]) {
      unread_[i] = Millis{0};
      continue;
    }
    const double light = shares.beam[i] * light_now_->beam + shares.sky[i] * light_now_->sky;
    if (!(light > 0.0)) continue;
    const double reading = calibration_.body().reading(terms, i, light);
    if (is_well_readable(reading, settings_.head)) unread_[i] += inputs.elapsed;
  }
}

// Light that no night has.
void Hybrid::watch_night(const Inputs& inputs) {
  std::size_t bright = 0;
  for (std::size_t i = 0; i < kLights; ++i) {
    const std::optional<double>& seen = sight_[i];
    if (!seen) continue;
    const double light = calibration_.body().light(calibration_.terms(), i, *seen);
    bright += light > kNoNight ? 1 : 0;
  }
  if (bright < 2) {
    bright_since_.reset();
    return;
  }
  if (!bright_since_) bright_since_ = inputs.now;
  if (inputs.now - *bright_since_ < kNoNightFor) return;
  bright_since_.reset();
  doubt(std::nullopt);
}

Reason Hybrid::sun_reason(const Inputs& inputs) const {
  if (saturated_) return Reason::saturated;
  const bool stuck = std::any_of(excluded_.begin(), excluded_.end(), [](bool out) { return out; });
  const bool dead =
      std::any_of(unread_.begin(), unread_.end(), [](Millis since) { return since >= kUnreadMax; });
  if (stuck || dead) return Reason::sensor_fault;
  return inputs.guarded ? Reason::sun_up : Reason::sun_unguarded;
}

}  // namespace idast::control
