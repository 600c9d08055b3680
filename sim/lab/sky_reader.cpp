#include "sim/lab/sky_reader.h"

#include <cmath>

namespace idast::sim {
namespace {

constexpr std::int64_t kSecondMs = 1000;

template <class Value>
Value between(Value before, Value after, float share) {
  return before + (after - before) * share;
}

Degrees azimuth_between(Degrees before, Degrees after, float share) {
  constexpr float kCircle = 360.f;
  const float apart = std::remainder((after - before).in(degrees), kCircle);
  const float azimuth = before.in(degrees) + apart * share;
  if (azimuth < 0.f) return degrees(azimuth + kCircle);
  return degrees(azimuth < kCircle ? azimuth : azimuth - kCircle);
}

}  // namespace

Conditions SkyReader::at(UtcMillis when) {
  std::int64_t into = when.unix_ms() % kSecondMs;
  if (into < 0) into += kSecondMs;
  const UtcMillis second{when.unix_ms() - into};
  if (!before_ || before_->at != second) {
    before_ = after_ && after_->at == second ? after_ : sky_.at(second);
    after_.reset();
  }
  if (into == 0) return *before_;
  if (!after_) after_ = sky_.at(UtcMillis{second.unix_ms() + kSecondMs});
  const Conditions& from = *before_;
  const Conditions& to = *after_;
  const float share = static_cast<float>(into) / static_cast<float>(kSecondMs);
  return {.at = when,
          .ghi = between(from.ghi, to.ghi, share),
          .dni = between(from.dni, to.dni, share),
          .dhi = between(from.dhi, to.dhi, share),
          .air_temperature = between(from.air_temperature, to.air_temperature, share),
          .wind = between(from.wind, to.wind, share),
          .sun = {.azimuth = azimuth_between(from.sun.azimuth, to.sun.azimuth, share),
                  .elevation = between(from.sun.elevation, to.sun.elevation, share),
                  .elevation_true = between(from.sun.elevation_true, to.sun.elevation_true, share)},
          .in_gap = from.in_gap || to.in_gap};
}

}  // namespace idast::sim
