#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/control/vector.h"
#include "core/units/units.h"

// The mount: which servo angles point the panel where, and where given servo angles point it. Pure
// arithmetic, no heap, any thread. All angles in degrees.
//
// Both kinds are described by two inner angles, taken from the servos by neutral and direction:
//
//     p = pan.direction · (pan - pan.neutral)             to the right of `heading`, 0 = straight
//     t = 90 + tilt.direction · (tilt - tilt.neutral)     0 = upright, 90 = flat, 180 = upright
//     backwards
//
//   az_el:      the normal has azimuth heading + p and elevation t; beyond t = 90 it looks
//   backwards,
//               which is azimuth + 180 and elevation 180 - t. Pan and tilt of 180° each cover the
//               sky.
//   tilt_tilt:  an outer axis leans the frame forwards by a = 90 - t, an inner one to the right by
//   p:
//               normal = (forward: cos p · sin a, right: sin p, up: cos p · cos a).
//
// With the default heading (south) a growing pan turns the panel from east to west in both kinds.
namespace idast::control {

enum class MountKind : std::uint8_t { az_el, tilt_tilt };
std::string_view to_text(MountKind kind);
std::optional<MountKind> mount_kind_from(std::string_view text);

// One servo: where it may go and what its scale means.
struct Axis {
  Degrees min = degrees(0.f);
  Degrees max = degrees(180.f);
  Degrees neutral = degrees(90.f);  // pan: straight along `heading`; tilt: panel flat
  int direction = 1;                // 1, or -1 for a servo mounted the other way round
  friend bool operator==(const Axis&, const Axis&) = default;
};

struct Mount {
  MountKind kind = MountKind::az_el;
  Axis pan;
  Axis tilt;
  Degrees heading = degrees(180.f);  // azimuth of "straight forwards", clockwise from true north
  friend bool operator==(const Mount&, const Mount&) = default;
};

// Servo angles, as the servos take them.
struct Pose {
  Degrees pan = degrees(90.f);
  Degrees tilt = degrees(90.f);
  friend bool operator==(const Pose&, const Pose&) = default;
};

// A direction in the sky: azimuth clockwise from true north (0 <= azimuth < 360), elevation above
// the horizon (-90..90).
struct Direction {
  Degrees azimuth = degrees(0.f);
  Degrees elevation = degrees(90.f);
};

// Where the panel's normal points in this pose.
Direction panel_direction(const Mount& mount, const Pose& pose);

// The panel's own axes in this pose, at right angles to each other: `right` lies along growing p,
// `top` along growing t.
struct PanelFrame {
  Direction normal;
  Direction right;
  Direction top;
};
PanelFrame panel_frame(const Mount& mount, const Pose& pose);

// The inner angles of the header, in degrees.
struct InnerAngles {
  double p = 0.0;
  double t = 90.0;
};
InnerAngles inner_angles(const Mount& mount, const Pose& pose);

// The same three axes as vectors, for a mount whose `heading` is `heading_deg`: east, north, up.
struct PanelVectors {
  Vector normal, right, top;
};
PanelVectors panel_vectors(const Mount& mount, const Pose& pose);
PanelVectors panel_vectors(MountKind kind, double heading_deg, const InnerAngles& inner);

// Directions as vectors of length 1 and back; a vector of length 0 gives azimuth and elevation 0.
Vector vector_of(const Direction& direction);
Direction direction_of(const Vector& vector);

// az_el beyond t = 90: the panel looks backwards, and a growing p moves its normal to its left.
bool is_flipped(const Mount& mount, const Pose& pose);

struct Aim {
  Pose pose;       // always inside the servo limits
  Degrees off;     // angle left between the normal and the wanted direction
  bool reachable;  // off is zero but for rounding
};

// The pose that points the panel as near as the limits allow to `wanted`. Of two poses that serve
// equally (az_el: straight and flipped) the one with the shorter way from `from`. A direction that
// is not a number gives `from` itself, limited.
Aim aim(const Mount& mount, const Direction& wanted, const Pose& from);

// `pose` with each angle brought inside its limits; an angle that is not a number becomes neutral.
Pose within_limits(const Mount& mount, const Pose& pose);

// Panel flat (or as near as the limits allow), pan straight: the pose for wind and night.
Pose flat_pose(const Mount& mount);

// Angle between two directions, 0..180.
Degrees angle_between(const Direction& a, const Direction& b);

// False when a limit, neutral or heading is not a finite number, limits are crossed or outside
// 0..180, or a direction is neither 1 nor -1: such a mount must not drive motors.
bool is_sound(const Mount& mount);

}  // namespace idast::control
