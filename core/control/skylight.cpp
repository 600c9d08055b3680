#include "core/control/skylight.h"

#include <algorithm>
#include <cmath>

namespace idast::control {
namespace {

// Reading light/light: 1 is perfect, so a and b are shares of each channel's own light.
struct Sums {
  double aa = 0.0, ab = 0.0, bb = 0.0, a = 0.0, b = 0.0;
  int channels = 0;
};

}  // namespace

std::optional<SkyLight> skylight(const Body& body, const Terms& terms, const Sight& sight,
                                 const InnerAngles& inner, const Vector& sun) {
  const Shares shares = body.shares(terms, inner, sun);
  std::array<double, kChannels> light{};
  Sums sums;
  for (std::size_t i = 0; i < kChannels; ++i) {
    if (!sight[i]) continue;
    light[i] = body.light(terms, i, *sight[i]);
    if (!(light[i] > 0.0)) continue;
    const double a = shares.beam[i] / light[i];
    const double b = shares.sky[i] / light[i];
    sums.aa += a * a;
    sums.ab += a * b;
    sums.bb += b * b;
    sums.a += a;
    sums.b += b;
    ++sums.channels;
  }
  const double determinant = sums.aa * sums.bb - sums.ab * sums.ab;
  constexpr int kChannelsMin = 2;
  constexpr double kTellsApart = 1e-4;  // of aa·bb: a hundredth of an angle between the columns
  if (sums.channels < kChannelsMin) return std::nullopt;
  SkyLight found;
  const bool beam_seen = determinant > kTellsApart * sums.aa * sums.bb;
  if (beam_seen) {
    found.beam = (sums.bb * sums.a - sums.ab * sums.b) / determinant;
    found.sky = (sums.aa * sums.b - sums.ab * sums.a) / determinant;
  }
  if (!beam_seen || found.beam < 0.0) {
    found.beam = 0.0;
    found.sky = sums.b / sums.bb;
  } else if (found.sky < 0.0) {
    found.sky = 0.0;
    found.beam = sums.a / sums.aa;
  }
  double squares = 0.0;
  for (std::size_t i = 0; i < kChannels; ++i) {
    if (!(light[i] > 0.0)) continue;
    const double model = shares.beam[i] * found.beam + shares.sky[i] * found.sky;
    const double off = model / light[i] - 1.0;
    squares += off * off;
  }
  found.misfit = std::sqrt(squares / sums.channels);
  return found;
}

}  // namespace idast::control
