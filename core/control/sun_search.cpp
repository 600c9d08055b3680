#include "core/control/sun_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace idast::control {
namespace {

// The grid: rings of elevation from 5° up, 15° apart, with 24 azimuths each.
constexpr std::size_t kAzimuths = 24;
constexpr std::size_t kElevations = 6;
constexpr double kElevationFirst = 5.0, kElevationStep = 15.0;  // degrees
constexpr double kPatternFirst = 8.0, kPatternLast = 0.1;
constexpr std::size_t kPattern = 8;  // neighbours, 45° apart
constexpr double kLightMin = 0.01;
constexpr double kDim = 100.0;  // W/m²
constexpr double kWeightMin = 1e-6;

// The direction `away` degrees from `from`, towards `bearing` on the sphere.
Vector beside(const Vector& from, double away, double bearing) {
  const Vector pole = std::abs(from.up) < 0.99 ? Vector{0.0, 0.0, 1.0} : Vector{1.0, 0.0, 0.0};
  const Vector across = unit(cross(pole, from));
  const Vector along = cross(from, across);
  const double c = std::cos(away * kRadiansPerDegree);
  const double s = std::sin(away * kRadiansPerDegree);
  return from * c + across * (s * std::cos(bearing)) + along * (s * std::sin(bearing));
}

}  // namespace

Explained explain(const Body& body, const Terms& terms, const Sweep& sweep) {
  double aa = 0.0, ab = 0.0, bb = 0.0, a_sum = 0.0, b_sum = 0.0, count = 0.0;
  for (std::size_t k = 0; k < sweep.size; ++k) {
    const Look& look = sweep.looks[k];
    const Shares shares = body.shares(terms, look.inner, look.sun);
    for (std::size_t i = 0; i < kChannels; ++i) {
      if (!look.sight[i]) continue;
      const double light = std::max(kLightMin, body.light(terms, i, *look.sight[i]));
      // Of relative errors those of dim surfaces say little: half a degree is all of a grazing
      // beam.
      const double weight = light / (light + kDim);
      const double a = weight * shares.beam[i] / light;
      const double b = weight * shares.sky[i] / light;
      aa += a * a;
      ab += a * b;
      bb += b * b;
      a_sum += weight * a;
      b_sum += weight * b;
      count += weight * weight;
    }
  }
  Explained found;
  const double determinant = aa * bb - ab * ab;
  if (!(determinant > 1e-9 * aa * bb)) {
    found.misfit = std::numeric_limits<double>::infinity();
    return found;
  }
  found.beam = std::max(0.0, (bb * a_sum - ab * b_sum) / determinant);
  found.sky = std::max(0.0, (aa * b_sum - ab * a_sum) / determinant);
  // Σ (a·B + b·D - weight)², written out.
  const double squares = aa * found.beam * found.beam + 2.0 * ab * found.beam * found.sky +
                         bb * found.sky * found.sky - 2.0 * a_sum * found.beam -
                         2.0 * b_sum * found.sky + count;
  found.misfit = std::sqrt(std::max(0.0, squares) / std::max(kWeightMin, count));
  return found;
}

void SunSearch::begin(const Body& body, const Terms& terms, const Sweep& sweep,
                      std::optional<Vector> around) {
  body_ = body;
  terms_ = terms;
  sweep_ = sweep;
  best_ = {};
  best_.seen.misfit = std::numeric_limits<double>::infinity();
  on_grid_ = !around;
  if (around) consider(*around);
  next_ = 0;
  moved_ = false;
  step_deg_ = kPatternFirst;
}

void SunSearch::consider(const Vector& direction) {
  for (std::size_t k = 0; k < sweep_.size; ++k) sweep_.looks[k].sun = direction;
  const Explained seen = explain(body_, terms_, sweep_);
  if (!(seen.misfit < best_.seen.misfit)) return;
  best_ = {.direction = direction, .seen = seen};
  moved_ = true;
}

std::optional<FoundSun> SunSearch::advance(int pieces) {
  for (; pieces > 0 && busy(); --pieces) {
    if (on_grid_) {
      const double azimuth = 360.0 / kAzimuths * static_cast<double>(next_ % kAzimuths);
      const double elevation =
          kElevationFirst + kElevationStep * static_cast<double>(next_ / kAzimuths);
      consider(vector_of({.azimuth = degrees(static_cast<float>(azimuth)),
                          .elevation = degrees(static_cast<float>(elevation))}));
      if (++next_ == kAzimuths * kElevations) {
        on_grid_ = false;
        next_ = 0;
        moved_ = false;
      }
      continue;
    }
    const double bearing = 2.0 * std::numbers::pi * static_cast<double>(next_) / kPattern;
    const Vector direction = beside(best_.direction, step_deg_, bearing);
    if (direction.up > 0.0) consider(direction);
    if (++next_ < kPattern) continue;
    next_ = 0;
    if (!moved_) step_deg_ *= 0.5;
    moved_ = false;
    if (step_deg_ < kPatternLast) {
      step_deg_ = 0.0;
      return best_;
    }
  }
  return std::nullopt;
}

}  // namespace idast::control
