#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/base/calendar.h"
#include "core/base/csv_line.h"
#include "sim/sky/weather_draft.h"

namespace idast::sim::weather {
namespace {

using Kind = WeatherErrorKind;

std::optional<int> integer(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr std::size_t kSurfradFields = 48;
constexpr std::size_t kZenithField = 7;
// Index of each column's value; its QC flag follows.
constexpr std::array<std::size_t, kColumnCount> kSurfradValues{8, 12, 14, 38, 42};

struct SurfradRow {
  RawRow row;
  double zenith_deg;
};

std::expected<SurfradRow, WeatherError> surfrad_row(std::string_view text, std::size_t line) {
  std::array<std::string_view, kSurfradFields> fields;
  const std::size_t count = cut_at_blanks(text, fields);
  if (count != kSurfradFields) {
    return std::unexpected{
        failure(Kind::bad_row, line, std::to_string(count) + " fields where a SURFRAD row has 48")};
  }
  std::array<int, 6> date{};  // year, day of year, month, day, hour, minute
  for (std::size_t i = 0; i < date.size(); ++i) {
    const auto part = integer(fields[i]);
    if (!part) return std::unexpected{failure(Kind::bad_row, line, "date or time is not a number")};
    date[i] = *part;
  }
  const auto at = utc_from(
      {.year = date[0], .month = date[2], .day = date[3], .hour = date[4], .minute = date[5]});
  const auto new_year = utc_from({.year = date[0]});
  const bool same_day =
      at && new_year && (*at - *new_year) / std::chrono::hours{24} == std::int64_t{date[1]} - 1;
  if (!same_day)
    return std::unexpected{failure(Kind::bad_row, line, "there is no such date and time")};

  const auto zenith = number(fields[kZenithField]);
  if (!zenith) return std::unexpected{failure(Kind::bad_row, line, "the zenith is not a number")};
  SurfradRow found{.row = {.at = *at, .values = {}}, .zenith_deg = *zenith};
  for (std::size_t column = 0; column < kColumnCount; ++column) {
    const auto value = number(fields[kSurfradValues[column]]);
    const auto flag = integer(fields[kSurfradValues[column] + 1]);
    if (!value || !flag) {
      return std::unexpected{
          failure(Kind::bad_row, line,
                  std::string{kColumns[column].name} + " or its flag is not a number")};
    }
    found.row.values[column] = *flag == 0 ? believed(column, *value) : kMissing;
  }
  return found;
}

struct ZenithSample {
  UtcMillis at;
  double zenith_deg;
};

// Mean difference between the file's zenith column and the sun of a place.
double zenith_misfit_deg(const sun::Place& place, std::span<const ZenithSample> samples) {
  double sum = 0.0;
  for (const ZenithSample& sample : samples) {
    const auto position = sun::position_precise(sample.at, place);
    sum += std::abs(90.0 - position.elevation_true_deg - sample.zenith_deg);
  }
  return sum / static_cast<double>(samples.size());
}

// Takes the longitude's sign that fits the zenith column.
std::optional<WeatherError> settle_longitude(Draft& draft, std::span<const ZenithSample> samples) {
  constexpr double kFits = 1.0;  // degrees: minutes stamped at either end differ by 0.25°
  const sun::Place& given = draft.place;
  const sun::Place other{given.latitude, -given.longitude, given.altitude};
  const double misfit = zenith_misfit_deg(given, samples);
  const double misfit_other = zenith_misfit_deg(other, samples);
  if (std::min(misfit, misfit_other) > kFits || std::isnan(misfit)) {
    return failure(
        Kind::zenith_differs, 2,
        "the zenith column does not belong to this latitude and longitude, with either sign");
  }
  if (misfit_other < misfit) {
    draft.place = other;
    draft.notes.push_back(
        "The header's longitude has the wrong sign: by the zenith column the site lies " +
        std::string{other.longitude < degrees(0.f) ? "west" : "east"} + " of Greenwich. Taken so.");
  }
  return std::nullopt;
}

}  // namespace

std::expected<Draft, WeatherError> parse_surfrad(Lines& lines, std::string_view header,
                                                 const GivenSite& given) {
  std::array<std::string_view, 3> fields;
  const std::size_t count = cut_at_blanks(header, fields);
  const auto place =
      count >= 3 ? place_from(number(fields[0]), number(fields[1]), number(fields[2]), given)
                 : std::nullopt;
  if (!place) {
    return std::unexpected{failure(Kind::no_site, 2, "latitude, longitude and altitude expected")};
  }
  Draft draft{.place = *place, .rows = {}, .notes = {}};
  std::vector<ZenithSample> samples;
  while (const auto text = lines.next()) {
    if (text->size() > kWeatherLineBytesMax) {
      return std::unexpected{failure(Kind::too_large, lines.number(), "the line is too long")};
    }
    if (trimmed(*text).empty()) continue;
    const auto found = surfrad_row(*text, lines.number());
    if (!found) return std::unexpected{found.error()};
    if (auto error = append(draft, found->row, lines.number())) return std::unexpected{*error};
    constexpr std::size_t kEvery = 29;  // a prime, so that samples fall on all minutes and hours
    if (draft.rows.size() % kEvery == 1) samples.push_back({found->row.at, found->zenith_deg});
  }
  if (draft.rows.empty()) return std::unexpected{failure(Kind::empty, 0, "the file has no rows")};
  if (given.longitude) return draft;
  if (auto error = settle_longitude(draft, samples)) return std::unexpected{*error};
  return draft;
}

}  // namespace idast::sim::weather
