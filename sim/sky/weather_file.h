#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/sun/sun.h"
#include "core/units/units.h"

// Files of measured weather, read without believing them. Two formats:
//
// SURFRAD (NOAA GML, README of the .dat files):
//   line 1: station name
//   line 2: latitude longitude altitude "m" …
//   then, a line each minute, 48 columns split by blanks: year, day of year, month, day, hour,
//   minute, decimal hour, solar zenith, and 20 pairs (value, QC flag); pairs used: 1 GHI, 3 DNI,
//   4 DHI, 16 air temperature °C, 18 wind m/s. A flag other than 0 or -9999.9 means missing.
//   Some headers drop the minus of a west longitude: both signs are tried against the zenith
//   column, the one that fits is taken, and a note says so.
//
// CSV: `#` lines, one of which says "site lat L lon L alt_m A"; a header line naming the columns
//   utc, ghi_wm2, dni_wm2, dhi_wm2 and, if measured, temp_c, wind_ms (others are skipped); rows. An
//   empty cell, -9999.9, nan or a value beyond what can be on earth means missing.
//
// Light below zero, as thermopiles show at night, is zero. Without any temperature or wind the
// values kTemperatureAssumed and kWindAssumed stand in, and a note says so.
namespace idast::sim {

// A file may hold at most this: a leap year of minutes, and text for it with room to spare.
constexpr std::size_t kWeatherRowsMax = std::size_t{366} * 24 * 60;
constexpr std::size_t kWeatherBytesMax = std::size_t{128} * 1024 * 1024;
constexpr std::size_t kWeatherLineBytesMax = 2048;
// Holes up to this are interpolated, longer ones are reported.
constexpr Millis kGapMax = std::chrono::minutes{15};

// One row after mending: every value is a number within what can be on earth. Holes up to kGapMax
// are interpolated; in longer ones the light is interpolated too, but flagged and reported.
struct WeatherMinute {
  UtcMillis at;
  float ghi_wm2 = 0.f;
  float dni_wm2 = 0.f;
  float dhi_wm2 = 0.f;
  float temperature_c = 0.f;
  float wind_ms = 0.f;
  bool light_in_gap = false;
};

// A stretch without a value, between two good ones (or an end of the file).
struct WeatherGap {
  UtcMillis from;
  UtcMillis to;
  std::string_view column;  // one of the CSV names above
};

constexpr float kTemperatureAssumedC = 15.f;
constexpr float kWindAssumedMs = 1.f;
// Notes about single gaps end after this many, with a count of the rest.
constexpr std::size_t kGapNotesMax = 20;

struct WeatherFile {
  std::string name;
  sun::Place place;
  std::vector<WeatherMinute> minutes;  // ascending in time, no two alike, never empty
  std::vector<WeatherGap> gaps;        // longer than kGapMax
  std::vector<std::string> notes;      // for a person: what was mended, dropped or found missing
};

enum class WeatherErrorKind : std::uint8_t {
  unreadable,      // the file cannot be opened or read
  too_large,       // more bytes, rows or characters in a line than the limits above
  not_weather,     // neither format
  no_site,         // latitude and longitude are missing or impossible
  no_column,       // a column that is needed is missing
  bad_row,         // a row that cannot be read; unknown or impossible time
  out_of_order,    // time stands still or runs back
  empty,           // no rows
  zenith_differs,  // the sun of the file is not the sun of its place, with either sign
};

struct WeatherError {
  WeatherErrorKind kind;
  std::size_t line;     // 1-based; 0 when it is not about a line
  std::string message;  // for a person; names the line
};

// Where a file was really measured, for one whose header does not say so or errs. A part that is
// absent is taken from the header; an altitude that is nowhere is 0. With a longitude given, the
// zenith column is not asked.
struct GivenSite {
  std::optional<Degrees> latitude;
  std::optional<Degrees> longitude;
};

std::expected<WeatherFile, WeatherError> parse_weather(std::string_view text, std::string_view name,
                                                       const GivenSite& given = {});
std::expected<WeatherFile, WeatherError> read_weather(const std::string& path,
                                                      const GivenSite& given = {});

}  // namespace idast::sim
