#include "core/control/tracker.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace idast::control {
namespace {

constexpr std::uint16_t kCountsMax = 4095;
// At and above this a sensor is at the end of its scale.
constexpr float kSaturatedFrom = 4090.f;
// More wind than was ever measured on earth is not wind but a fault (Barrow Island 1996: 113 m/s).
constexpr MetresPerSecond kWindMax = metres_per_second(120.f);
// Further from the sun than this, the servos' limits are to blame.
constexpr Degrees kReachable = degrees(1.f);
// The sun moves 0.004° in a second.
constexpr Millis kSunFreshFor = std::chrono::seconds{1};

bool is_number(Degrees angle) { return std::isfinite(angle.in(degrees)); }
bool is_number(Percent share) { return std::isfinite(share.in(percent)); }
bool is_servo_angle(Degrees angle) { return angle >= degrees(0.f) && angle <= degrees(180.f); }

bool is_place(const sun::Place& place) {
  return std::abs(place.latitude.in(degrees)) <= 90.f &&
         std::abs(place.longitude.in(degrees)) <= 180.f && std::isfinite(place.altitude.in(metres));
}

std::optional<MetresPerSecond> believed(std::optional<MetresPerSecond> wind) {
  if (!wind || !(*wind >= metres_per_second(0.f) && *wind <= kWindMax)) return std::nullopt;
  return wind;
}

// A clock that says 1970 was never set, and one beyond 2150 is broken: both are no clock.
constexpr UtcMillis kClockMin{631'152'000'000};    // 1990-01-01
constexpr UtcMillis kClockMax{5'680'281'600'000};  // 2150-01-01

std::optional<UtcMillis> believed(std::optional<UtcMillis> utc) {
  if (!utc || *utc < kClockMin || *utc > kClockMax) return std::nullopt;
  return utc;
}

Direction direction_of_sun(UtcMillis at, const sun::Place& place) {
  const sun::Position position = sun::position(at, place);
  return {.azimuth = position.azimuth, .elevation = position.elevation};
}

float seconds(Millis duration) { return static_cast<float>(duration.count()) / 1000.f; }

// In equal steps: a small last one would stay inside the servo's dead band.
Degrees moved_towards(Degrees from, Degrees to, Degrees most) {
  const float way = (to - from).in(degrees);
  if (!(most > degrees(0.f))) return from;
  const float steps = std::ceil(std::abs(way) / most.in(degrees));
  return steps > 1.f ? from + degrees(way / steps) : to;
}

int rounded(float counts) { return static_cast<int>(std::lround(counts)); }

std::uint16_t as_counts(float counts) {
  return static_cast<std::uint16_t>(std::clamp(rounded(counts), 0, static_cast<int>(kCountsMax)));
}

}  // namespace

std::string_view to_text(Law law) {
  constexpr std::array<std::string_view, 3> kNames{"naive", "ephemeris", "hybrid"};
  return kNames[static_cast<std::size_t>(law)];
}

std::optional<Law> law_from(std::string_view text) {
  for (const Law law : {Law::naive, Law::ephemeris, Law::hybrid}) {
    if (text == to_text(law)) return law;
  }
  return std::nullopt;
}

std::string_view to_text(Refusal refusal) {
  constexpr std::array<std::string_view, 4> kNames{"not_a_number", "out_of_range", "duration",
                                                   "conflict"};
  return kNames[static_cast<std::size_t>(refusal)];
}

Tracker::Tracker(const Settings& settings, const Pose& pose)
    : pose_{pose}, hybrid_{settings.hybrid, settings.mount} {
  configure(settings);
}

void Tracker::configure(const Settings& settings) {
  // What was learned of a mount and its sensors says nothing about others.
  if (settings.mount != settings_.mount || settings.hybrid != settings_.hybrid) {
    hybrid_ = Hybrid{settings.hybrid, settings.mount};
  }
  settings_ = settings;
  const float rate = settings.rate_max.in(degrees_per_second);
  settings_sound_ = is_sound(settings.mount) && std::isfinite(rate) && rate >= 0.f &&
                    settings.naive.loop > Millis{0};
  goal_.reset();
  sun_at_.reset();
  // Without sound limits nothing will move; the pose stays a number all the same.
  pose_ = within_limits(settings_sound_ ? settings.mount : Mount{}, pose_);
}

std::expected<void, Refusal> judged(const Command& command) {
  const bool has_angles = command.pan || command.tilt;
  const bool has_target = has_angles || command.direction;
  if (has_angles && command.direction) return std::unexpected{Refusal::conflict};
  if (has_target && command.mode != Mode::manual) return std::unexpected{Refusal::conflict};
  if (command.mode == Mode::manual && command.manual_for <= Millis{0}) {
    return std::unexpected{Refusal::duration};
  }
  for (const auto& angle : {command.pan, command.tilt}) {
    if (!angle) continue;
    if (!is_number(*angle)) return std::unexpected{Refusal::not_a_number};
    if (!is_servo_angle(*angle)) return std::unexpected{Refusal::out_of_range};
  }
  if (command.direction) {
    const auto [azimuth, elevation] = *command.direction;
    if (!is_number(azimuth) || !is_number(elevation)) return std::unexpected{Refusal::not_a_number};
    const bool in_range = azimuth >= degrees(-360.f) && azimuth <= degrees(360.f) &&
                          elevation >= degrees(0.f) && elevation <= degrees(90.f);
    if (!in_range) return std::unexpected{Refusal::out_of_range};
  }
  return {};
}

std::expected<void, Refusal> Tracker::obey(const Command& command, Instant now) {
  if (const auto verdict = judged(command); !verdict) return verdict;
  mode_ = command.mode;
  command_ = command;
  manual_until_ = std::max(now, now_) + std::min(command.manual_for, kManualForMax);
  return {};
}

Outputs Tracker::step(const Inputs& inputs) {
  advance_time(inputs.now);
  watch_wind(inputs);
  watch_battery(inputs);
  smooth(inputs);
  find_sun(inputs);
  const Wish wished = wish(inputs);
  carry_out(wished);
  return outputs(wished);
}

void Tracker::advance_time(Instant now) {
  if (!started_) {
    started_ = true;
    now_ = std::max(now, now_);
    wind_heard_at_ = now_;
    wind_high_at_ = now_;
    loop_due_ = true;
    return;
  }
  const Instant later = std::max(now, now_);
  elapsed_ = later - now_;
  now_ = later;
  since_loop_ += elapsed_;
  loop_due_ = since_loop_ >= settings_.naive.loop;
  if (mode_ == Mode::manual && now_ >= manual_until_) mode_ = Mode::automatic;
}

void Tracker::watch_wind(const Inputs& inputs) {
  const WindSettings& limits = settings_.wind;
  if (!limits.anemometer) {
    wind_stowed_ = false;
    wind_heard_at_ = now_;
    return;
  }
  const auto wind = believed(inputs.wind);
  if (wind) {
    wind_heard_at_ = now_;
    if (!(*wind < limits.leave_below)) wind_high_at_ = now_;
    if (!(*wind < limits.stow_at)) {
      wind_stowed_ = true;
      wind_reason_ = Reason::wind_high;
    }
  }
  if (now_ - wind_heard_at_ >= limits.silent_after) {
    if (!wind_stowed_) wind_reason_ = Reason::wind_unknown;
    wind_stowed_ = true;
    wind_high_at_ = now_;
  }
  if (wind && now_ - wind_high_at_ >= limits.leave_after) wind_stowed_ = false;
}

void Tracker::watch_battery(const Inputs& inputs) {
  // A gauge that fell silent, or answers "not a number", changes nothing: a hold outlasts it.
  if (!inputs.battery || !is_number(*inputs.battery)) return;
  if (*inputs.battery < settings_.battery_hold_below) battery_held_ = true;
  if (*inputs.battery > settings_.battery_release_above) battery_held_ = false;
}

void Tracker::smooth(const Inputs& inputs) {
  if (!inputs.light) {
    smoothed_.reset();
    return;
  }
  const auto counts = [](std::uint16_t value) {
    return static_cast<float>(std::min(value, kCountsMax));
  };
  const Light& light = *inputs.light;
  if (!smoothed_) {
    smoothed_ = Smoothed{counts(light.top), counts(light.left), counts(light.right), std::nullopt};
  }
  if (!loop_due_) return;
  // A caller slower than the loop brings one reading for several loops: as if it had been read in
  // each of them.
  const auto loops = std::max<std::int64_t>(1, since_loop_ / settings_.naive.loop);
  const float keep = 1.f - std::clamp(settings_.naive.smoothing, 0.f, 1.f);
  const float kept = loops == 1 ? keep : std::pow(keep, static_cast<float>(loops));
  const auto blend = [kept](float& mean, float reading) {
    mean = kept * mean + (1.f - kept) * reading;
  };
  blend(smoothed_->top, counts(light.top));
  blend(smoothed_->left, counts(light.left));
  blend(smoothed_->right, counts(light.right));
  if (!light.bottom) {
    smoothed_->bottom.reset();
  } else if (smoothed_->bottom) {
    blend(*smoothed_->bottom, counts(*light.bottom));
  } else {
    smoothed_->bottom = counts(*light.bottom);
  }
}

void Tracker::find_sun(const Inputs& inputs) {
  const auto utc = believed(inputs.utc);
  if (!utc || !settings_.place || !is_place(*settings_.place)) {
    sun_.reset();
    sun_soon_.reset();
    sun_at_.reset();
    return;
  }
  const bool fresh = sun_at_ && *utc >= *sun_at_ && *utc - *sun_at_ < kSunFreshFor;
  if (fresh) return;
  sun_ = direction_of_sun(*utc, *settings_.place);
  if (settings_.law == Law::hybrid) {
    sun_soon_ = direction_of_sun(*utc + Hybrid::kSoon, *settings_.place);
  }
  sun_at_ = utc;
}

Wish Tracker::hold(State state, Reason reason) const {
  return {.pose = pose_, .state = state, .reason = reason, .steady = false, .still = true};
}

Wish Tracker::wish(const Inputs& inputs) {
  const bool by_law =
      settings_sound_ && mode_ == Mode::automatic && !wind_stowed_ && !battery_held_;
  if (!by_law) {
    goal_.reset();
    locked_ = false;
    hybrid_.interrupt(pose_);
  }
  if (mode_ == Mode::stop) return hold(State::manual, Reason::stopped);
  if (!settings_sound_) return hold(State::fault, Reason::settings_unsound);
  if (wind_stowed_) {
    return {.pose = flat_pose(settings_.mount), .state = State::stow, .reason = wind_reason_};
  }
  if (battery_held_) return hold(State::fault, Reason::battery_low);
  if (mode_ == Mode::stow) {
    return {.pose = flat_pose(settings_.mount), .state = State::stow, .reason = Reason::commanded};
  }
  if (mode_ == Mode::manual) return by_command();
  switch (settings_.law) {
    case Law::naive:
      return by_light();
    case Law::ephemeris:
      return by_sun(inputs);
    case Law::hybrid:
      break;
  }
  return by_hybrid(inputs);
}

Wish Tracker::by_command() const {
  Pose pose{.pan = command_.pan.value_or(pose_.pan), .tilt = command_.tilt.value_or(pose_.tilt)};
  if (command_.direction) pose = aim(settings_.mount, *command_.direction, pose_).pose;
  return {.pose = pose, .state = State::manual, .reason = Reason::commanded};
}

std::optional<LightErrors> Tracker::light_errors() const {
  if (!smoothed_) return std::nullopt;
  LightErrors errors;
  errors.light = {.top = as_counts(smoothed_->top),
                  .left = as_counts(smoothed_->left),
                  .right = as_counts(smoothed_->right),
                  .bottom = std::nullopt};
  if (smoothed_->bottom) errors.light.bottom = as_counts(*smoothed_->bottom);
  errors.average = (errors.light.left + errors.light.right) / 2;
  errors.horizontal = errors.light.left - errors.light.right;
  errors.vertical = errors.light.top - errors.average;
  return errors;
}

// The fielded law: step towards the brighter side until both errors are inside the dead band
// (Locked), and stay until one exceeds twice the dead band.
Wish Tracker::by_light() {
  const auto errors = light_errors();
  if (!errors || !smoothed_) return hold(State::fault, Reason::no_light);
  const NaiveSettings& law = settings_.naive;
  const auto [dimmest, brightest] =
      std::minmax({smoothed_->top, smoothed_->left, smoothed_->right});
  if (brightest < static_cast<float>(law.dark_below)) {
    locked_ = false;
    return hold(State::night, Reason::light_low);
  }
  const float share = law.dead_band_share * brightest;
  const int dead_band = brightest > static_cast<float>(law.share_above)
                            ? std::max(law.dead_band_min, rounded(share))
                            : law.dead_band_min;
  const int worst = std::max(std::abs(errors->horizontal), std::abs(errors->vertical));
  const bool bright = brightest > static_cast<float>(law.steady_above);
  locked_ = bright && worst <= (locked_ ? 2 * dead_band : dead_band);

  Reason reason = settings_.wind.anemometer ? Reason::light : Reason::light_unguarded;
  if (dimmest >= kSaturatedFrom) reason = Reason::saturated;
  const Pose pose = locked_ || !loop_due_ ? pose_ : stepped_towards_light(*errors, dead_band);
  return {.pose = pose, .state = State::track, .reason = reason, .steady = locked_};
}

Pose Tracker::stepped_towards_light(const LightErrors& errors, int dead_band) const {
  const Mount& mount = settings_.mount;
  Pose pose = pose_;
  // Flipped, a growing p turns the panel to its left: the way to the light is the other one.
  const int flip = is_flipped(mount, pose_) ? -1 : 1;
  if (std::abs(errors.horizontal) > dead_band) {
    const int towards = errors.horizontal > 0 ? -1 : 1;
    pose.pan += settings_.naive.step * static_cast<float>(towards * flip * mount.pan.direction);
  }
  if (std::abs(errors.vertical) > dead_band) {
    const int towards = errors.vertical > 0 ? 1 : -1;
    pose.tilt += settings_.naive.step * static_cast<float>(towards * mount.tilt.direction);
  }
  return pose;
}

Wish Tracker::by_sun(const Inputs& inputs) {
  const auto utc = believed(inputs.utc);
  if (!utc) return hold(State::acquire, Reason::no_clock);
  if (!sun_ || !settings_.place) return hold(State::acquire, Reason::no_site);
  const EphemerisSettings& law = settings_.ephemeris;
  const Mount& mount = settings_.mount;
  if (sun_->elevation < law.night_below) night_ = true;
  if (sun_->elevation > law.night_above) night_ = false;
  if (night_) {
    goal_.reset();
    return {.pose = flat_pose(mount), .state = State::night, .reason = Reason::sun_down};
  }

  const Direction panel = panel_direction(mount, pose_);
  Degrees off = angle_between(panel, *sun_);
  if (off > law.hysteresis) {
    const Direction ahead = direction_of_sun(*utc + law.lead, *settings_.place);
    const Pose pose = aim(mount, ahead, pose_).pose;
    const Direction then = panel_direction(mount, pose);
    // At the end of a servo's reach the panel stays off the sun; it moves only when that helps.
    if (angle_between(panel, ahead) - angle_between(then, ahead) > law.hysteresis) goal_ = pose;
    off = angle_between(goal_ ? panel_direction(mount, *goal_) : panel, *sun_);
  }
  const Pose goal = goal_.value_or(pose_);
  Reason reason = settings_.wind.anemometer ? Reason::sun_up : Reason::sun_unguarded;
  if (off > kReachable) reason = Reason::out_of_reach;
  return {.pose = goal, .state = State::track, .reason = reason, .steady = goal == pose_};
}

Wish Tracker::by_hybrid(const Inputs& inputs) {
  return hybrid_.step({.now = now_,
                       .elapsed = elapsed_,
                       .sun = sun_,
                       .sun_soon = sun_soon_,
                       .target = pose_,
                       .light = inputs.light,
                       .panel_power = inputs.panel_power,
                       .panel_temperature = inputs.panel_temperature,
                       .battery = inputs.battery,
                       .guarded = settings_.wind.anemometer,
                       .sunless = believed(inputs.utc) ? Reason::no_site : Reason::no_clock});
}

Pose Tracker::rate_limited(const Pose& wanted) const {
  // A loop that stalled does not make up for it in one leap.
  const Millis counted = std::min(elapsed_, kRateElapsedMax);
  const Degrees most = degrees(settings_.rate_max.in(degrees_per_second)*seconds(counted));
  return {.pan = moved_towards(pose_.pan, wanted.pan, most),
          .tilt = moved_towards(pose_.tilt, wanted.tilt, most)};
}

void Tracker::carry_out(const Wish& wish) {
  if (loop_due_) since_loop_ %= std::max(settings_.naive.loop, Millis{1});
  going_to_ = pose_;
  if (wish.still) {
    moved_at_.reset();
    return;
  }
  going_to_ = within_limits(settings_.mount, wish.pose);
  const Pose next = within_limits(settings_.mount, rate_limited(going_to_));
  if (next != pose_) moved_at_ = now_;
  pose_ = next;
}

Outputs Tracker::outputs(const Wish& wish) const {
  const bool settling = moved_at_ && now_ - *moved_at_ <= settings_.settle;
  const Mount& mount = settings_sound_ ? settings_.mount : Mount{};
  const bool by_hybrid = settings_sound_ && settings_.law == Law::hybrid;
  return {.target = pose_,
          .goal = going_to_,
          .motors_on = !wish.still && settling,
          .state = wish.state,
          .reason = wish.reason,
          .manual = mode_ == Mode::manual,
          .steady = wish.steady,
          .wind_guard = settings_.wind.anemometer,
          .panel = by_hybrid ? hybrid_.panel_direction() : panel_direction(mount, pose_),
          .sun = sun_,
          .trim_azimuth = by_hybrid ? hybrid_.trim_azimuth() : std::nullopt,
          .trim_elevation = by_hybrid ? hybrid_.trim_elevation() : std::nullopt,
          .light = light_errors()};
}

}  // namespace idast::control
