#include "core/telemetry/factors.h"

namespace idast::telemetry {

void derive(Sample& sample, const Factors& factors) {
  if (sample.left && sample.right) {
    sample.average = light_mean(*sample.left, *sample.right);
    sample.horizontal_error = light_horizontal_error(*sample.left, *sample.right);
    if (sample.top) sample.vertical_error = light_vertical_error(*sample.top, *sample.average);
  }
  sample.grid_price = factors.grid_price;
  if (!sample.energy) return;

  const double wh = sample.energy->in(watt_hours);
  const double kwh = wh / 1000.0;
  sample.energy_kwh = kilowatt_hours(kwh);
  sample.co2 = kilograms(kwh * factors.grid_factor);
  sample.trees = kwh * factors.grid_factor / kTreeKilogramsPerYear;
  sample.phones = wh / kPhoneChargeWattHours;
  sample.phone_minutes = wh * 60.0 / kPhoneUseWatts;
  sample.savings = kwh * factors.grid_price;
}

}  // namespace idast::telemetry
