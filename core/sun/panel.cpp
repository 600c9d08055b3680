#include "core/sun/panel.h"

#include <algorithm>
#include <cmath>

namespace idast::sun {

double incidence_factor(double aoi_cosine, const Glass& glass) {
  if (!(aoi_cosine > 0.0)) return 0.0;
  const double n = static_cast<double>(glass.refractive_index);
  const double depth =
      static_cast<double>(glass.extinction_per_metre) * static_cast<double>(glass.metres);
  const double sine_squared = std::max(0.0, 1.0 - aoi_cosine * aoi_cosine);
  const double inside = std::sqrt(1.0 - sine_squared / (n * n));
  // Fresnel's two polarisations, as ratios of amplitudes.
  const double across = (aoi_cosine - n * inside) / (aoi_cosine + n * inside);
  const double along = (inside - n * aoi_cosine) / (inside + n * aoi_cosine);
  const double through = 1.0 - 0.5 * (across * across + along * along);
  const double head_on = (1.0 - n) / (1.0 + n);
  return through / (1.0 - head_on * head_on) * std::exp(depth * (1.0 - 1.0 / inside));
}

float incidence_factor(float aoi_cosine, const Glass& glass) {
  return static_cast<float>(incidence_factor(static_cast<double>(aoi_cosine), glass));
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
