#pragma once
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

// idast sun --csv FILE [--method fast|spa]: the sun's direction for every row of a table; fast is
// what the boards compute (core/sun/sun.h), spa is NREL's algorithm (core/sun/spa.h).
//
// Input: CSV. Lines that begin with # are skipped. The first other line names the columns; needed
// are
//   utc         ISO 8601 (core/base/calendar.h)
//   lat_deg     -90..90, north positive
//   lon_deg     -180..180, east positive
//   alt_m       -500..10000
//   pressure_hPa  0..1200
//   temp_C      -100..100
//   delta_t_s   may be missing, or empty in a row: the published polynomial of core/sun then
// in any order; other columns are skipped.
//
// Output: a header and a line for each row, `utc,lat_deg,lon_deg` as given, then
// `apparent_zenith_deg,azimuth_deg` with six decimals, azimuth clockwise from true north.
namespace idast::cli {

// A line longer than this is no row of such a table.
constexpr std::size_t kSunLineBytesMax = 8192;

enum class SunMethod : std::uint8_t { fast, spa };
std::optional<SunMethod> sun_method_from(std::string_view text);

struct SunOptions {
  std::string csv;  // path of the table; "-" is standard input
  SunMethod method = SunMethod::fast;
};

// Returns the exit code: 0, or 1 with one line on `err` that names the file and the line. Rows
// before a bad one are already on `out`.
int run_sun(const SunOptions& options, std::ostream& out, std::ostream& err);
// The same over an open stream; `name` stands for it in messages.
int run_sun(const SunOptions& options, std::istream& in, std::string_view name, std::ostream& out,
            std::ostream& err);

}  // namespace idast::cli
