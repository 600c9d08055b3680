#include "core/control/hybrid.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace idast::control {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// One piece of fitting per control step of a board; callers with longer steps do more at once.
constexpr Millis kPieceEvery{60};
constexpr int kPiecesMax = 400;
constexpr int kSearchPerPiece = 4;

// A beam worth sweeping for, W/m², and worth a fine step.
constexpr double kBeamStrong = 250.0;
constexpr double kBeamWorthwhile = 80.0;
// The beam is calm when it stays within this of its mean over a quarter of a minute.
constexpr double kCalm = 0.03;
constexpr double kBeamMemory = 15.0;  // seconds
constexpr double kLightMemory = 2.0;  // seconds
constexpr Watts kPowerMin = watts(0.05f);

constexpr Millis kAfterUnsteady = seconds{60};
constexpr Millis kAfterMisfit = seconds{150};
constexpr Millis kAfterTooFew = minutes{5};
constexpr Millis kStuckFor = minutes{10};
constexpr Millis kRingEvery = seconds{180};
constexpr Millis kSearchAgain = minutes{5};

// Times `settled`: the expected error beyond which sweeps follow one another.
constexpr double kDoubtful = 1.6;
// The first sweeps in a beam follow one another: the day's pointing stands on them.
constexpr int kBeamSweepsFirst = 4;
// How well the sky's light of the last sweep in a beam is known in a later glance, W/m² and share;
// each hour doubts it as much again.
constexpr double kSkyKnown = 5.0, kSkyKnownShare = 0.25;
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
// A reading that is missing for this long, in light that it should show.
constexpr Millis kUnreadMax = minutes{1};
// Two sensors that see this much (W/m², a sun some degrees up) for this long: it is not night.
constexpr double kNoNight = 60.0;
constexpr Millis kNoNightFor = minutes{3};
constexpr int kAgreementsMin = 2;
constexpr Degrees kReachable = degrees(1.f);
// A leaning panel moves when it is this far from its best tilt and that catches this much more, or
// when it is far away.
constexpr double kLeanGain = 0.004, kLeanMax = 12.0;  // share, degrees
constexpr double kLeanStep = 3.0;                     // degrees
double in_degrees(Degrees angle) { return static_cast<double>(angle.in(degrees)); }
double in_seconds(Millis duration) { return static_cast<double>(duration.count()) / 1000.0; }
double in_hours(Millis duration) { return static_cast<double>(duration.count()) / 3.6e6; }
float as_float(double value) { return static_cast<float>(value); }
double share_of_step(Millis elapsed, double memory) {
  return 1.0 - std::exp(-in_seconds(elapsed) / memory);
}

constexpr Vector kZenith{0.0, 0.0, 1.0};

}  // namespace

Hybrid::Hybrid(const HybridSettings& settings, const Mount& mount)
    : settings_{settings}, mount_{mount}, calibration_{mount, settings.head} {}

void Hybrid::interrupt(const Pose& target) {
  pan_.follow(target.pan, settings_.play);
  tilt_.follow(target.tilt, settings_.play);
  sweeping_.on = false;
  goal_.reset();
}

Learned Hybrid::learned() const {
  Learned learned{.value = calibration_.terms(), .deviation = {}, .sweeps = calibration_.sweeps()};
  for (std::size_t i = 0; i < kTerms; ++i) {
    learned.deviation[i] = calibration_.deviation(static_cast<Term>(i));
  }
  return learned;
}

bool Hybrid::recall(const Learned& learned) {
  if (learned.sweeps == 0) return false;
  recalled_ = calibration_.recall(learned.value, learned.deviation, learned.sweeps);
  return recalled_;
}

std::optional<Degrees> Hybrid::trim_azimuth() const {
  if (calibration_.sweeps() == 0) return std::nullopt;
  return degrees(as_float(at(calibration_.terms(), Term::yaw)));
}

std::optional<Degrees> Hybrid::trim_elevation() const {
  if (calibration_.sweeps() == 0) return std::nullopt;
  return degrees(as_float(at(calibration_.terms(), Term::tilt_zero)));
}

// The inner angles at which the panel is believed to stand.
InnerAngles Hybrid::standing() const { return inner_angles(mount_, standing_pose()); }

Pose Hybrid::standing_pose() const {
  return {.pan = degrees(as_float(pan_.angle(settings_.play))),
          .tilt = degrees(as_float(tilt_.angle(settings_.play)))};
}

Direction Hybrid::panel_direction() const {
  return direction_of(calibration_.body().panel(calibration_.terms(), standing()).normal);
}

Wish Hybrid::step(const Inputs& inputs) {
  pan_.follow(inputs.target.pan, settings_.play);
  tilt_.follow(inputs.target.tilt, settings_.play);
  sense(inputs);
  learn(inputs);
  if (stuck_until_ && inputs.now < *stuck_until_) {
    return {.pose = inputs.target,
            .state = State::fault,
            .reason = Reason::not_moving,
            .steady = false,
            .still = true};
  }
  if (sweeping_.on) return sweep_step(inputs);
  if (!inputs.sun) return by_light(inputs, inputs.sunless);
  if (inputs.sun->elevation < settings_.night_below) night_ = true;
  if (inputs.sun->elevation > settings_.night_above) night_ = false;
  if (night_ && !doubted_) watch_night(inputs);
  // A doubted clock is right about the night when it is dark.
  if (night_ && !(doubted_ && (found_ || sees_light()))) return night();
  if (doubted_) return by_light(inputs, Reason::clock_doubted);
  if (sweep_due(inputs)) {
    begin_sweep(inputs);
    return sweep_step(inputs);
  }
  return by_sun(inputs);
}

Wish Hybrid::night() {
  diffuse_ = false;
  goal_.reset();
  // A new morning deserves a new look at every sensor.
  excluded_.fill(false);
  unread_.fill(Millis{0});
  return {.pose = flat_pose(mount_), .state = State::night, .reason = Reason::sun_down};
}

void Hybrid::sense(const Inputs& inputs) {
  sight_ = {};
  saturated_ = false;
  if (inputs.light) {
    const std::array<std::uint16_t, kLights> counts{inputs.light->top, inputs.light->left,
                                                    inputs.light->right};
    saturated_ = true;
    for (std::size_t i = 0; i < kLights; ++i) {
      saturated_ = saturated_ && is_saturated(counts[i], settings_.head);
      if (!excluded_[i]) sight_[i] = log_resistance(counts[i], settings_.head);
    }
  }
  const bool curtailed = inputs.battery && *inputs.battery > settings_.curtailed_above;
  if (inputs.panel_power && *inputs.panel_power > kPowerMin && !curtailed) {
    double heat = 1.0;
    if (inputs.panel_temperature && std::isfinite(inputs.panel_temperature->in(celsius))) {
      const double above = static_cast<double>(inputs.panel_temperature->in(celsius)) - 25.0;
      heat += static_cast<double>(settings_.head.temperature_coefficient) * above;
    }
    const double power = static_cast<double>(inputs.panel_power->in(watts));
    if (std::isfinite(power) && heat > 0.1) sight_[kPowerChannel] = std::log(power / heat);
  }
  if (!inputs.sun || doubted_ || sweeping_.on) return;
  estimate_light(inputs);
}

void Hybrid::estimate_light(const Inputs& inputs) {
  light_is_fresh_ = false;
  // Between two poses the readings belong to neither.
  if (inputs.target != last_target_) {
    last_target_ = inputs.target;
    return;
  }
  const auto now = control::skylight(calibration_.body(), calibration_.terms(), sight_, standing(),
                                     vector_of(*inputs.sun));
  if (!now) return;
  light_is_fresh_ = true;
  if (!light_now_) {
    light_now_ = now;
    beam_slow_ = now->beam;
    return;
  }
  const double fast = share_of_step(inputs.elapsed, kLightMemory);
  light_now_->beam += fast * (now->beam - light_now_->beam);
  light_now_->sky += fast * (now->sky - light_now_->sky);
  light_now_->misfit += fast * (now->misfit - light_now_->misfit);
  beam_slow_ += share_of_step(inputs.elapsed, kBeamMemory) * (now->beam - beam_slow_);
}

bool Hybrid::beam_is_strong() const {
  return light_now_ && light_now_->beam > kBeamStrong && light_now_->beam > light_now_->sky;
}

bool Hybrid::beam_is_calm() const {
  if (!light_now_) return true;
  return std::abs(light_now_->beam - beam_slow_) <= kCalm * std::max(beam_slow_, kBeamStrong);
}

void Hybrid::learn(const Inputs& inputs) {
  if (!aged_at_) {
    aged_at_ = inputs.now;
    if (recalled_) swept_at_ = inputs.now;
  }
  if (inputs.now - *aged_at_ >= std::chrono::hours{1}) {
    calibration_.age(in_hours(inputs.now - *aged_at_));
    aged_at_ = inputs.now;
  }
  if (!calibration_.busy() && !searches()) {
    fit_credit_ = Millis{0};
    return;
  }
  fit_credit_ = std::min(fit_credit_ + inputs.elapsed, kPieceEvery * kPiecesMax);
  const auto pieces = static_cast<int>(fit_credit_ / kPieceEvery);
  fit_credit_ -= kPieceEvery * pieces;
  if (calibration_.busy()) {
    if (const auto verdict = calibration_.advance(pieces)) judge(*verdict, inputs);
    return;
  }
  if (jam_search_.busy()) {
    if (const auto jam = jam_search_.advance(pieces * kSearchPerPiece)) judge_jam(*jam);
    return;
  }
  if (const auto found = search_.advance(pieces * kSearchPerPiece)) judge_found(*found, inputs);
}

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

bool Hybrid::sweep_due(const Inputs& inputs) const {
  if (calibration_.busy() || searches()) return false;
  if (inputs.sun->elevation < settings_.sweep_above) return false;
  if (goal_ && inputs.target != *goal_) return false;
  const auto seen = std::count_if(sight_.begin(), sight_.end(),
                                  [](const auto& reading) { return reading.has_value(); });
  constexpr int kChannelsMin = 3;
  if (seen < kChannelsMin || !beam_is_calm()) return false;
  if (sweep_not_before_ && inputs.now < *sweep_not_before_) return false;
  if (!swept_at_) return true;
  return inputs.now - *swept_at_ >= sweep_interval();
}

// How long what was learned serves, from how well the panel is believed to point just now.
Millis Hybrid::sweep_interval() const {
  const double expected = calibration_.pointing_deviation_deg(standing());
  const double settled = in_degrees(settings_.settled);
  if (!beam_is_strong()) {
    // Without a beam only the sensors are learned, and soon enough.
    constexpr std::uint32_t kDullSweepsFirst = 3;
    return calibration_.sweeps() < kDullSweepsFirst ? settings_.sweep_dull : settings_.sweep_seldom;
  }
  const bool new_here = beam_sweeps_ < kBeamSweepsFirst;
  if (new_here || expected > kDoubtful * settled) return settings_.sweep_soon;
  return expected > settled ? settings_.sweep_later : settings_.sweep_seldom;
}

void Hybrid::begin_looks(const Inputs& inputs) {
  sweeping_.on = true;
  sweeping_.next = 0;
  sweeping_.began_at = inputs.now;
  sweeping_.seen = {};
  goal_.reset();
  begin_look();
}

void Hybrid::begin_look() {
  sweeping_.arrived = false;
  sweeping_.mean = {};
  const Vector& wanted = sweeping_.plan.wanted[sweeping_.next];
  sweeping_.pose = calibration_.body().aim_at(calibration_.terms(), wanted, standing_pose()).pose;
}

void Hybrid::begin_sweep(const Inputs& inputs) {
  const double expected = calibration_.pointing_deviation_deg(standing());
  const double settled = in_degrees(settings_.settled);
  Degrees wide = settings_.sweep_aside;
  if (beam_sweeps_ >= kBeamSweepsFirst && expected <= kDoubtful * settled) {
    wide = expected > settled ? settings_.sweep_aside_later : settings_.sweep_aside_settled;
  }
  // Flat tells gains from gammas; it costs most light, so only the first sweep has it.
  const bool with_flat = calibration_.sweeps() == 0;
  sweeping_.plan = sweep_around_sun(vector_of(*inputs.sun), in_degrees(wide), with_flat);
  sweeping_.searching = false;
  sweeping_.ring = false;
  begin_looks(inputs);
}

void Hybrid::begin_search(const Inputs& inputs) {
  sweeping_.plan = sweep_whole_sky(in_degrees(mount_.heading));
  sweeping_.searching = true;
  sweeping_.ring = false;
  begin_looks(inputs);
}

void Hybrid::begin_ring(const Inputs& inputs) {
  sweeping_.plan = ring_around(*found_);
  sweeping_.searching = true;
  sweeping_.ring = true;
  begin_looks(inputs);
}

Wish Hybrid::sweep_step(const Inputs& inputs) {
  if (inputs.target == sweeping_.pose && !sweeping_.arrived) {
    sweeping_.arrived = true;
    sweeping_.arrived_at = inputs.now - inputs.elapsed;  // the target was there a step ago
  }
  if (sweeping_.arrived) {
    const Millis here = inputs.now - sweeping_.arrived_at;
    if (here >= settings_.look_settle) sweeping_.mean.add(sight_);
    if (here >= settings_.look_settle + settings_.look_read && !sweeping_.mean.empty()) {
      end_look(inputs);
    }
  }
  constexpr Millis kSweepMax = minutes{3};  // a caller that hardly steps
  if (inputs.now - sweeping_.began_at > kSweepMax) {
    sweeping_.on = false;
    sweep_not_before_ = inputs.now + kAfterTooFew;
  }
  return {.pose = sweeping_.pose,
          .state = sweeping_.searching ? State::acquire : State::track,
          .reason = sweeping_.searching ? Reason::searching : Reason::calibrating};
}

// Between sweeps the panel already looks at the sun: what it reads there is worth learning from.
void Hybrid::glance(const Inputs& inputs) {
  const bool due = !glancing_.done_at || inputs.now - *glancing_.done_at >= settings_.glance_every;
  const bool still = goal_ && inputs.target == *goal_ && inputs.target == last_target_;
  if (!due || !still || diffuse_ || !beam_is_strong() || !beam_is_calm() || !beam_swept_at_ ||
      calibration_.busy() || searches()) {
    glancing_.began_at.reset();
    return;
  }
  if (!glancing_.began_at) {
    glancing_.began_at = inputs.now;
    glancing_.mean = {};
  }
  if (inputs.now - *glancing_.began_at >= settings_.look_settle) glancing_.mean.add(sight_);
  if (inputs.now - *glancing_.began_at < settings_.look_settle + 2 * settings_.look_read) return;
  glancing_.began_at.reset();
  glancing_.done_at = inputs.now;
  Look look{
      .inner = standing(), .sun = vector_of(*inputs.sun), .seconds = 0.0, .sight = {}, .noise = {}};
  glancing_.mean.put_into(look, settings_.head);
  Sweep alone;
  const double hours = in_hours(inputs.now - *beam_swept_at_);
  // All glances since a sweep share its error of the sky: together they must not outweigh it.
  ++glancing_.since_sweep;
  const double known = kSkyKnown + kSkyKnownShare * calibration_.sky();
  alone.sky = {.mean = calibration_.sky(),
               .deviation = known * std::sqrt(glancing_.since_sweep) * (1.0 + hours)};
  alone.add(look);
  glancing_.judged = false;
  calibration_.begin(alone);
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
void Hybrid::watch_readings(const Inputs& inputs) {
  const bool known = light_now_ && light_is_fresh_ && calibration_.sweeps() > 0;
  if (!known) return;
  const Terms& terms = calibration_.terms();
  const Shares shares = calibration_.body().shares(terms, standing(), vector_of(*inputs.sun));
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
    if (!sight_[i]) continue;
    const double light = calibration_.body().light(calibration_.terms(), i, *sight_[i]);
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

bool Hybrid::sees_light() const {
  return std::any_of(sight_.begin(), sight_.begin() + kLights,
                     [](const auto& reading) { return reading.has_value(); });
}

// Glances that nothing explains ask for a sweep.
void Hybrid::judge_glance(Learning verdict) {
  glancing_.judged = true;
  glancing_.misfits = verdict == Learning::misfit ? glancing_.misfits + 1 : 0;
  if (glancing_.misfits < kGlanceMisfitsMax) return;
  glancing_.misfits = 0;
  swept_at_.reset();
}

void Hybrid::end_look(const Inputs& inputs) {
  Look look;
  look.inner = standing();
  look.sun = inputs.sun ? vector_of(*inputs.sun) : kZenith;
  look.seconds = in_seconds(inputs.now - sweeping_.began_at);
  sweeping_.mean.put_into(look, settings_.head);
  sweeping_.seen.add(look);
  if (++sweeping_.next < sweeping_.plan.size) {
    begin_look();
    return;
  }
  sweeping_.on = false;
  end_sweep(inputs);
}

void Hybrid::end_sweep(const Inputs& inputs) {
  const double middle = in_seconds(inputs.now - sweeping_.began_at) / 2.0;
  for (std::size_t k = 0; k < sweeping_.seen.size; ++k) {
    sweeping_.seen.looks[k].seconds -= middle;
  }
  if (!sweeping_.searching) {
    calibration_.begin(sweeping_.seen);
    return;
  }
  std::optional<Vector> around;
  if (sweeping_.ring) around = found_;
  search_.begin(calibration_.body(), calibration_.terms(), sweeping_.seen, around);
}

// Without a usable ephemeris: search, go there, look around again every few minutes.
Wish Hybrid::by_light(const Inputs& inputs, Reason reason) {
  diffuse_ = false;
  if (searches() || calibration_.busy()) {
    return {.pose = inputs.target, .state = State::acquire, .reason = Reason::searching};
  }
  if (found_ && (!found_at_ || inputs.now - *found_at_ >= kRingEvery)) {
    begin_ring(inputs);
    return sweep_step(inputs);
  }
  if (!found_ && sees_light() && (!search_at_ || inputs.now >= *search_at_)) {
    begin_search(inputs);
    return sweep_step(inputs);
  }
  if (!found_) {
    if (saturated_) reason = Reason::saturated;
    return {.pose = flat_pose(mount_), .state = State::acquire, .reason = reason};
  }
  Wish wish = point(inputs, *found_, *found_);
  wish.state = State::acquire;
  wish.reason = reason;
  return wish;
}

Reason Hybrid::sun_reason(const Inputs& inputs) const {
  if (saturated_) return Reason::saturated;
  const bool stuck = std::any_of(excluded_.begin(), excluded_.end(), [](bool out) { return out; });
  const bool dead =
      std::any_of(unread_.begin(), unread_.end(), [](Millis since) { return since >= kUnreadMax; });
  if (stuck || dead) return Reason::sensor_fault;
  return inputs.guarded ? Reason::sun_up : Reason::sun_unguarded;
}

Wish Hybrid::by_sun(const Inputs& inputs) {
  const Vector sun = vector_of(*inputs.sun);
  const Vector soon = inputs.sun_soon ? vector_of(*inputs.sun_soon) : sun;
  const bool pays = diffuse_pays(sun);
  const bool dwelt = !diffuse_since_ || inputs.now - *diffuse_since_ >= settings_.dwell;
  if (pays != diffuse_ && dwelt) {
    diffuse_ = pays;
    diffuse_since_ = inputs.now;
  }
  glance(inputs);
  watch_light(inputs);
  watch_readings(inputs);
  return diffuse_ ? lean(inputs, sun) : point(inputs, sun, soon);
}

bool Hybrid::diffuse_pays(const Vector& sun) const {
  if (!light_now_ || saturated_) return diffuse_ && !saturated_;
  const Terms& terms = calibration_.terms();
  const double zenith = std::acos(std::clamp(sun.up, -1.0, 1.0));
  const double tilt = best_tilt(terms, zenith, light_now_->beam, light_now_->sky);
  const double best = light_on_tilt(terms, tilt, zenith, light_now_->beam, light_now_->sky);
  const double there = light_on_tilt(terms, zenith, zenith, light_now_->beam, light_now_->sky);
  const float threshold = diffuse_ ? settings_.diffuse_leave : settings_.diffuse_enter;
  return best > there * (1.0 + static_cast<double>(threshold));
}

// Whether `wanted` catches noticeably more than `looks`.
bool Hybrid::earns(const Vector& looks, const Vector& wanted, const Vector& sun) const {
  const Terms& terms = calibration_.terms();
  const double beam = light_now_->beam;
  const double sky = light_now_->sky;
  return light_on(terms, wanted, sun, beam, sky) >
         light_on(terms, looks, sun, beam, sky) * (1.0 + kLeanGain);
}

// As flat as pays, in the sun's vertical plane.
Wish Hybrid::lean(const Inputs& inputs, const Vector& sun) {
  const Terms& terms = calibration_.terms();
  const double zenith = std::acos(std::clamp(sun.up, -1.0, 1.0));
  double tilt = 0.0;
  if (light_now_) tilt = best_tilt(terms, zenith, light_now_->beam, light_now_->sky);
  const double level = std::hypot(sun.east, sun.north);
  const Vector wanted = level < 1e-6 ? kZenith
                                     : Vector{sun.east / level * std::sin(tilt),
                                              sun.north / level * std::sin(tilt), std::cos(tilt)};
  const Vector looks = calibration_.body().panel(terms, standing()).normal;
  // Two tilts that catch nearly the same are not worth a move.
  const double off = angle_between_deg(looks, wanted);
  const bool better = off > kLeanStep && light_now_ && earns(looks, wanted, sun);
  if (!goal_ || (inputs.target == *goal_ && (better || off > kLeanMax))) {
    goal_ = calibration_.body().aim_at(terms, wanted, standing_pose()).pose;
  }
  const bool faulty = sun_reason(inputs) == Reason::sensor_fault;
  return {.pose = *goal_,
          .state = State::diffuse,
          .reason = faulty ? Reason::sensor_fault : Reason::overcast,
          .steady = inputs.target == *goal_};
}

// Points at `sun` axis by axis: each waits until it is a step off and then goes a little ahead, so
// that every move exceeds the servo's dead band.
Wish Hybrid::point(const Inputs& inputs, const Vector& sun, const Vector& soon) {
  const Body& body = calibration_.body();
  const Terms& terms = calibration_.terms();
  const Pose standing = standing_pose();
  const Aim now = body.aim_at(terms, sun, standing);
  const Aim then = body.aim_at(terms, soon, now.pose);
  const bool dim = light_now_ && light_now_->beam < kBeamWorthwhile;
  const double step = in_degrees(dim ? settings_.step_dim : settings_.step);
  const double lead = in_degrees(settings_.lead);
  const InnerAngles inner = inner_angles(mount_, standing);
  const bool az_el = mount_.kind == MountKind::az_el;
  // How far the normal turns for a degree of each axis.
  constexpr double kWeightMin = 0.02;
  const double pan_weight =
      az_el ? std::max(kWeightMin, std::abs(std::cos(inner.t * kRadiansPerDegree))) : 1.0;
  const double tilt_weight =
      az_el ? 1.0 : std::max(kWeightMin, std::abs(std::cos(inner.p * kRadiansPerDegree)));

  if (!goal_) goal_ = inputs.target;
  const auto axis = [&](Degrees& goal, Degrees target, const ServoPlay& play, Degrees wanted,
                        Degrees soon_wanted, double weight) {
    const double off = in_degrees(wanted) - play.angle(settings_.play);
    const bool under_way = target != goal && std::abs(in_degrees(goal - wanted)) * weight < 2.0;
    if (under_way || std::abs(off) * weight <= step) return;
    const double ahead = in_degrees(soon_wanted - wanted);
    constexpr double kFlip = 60.0;  // a jump to the other pose is not a lead
    const double led =
        std::abs(ahead) > kFlip ? 0.0 : std::clamp(ahead, -lead / weight, lead / weight);
    goal = play.target_for(in_degrees(wanted) + led, settings_.play);
  };
  axis(goal_->pan, inputs.target.pan, pan_, now.pose.pan, then.pose.pan, pan_weight);
  axis(goal_->tilt, inputs.target.tilt, tilt_, now.pose.tilt, then.pose.tilt, tilt_weight);
  *goal_ = within_limits(mount_, *goal_);
  const bool out_of_reach = now.off > kReachable;
  return {.pose = *goal_,
          .state = State::track,
          .reason = out_of_reach ? Reason::out_of_reach : sun_reason(inputs),
          .steady = inputs.target == *goal_};
}

}  // namespace idast::control
