#include "core/control/body.h"

#include <algorithm>
#include <cmath>

#include "core/sun/panel.h"

namespace idast::control {
namespace {

constexpr double kCountsMax = 4095.0;
constexpr double kLightReference = 300.0;   // W/m²: where gain and gamma are least entangled
constexpr double kPowerReference = 1000.0;  // W/m²: where a panel's nominal power holds

Vector lean_of(const Terms& terms) {
  return {at(terms, Term::lean_east) * kRadiansPerDegree,
          at(terms, Term::lean_north) * kRadiansPerDegree, 0.0};
}

double ground_view(const Vector& normal) { return (1.0 - normal.up) / 2.0; }

double sky_view(const Terms& terms, const Vector& normal) {
  const double below = std::max(0.0, ground_view(normal));
  const double brightened = 1.0 + at(terms, Term::horizon) * below * std::sqrt(below);
  return (1.0 - below) * brightened;
}

}  // namespace

Terms Body::nominal(const HeadSettings& head) {
  const double lux =
      static_cast<double>(head.cap) * static_cast<double>(head.lux_per_wm2) * kLightReference;
  const double gamma = static_cast<double>(head.gamma);
  const double gain =
      std::log(static_cast<double>(head.resistance_10_lux.in(ohms))) - gamma * std::log(lux / 10.0);
  Terms terms{};
  for (std::size_t i = 0; i < kLights; ++i) {
    terms[static_cast<std::size_t>(Term::gain_top) + i] = gain;
    terms[static_cast<std::size_t>(Term::gamma_top) + i] = gamma;
    terms[static_cast<std::size_t>(Term::cant_top) + i] =
        static_cast<double>(head.cant.in(degrees));
  }
  at(terms, Term::power_scale) = std::log(static_cast<double>(head.panel_nominal.in(watts)));
  at(terms, Term::albedo) = 0.2;
  return terms;
}

PanelVectors Body::panel(const Terms& terms, const InnerAngles& inner) const {
  const double heading = static_cast<double>(mount_.heading.in(degrees)) + at(terms, Term::yaw);
  const PanelVectors level = panel_vectors(
      mount_.kind, heading, {.p = inner.p, .t = inner.t + at(terms, Term::tilt_zero)});
  const Vector lean = lean_of(terms);
  return {.normal = turned(level.normal, lean),
          .right = turned(level.right, lean),
          .top = turned(level.top, lean)};
}

Shares Body::shares(const Terms& terms, const InnerAngles& inner, const Vector& sun) const {
  const PanelVectors panel = this->panel(terms, inner);
  const std::array<Vector, kLights> aside{panel.top, panel.right * -1.0, panel.right};
  const double sun_up = std::max(0.0, sun.up);
  const double ground = at(terms, Term::albedo);
  const double incidence = dot(sun, panel.normal);
  Shares shares;
  shares.lit = incidence > 0.0 && sun.up > 0.0;
  for (std::size_t i = 0; i < kChannels; ++i) {
    Vector looks = panel.normal;
    if (i < kLights) {
      const double cant = terms[static_cast<std::size_t>(Term::cant_top) + i] * kRadiansPerDegree;
      looks = panel.normal * std::cos(cant) + aside[i] * std::sin(cant);
    }
    double direct = shares.lit ? std::max(0.0, dot(sun, looks)) : 0.0;
    if (i == kPowerChannel) direct *= sun::incidence_factor(incidence);
    const double below = ground_view(looks);
    shares.beam[i] = direct + ground * sun_up * below;
    shares.sky[i] = sky_view(terms, looks) + ground * below;
  }
  return shares;
}

double Body::reading(const Terms& terms, std::size_t channel, double light) const {
  if (channel == kPowerChannel) {
    return at(terms, Term::power_scale) + std::log(light / kPowerReference);
  }
  return terms[static_cast<std::size_t>(Term::gain_top) + channel] -
         terms[static_cast<std::size_t>(Term::gamma_top) + channel] *
             std::log(light / kLightReference);
}

double Body::light(const Terms& terms, std::size_t channel, double reading) const {
  if (channel == kPowerChannel) {
    return kPowerReference * std::exp(reading - at(terms, Term::power_scale));
  }
  const double gain = terms[static_cast<std::size_t>(Term::gain_top) + channel];
  const double gamma = terms[static_cast<std::size_t>(Term::gamma_top) + channel];
  return kLightReference * std::exp((gain - reading) / gamma);
}

Aim Body::aim_at(const Terms& terms, const Vector& wanted, const Pose& from) const {
  Mount real = mount_;
  real.heading += degrees(static_cast<float>(at(terms, Term::yaw)));
  real.tilt.neutral -= degrees(static_cast<float>(at(terms, Term::tilt_zero)) *
                               static_cast<float>(mount_.tilt.direction));
  const Vector seen_from_base = turned(wanted, lean_of(terms) * -1.0);
  return aim(real, direction_of(seen_from_base), from);
}

std::optional<double> log_resistance(std::uint16_t counts, const HeadSettings& head) {
  const double share = static_cast<double>(counts) / kCountsMax;
  const double voltage = share * static_cast<double>(head.supply.in(volts));
  if (!(voltage > static_cast<double>(head.linear_min.in(volts))) ||
      !(voltage < static_cast<double>(head.linear_max.in(volts)))) {
    return std::nullopt;
  }
  return std::log(static_cast<double>(head.divider.in(ohms)) * (1.0 / share - 1.0));
}

bool is_well_readable(double log_resistance, const HeadSettings& head) {
  constexpr double kAboveEnd = 1.5, kBelowEnd = 0.85;
  const double divider = static_cast<double>(head.divider.in(ohms));
  const double voltage =
      static_cast<double>(head.supply.in(volts)) * divider / (divider + std::exp(log_resistance));
  return voltage > kAboveEnd * static_cast<double>(head.linear_min.in(volts)) &&
         voltage < kBelowEnd * static_cast<double>(head.linear_max.in(volts));
}

double log_resistance_noise(double log_resistance, const HeadSettings& head) {
  const double divider = static_cast<double>(head.divider.in(ohms));
  const double share = divider / (divider + std::exp(log_resistance));
  return kAdcNoise / (kCountsMax * share * (1.0 - share));
}

bool is_saturated(std::uint16_t counts, const HeadSettings& head) {
  const double voltage =
      static_cast<double>(counts) / kCountsMax * static_cast<double>(head.supply.in(volts));
  return voltage >= static_cast<double>(head.linear_max.in(volts));
}

double light_on(const Terms& terms, const Vector& normal, const Vector& sun, double beam,
                double sky) {
  const double global = beam * std::max(0.0, sun.up) + sky;
  return beam * std::max(0.0, dot(normal, sun)) + sky * sky_view(terms, normal) +
         at(terms, Term::albedo) * global * ground_view(normal);
}

double light_on_tilt(const Terms& terms, double tilt, double zenith, double beam, double sky) {
  return light_on(terms, {std::sin(tilt), 0.0, std::cos(tilt)},
                  {std::sin(zenith), 0.0, std::cos(zenith)}, beam, sky);
}

double best_tilt(const Terms& terms, double zenith, double beam, double sky) {
  if (zenith <= 0.0) return 0.0;
  // One summit between flat and the sun (a cosine and half a cosine add up): golden section.
  constexpr double kGolden = 0.6180339887498949;
  double low = 0.0;
  double high = zenith;
  for (int i = 0; i < 14; ++i) {  // 0.618^14: a thousandth of the range
    const double left = high - kGolden * (high - low);
    const double right = low + kGolden * (high - low);
    if (light_on_tilt(terms, left, zenith, beam, sky) <
        light_on_tilt(terms, right, zenith, beam, sky)) {
      low = left;
    } else {
      high = right;
    }
  }
  return (low + high) / 2.0;
}

}  // namespace idast::control
