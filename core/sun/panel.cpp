#include "core/sun/panel.h"

#include <algorithm>
#include <cmath>

namespace idast::sun {

float incidence_factor(float aoi_cosine, const Glass& glass) {
  if (!(aoi_cosine > 0.f)) return 0.f;
  const float n = glass.refractive_index;
  const auto absorbed = [&](float cosine_inside) {
    return std::exp(-glass.extinction_per_metre * glass.metres / cosine_inside);
  };
  const float sine = std::sqrt(std::max(0.f, 1.f - aoi_cosine * aoi_cosine));
  const float cosine_inside = std::sqrt(1.f - sine * sine / (n * n));
  // Fresnel's two polarisations, as ratios of amplitudes.
  const float across = (aoi_cosine - n * cosine_inside) / (aoi_cosine + n * cosine_inside);
  const float along = (cosine_inside - n * aoi_cosine) / (cosine_inside + n * aoi_cosine);
  const float through = 1.f - 0.5f * (across * across + along * along);
  const float head_on = (1.f - n) / (1.f + n);
  const float through_head_on = 1.f - head_on * head_on;
  return through * absorbed(cosine_inside) / (through_head_on * absorbed(1.f));
}

Celsius cell_temperature(Celsius air, MetresPerSecond wind, Irradiance plane,
                         const Cooling& cooling) {
  const float loss = cooling.u0 + cooling.u1 * wind.in(metres_per_second);
  return air + celsius(plane.in(watts_per_square_metre) / loss);
}

Watts panel_power(Irradiance effective, Celsius cell, Watts nominal, float per_celsius) {
  const float suns = effective.in(watts_per_square_metre) / 1000.f;
  const float heat = 1.f + per_celsius * (cell.in(celsius)-25.f);
  return nominal * std::max(0.f, suns * heat);
}

}  // namespace idast::sun
