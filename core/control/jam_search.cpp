#include "core/control/jam_search.h"

#include <algorithm>
#include <limits>

namespace idast::control {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// The grid over an axis, and the pattern around its best angle, degrees.
constexpr double kGrid = 4.0, kPatternFirst = 2.0, kPatternLast = 0.1;
// An axis that was to move less than this shows nothing by standing still.
constexpr double kSweptMin = 10.0;

double& angle_of(Look& look, FoundJam::Axis axis) {
  return axis == FoundJam::Axis::pan ? look.inner.p : look.inner.t;
}

}  // namespace

void JamSearch::begin(const Body& body, const Terms& terms, const Sweep& sweep) {
  body_ = body;
  terms_ = terms;
  sweep_ = sweep;
  best_ = {};
  best_.seen.misfit = kInfinite;
  const Mount& mount = body.mount();
  const InnerAngles one = inner_angles(mount, {.pan = mount.pan.min, .tilt = mount.tilt.min});
  const InnerAngles other = inner_angles(mount, {.pan = mount.pan.max, .tilt = mount.tilt.max});
  const std::array<std::array<double, 2>, 2> ends{{{one.p, other.p}, {one.t, other.t}}};
  for (const auto axis : {FoundJam::Axis::pan, FoundJam::Axis::tilt}) {
    const auto i = static_cast<std::size_t>(axis);
    double low = kInfinite;
    double high = -kInfinite;
    for (std::size_t k = 0; k < sweep_.size; ++k) {
      low = std::min(low, angle_of(sweep_.looks[k], axis));
      high = std::max(high, angle_of(sweep_.looks[k], axis));
    }
    ranges_[i] = {.low = std::min(ends[i][0], ends[i][1]),
                  .high = std::max(ends[i][0], ends[i][1]),
                  .swept = high - low > kSweptMin};
  }
  axis_ = FoundJam::Axis::pan;
  begin_axis();
}

void JamSearch::begin_axis() {
  misfit_ = kInfinite;
  next_ = range().low;
  on_grid_ = range().swept;
  step_deg_ = kPatternFirst;
}

void JamSearch::consider(double angle) {
  Sweep stood = sweep_;
  for (std::size_t k = 0; k < stood.size; ++k) angle_of(stood.looks[k], axis_) = angle;
  const Explained seen = explain(body_, terms_, stood);
  if (!(seen.misfit < misfit_)) return;
  misfit_ = seen.misfit;
  here_ = angle;
  if (seen.misfit < best_.seen.misfit) best_ = {.axis = axis_, .angle = angle, .seen = seen};
}

std::optional<FoundJam> JamSearch::advance(int pieces) {
  for (; pieces > 0 && busy(); --pieces) {
    if (on_grid_) {
      consider(next_);
      next_ += kGrid;
      on_grid_ = next_ <= range().high;
      continue;
    }
    if (range().swept && step_deg_ >= kPatternLast) {
      const double before = here_;
      consider(before - step_deg_);
      consider(before + step_deg_);
      if (here_ == before) step_deg_ *= 0.5;
      continue;
    }
    if (axis_ == FoundJam::Axis::tilt) {
      step_deg_ = 0.0;
      return best_;
    }
    axis_ = FoundJam::Axis::tilt;
    begin_axis();
  }
  return std::nullopt;
}

}  // namespace idast::control
