#include "sim/lab/pointing.h"

#include <algorithm>

namespace idast::sim {
namespace {

std::optional<double> mean(const std::vector<float>& values) {
  if (values.empty()) return std::nullopt;
  double sum = 0.0;
  for (const float value : values) sum += static_cast<double>(value);
  return sum / static_cast<double>(values.size());
}

std::optional<double> percentile_95(std::vector<float> values) {
  if (values.empty()) return std::nullopt;
  const std::size_t rank = (values.size() * 95 + 99) / 100;  // of the smallest that 95 % reach
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(rank - 1));
  return static_cast<double>(values[rank - 1]);
}

}  // namespace

void Pointing::take(const Conditions& now, State state, float error_deg) {
  if (now.dni <= kPointingDniMin || now.sun.elevation <= kPointingElevationMin) return;
  const bool before_trim = ++seen_ <= kMinutesBeforeTrim;
  if (now.sun.elevation > kKeyholeAbove) return;
  if (state == State::diffuse || state == State::stow) {
    excluded_ += before_trim ? 0 : 1;
    return;
  }
  (before_trim ? before_ : after_).push_back(error_deg);
}

void Pointing::report(Figures& figures) const {
  figures.pointing_mean_deg = mean(after_);
  figures.pointing_p95_deg = percentile_95(after_);
  figures.pointing_before_trim_mean_deg = mean(before_);
  figures.pointing_minutes = static_cast<std::int64_t>(after_.size());
  figures.pointing_excluded_minutes = excluded_;
}

StowTimer::StowTimer(MetresPerSecond threshold, Degrees flat_within)
    : threshold_{threshold}, flat_above_{degrees(90.f) - flat_within} {}

void StowTimer::take(const Conditions& now, const Truth& truth, State state) {
  const bool is_flat = truth.normal.elevation >= flat_above_;
  const bool storm = now.wind >= threshold_;
  if (!since_) {
    if (!storm) was_calm_ = true;
    if (!storm || !was_calm_) return;
    since_ = now.at;
    was_calm_ = false;
  }
  const bool over = !storm && state != State::stow;
  if (!is_flat && !over) return;
  longest_ = std::max(longest_.value_or(Millis{0}), now.at - *since_);
  since_.reset();
}

std::optional<double> StowTimer::seconds(UtcMillis end) const {
  auto longest = longest_;
  if (since_) longest = std::max(longest.value_or(Millis{0}), end - *since_);
  if (!longest) return std::nullopt;
  return static_cast<double>(longest->count()) / 1000.0;
}

}  // namespace idast::sim
