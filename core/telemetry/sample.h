#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/state.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "core/units/units.h"

namespace idast::telemetry {

// 64 random bits, drawn by the receiver at every start; 16 hexadecimal digits in text.
struct BootId {
  std::uint64_t bits = 0;
  friend constexpr auto operator<=>(BootId, BootId) = default;
};

// A set of fields, by position in the table of schema.h.
struct KeySet {
  std::uint64_t bits = 0;
  constexpr bool contains(std::size_t field) const { return (bits >> field & 1u) != 0; }
  constexpr void add(std::size_t field) { bits |= std::uint64_t{1} << field; }
  constexpr void remove(std::size_t field) { bits &= ~(std::uint64_t{1} << field); }
  constexpr bool empty() const { return bits == 0; }
  friend constexpr bool operator==(KeySet, KeySet) = default;
};

// One reading of one tracker: the member's type is the unit. Unknown is absent, never 0; text that
// is unknown is empty. By value, no heap; boards and twin fill the same struct. schema.h has a
// table line for every member.
struct Sample {
  std::optional<std::int64_t> timestamp;  // Unix ms, or ms since boot while there is no clock.
  FixedText<64> device_name;
  std::optional<std::int32_t> top, left, right, average;  // LDR counts, 0-4095.
  std::optional<std::int32_t> horizontal_error, vertical_error;
  std::optional<Degrees> tilt_angle, pan_angle, pan_target;  // Servo degrees, 0-180.
  std::optional<bool> manual, steady;
  std::optional<Watts> power, power_actual;
  std::optional<Celsius> panel_temperature;
  std::optional<Percent> battery_charge;
  std::optional<Volts> battery_voltage;
  std::optional<Percent> efficiency;
  std::optional<WattHours> energy;
  std::optional<KilowattHours> energy_kwh;
  std::optional<Kilograms> co2;
  std::optional<double> trees, phones, phone_minutes, savings, grid_price;
  FixedText<64> device_id;
  FixedText<32> mode;
  std::optional<BootId> boot;
  std::optional<std::int64_t> seq, seq_from;
  std::optional<Millis> uptime;
  std::optional<State> state;
  std::optional<Reason> state_reason;
  std::optional<Degrees> trim_azimuth, trim_elevation;
  std::optional<Degrees> azimuth, elevation, sun_azimuth, sun_elevation;
  std::optional<std::int32_t> bottom;
  std::optional<Volts> panel_voltage;
  std::optional<Amperes> panel_current, battery_current;
  std::optional<WattHours> servo_energy, device_energy;
  std::optional<MetresPerSecond> wind;
  KeySet estimated;
};

}  // namespace idast::telemetry
