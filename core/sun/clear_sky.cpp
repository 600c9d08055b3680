#include "core/sun/clear_sky.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace idast::sun {
namespace {

constexpr double kRadians = std::numbers::pi / 180.0;

double metres_up(Metres altitude) {
  return std::clamp(static_cast<double>(altitude.in(metres)), -500.0, 9000.0);
}

// U.S. Standard Atmosphere 1976 below 11 km.
double pressure_ratio(double up) { return std::pow(1.0 - 2.25577e-5 * up, 5.25588); }

double relative_air_mass(double elevation_deg) {
  return 1.0 / (std::sin(elevation_deg * kRadians) +
                0.50572 * std::pow(elevation_deg + 6.07995, -1.6364));
}

Irradiance light(double value) { return watts_per_square_metre(static_cast<float>(value)); }

}  // namespace

ClearSky::ClearSky(Metres altitude, float linke_turbidity) {
  const double up = metres_up(altitude);
  pressure_ratio_ = pressure_ratio(up);
  turbidity_ = static_cast<double>(linke_turbidity);
  height_8000_ = std::exp(-up / 8000.0);
  height_1250_ = std::exp(-up / 1250.0);
  gain_ = 5.09e-5 * up + 0.868;
  extinction_ = 3.92e-5 * up + 0.0387;
}

SkyLight ClearSky::at(UtcMillis when, Degrees apparent_elevation) const {
  const double elevation_deg = static_cast<double>(apparent_elevation.in(degrees));
  if (!(elevation_deg > 0.0)) return {};
  const double sun_up = std::sin(elevation_deg * kRadians);
  const double air_mass = pressure_ratio_ * relative_air_mass(elevation_deg);
  const double outside = static_cast<double>(extraterrestrial(when).in(watts_per_square_metre));

  const double haze = height_8000_ + height_1250_ * (turbidity_ - 1.0);
  const double ghi = gain_ * outside * sun_up * std::exp(-extinction_ * air_mass * haze);
  const double beam =
      outside * (0.664 + 0.163 / height_8000_) * std::exp(-0.09 * air_mass * (turbidity_ - 1.0));
  const double least_diffuse = (0.1 - 0.2 * std::exp(-turbidity_)) / (0.1 + 0.882 / height_8000_);
  const double beam_max = ghi * std::max(0.0, (1.0 - least_diffuse) / sun_up);
  const double dni = std::min(beam, beam_max);
  return {.ghi = light(ghi), .dni = light(dni), .dhi = light(std::max(0.0, ghi - dni * sun_up))};
}

double ClearSky::air_mass(Metres altitude, Degrees apparent_elevation) {
  return pressure_ratio(metres_up(altitude)) *
         relative_air_mass(static_cast<double>(apparent_elevation.in(degrees)));
}

double ClearSky::turbidity_of(Metres altitude, Degrees apparent_elevation, float clearness) {
  const ClearSky sky{altitude,
                     1.f};  // of any turbidity: only what follows from the altitude is asked
  const double haze = std::log(sky.gain_ / static_cast<double>(clearness)) /
                      (sky.extinction_ * air_mass(altitude, apparent_elevation));
  return 1.0 + (haze - sky.height_8000_) / sky.height_1250_;
}

}  // namespace idast::sun
