#pragma once
#include <array>
#include <cstddef>
#include <expected>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/sky/weather_file.h"

// Inside this room only: what a file of either format says before it is mended. Everything else
// includes weather_file.h.
namespace idast::sim::weather {

inline constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
// The five values of a row, in this order everywhere, with what can be on earth: light beyond
// the solar constant times a bright cloud's edge, a thermopile's night offset, the records of heat,
// cold and wind.
struct Column {
  std::string_view name;
  float min, max;
  float assumed;  // stands in where a file has none at all
};
constexpr std::size_t kColumnCount = 5;
constexpr std::size_t kLightColumns = 3;
constexpr std::array<Column, kColumnCount> kColumns{{{"ghi_wm2", -100.f, 2000.f, 0.f},
                                                     {"dni_wm2", -100.f, 1500.f, 0.f},
                                                     {"dhi_wm2", -100.f, 1500.f, 0.f},
                                                     {"temp_c", -95.f, 65.f, kTemperatureAssumedC},
                                                     {"wind_ms", 0.f, 115.f, kWindAssumedMs}}};

struct RawRow {
  UtcMillis at;
  std::array<float, kColumnCount> values;  // kMissing where there is none
};

struct Draft {
  sun::Place place;
  std::vector<RawRow> rows;
  std::vector<std::string> notes;
};

WeatherError failure(WeatherErrorKind kind, std::size_t line, std::string_view words);

// The whole text as a number: also nan and inf.
std::optional<double> number(std::string_view text);
// Cuts at blanks; returns how many fields there are, which may be more than fit.
std::size_t cut_at_blanks(std::string_view line, std::span<std::string_view> fields);

// The value if it can be one, else kMissing.
float believed(std::size_t column, double value);
// A header's numbers, overruled by what the caller knows; nothing when that is no place on earth.
std::optional<sun::Place> place_from(std::optional<double> latitude,
                                     std::optional<double> longitude,
                                     std::optional<double> altitude, const GivenSite& given);
// Refuses what would make the row list unsound; otherwise appends.
std::optional<WeatherError> append(Draft& draft, const RawRow& row, std::size_t line);

// Walks over the lines of a text and counts them.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_{text} {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  }
  std::optional<std::string_view> next() {
    if (rest_.empty()) return std::nullopt;
    const auto end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
    ++number_;
    return line;
  }
  std::size_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

// header: the file's second line; first: its first. The lines after it are still to come.
std::expected<Draft, WeatherError> parse_surfrad(Lines& lines, std::string_view header,
                                                 const GivenSite& given);
std::expected<Draft, WeatherError> parse_csv(Lines& lines, std::string_view first,
                                             const GivenSite& given);

// Fills holes, and says in notes and gaps what was filled.
WeatherFile mended(Draft draft, std::string_view name);

}  // namespace idast::sim::weather
