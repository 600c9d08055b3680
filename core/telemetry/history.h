#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/time.h"
#include "core/telemetry/schema.h"

// What a receiver notes of itself every ten minutes (CONTRACT §5), as the server received it.
namespace idast::telemetry {

// (device, second of `taken`) is one row for ever: a receiver says a row at once, and again from
// its file, which has whole seconds, when it does not know that anyone heard it.
struct HistoryRow {
  std::string device{};                       // The topic's id.
  UtcMillis taken{};                          // By the rule for samples; ingest decides it.
  std::optional<std::int64_t> energy{};       // The counter, scaled as the column energy_wh.
  std::optional<std::int64_t> battery{};      // Scaled as the column battery_pct.
  std::string device_name{};                  // The phone that was charging; empty: absent.
  std::optional<std::int64_t> session_min{};  // Minutes that it has been charging.
  UtcMillis received{};
};

inline constexpr const Sql& kHistoryEnergy = kFieldInfo[position_of("energy_wh")].sql;
inline constexpr const Sql& kHistoryBattery = kFieldInfo[position_of("battery_pct")].sql;

}  // namespace idast::telemetry
