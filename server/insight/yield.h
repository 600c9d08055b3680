#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/time.h"
#include "core/sun/panel.h"
#include "core/sun/plane_light.h"
#include "core/sun/sun.h"
#include "core/units/units.h"

// What a tracker's own readings say about the light, and what a fixed and an ideal panel would have
// made of the same light. Pure arithmetic on one-minute readings; no clock, any thread.
//
//     power, temperature -> light that reached the cells -> how clear the sky was -> beam and
//     diffuse light -> light on other planes (Hay-Davies) -> their power
//
// Beam and diffuse follow from the clearness index by Erbs, Klein & Duffie 1982; in minutes so
// steady that the sky must be clear, by the clear sky of Ineichen & Perez 2002 instead.
//
// Everything here is an estimate, and carries a band. Where the readings that it needs are absent
// there is no estimate. Measured against simulated truth: tests/yield.
namespace idast::insight {

// The panel and its place. The fixed panel that it is compared with is the same panel, tilted by
// the latitude and facing the equator.
struct Station {
  sun::Place place;
  Watts nominal = watts(10.f);        // at 1000 W/m² and 25 °C
  float nominal_deviation = 0.05f;    // standard deviation of it, as a share; data sheets say 5 %
  float power_per_celsius = -0.004f;  // crystalline silicon
  float voltage_per_celsius = -0.0035f;
  sun::Glass glass = {};
  sun::Cooling cooling = {};
};

// One minute of readings, means over the minute. Absent means not measured.
struct Minute {
  UtcMillis at;                     // the middle of the minute
  std::optional<Watts> power = {};  // measured V·A
  std::optional<Celsius> panel_temperature = {};
  std::optional<Degrees> azimuth = {}, elevation = {};  // of the panel's normal
  Degrees swing = degrees(0.f);  // how far the normal moved within the minute (swing_of)
  std::optional<MetresPerSecond> wind = {};
  std::optional<Volts> panel_voltage = {};
  std::optional<Percent> battery_charge = {};
  std::optional<float> light_index = {};  // light_index() of the light sensors' counts
};

// A number that grows linearly with the logarithm of the light on the sensors, whatever resistor
// they are divided by: the mean of ln(v / (1 - v)) of counts = 4095 v, over the sensors that are
// neither dark nor saturated. None when there is none.
std::optional<float> light_index(std::span<const std::optional<double>> counts);

// How far a direction moved whose azimuth and elevation had these extremes; azimuths on both sides
// of north are near to each other, and high up azimuth means little.
Degrees swing_of(Degrees azimuth_low, Degrees azimuth_high, Degrees elevation_low,
                 Degrees elevation_high);

// What became of a minute.
enum class Use : std::uint8_t {
  night,     // the sun is not above kSunUpMin
  missing,   // no power, or no direction of the panel
  measured,  // at the maximum power point, as far as can be told
  moved,     // likewise, but the panel swung to and fro: its light is taken from its neighbours
  filled,    // off the maximum power point; its light is estimated from its surroundings
  off_mpp,   // off the maximum power point, and nothing tells how much light there was
};
constexpr Degrees kSunUpMin = degrees(0.5f);
// There is an estimate of the minute: it counts on both sides of the comparison.
bool is_compared(Use use);

struct Powers {
  Watts tracked;  // what the panel could give where it pointed, at its maximum power point
  Watts fixed;
  Watts ideal;                            // at the best tilt between flat and the sun
  Irradiance tracked_light, fixed_light;  // on the plane, before glass and heat
};

// What the model takes for granted and may be wrong about; each is judged by itself.
enum class Doubt : std::uint8_t {
  none,
  nominal,  // the panel's true rating
  more_diffuse,
  less_diffuse,  // how the light divides
  ground,        // brighter ground
  horizon,       // brighter horizon
  temperature,   // cells warmer than measured or assumed
  turned,        // the panel stands otherwise than it says, in azimuth
  raised,        // and in elevation
  other_sky,     // a panel that looks away from the sun cannot tell a clear sky from a grey one
};
constexpr std::size_t kDoubts = 10;

// Parallel to the minutes given to estimate().
struct Estimates {
  std::vector<Use> use;
  std::vector<float> sun_up;  // sine of the sun's elevation: what a minute weighs in a day
  std::array<std::vector<Powers>, kDoubts> powers;  // zero where there is no estimate
};

// Minutes ascending in time, each once; holes are allowed. Works on up to kMinutesMax of them, two
// days: more is a caller's mistake.
constexpr std::size_t kMinutesMax = 2 * 24 * 60;
Estimates estimate(std::span<const Minute> minutes, const Station& station);

// Sums over minutes [first, last) of the estimates, whole or part of a day.
struct Yield {
  bool daylight = false;    // the sun was up in some of the minutes
  int off_mpp_minutes = 0;  // filled or not
  // Shares of the light that may fall in these minutes (sine of the sun's elevation), 0..1.
  double coverage = 0.0;            // compared: is_compared()
  double off_mpp = 0.0;             // off the maximum power point, filled or not
  WattHours tracked, fixed, ideal;  // over the compared minutes
  // tracked / fixed - 1 and the limits that it lies between nine times in ten. Absent when there is
  // too little light to compare (kFixedMin), or when less than kCoverageMin is compared: morning,
  // noon and evening differ too much to stand for each other.
  std::optional<double> gain, gain_low, gain_high;
  std::optional<double> light_gain;  // the same of the light on the plane; its band is about gain's
};
constexpr WattHours kFixedMin = watt_hours(0.02);  // two thousandths of a sun-hour of 10 W
constexpr double kCoverageMin = 0.6;
Yield sum(const Estimates& estimates, std::size_t first, std::size_t last);

// The panel's true rating over the stated one, as one clear day tells it: with the right rating the
// haze of the air comes out the same in the long light of morning and evening and in the short one
// of noon (the method of Langley plots, on the clear sky of Ineichen & Perez). None when the day
// has no 90 clear minutes with the panel facing the sun, or too little change of air mass. Good to
// about 5 %: haze does drift over a day.
constexpr float kRatingFactorMin = 0.7f;
constexpr float kRatingFactorMax = 1.3f;
std::optional<float> rating_factor(std::span<const Minute> minutes, const Station& station);

// The rating by what is stated (to 5 %) and what clear days said.
struct Rating {
  float factor = 1.f;       // of the stated rating
  float deviation = 0.05f;  // standard deviation of it
};
Rating rating_of(std::span<const float> factors);

// Share of the horizontal light that is diffuse, by clearness index (Erbs, Klein & Duffie 1982).
float erbs_diffuse_share(float clearness);

// Where no thermometer is: the mean daytime air of the latitude and season, in round figures of
// climate normals (27 °C at the equator, 5 °C at 60°; seasons of 14 °C · sin latitude; July is warm
// in the north). Right to about 8 °C.
Celsius climate_air_temperature(UtcMillis at, const sun::Place& place);

// Tilted by the latitude, facing the equator.
sun::UnitVector fixed_normal(const sun::Place& place);

}  // namespace idast::insight
