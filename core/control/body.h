#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/control/mount.h"
#include "core/control/vector.h"
#include "core/units/units.h"

// What the hybrid law believes of its own body: how the mount really stands, what its light sensors
// and its panel make of light. A forward model: terms, pose and sky in; what the sensors should
// read out. Pure arithmetic in double (its users take differences), no heap, any thread.
//
// Light on a surface with normal u, for a sun s, beam B and sky D (W/m²; Hay & Davies 1980: the
// circumsolar part of the sky belongs to B):
//
//     L = B·max(0, s·u) + D·(1 + u_up)/2·(1 + horizon·sin³(tilt/2)) + albedo·GHI·(1 - u_up)/2
//     GHI = B·s_up + D
//
// A light sensor: ln R = gain - gamma·ln(L / 300 W/m²). The panel: ln P = scale + ln(L / 1000 W/m²)
// + ln(1 + coefficient·(T - 25 °C)), its beam weakened by the glass (core/sun/panel.h).
namespace idast::control {

// The three light sensors behind dividers, as built: the nominal figures that learning starts from.
struct HeadSettings {
  Ohms divider = ohms(150.f);       // from the sensor's foot to ground
  Volts supply = volts(3.3f);       // across sensor and divider; also the ADC's full scale
  Volts linear_min = volts(0.15f);  // ESP32 ADC at 11 dB (ESP-IDF, ADC calibration)
  Volts linear_max = volts(2.45f);
  float cap = 0.1f;  // share of the light that the cap lets through
  Ohms resistance_10_lux = ohms(14'000.f);
  float gamma = 0.65f;
  Degrees cant = degrees(45.f);  // of each sensor off the panel's normal
  float lux_per_wm2 = 120.f;     // luminous efficacy of daylight (Littlefair 1985)
  Watts panel_nominal = watts(10.f);
  float temperature_coefficient = -0.004f;  // of the panel's power, per °C
  friend bool operator==(const HeadSettings&, const HeadSettings&) = default;
};

// What is learned. Angles in degrees, the rest are natural logarithms or plain factors.
enum class Term : std::uint8_t {
  yaw,         // the mount stands this much clockwise of its settings
  tilt_zero,   // added to the inner angle t of mount.h
  lean_east,   // rotation of the whole base about the axis pointing east, right-handed,
  lean_north,  // and north
  gain_top,    // ln R above nominal at 300 W/m²
  gain_left,
  gain_right,
  gamma_top,
  gamma_left,
  gamma_right,
  power_scale,  // ln of the panel's power over nominal
  albedo,
  horizon,
  cant_top,
  cant_left,
  cant_right,
};
constexpr std::size_t kTerms = 16;
constexpr std::size_t kMountTerms = 4;  // yaw, tilt_zero and both leans come first

using Terms = std::array<double, kTerms>;
constexpr double& at(Terms& terms, Term term) { return terms[static_cast<std::size_t>(term)]; }
constexpr double at(const Terms& terms, Term term) { return terms[static_cast<std::size_t>(term)]; }

constexpr std::size_t kLights = 3;    // top, left, right
constexpr std::size_t kChannels = 4;  // and the panel's power
constexpr std::size_t kPowerChannel = 3;

// What one pose showed: the logarithm of each sensor's resistance in ohms and of the panel's power
// at 25 °C in watts. Absent: outside the ADC's linear range, dark, or not fitted.
using Sight = std::array<std::optional<double>, kChannels>;

// Light on each channel's surface is beam·B + sky·D.
struct Shares {
  std::array<double, kChannels> beam{};
  std::array<double, kChannels> sky{};
  bool lit = false;  // the sun stands before the panel, not behind it
};

class Body {
 public:
  Body() = default;
  Body(const Mount& mount, const HeadSettings& head) : mount_{mount}, head_{head} {}

  static Terms nominal(const HeadSettings& head);

  // Where the panel and its sensors really look in this pose.
  PanelVectors panel(const Terms& terms, const InnerAngles& inner) const;
  Shares shares(const Terms& terms, const InnerAngles& inner, const Vector& sun) const;

  // What a channel reads under this light (W/m², more than zero).
  double reading(const Terms& terms, std::size_t channel, double light) const;
  // The light that makes a channel read so.
  double light(const Terms& terms, std::size_t channel, double reading) const;

  // The pose that really points at `wanted`, as near as the limits allow.
  Aim aim_at(const Terms& terms, const Vector& wanted, const Pose& from) const;

  const Mount& mount() const { return mount_; }
  const HeadSettings& head() const { return head_; }

 private:
  Mount mount_;
  HeadSettings head_;
};

// Logarithm of the sensor's resistance from ADC counts; none outside the linear range.
std::optional<double> log_resistance(std::uint16_t counts, const HeadSettings& head);
// Whether such a reading would lie well inside the linear range, ends left aside.
bool is_well_readable(double log_resistance, const HeadSettings& head);
// Standard deviation of one such reading: the ADC's noise of kAdcNoise counts.
constexpr double kAdcNoise = 6.0;  // ESP32, after averaging a few samples
double log_resistance_noise(double log_resistance, const HeadSettings& head);
// A count beyond the linear range at the bright end.
bool is_saturated(std::uint16_t counts, const HeadSettings& head);

// Light on a plane with this normal, under this sky.
double light_on(const Terms& terms, const Vector& normal, const Vector& sun, double beam,
                double sky);
// The same for one that leans `tilt` (radians, 0 = flat) towards the sun.
double light_on_tilt(const Terms& terms, double tilt, double zenith, double beam, double sky);
// The tilt between 0 and `zenith` that catches most.
double best_tilt(const Terms& terms, double zenith, double beam, double sky);

}  // namespace idast::control
