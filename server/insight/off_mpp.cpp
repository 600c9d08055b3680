#include "server/insight/off_mpp.h"

#include <algorithm>
#include <cmath>

namespace idast::insight {
namespace {

// Below this the ratios are noise.
constexpr float kPowerShareMin = 0.02f;  // of nominal
constexpr float kVoltageHigh = 1.03f;    // a tenth less power lifts a panel's voltage by about this
constexpr float kPowerLow = 0.85f;       // of what the light says

bool is_lit(const Minute& minute, const Station& station) {
  return minute.power && *minute.power > station.nominal * kPowerShareMin;
}

Celsius cell_of(const Minute& minute) { return minute.panel_temperature.value_or(celsius(40.f)); }

Irradiance light_of(const Minute& minute, const Station& station) {
  const float heat =
      std::max(0.3f, 1.f + station.power_per_celsius * (cell_of(minute).in(celsius)-25.f));
  return watts_per_square_metre(1000.f * (*minute.power / station.nominal) / heat);
}

// The panel's voltage at 25 °C and full light, if it was at its maximum power point: it falls with
// heat, and by about a twentieth for each factor e of light.
float standard_voltage(const Minute& minute, const Station& station) {
  constexpr float kPerLogSun = 0.05f;
  const float suns = std::max(0.02f, *minute.power / station.nominal);
  const float heat = 1.f + station.voltage_per_celsius * (cell_of(minute).in(celsius)-25.f);
  return minute.panel_voltage->in(volts) / (heat * (1.f + kPerLogSun * std::log(suns)));
}

bool may_be_full(const Minute& minute) {
  return !minute.battery_charge || *minute.battery_charge >= kBatteryNearlyFull;
}

std::optional<float> median(std::vector<float> values, float share) {
  if (values.empty()) return std::nullopt;
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<float>(values.size() - 1));
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// What the voltage is at the maximum power point: the median of minutes in which the battery takes
// all; without such minutes the lower quarter, because off the point it only rises.
std::optional<float> working_voltage(std::span<const Minute> minutes, const Station& station) {
  constexpr std::size_t kLeast = 15;
  std::vector<float> sure, any;
  for (const Minute& minute : minutes) {
    if (!is_lit(minute, station) || !minute.panel_voltage) continue;
    const float voltage = standard_voltage(minute, station);
    any.push_back(voltage);
    if (!may_be_full(minute)) sure.push_back(voltage);
  }
  if (sure.size() >= kLeast) return median(std::move(sure), 0.5f);
  return any.size() >= kLeast ? median(std::move(any), 0.25f) : std::nullopt;
}

}  // namespace

Irradiance LightFit::at(float index) const {
  return watts_per_square_metre(std::exp(offset + slope * index));
}

std::optional<LightFit> fit_light(std::span<const Minute> minutes, const std::vector<bool>& off,
                                  const Station& station) {
  double n = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, sum_yy = 0;
  for (std::size_t i = 0; i < minutes.size(); ++i) {
    if (off[i] || !minutes[i].light_index || !is_lit(minutes[i], station)) continue;
    const auto x = static_cast<double>(*minutes[i].light_index);
    const auto y =
        static_cast<double>(std::log(light_of(minutes[i], station).in(watts_per_square_metre)));
    n += 1;
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
    sum_yy += y * y;
  }
  if (n < kLightFitLeast) return std::nullopt;
  const double var_x = sum_xx / n - sum_x / n * sum_x / n;
  const double covar = sum_xy / n - sum_x / n * sum_y / n;
  const double var_y = sum_yy / n - sum_y / n * sum_y / n;
  constexpr double kSpreadLeast = 0.02;  // of the index: on a day of one light nothing is learned
  if (var_x < kSpreadLeast * kSpreadLeast) return std::nullopt;
  const double slope = covar / var_x;
  const double rest = std::sqrt(std::max(0.0, var_y - slope * covar));
  constexpr double kRestMost = 0.25;  // of ln light
  // Photoresistors have exponents of 0.5 to 1, so 1 to 2 here, less near saturation.
  if (rest > kRestMost || slope < 0.5 || slope > 4.0) return std::nullopt;
  return LightFit{.offset = static_cast<float>(sum_y / n - slope * sum_x / n),
                  .slope = static_cast<float>(slope)};
}

std::vector<bool> off_maximum_power_point(std::span<const Minute> minutes, const Station& station) {
  std::vector<bool> off(minutes.size(), false);
  const auto voltage = working_voltage(minutes, station);
  // The light is learned from minutes in which the battery surely took all.
  std::vector<bool> unsure(minutes.size());
  for (std::size_t i = 0; i < minutes.size(); ++i) unsure[i] = may_be_full(minutes[i]);
  const auto fit = fit_light(minutes, unsure, station);
  for (std::size_t i = 0; i < minutes.size(); ++i) {
    const Minute& minute = minutes[i];
    if (!minute.power || !may_be_full(minute)) continue;
    const bool has_voltage = voltage && minute.panel_voltage;
    const bool has_light = fit && minute.light_index;
    if (has_voltage) off[i] = standard_voltage(minute, station) > *voltage * kVoltageHigh;
    if (has_light) {
      off[i] = off[i] || light_of(minute, station) < fit->at(*minute.light_index) * kPowerLow;
    }
    // A known full battery and nothing to judge by: not to be believed.
    if (!has_voltage && !has_light) off[i] = minute.battery_charge.has_value();
  }
  return off;
}

}  // namespace idast::insight
