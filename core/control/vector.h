#pragma once
#include <cmath>
#include <numbers>

// A direction or axis in double, for arithmetic that takes differences. Components are east, north,
// up unless its user says otherwise. Pure, no heap, any thread.
namespace idast::control {

struct Vector {
  double east = 0.0;
  double north = 0.0;
  double up = 0.0;

  friend constexpr Vector operator+(const Vector& a, const Vector& b) {
    return {a.east + b.east, a.north + b.north, a.up + b.up};
  }
  friend constexpr Vector operator*(const Vector& v, double k) {
    return {v.east * k, v.north * k, v.up * k};
  }
};

constexpr double dot(const Vector& a, const Vector& b) {
  return a.east * b.east + a.north * b.north + a.up * b.up;
}
constexpr Vector cross(const Vector& a, const Vector& b) {
  return {a.north * b.up - a.up * b.north, a.up * b.east - a.east * b.up,
          a.east * b.north - a.north * b.east};
}
inline double length(const Vector& v) { return std::sqrt(dot(v, v)); }
inline Vector unit(const Vector& v) { return v * (1.0 / length(v)); }

constexpr Vector kZenith{0.0, 0.0, 1.0};

constexpr double kRadiansPerDegree = std::numbers::pi / 180.0;

// Angle between two directions, 0..180; exact for small angles, where an arc cosine would not be.
inline double angle_between_deg(const Vector& a, const Vector& b) {
  return std::atan2(length(cross(a, b)), dot(a, b)) / kRadiansPerDegree;
}

// Turned by the rotation vector `by` (radians, right-handed): Rodrigues.
inline Vector turned(const Vector& v, const Vector& by) {
  const double angle = length(by);
  if (angle < 1e-12) return v;
  const Vector axis = by * (1.0 / angle);
  const double c = std::cos(angle);
  return v * c + cross(axis, v) * std::sin(angle) + axis * (dot(axis, v) * (1.0 - c));
}

}  // namespace idast::control
