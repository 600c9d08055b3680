#include "sim/sky/modelled_sky.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/random.h"

namespace idast::sim {
namespace {

constexpr double kRadians = std::numbers::pi / 180.0;
constexpr std::int64_t kDayMs = 86'400'000;

// Each use of chance has its own stream, so that adding one never changes another.
enum class Purpose : std::uint64_t {
  day_kind = 1,
  day_cover,
  cloud_bank,
  cloud,
  cloud_edge,
  sky_cover,
  overcast_depth,
  heat,
  wind_hour,
  wind_gust,
  squall,
};

// Uniform in [0, 1), a function of its arguments alone.
double chance(std::uint64_t seed, Purpose purpose, std::int64_t index) {
  Random random{seed ^ (static_cast<std::uint64_t>(purpose) * 0x9e3779b97f4a7c15u) ^
                (static_cast<std::uint64_t>(index) * 0xbf58476d1ce4e5b9u)};
  random.next();
  return random.unit();
}

double smooth_step(double x) {
  const double t = std::clamp(x, 0.0, 1.0);
  return t * t * (3.0 - 2.0 * t);
}

// Value noise in 0..1: independent values a period apart, joined smoothly.
double noise(std::uint64_t seed, Purpose purpose, UtcMillis when, Millis period) {
  const std::int64_t ms = when.unix_ms();
  std::int64_t index = ms / period.count();
  if (ms % period.count() < 0) --index;
  const double within =
      static_cast<double>(ms - index * period.count()) / static_cast<double>(period.count());
  const double before = chance(seed, purpose, index);
  const double after = chance(seed, purpose, index + 1);
  return before + (after - before) * smooth_step(within);
}

float to_float(double value) { return static_cast<float>(value); }

}  // namespace

ModelledSky::ModelledSky(const sun::Place& place, std::uint64_t seed,
                         const ModelledSkyParameters& parameters)
    : place_{place},
      seed_{seed},
      parameters_{parameters},
      clear_sky_{place.altitude, parameters.linke_turbidity} {}

// Days and their fraction by the sun: x.5 is about noon at the place.
double ModelledSky::solar_days(UtcMillis when) const {
  const double east = static_cast<double>(place_.longitude.in(degrees)) / 360.0;
  return static_cast<double>(when.unix_ms()) / static_cast<double>(kDayMs) + east;
}

ModelledSky::Day ModelledSky::kind_of(std::int64_t day) const {
  const double draw = chance(seed_, Purpose::day_kind, day);
  if (draw < parameters_.clear_share) return Day::clear;
  if (draw < parameters_.clear_share + parameters_.overcast_share) return Day::overcast;
  return Day::broken;
}

ModelledSky::Day ModelledSky::day_of(UtcMillis when) const {
  return kind_of(static_cast<std::int64_t>(std::floor(solar_days(when))));
}

ModelledSky::Clouds ModelledSky::clouds(UtcMillis when) const {
  const auto day = static_cast<std::int64_t>(std::floor(solar_days(when)));
  const Day kind = kind_of(day);
  if (kind == Day::overcast) return {.at_sun = 1.0, .of_sky = 1.0};

  // Fair weather: a few clouds on some clear days; on broken days a third to three quarters of sky.
  const double draw = chance(seed_, Purpose::day_cover, day);
  const double mean = kind == Day::clear ? std::max(0.0, 0.3 * draw - 0.2) : 0.35 + 0.4 * draw;
  const double drift = noise(seed_, Purpose::sky_cover, when, std::chrono::minutes{75}) - 0.5;
  const double cover = std::clamp(mean * (1.0 + 0.8 * drift), 0.0, 1.0);
  if (cover <= 0.0) return {.at_sun = 0.0, .of_sky = 0.0};

  // Banks of clouds, clouds, and their frayed edges pass before the sun.
  const double field = 0.50 * noise(seed_, Purpose::cloud_bank, when, std::chrono::minutes{22}) +
                       0.35 * noise(seed_, Purpose::cloud, when, std::chrono::minutes{6}) +
                       0.15 * noise(seed_, Purpose::cloud_edge, when, std::chrono::seconds{80});
  constexpr double kFieldLow = 0.15;  // the field's values crowd in the middle
  constexpr double kFieldHigh = 0.85;
  const double threshold = kFieldHigh - cover * (kFieldHigh - kFieldLow);
  constexpr double kEdge = 0.06;
  return {.at_sun = smooth_step((field - threshold) / kEdge + 0.5), .of_sky = cover};
}

Celsius ModelledSky::air_temperature(UtcMillis when) const {
  // Rough fits to climate normals: 27 °C at the equator, 10 °C at 52°, 5 °C less per km; the year's
  // swing grows with latitude, July is warm in the north; the day's swing is larger under clear
  // skies.
  const double latitude = static_cast<double>(place_.latitude.in(degrees)) * kRadians;
  const double altitude = static_cast<double>(place_.altitude.in(metres));
  const double days = solar_days(when);
  const double mean = 27.0 - 28.0 * std::sin(latitude) * std::sin(latitude) - 0.005 * altitude;
  const double season =
      12.0 * std::sin(latitude) * std::cos(2.0 * std::numbers::pi * (days - 201.0) / 365.2425);
  const auto swing = [&](std::int64_t day) {
    const Day kind = kind_of(day);
    if (kind == Day::clear) return 5.5;
    return kind == Day::broken ? 4.0 : 1.8;
  };
  // From midnight to midnight the swing passes over from one day's to the next's.
  const double from_noon = days - 0.5;
  const auto day = static_cast<std::int64_t>(std::floor(from_noon));
  const double passed = from_noon - static_cast<double>(day);
  const double swing_now = swing(day) + (swing(day + 1) - swing(day)) * smooth_step(passed);
  const double hour_angle = 2.0 * std::numbers::pi * (days - std::floor(days) - 14.5 / 24.0);
  const double spell = 4.0 * (noise(seed_, Purpose::heat, when, std::chrono::hours{40}) - 0.5);
  return celsius(to_float(mean + season + swing_now * std::cos(hour_angle) + spell));
}

MetresPerSecond ModelledSky::wind(UtcMillis when) const {
  const double days = solar_days(when);
  const auto day = static_cast<std::int64_t>(std::floor(days));
  const double fraction = days - static_cast<double>(day);
  const double breeze =
      0.7 + 0.5 * std::max(0.0, std::sin((fraction - 0.3) * 2.0 * std::numbers::pi));
  const double hour = 0.4 + 1.2 * noise(seed_, Purpose::wind_hour, when, std::chrono::minutes{50});
  const double gust = 0.75 + 0.5 * noise(seed_, Purpose::wind_gust, when, std::chrono::seconds{25});
  double speed = static_cast<double>(parameters_.wind_mean_ms) * breeze * hour * gust;

  // Once in a while a squall crosses in the afternoon: minutes of 16 to 22 m/s.
  const double draw = chance(seed_, Purpose::squall, day);
  if (draw < parameters_.squall_share) {
    const double share = draw / parameters_.squall_share;
    const double centre = (13.0 + 4.0 * share) / 24.0;
    const double minutes_off = (fraction - centre) * 1440.0;
    speed += (16.0 + 6.0 * share) * std::exp(-minutes_off * minutes_off / 18.0);
  }
  return metres_per_second(to_float(speed));
}

Conditions ModelledSky::at(UtcMillis when) const {
  Conditions now{.at = when,
                 .ghi = {},
                 .dni = {},
                 .dhi = {},
                 .air_temperature = air_temperature(when),
                 .wind = wind(when),
                 .sun = sun::position(when, place_)};
  if (!(now.sun.elevation > degrees(0.f))) return now;

  const ClearLight clear = clear_sky_.at(when, now.sun.elevation);
  const Clouds cover = clouds(when);
  // Closed cloud lets a share of the global light through, all of it diffuse; its depth drifts.
  const double depth =
      0.6 + 0.8 * noise(seed_, Purpose::overcast_depth, when, std::chrono::minutes{45});
  const float under_cloud = std::min(0.6f, parameters_.overcast_transmission * to_float(depth));
  // A cloud between panel and sun leaves next to no beam.
  now.dni = clear.dni * to_float(1.0 - cover.at_sun);
  const float covered = to_float(cover.of_sky);
  // Scattered bright clouds add diffuse light (their sunlit sides), closed ones bring their own.
  const float bright_side = 0.12f * covered * (1.f - covered) * 4.f;
  now.dhi = clear.dhi * (1.f - covered) + clear.ghi * (covered * under_cloud + bright_side);
  const float sun_up = std::sin(now.sun.elevation.in(degrees)*to_float(kRadians));
  now.ghi = now.dni * sun_up + now.dhi;
  return now;
}

}  // namespace idast::sim
