#include <algorithm>
#include <cmath>

#include "core/control/hybrid.h"
#include "core/control/numbers.h"

// Where the hybrid law sends the axes: at the sun, or as flat as pays.
namespace idast::control {
namespace {

// A beam worth a fine step, W/m².
constexpr double kBeamWorthwhile = 80.0;
constexpr Degrees kReachable = degrees(1.f);
// A leaning panel moves when it is this far from its best tilt and that catches this much more, or
// when it is far away.
constexpr double kLeanGain = 0.004, kLeanMax = 12.0;  // share, degrees
constexpr double kLeanStep = 3.0;                     // degrees

}  // namespace

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
  if (!light_now_) return false;
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
  const bool better = off > kLeanStep && earns(looks, wanted, sun);
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
