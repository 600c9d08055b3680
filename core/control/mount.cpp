#include "core/control/mount.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>

namespace idast::control {
namespace {

constexpr float kRadians = std::numbers::pi_v<float> / 180.f;

float sine(float deg) { return std::sin(deg * kRadians); }
float cosine(float deg) { return std::cos(deg * kRadians); }
float atan2_deg(float y, float x) { return std::atan2(y, x) / kRadians; }

float turned_into_circle(float deg) {  // 0 <= result < 360
  const float turned = std::fmod(deg, 360.f);
  const float positive = turned < 0.f ? turned + 360.f : turned;
  return positive < 360.f ? positive : 0.f;
}
float turned_into_half(float deg) {  // -180 <= result < 180
  return turned_into_circle(deg + 180.f) - 180.f;
}

struct Ahead {
  float forward, right, up;  // forward is `heading`
};

Ahead ahead_of(const Mount& mount, const Direction& direction) {
  const float from_heading = (direction.azimuth - mount.heading).in(degrees);
  const float elevation = direction.elevation.in(degrees);
  return {cosine(elevation) * cosine(from_heading), cosine(elevation) * sine(from_heading),
          sine(elevation)};
}

// The inner angles p and t of the header.
struct Inner {
  float p, t;
};

Inner inner_of(const Mount& mount, const Pose& pose) {
  const float p = (pose.pan - mount.pan.neutral).in(degrees);
  const float t = (pose.tilt - mount.tilt.neutral).in(degrees);
  return {static_cast<float>(mount.pan.direction) * p,
          90.f + static_cast<float>(mount.tilt.direction) * t};
}

Pose pose_of(const Mount& mount, const Inner& inner) {
  const float p = static_cast<float>(mount.pan.direction) * inner.p;
  const float t = static_cast<float>(mount.tilt.direction) * (inner.t - 90.f);
  return {.pan = mount.pan.neutral + degrees(p), .tilt = mount.tilt.neutral + degrees(t)};
}

Degrees limited(const Axis& axis, Degrees angle) {
  if (!std::isfinite(angle.in(degrees))) return std::clamp(axis.neutral, axis.min, axis.max);
  return std::clamp(angle, axis.min, axis.max);
}

// Time a move takes goes with the longer of the two ways.
float way(const Pose& a, const Pose& b) {
  return std::max(std::abs((a.pan - b.pan).in(degrees)), std::abs((a.tilt - b.tilt).in(degrees)));
}

// az_el: for a given pan the best tilt is known in closed form, and the alignment with the wanted
// direction has one summit along tilt, so limiting the tilt stays optimal.
Pose tilted_best(const Mount& mount, const Ahead& wanted, Degrees pan) {
  const float p = inner_of(mount, {pan, mount.tilt.neutral}).p;
  const float ahead = wanted.forward * cosine(p) + wanted.right * sine(p);
  return within_limits(mount, pose_of(mount, {p, atan2_deg(wanted.up, ahead)}));
}

Pose aim_az_el(const Mount& mount, const Direction& direction, const Pose& from) {
  const Ahead wanted = ahead_of(mount, direction);
  const Vector there = vector_of(direction);
  const float straight = atan2_deg(wanted.right, wanted.forward);
  const auto pan_of = [&](float p) { return pose_of(mount, {turned_into_half(p), 90.f}).pan; };
  // Straight, flipped, and at either end of the pan; ends matter only where the first two are cut.
  const std::array<Degrees, 4> pans{limited(mount.pan, pan_of(straight)),
                                    limited(mount.pan, pan_of(straight + 180.f)), mount.pan.min,
                                    mount.pan.max};
  const auto off = [&](const Pose& pose) {
    return angle_between_deg(panel_vectors(mount, pose).normal, there);
  };
  Pose best = tilted_best(mount, wanted, pans[0]);
  for (const Degrees pan : pans) {
    const Pose pose = tilted_best(mount, wanted, pan);
    const double gain = off(best) - off(pose);
    constexpr double kEqual = 0.02;  // float trigonometry cannot tell closer than this
    if (gain > kEqual || (gain > -kEqual && way(pose, from) < way(best, from))) best = pose;
  }
  return best;
}

Pose aim_tilt_tilt(const Mount& mount, const Ahead& wanted) {
  const float lean = atan2_deg(wanted.forward, wanted.up);
  const Pose leaned = within_limits(mount, pose_of(mount, {0.f, 90.f - lean}));
  const float lean_limited = 90.f - inner_of(mount, leaned).t;
  const float in_plane = wanted.forward * sine(lean_limited) + wanted.up * cosine(lean_limited);
  const float p = atan2_deg(wanted.right, in_plane);
  return within_limits(mount, pose_of(mount, {p, 90.f - lean_limited}));
}

bool is_sound(const Axis& axis) {
  const bool numbers = std::isfinite(axis.min.in(degrees)) && std::isfinite(axis.max.in(degrees)) &&
                       std::isfinite(axis.neutral.in(degrees));
  return numbers && axis.min >= degrees(0.f) && axis.max <= degrees(180.f) &&
         axis.min <= axis.max && std::abs(axis.neutral.in(degrees)) <= 360.f &&
         (axis.direction == 1 || axis.direction == -1);
}

}  // namespace

std::string_view to_text(MountKind kind) {
  return kind == MountKind::tilt_tilt ? "tilt_tilt" : "az_el";
}

std::optional<MountKind> mount_kind_from(std::string_view text) {
  for (const MountKind kind : {MountKind::az_el, MountKind::tilt_tilt}) {
    if (text == to_text(kind)) return kind;
  }
  return std::nullopt;
}

Direction panel_direction(const Mount& mount, const Pose& pose) {
  return direction_of(panel_vectors(mount, pose).normal);
}

PanelVectors panel_vectors(const Mount& mount, const Pose& pose) {
  return panel_vectors(mount.kind, static_cast<double>(mount.heading.in(degrees)),
                       inner_angles(mount, pose));
}

PanelFrame panel_frame(const Mount& mount, const Pose& pose) {
  const PanelVectors vectors = panel_vectors(mount, pose);
  return {.normal = direction_of(vectors.normal),
          .right = direction_of(vectors.right),
          .top = direction_of(vectors.top)};
}

InnerAngles inner_angles(const Mount& mount, const Pose& pose) {
  const Inner inner = inner_of(mount, pose);
  return {.p = static_cast<double>(inner.p), .t = static_cast<double>(inner.t)};
}

PanelVectors panel_vectors(MountKind kind, double heading_deg, const InnerAngles& inner) {
  const double heading = heading_deg * kRadiansPerDegree;
  const Vector forward{std::sin(heading), std::cos(heading), 0.0};
  const Vector rightwards{std::cos(heading), -std::sin(heading), 0.0};
  const Vector upwards{0.0, 0.0, 1.0};
  const double sin_p = std::sin(inner.p * kRadiansPerDegree);
  const double cos_p = std::cos(inner.p * kRadiansPerDegree);
  const double sin_t = std::sin(inner.t * kRadiansPerDegree);
  const double cos_t = std::cos(inner.t * kRadiansPerDegree);
  const auto at = [&](double f, double r, double u) {
    return forward * f + rightwards * r + upwards * u;
  };
  if (kind == MountKind::az_el) {
    return {.normal = at(cos_t * cos_p, cos_t * sin_p, sin_t),
            .right = at(-sin_p, cos_p, 0.0),
            .top = at(-sin_t * cos_p, -sin_t * sin_p, cos_t)};
  }
  // The lean is 90° - t: its sine is cos t and its cosine sin t.
  return {.normal = at(cos_p * cos_t, sin_p, cos_p * sin_t),
          .right = at(-sin_p * cos_t, cos_p, -sin_p * sin_t),
          .top = at(-sin_t, 0.0, cos_t)};
}

Vector vector_of(const Direction& direction) {
  const double azimuth = static_cast<double>(direction.azimuth.in(degrees)) * kRadiansPerDegree;
  const double elevation = static_cast<double>(direction.elevation.in(degrees)) * kRadiansPerDegree;
  return {std::cos(elevation) * std::sin(azimuth), std::cos(elevation) * std::cos(azimuth),
          std::sin(elevation)};
}

Direction direction_of(const Vector& v) {
  const double azimuth = std::atan2(v.east, v.north) / kRadiansPerDegree;
  const double elevation = std::atan2(v.up, std::hypot(v.east, v.north)) / kRadiansPerDegree;
  return {.azimuth = degrees(turned_into_circle(static_cast<float>(azimuth))),
          .elevation = degrees(static_cast<float>(elevation))};
}

Aim aim(const Mount& mount, const Direction& wanted, const Pose& from) {
  const Pose here = within_limits(mount, from);
  if (!std::isfinite(wanted.azimuth.in(degrees)) || !std::isfinite(wanted.elevation.in(degrees))) {
    return {.pose = here, .off = degrees(180.f), .reachable = false};
  }
  const Pose pose = mount.kind == MountKind::az_el ? aim_az_el(mount, wanted, here)
                                                   : aim_tilt_tilt(mount, ahead_of(mount, wanted));
  const Degrees off = angle_between(panel_direction(mount, pose), wanted);
  constexpr Degrees kRounding = degrees(0.05f);
  return {.pose = pose, .off = off, .reachable = off < kRounding};
}

Pose within_limits(const Mount& mount, const Pose& pose) {
  return {.pan = limited(mount.pan, pose.pan), .tilt = limited(mount.tilt, pose.tilt)};
}

Pose flat_pose(const Mount& mount) {
  return within_limits(mount, {.pan = mount.pan.neutral, .tilt = mount.tilt.neutral});
}

Degrees angle_between(const Direction& a, const Direction& b) {
  const float turn = (a.azimuth - b.azimuth).in(degrees);
  const float up_a = a.elevation.in(degrees);
  const float up_b = b.elevation.in(degrees);
  // The haversine keeps small angles exact, where a cosine in float would lose them.
  const float along = sine((up_a - up_b) / 2.f);
  const float across = sine(turn / 2.f);
  const float half = along * along + cosine(up_a) * cosine(up_b) * across * across;
  return degrees(2.f * std::asin(std::sqrt(std::clamp(half, 0.f, 1.f))) / kRadians);
}

bool is_flipped(const Mount& mount, const Pose& pose) {
  return mount.kind == MountKind::az_el && inner_of(mount, pose).t > 90.f;
}

bool is_sound(const Mount& mount) {
  return std::isfinite(mount.heading.in(degrees)) && std::abs(mount.heading.in(degrees)) <= 360.f &&
         is_sound(mount.pan) && is_sound(mount.tilt);
}

}  // namespace idast::control
