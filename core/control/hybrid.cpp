#include "core/control/hybrid.h"

#include <algorithm>
#include <cmath>

#include "core/control/numbers.h"

namespace idast::control {
namespace {

// One piece of fitting per control step of a board; callers with longer steps do more at once.
constexpr Millis kPieceEvery{60};
constexpr int kPiecesMax = 400;
constexpr int kSearchPerPiece = 4;

// A beam worth sweeping for, W/m².
constexpr double kBeamStrong = 250.0;
// The beam is calm when it stays within this of its mean over a quarter of a minute.
constexpr double kCalm = 0.03;
constexpr double kBeamMemory = 15.0;  // seconds
constexpr double kLightMemory = 2.0;  // seconds
// Longer than any sweep lasts, in which nothing is estimated.
constexpr Millis kLightKept = std::chrono::minutes{10};
constexpr Watts kPowerMin = watts(0.05f);

constexpr Millis kRingEvery = std::chrono::seconds{180};

float as_float(double value) { return static_cast<float>(value); }
double share_of_step(Millis elapsed, double memory) {
  return 1.0 - std::exp(-in_seconds(elapsed) / memory);
}

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
  // Looks around a sun whose place is no longer known would be fitted to a wrong one.
  if (!inputs.sun && !sweeping_.searching) sweeping_.on = false;
  if (sweeping_.on) return sweep_step(inputs);
  if (!inputs.sun) return by_light(inputs, inputs.sunless);
  const Direction& sun = *inputs.sun;
  if (sun.elevation < settings_.night_below) night_ = true;
  if (sun.elevation > settings_.night_above) night_ = false;
  if (night_ && !doubted_) watch_night(inputs);
  // A doubted clock is right about the night when it is dark.
  if (night_ && !(doubted_ && (found_ || sees_light()))) return night();
  if (doubted_) return by_light(inputs, Reason::clock_doubted);
  if (sweep_due(inputs, sun)) {
    begin_sweep(inputs, vector_of(sun));
    return sweep_step(inputs);
  }
  return by_sun(inputs, vector_of(sun));
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
  estimate_light(inputs, vector_of(*inputs.sun));
}

void Hybrid::estimate_light(const Inputs& inputs, const Vector& sun) {
  light_is_fresh_ = false;
  // Between two poses the readings belong to neither.
  if (inputs.target != last_target_) {
    last_target_ = inputs.target;
    return;
  }
  const auto now =
      control::skylight(calibration_.body(), calibration_.terms(), sight_, standing(), sun);
  if (!now) return;
  light_is_fresh_ = true;
  light_at_ = inputs.now;
  if (!light_now_) {
    light_now_ = now;
    beam_slow_ = now->beam;
    return;
  }
  SkyLight& smooth = *light_now_;
  const double fast = share_of_step(inputs.elapsed, kLightMemory);
  smooth.beam += fast * (now->beam - smooth.beam);
  smooth.sky += fast * (now->sky - smooth.sky);
  smooth.misfit += fast * (now->misfit - smooth.misfit);
  beam_slow_ += share_of_step(inputs.elapsed, kBeamMemory) * (now->beam - beam_slow_);
}

// Sensors that fell silent under a cloud must not keep the panel leaning for good.
void Hybrid::forget_old_light(const Inputs& inputs) {
  if (!light_now_ || inputs.now - light_at_ < kLightKept) return;
  light_now_.reset();
  diffuse_ = false;
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

bool Hybrid::sees_light() const {
  return std::any_of(sight_.begin(), sight_.begin() + kLights,
                     [](const auto& reading) { return reading.has_value(); });
}

// Without a usable ephemeris: search, go there, look around again every few minutes.
Wish Hybrid::by_light(const Inputs& inputs, Reason reason) {
  diffuse_ = false;
  if (searches() || calibration_.busy()) {
    return {.pose = inputs.target, .state = State::acquire, .reason = Reason::searching};
  }
  if (found_ && (!found_at_ || inputs.now - *found_at_ >= kRingEvery)) {
    begin_ring(inputs, *found_);
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

Wish Hybrid::by_sun(const Inputs& inputs, const Vector& sun) {
  forget_old_light(inputs);
  const Vector soon = inputs.sun_soon ? vector_of(*inputs.sun_soon) : sun;
  const bool pays = diffuse_pays(sun);
  const bool dwelt = !diffuse_since_ || inputs.now - *diffuse_since_ >= settings_.dwell;
  if (pays != diffuse_ && dwelt) {
    diffuse_ = pays;
    diffuse_since_ = inputs.now;
  }
  glance(inputs, sun);
  watch_light(inputs);
  watch_readings(inputs, sun);
  return diffuse_ ? lean(inputs, sun) : point(inputs, sun, soon);
}

}  // namespace idast::control
