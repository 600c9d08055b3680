#include "sim/live/body.h"

namespace idast::sim {

ports::Readings Body::read() {
  const Readings& sensed = plant_.readings();
  ports::Readings readings;
  readings.top = sensed.light.top;
  readings.left = sensed.light.left;
  readings.right = sensed.light.right;
  readings.bottom = sensed.light.bottom;
  readings.panel_voltage = sensed.panel_voltage;
  readings.panel_current = sensed.panel_current;
  readings.panel_temperature = sensed.panel_temperature;
  readings.battery_voltage = sensed.battery_voltage;
  readings.battery_current = sensed.battery_current;
  readings.battery_charge = sensed.battery_charge;
  readings.wind = sensed.wind;
  readings.servo_energy = sensed.servo_energy;
  readings.device_energy = sensed.device_energy;
  if (sensed.phone) readings.phone = sensed.phone->label;
  return readings;
}

void Body::move(ports::ServoAngles target) {
  commands_.target = {.pan = target.pan, .tilt = target.tilt};
  commands_.motors_on = true;
}

}  // namespace idast::sim
