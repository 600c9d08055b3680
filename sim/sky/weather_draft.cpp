#include "sim/sky/weather_draft.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace idast::sim::weather {
namespace {

std::optional<sun::Place> place_from(std::optional<double> latitude,
                                     std::optional<double> longitude,
                                     std::optional<double> altitude) {
  if (!latitude || !longitude || !altitude) return std::nullopt;
  const bool possible = std::abs(*latitude) <= 90.0 && std::abs(*longitude) <= 180.0 &&
                        *altitude >= -500.0 && *altitude <= 9000.0;
  if (!possible) return std::nullopt;
  return sun::Place{.latitude = degrees(static_cast<float>(*latitude)),
                    .longitude = degrees(static_cast<float>(*longitude)),
                    .altitude = metres(static_cast<float>(*altitude))};
}

}  // namespace

WeatherError failure(WeatherErrorKind kind, std::size_t line, std::string_view words) {
  std::string message{words};
  if (line > 0) message = "line " + std::to_string(line) + ": " + message;
  return {.kind = kind, .line = line, .message = std::move(message)};
}

std::optional<double> number(std::string_view text) {
  double value = 0.0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

float believed(std::size_t column, double value) {
  const auto [name, min, max, assumed] = kColumns[column];
  const auto narrow = static_cast<float>(std::clamp(value, -1e9, 1e9));
  const bool possible = std::isfinite(value) && narrow >= min && narrow <= max;
  if (!possible) return kMissing;
  return column < kLightColumns ? std::max(narrow, 0.f) : narrow;
}

std::optional<sun::Place> place_from(std::optional<double> latitude,
                                     std::optional<double> longitude,
                                     std::optional<double> altitude, const GivenSite& given) {
  if (given.latitude) latitude = static_cast<double>(given.latitude->in(degrees));
  if (given.longitude) longitude = static_cast<double>(given.longitude->in(degrees));
  if (given.latitude && given.longitude) altitude = altitude.value_or(0.0);
  return place_from(latitude, longitude, altitude);
}

std::size_t cut_at_blanks(std::string_view line, std::span<std::string_view> fields) {
  std::size_t count = 0;
  constexpr std::string_view kBlank = " \t\r";
  for (auto from = line.find_first_not_of(kBlank); from != std::string_view::npos;) {
    const auto end = line.find_first_of(kBlank, from);
    if (count < fields.size()) fields[count] = line.substr(from, end - from);
    ++count;
    if (end == std::string_view::npos) break;
    from = line.find_first_not_of(kBlank, end);
  }
  return count;
}

std::optional<WeatherError> append(Draft& draft, const RawRow& row, std::size_t line) {
  if (!draft.rows.empty() && row.at <= draft.rows.back().at) {
    return failure(WeatherErrorKind::out_of_order, line,
                   "its time is not after that of the row before");
  }
  if (draft.rows.size() == kWeatherRowsMax) {
    return failure(WeatherErrorKind::too_large, line, "more rows than a leap year has minutes");
  }
  draft.rows.push_back(row);
  return std::nullopt;
}

}  // namespace idast::sim::weather
