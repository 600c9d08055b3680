#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// The words a tracker describes itself with. core/control decides them, the radio carries them as
// one byte (the position in the list), MQTT and SQL as the word. Append only: a code never changes
// its meaning, and a receiver that does not know a code leaves the field absent.
namespace idast {

enum class State : std::uint8_t { acquire, track, diffuse, stow, night, manual, fault };
inline constexpr std::array<std::string_view, 7> kStateWords{"acquire", "track",  "diffuse", "stow",
                                                             "night",   "manual", "fault"};

enum class Reason : std::uint8_t {
  start,             // First step after power-up.
  sun_up,            // The sun is up: following the ephemeris.
  sun_down,          // The sun is below the tracking limit.
  no_clock,          // The time of day is not known.
  no_site,           // Latitude and longitude are not known.
  no_light,          // The light sensors do not answer.
  light_low,         // No light sensor sees enough to follow.
  commanded,         // A person asked for it.
  stopped,           // A person stopped the motors.
  wind_high,         // Wind above the stow limit.
  wind_unknown,      // The anemometer is configured and silent.
  battery_low,       // Too little charge to move.
  sun_unguarded,     // As sun_up, and no anemometer is configured: wind will not stow the panel.
  light,             // Following the light sensors.
  light_unguarded,   // The same without an anemometer.
  saturated,         // Every light sensor is at the end of its scale.
  settings_unsound,  // Mount or rate contradict themselves.
  out_of_reach,      // The sun is outside what the servos reach; pointing as near as they can.
  calibrating,       // Looking a few degrees around for seconds, to learn sensors and mount.
  overcast,          // The whole sky gives more light than the sun's direction.
  searching,         // No clock: looking for the sun by light alone.
  clock_doubted,     // Clock or place contradict the light; the light is followed.
  sensor_fault,      // A light sensor is dead, stuck or dirty; following the ephemeris.
  not_moving,        // The light says that the panel does not go where it is sent.
};
inline constexpr std::array<std::string_view, 24> kReasonWords{
    "start",        "sun_up",           "sun_down",      "no_clock",    "no_site",
    "no_light",     "light_low",        "commanded",     "stopped",     "wind_high",
    "wind_unknown", "battery_low",      "sun_unguarded", "light",       "light_unguarded",
    "saturated",    "settings_unsound", "out_of_reach",  "calibrating", "overcast",
    "searching",    "clock_doubted",    "sensor_fault",  "not_moving"};
static_assert(static_cast<std::size_t>(Reason::not_moving) + 1 == kReasonWords.size());

constexpr std::string_view to_text(State state) {
  return kStateWords[static_cast<std::size_t>(state)];
}
constexpr std::string_view to_text(Reason reason) {
  return kReasonWords[static_cast<std::size_t>(reason)];
}

}  // namespace idast
