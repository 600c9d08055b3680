#include <algorithm>

#include "core/base/calendar.h"
#include "core/base/csv_line.h"
#include "sim/sky/weather_draft.h"

namespace idast::sim::weather {
namespace {

using Kind = WeatherErrorKind;

constexpr double kMissingMark = -9999.0;  // SURFRAD writes -9999.9

constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);

struct CsvHeader {
  std::size_t utc = kAbsent;
  std::array<std::size_t, kColumnCount> values{kAbsent, kAbsent, kAbsent, kAbsent, kAbsent};
  std::size_t needed = 0;  // cells a row must have
};

std::expected<CsvHeader, WeatherError> csv_header(std::string_view text, std::size_t line) {
  CsvHeader header;
  for_each_cell(text, [&](std::size_t index, std::string_view cell) {
    if (cell == "utc") header.utc = index;
    for (std::size_t column = 0; column < kColumnCount; ++column) {
      if (cell == kColumns[column].name) header.values[column] = index;
    }
  });
  const auto need = [&](std::size_t index) {
    if (index != kAbsent) header.needed = std::max(header.needed, index + 1);
    return index != kAbsent;
  };
  if (!need(header.utc)) return std::unexpected{failure(Kind::no_column, line, "no column utc")};
  for (std::size_t column = 0; column < kColumnCount; ++column) {
    if (!need(header.values[column]) && column < kLightColumns) {
      return std::unexpected{
          failure(Kind::no_column, line, "no column " + std::string{kColumns[column].name})};
    }
  }
  return header;
}

std::expected<RawRow, WeatherError> csv_row(const CsvHeader& header, std::string_view text,
                                            std::size_t line) {
  RawRow row{.at = {}, .values = {}};
  row.values.fill(kMissing);
  std::size_t count = 0;
  std::optional<UtcMillis> at;
  std::optional<std::string_view> unreadable;
  for_each_cell(text, [&](std::size_t index, std::string_view cell) {
    count = index + 1;
    if (index == header.utc) at = utc_from_iso(cell);
    for (std::size_t column = 0; column < kColumnCount; ++column) {
      if (index != header.values[column] || cell.empty()) continue;
      const auto value = number(cell);  // reads nan and inf, which believed() then drops
      if (!value) unreadable = kColumns[column].name;
      if (value && *value > kMissingMark) row.values[column] = believed(column, *value);
    }
  });
  if (count < header.needed) {
    return std::unexpected{
        failure(Kind::bad_row, line, "the row has fewer cells than the header needs")};
  }
  if (!at) return std::unexpected{failure(Kind::bad_row, line, "utc is not a time")};
  if (unreadable) {
    return std::unexpected{
        failure(Kind::bad_row, line, std::string{*unreadable} + " is not a number")};
  }
  row.at = *at;
  return row;
}

// The number after a word in a comment: "lat 40.72".
std::optional<double> number_after(std::string_view comment, std::string_view word) {
  std::array<std::string_view, 64> words;
  const std::size_t count = std::min(cut_at_blanks(comment, words), words.size());
  for (std::size_t i = 0; i + 1 < count; ++i) {
    if (words[i] != word) continue;
    std::string_view text = words[i + 1];
    while (text.ends_with('.') || text.ends_with(',') || text.ends_with(';')) text.remove_suffix(1);
    return number(text);
  }
  return std::nullopt;
}

}  // namespace

std::expected<Draft, WeatherError> parse_csv(Lines& lines, std::string_view first,
                                             const GivenSite& given) {
  Draft draft{.place = {}, .rows = {}, .notes = {}};
  std::optional<sun::Place> place;
  std::optional<CsvHeader> header;
  for (std::optional<std::string_view> text = first; text; text = lines.next()) {
    const std::size_t line = lines.number();
    if (text->size() > kWeatherLineBytesMax) {
      return std::unexpected{failure(Kind::too_large, line, "the line is too long")};
    }
    const std::string_view content = trimmed(*text);
    if (content.empty()) continue;
    if (content.starts_with('#')) {
      const auto latitude = number_after(content, "lat");
      const auto longitude = number_after(content, "lon");
      const auto altitude = number_after(content, "alt_m");
      if (!latitude && !longitude && !altitude) continue;
      const auto found = place_from(latitude, longitude, altitude, given);
      if (found && !place) place = found;
      continue;
    }
    if (!header) {
      const auto found = csv_header(content, line);
      if (!found) return std::unexpected{found.error()};
      header = *found;
      continue;
    }
    const auto row = csv_row(*header, content, line);
    if (!row) return std::unexpected{row.error()};
    if (auto error = append(draft, *row, line)) return std::unexpected{*error};
  }
  if (!place) place = place_from({}, {}, {}, given);
  if (!place) {
    return std::unexpected{
        failure(Kind::no_site, 0, "no comment says \"site lat L lon L alt_m A\"")};
  }
  if (draft.rows.empty()) return std::unexpected{failure(Kind::empty, 0, "the file has no rows")};
  draft.place = *place;
  return draft;
}

}  // namespace idast::sim::weather
