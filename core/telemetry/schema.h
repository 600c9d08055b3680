#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "core/telemetry/field.h"
#include "core/telemetry/sample.h"

// THE definition of a telemetry field: one line each. Radio bytes, MQTT text, SQL, REST rows,
// TypeScript, OpenAPI and the documentation follow from this table by templates; there is no second
// list. It is append only: a field's position is its place on the radio and its bit in `estimated`.
//
// To add a field: one member at the end of Sample, one line at the end here, fill it in
// core/node/report.cpp.
namespace idast::telemetry {

// One line. `step` is the radio integer's, in the member's unit; the unit symbol comes from the
// member's type unless given. What stands for several samples has the mean of an averaged field,
// and the last value of every other.
struct Line {
  std::string_view json;
  std::string_view column;
  Sql sql;
  double step = 1;
  bool averaged = false;
  std::string_view unit = "";
  std::string_view label;
  std::string_view about;
};

struct NotByRadio {};

template <auto Member, class Wire>
struct Field {
  using wire = Wire;
  using value = std::remove_cvref_t<decltype(std::declval<Sample>().*Member)>;
  static constexpr auto member = Member;
  static constexpr bool by_radio = !std::is_same_v<Wire, NotByRadio>;
  Line line;
};

template <auto Member, class Wire = NotByRadio>
consteval Field<Member, Wire> field(Line line) {
  return {line};
}

// clang-format off
inline constexpr std::tuple kFields{
    field<&Sample::timestamp>({.json = "timestamp", .column = "ts", .sql = sql::time(), .unit = "ms", .label = "Time",
        .about = "When the sample was taken: Unix ms from 10^12 up, otherwise ms since the device started."}),
    field<&Sample::device_name>({.json = "deviceName", .column = "device_name", .sql = sql::text(64, "VARCHAR(64)"), .label = "Phone",
        .about = "Label of the phone now charging; not the tracker's name."}),
    field<&Sample::top, std::uint16_t>({.json = "top", .column = "top", .sql = sql::integer(), .averaged = true, .label = "Light, top",
        .about = "Top light sensor, ADC counts 0-4095."}),
    field<&Sample::left, std::uint16_t>({.json = "left", .column = "left", .sql = sql::integer(), .averaged = true, .label = "Light, left",
        .about = "Left light sensor, ADC counts 0-4095."}),
    field<&Sample::right, std::uint16_t>({.json = "right", .column = "right", .sql = sql::integer(), .averaged = true, .label = "Light, right",
        .about = "Right light sensor, ADC counts 0-4095."}),
    field<&Sample::average>({.json = "avg", .column = "avg", .sql = sql::integer(), .label = "Light, mean",
        .about = "Mean of left and right, ADC counts."}),
    field<&Sample::horizontal_error>({.json = "horizontalError", .column = "horizontal_error", .sql = sql::integer(), .label = "Horizontal error",
        .about = "Left minus right, ADC counts."}),
    field<&Sample::vertical_error>({.json = "verticalError", .column = "vertical_error", .sql = sql::integer(), .label = "Vertical error",
        .about = "Top minus mean, ADC counts."}),
    field<&Sample::tilt_angle, std::uint8_t>({.json = "tiltAngle", .column = "tilt_angle", .sql = sql::integer(), .label = "Tilt servo",
        .about = "Tilt servo angle, 0-180; what it points at follows from the mount."}),
    field<&Sample::pan_angle, std::uint8_t>({.json = "panAngle", .column = "pan_angle", .sql = sql::integer(), .label = "Pan servo",
        .about = "Pan servo angle, 0-180; what it points at follows from the mount."}),
    field<&Sample::pan_target, std::uint8_t>({.json = "panTarget", .column = "pan_target", .sql = sql::integer(), .label = "Pan target",
        .about = "Angle that the pan servo is moving to."}),
    field<&Sample::manual, std::uint8_t>({.json = "manual", .column = "manual", .sql = sql::boolean(), .label = "Manual",
        .about = "A person has taken over the pointing."}),
    field<&Sample::steady, std::uint8_t>({.json = "steady", .column = "steady", .sql = sql::boolean(), .label = "Locked",
        .about = "Locked on the sun; otherwise still tracking."}),
    field<&Sample::power, std::uint16_t>({.json = "powerW", .column = "power_w", .sql = sql::decimal(10, 2, "DECIMAL(10,2)"), .step = 0.01, .averaged = true, .label = "Power",
        .about = "Panel output: measured V·A when a sensor is fitted, otherwise an estimate, then named in `estimated`."}),
    field<&Sample::power_actual, std::uint16_t>({.json = "powerActualW", .column = "power_actual_w", .sql = sql::decimal(10, 2, "DECIMAL(10,2)"), .step = 0.01, .averaged = true, .label = "Power, measured",
        .about = "Measured V·A only; absent when no sensor is fitted."}),
    field<&Sample::panel_temperature, std::int16_t>({.json = "tempC", .column = "temp_c", .sql = sql::decimal(10, 1, "DECIMAL(10,1)"), .step = 0.1, .averaged = true, .label = "Panel temperature",
        .about = "Back of the panel."}),
    field<&Sample::battery_charge, std::uint16_t>({.json = "batteryPct", .column = "battery_pct", .sql = sql::decimal(5, 1, "DECIMAL(5,1)"), .step = 0.1, .averaged = true, .label = "Battery",
        .about = "State of charge, 0-100 %."}),
    field<&Sample::battery_voltage, std::uint16_t>({.json = "batteryV", .column = "battery_v", .sql = sql::decimal(6, 2, "DECIMAL(6,2)"), .step = 0.01, .averaged = true, .label = "Battery voltage",
        .about = "At the battery terminals."}),
    field<&Sample::efficiency, std::uint16_t>({.json = "efficiency", .column = "efficiency", .sql = sql::decimal(6, 1, "DECIMAL(6,1)"), .step = 0.1, .averaged = true, .label = "Charge efficiency",
        .about = "Power into the battery / panel power over the last minute; absent below 0.5 W."}),
    field<&Sample::energy, std::uint32_t>({.json = "energyWh", .column = "energy_wh", .sql = sql::decimal(12, 3, "DECIMAL(12,3)"), .step = 0.001, .label = "Energy",
        .about = "Panel energy, a counter that may start again from zero: a fall starts a new count."}),
    field<&Sample::energy_kwh>({.json = "energyKWh", .column = "energy_kwh", .sql = sql::decimal(12, 6, "DECIMAL(12,6)"), .label = "Energy, kWh",
        .about = "The same counter in kWh."}),
    field<&Sample::co2>({.json = "co2kg", .column = "co2_kg", .sql = sql::decimal(12, 4, "DECIMAL(12,4)"), .label = "CO₂ avoided",
        .about = "energy_kwh × the site's grid factor."}),
    field<&Sample::trees>({.json = "trees", .column = "trees", .sql = sql::decimal(12, 4, "DECIMAL(12,4)"), .label = "Trees",
        .about = "co2_kg / 21.77, the kg of CO₂ that a tree takes up in a year."}),
    field<&Sample::phones>({.json = "phones", .column = "phones", .sql = sql::decimal(12, 3, "DECIMAL(12,3)"), .label = "Phone charges",
        .about = "energy_wh / 12, the Wh of one full phone charge."}),
    field<&Sample::phone_minutes>({.json = "phoneMinutes", .column = "phone_minutes", .sql = sql::decimal(12, 0, "DECIMAL(12,0)"), .unit = "min", .label = "Phone minutes",
        .about = "energy_wh × 60, minutes of phone use at 1 W."}),
    field<&Sample::savings>({.json = "pesos", .column = "pesos", .sql = sql::decimal(12, 2, "DECIMAL(12,2)"), .unit = "currency", .label = "Savings",
        .about = "energy_kwh × price, in the site's currency."}),
    field<&Sample::grid_price>({.json = "gridPrice", .column = "grid_price", .sql = sql::decimal(12, 2, "DECIMAL(12,2)"), .unit = "currency/kWh", .label = "Grid price",
        .about = "Price of a kWh in the site's currency."}),
    // The original database's columns end here; ours follow.
    field<&Sample::device_id>({.json = "device_id", .column = "device_id", .sql = sql::text(64, "VARCHAR(64)"), .label = "Tracker",
        .about = "The tracker's id; must equal the topic's."}),
    field<&Sample::mode>({.json = "mode", .column = "mode", .sql = sql::text(32, "VARCHAR(32)"), .label = "Mode",
        .about = "live, demo (invented data of fielded firmware) or sim (the twin); other words are kept."}),
    field<&Sample::boot>({.json = "boot", .column = "boot_id", .sql = sql::text(16, "CHAR(16)"), .label = "Boot",
        .about = "Identity: 16 hexadecimal digits, new at every start of the receiver."}),
    field<&Sample::seq>({.json = "seq", .column = "seq", .sql = sql::count(), .label = "Sequence",
        .about = "Identity: counts the samples of this boot from 0, without holes."}),
    field<&Sample::seq_from>({.json = "seqFrom", .column = "seq_from", .sql = sql::count(), .label = "Sequence from",
        .about = "A summary stands for seqFrom to seq."}),
    field<&Sample::uptime>({.json = "uptimeMs", .column = "uptime_ms", .sql = sql::count(), .unit = "ms", .label = "Uptime",
        .about = "Since boot, monotonic."}),
    field<&Sample::state, std::uint8_t>({.json = "state", .column = "state", .sql = sql::text(16, "VARCHAR(16)"), .label = "State",
        .about = "acquire, track, diffuse, stow, night, manual or fault."}),
    field<&Sample::state_reason, std::uint8_t>({.json = "stateReason", .column = "state_reason", .sql = sql::text(32, "VARCHAR(32)"), .label = "Reason",
        .about = "Why the state was entered; a stable word."}),
    field<&Sample::trim_azimuth, std::int16_t>({.json = "trimAzimuthDeg", .column = "trim_azimuth_deg", .sql = sql::decimal(6, 2, "DECIMAL(6,2)"), .step = 0.01, .label = "Trim, azimuth",
        .about = "Mount error learned so far; included in azimuthDeg."}),
    field<&Sample::trim_elevation, std::int16_t>({.json = "trimElevationDeg", .column = "trim_elevation_deg", .sql = sql::decimal(6, 2, "DECIMAL(6,2)"), .step = 0.01, .label = "Trim, elevation",
        .about = "Mount error learned so far; included in elevationDeg."}),
    field<&Sample::azimuth, std::uint16_t>({.json = "azimuthDeg", .column = "azimuth_deg", .sql = sql::decimal(6, 2, "DECIMAL(6,2)"), .step = 0.01, .label = "Panel azimuth",
        .about = "Where the panel's normal points, clockwise from true north."}),
    field<&Sample::elevation, std::int16_t>({.json = "elevationDeg", .column = "elevation_deg", .sql = sql::decimal(6, 2, "DECIMAL(6,2)"), .step = 0.01, .label = "Panel elevation",
        .about = "Where the panel's normal points, above the horizon."}),
    field<&Sample::sun_azimuth, std::uint16_t>({.json = "sunAzimuthDeg", .column = "sun_azimuth_deg", .sql = sql::decimal(6, 2, "DECIMAL(6,2)"), .step = 0.01, .label = "Sun azimuth",
        .about = "The device's own ephemeris, clockwise from true north."}),
    field<&Sample::sun_elevation, std::int16_t>({.json = "sunElevationDeg", .column = "sun_elevation_deg", .sql = sql::decimal(6, 2, "DECIMAL(6,2)"), .step = 0.01, .label = "Sun elevation",
        .about = "The device's own ephemeris, above the horizon."}),
    field<&Sample::bottom, std::uint16_t>({.json = "bottom", .column = "bottom", .sql = sql::integer(), .averaged = true, .label = "Light, bottom",
        .about = "A fourth light sensor, where fitted; ADC counts 0-4095."}),
    field<&Sample::panel_voltage, std::uint16_t>({.json = "panelV", .column = "panel_v", .sql = sql::decimal(8, 3, "DECIMAL(8,3)"), .step = 0.001, .averaged = true, .label = "Panel voltage",
        .about = "At the panel terminals."}),
    field<&Sample::panel_current, std::int16_t>({.json = "panelA", .column = "panel_a", .sql = sql::decimal(8, 3, "DECIMAL(8,3)"), .step = 0.001, .averaged = true, .label = "Panel current",
        .about = "Out of the panel."}),
    field<&Sample::battery_current, std::int16_t>({.json = "batteryA", .column = "battery_a", .sql = sql::decimal(8, 3, "DECIMAL(8,3)"), .step = 0.001, .averaged = true, .label = "Battery current",
        .about = "Positive when charging."}),
    field<&Sample::servo_energy, std::uint32_t>({.json = "servoWh", .column = "servo_wh", .sql = sql::decimal(12, 4, "DECIMAL(12,4)"), .step = 0.0001, .label = "Motion energy",
        .about = "Spent on motion, a counter."}),
    field<&Sample::device_energy, std::uint32_t>({.json = "deviceWh", .column = "device_wh", .sql = sql::decimal(12, 4, "DECIMAL(12,4)"), .step = 0.0001, .label = "Electronics energy",
        .about = "Spent on electronics, a counter."}),
    field<&Sample::wind, std::uint16_t>({.json = "windMs", .column = "wind_ms", .sql = sql::decimal(6, 2, "DECIMAL(6,2)"), .step = 0.01, .averaged = true, .label = "Wind",
        .about = "Where an anemometer is fitted."}),
    field<&Sample::estimated, std::uint64_t>({.json = "estimated", .column = "estimated", .sql = sql::keys(), .label = "Estimated",
        .about = "Keys of this message that are estimates, not measurements."}),
};
// clang-format on

inline constexpr std::size_t kFieldCount = std::tuple_size_v<decltype(kFields)>;

// Calls f(field) for every line, in order.
template <class F>
constexpr void for_each_field(F&& f) {
  std::apply([&](const auto&... x) { (f(x), ...); }, kFields);
}

namespace detail {
template <class T>
struct UnitSymbol {
  static constexpr std::string_view value = "";
};
template <class U>
struct UnitSymbol<Quantity<U>> {
  static constexpr std::string_view value = U::symbol;
};
template <class T>
struct UnitSymbol<std::optional<T>> : UnitSymbol<T> {};

template <auto M, class W>
constexpr FieldInfo info_of(const Field<M, W>& f) {
  using Symbol = UnitSymbol<typename Field<M, W>::value>;
  const std::string_view unit = f.line.unit.empty() ? Symbol::value : f.line.unit;
  return {f.line.json,  f.line.column,         f.line.sql,     unit, f.line.label,
          f.line.about, Field<M, W>::by_radio, f.line.averaged};
}
}  // namespace detail

// The same table for code that walks it at run time; positions are those of kFields.
inline constexpr std::array<FieldInfo, kFieldCount> kFieldInfo = std::apply(
    [](const auto&... x) { return std::array<FieldInfo, kFieldCount>{detail::info_of(x)...}; },
    kFields);

// Position of a column in the table; a misspelt one does not compile.
consteval std::size_t position_of(std::string_view column) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kFieldInfo[i].column == column) return i;
  }
  throw "no such column";
}

// Fields before this position are the original database's columns, in its order (with `id` before
// and `raw_json` after them); the rest are ours.
inline constexpr std::size_t kOriginalFieldCount = position_of("device_id");

inline constexpr KeySet kEveryField{~std::uint64_t{0} >> (64 - kFieldCount)};

// --- proofs, checked by every compile ----------------------------------------------------------
static_assert(kFieldCount <= 64, "KeySet has a bit for every field");

consteval bool names_are_unique() {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (kFieldInfo[i].json == kFieldInfo[j].json) return false;
      if (kFieldInfo[i].column == kFieldInfo[j].column) return false;
    }
  }
  return true;
}
static_assert(names_are_unique(), "two lines share a name");

consteval bool averages_are_of_numbers() {
  for (const FieldInfo& info : kFieldInfo) {
    if (info.averaged && info.sql.kind != Kind::number) return false;
  }
  return true;
}
static_assert(averages_are_of_numbers(), "only numbers have a mean");

// Becomes any member of Sample, but nothing that a member could be made from. A member of another
// kind than these needs its line here.
struct AnyMember {
  template <class T>
    requires std::is_constructible_v<T, std::nullopt_t> || std::is_same_v<T, KeySet> ||
             requires { T::kBytesMax; }
  operator T() const;  // NOLINT(google-explicit-constructor): that is what it is for.
};
template <std::size_t... I>
consteval bool sample_takes(std::index_sequence<I...>) {
  return requires { Sample{(static_cast<void>(I), AnyMember{})...}; };
}
static_assert(sample_takes(std::make_index_sequence<kFieldCount>{}),
              "a line in kFields has no member of Sample for itself");
static_assert(!sample_takes(std::make_index_sequence<kFieldCount + 1>{}),
              "a member of Sample has no line in kFields");

inline constexpr std::size_t kRadioFieldCount = std::apply(
    []<auto... M, class... W>(const Field<M, W>&...) {
      return (std::size_t{0} + ... + (Field<M, W>::by_radio ? 1 : 0));
    },
    kFields);
inline constexpr std::size_t kPayloadBytes = std::apply(
    []<auto... M, class... W>(const Field<M, W>&...) {
      return (std::size_t{0} + ... + (Field<M, W>::by_radio ? sizeof(W) : 0));
    },
    kFields);
static_assert(kPayloadBytes <= 200, "one sample must fit one radio frame");

}  // namespace idast::telemetry
