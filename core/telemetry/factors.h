#pragma once
#include "core/telemetry/sample.h"

// What a watt-hour is worth, in one place. docs and the page print these numbers from here.
namespace idast::telemetry {

inline constexpr double kPhoneChargeWattHours = 12.0;   // One full charge of a phone.
inline constexpr double kPhoneUseWatts = 1.0;           // A phone in use; 60 minutes per Wh.
inline constexpr double kTreeKilogramsPerYear = 21.77;  // CO₂ that a tree takes up in a year.
// kg CO₂ per kWh, Luzon–Visayas grid, DOE 2015–17 combined margin.
inline constexpr double kGridFactorDefault = 0.6836;
inline constexpr double kGridPriceDefault = 12.0;  // Per kWh, in the site's currency.

struct Factors {
  double grid_factor = kGridFactorDefault;
  double grid_price = kGridPriceDefault;
};

// What follows from the light counts.
template <class Count>
constexpr Count light_mean(Count left, Count right) {
  return (left + right) / 2;
}
template <class Count>
constexpr Count light_horizontal_error(Count left, Count right) {
  return left - right;
}
template <class Count>
constexpr Count light_vertical_error(Count top, Count mean) {
  return top - mean;
}

// Fills every field of the sample that follows from others: mean and errors from the light counts;
// kWh, CO₂, trees, phones, phone minutes and savings from the energy. Absent inputs leave them
// absent.
void derive(Sample& sample, const Factors& factors);

}  // namespace idast::telemetry
