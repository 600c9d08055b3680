#include "cli/sun.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <expected>
#include <fstream>
#include <iostream>

#include "core/base/calendar.h"
#include "core/base/csv_line.h"
#include "core/sun/spa.h"
#include "core/sun/sun.h"

namespace idast::cli {
namespace {

enum Column : std::uint8_t { utc, latitude, longitude, altitude, pressure, temperature, delta_t };

struct ColumnRule {
  std::string_view name;
  double min, max;  // of a number; utc has none
  bool needed;
};
constexpr std::size_t kColumnCount = 7;
constexpr std::array<ColumnRule, kColumnCount> kColumns{{{"utc", 0, 0, true},
                                                         {"lat_deg", -90, 90, true},
                                                         {"lon_deg", -180, 180, true},
                                                         {"alt_m", -500, 10'000, true},
                                                         {"pressure_hPa", 0, 1200, true},
                                                         {"temp_C", -100, 100, true},
                                                         {"delta_t_s", -8000, 8000, false}}};

constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
using Places = std::array<std::size_t, kColumnCount>;      // index of each column in a row
using Cells = std::array<std::string_view, kColumnCount>;  // the cells of one row

std::expected<Places, std::string> read_header(std::string_view line) {
  Places places;
  places.fill(kAbsent);
  std::string twice;
  for_each_cell(line, [&](std::size_t index, std::string_view cell) {
    for (std::size_t column = 0; column < kColumnCount; ++column) {
      if (cell != kColumns[column].name) continue;
      if (places[column] != kAbsent) twice = cell;
      places[column] = index;
    }
  });
  if (!twice.empty()) return std::unexpected{"column " + twice + " appears twice"};
  std::string missing;
  for (std::size_t column = 0; column < kColumnCount; ++column) {
    if (!kColumns[column].needed || places[column] != kAbsent) continue;
    missing += (missing.empty() ? "" : ", ") + std::string{kColumns[column].name};
  }
  if (!missing.empty()) return std::unexpected{"the header has no column " + missing};
  return places;
}

std::expected<double, std::string> read_number(std::string_view cell, const ColumnRule& rule) {
  double value = 0.0;
  const std::size_t sign = cell.starts_with('+') ? 1 : 0;  // from_chars takes a minus only
  const char* const end = cell.data() + cell.size();
  const auto [stopped, error] = std::from_chars(cell.data() + sign, end, value);
  if (error != std::errc{} || stopped != end || !std::isfinite(value)) {
    return std::unexpected{std::string{rule.name} + " is not a number"};
  }
  if (value < rule.min || value > rule.max) {
    return std::unexpected{std::string{rule.name} + " is out of range"};
  }
  return value;
}

std::expected<sun::PrecisePosition, std::string> locate(const Cells& cells, SunMethod method) {
  const auto at = utc_from_iso(cells[utc]);
  if (!at) return std::unexpected{"utc is not an ISO 8601 time"};
  std::array<double, kColumnCount> numbers{};
  for (std::size_t column = latitude; column < kColumnCount; ++column) {
    if (column == delta_t && cells[column].empty()) continue;
    const auto number = read_number(cells[column], kColumns[column]);
    if (!number) return std::unexpected{number.error()};
    numbers[column] = *number;
  }
  const auto delta_t_s =
      cells[delta_t].empty() ? std::nullopt : std::optional<double>{numbers[delta_t]};
  if (method == SunMethod::spa) {
    return sun::position_spa(*at,
                             {.latitude_deg = numbers[latitude],
                              .longitude_deg = numbers[longitude],
                              .altitude_m = numbers[altitude],
                              .pressure_hpa = numbers[pressure],
                              .temperature_c = numbers[temperature]},
                             delta_t_s);
  }
  const auto narrow = [&](Column column) { return static_cast<float>(numbers[column]); };
  const sun::Place place{degrees(narrow(latitude)), degrees(narrow(longitude)),
                         metres(narrow(altitude))};
  const sun::Atmosphere air{hectopascals(narrow(pressure)), celsius(narrow(temperature))};
  return sun::position_precise(*at, place, air, delta_t_s);
}

std::expected<std::string, std::string> answer(std::string_view line, const Places& places,
                                               SunMethod method) {
  Cells cells;
  std::size_t count = 0;
  for_each_cell(line, [&](std::size_t index, std::string_view cell) {
    count = index + 1;
    for (std::size_t column = 0; column < kColumnCount; ++column) {
      if (places[column] == index) cells[column] = cell;
    }
  });
  for (std::size_t column = 0; column < kColumnCount; ++column) {
    if (places[column] != kAbsent && places[column] >= count) {
      return std::unexpected{"the row ends before column " + std::string{kColumns[column].name}};
    }
  }
  const auto position = locate(cells, method);
  if (!position) return std::unexpected{position.error()};
  std::array<char, 64> numbers;
  std::snprintf(numbers.data(), numbers.size(), "%.6f,%.6f", 90.0 - position->elevation_deg,
                position->azimuth_deg);
  std::string text{cells[utc]};
  for (const Column column : {latitude, longitude}) text.append(",").append(cells[column]);
  return text.append(",").append(numbers.data());
}

}  // namespace

std::optional<SunMethod> sun_method_from(std::string_view text) {
  if (text == "fast") return SunMethod::fast;
  if (text == "spa") return SunMethod::spa;
  return std::nullopt;
}

int run_sun(const SunOptions& options, std::ostream& out, std::ostream& err) {
  if (options.csv == "-") return run_sun(options, std::cin, "standard input", out, err);
  std::ifstream file{options.csv, std::ios::binary};
  if (!file) {
    err << "idast sun: " << options.csv << ": cannot be opened\n";
    return 1;
  }
  return run_sun(options, file, options.csv, out, err);
}

int run_sun(const SunOptions& options, std::istream& in, std::string_view name, std::ostream& out,
            std::ostream& err) {
  std::size_t number = 0;
  const auto fail = [&](std::string_view words) {
    out.flush();
    err << "idast sun: " << name << ": line " << number << ": " << words << '\n';
    return 1;
  };
  std::optional<Places> places;
  std::array<char, kSunLineBytesMax> buffer;
  while (in.getline(buffer.data(), buffer.size())) {
    ++number;
    std::string_view line{buffer.data()};
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    line = trimmed(line);
    if (line.empty() || line.starts_with('#')) continue;
    if (!places) {
      const auto header = read_header(line);
      if (!header) return fail(header.error());
      places = *header;
      out << "utc,lat_deg,lon_deg,apparent_zenith_deg,azimuth_deg\n";
      continue;
    }
    const auto text = answer(line, *places, options.method);
    if (!text) return fail(text.error());
    out << *text << '\n';
  }
  ++number;
  if (in.bad()) return fail("cannot be read");
  if (!in.eof()) return fail("the line is too long");
  if (!places) return fail("there is no header");
  out.flush();
  if (!out) {
    err << "idast sun: the result cannot be written\n";
    return 1;
  }
  return 0;
}

}  // namespace idast::cli
