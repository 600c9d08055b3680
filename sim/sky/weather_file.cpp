#include "sim/sky/weather_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "core/base/calendar.h"

namespace idast::sim {
namespace {

using Kind = WeatherErrorKind;

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
constexpr double kMissingMark = -9999.0;  // SURFRAD writes -9999.9

// The five values of a row, in this order everywhere below, with what can be on earth: light beyond
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

WeatherError failure(Kind kind, std::size_t line, std::string_view words) {
  std::string message{words};
  if (line > 0) message = "line " + std::to_string(line) + ": " + message;
  return {.kind = kind, .line = line, .message = std::move(message)};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

std::optional<double> number(std::string_view text) {
  double value = 0.0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int> integer(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The value if it can be one, else kMissing.
float believed(std::size_t column, double value) {
  const auto [name, min, max, assumed] = kColumns[column];
  const auto narrow = static_cast<float>(std::clamp(value, -1e9, 1e9));
  const bool possible = std::isfinite(value) && narrow >= min && narrow <= max;
  if (!possible) return kMissing;
  return column < kLightColumns ? std::max(narrow, 0.f) : narrow;
}

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

// A header's numbers, overruled by what the caller knows.
std::optional<sun::Place> place_from(std::optional<double> latitude,
                                     std::optional<double> longitude,
                                     std::optional<double> altitude, const GivenSite& given) {
  if (given.latitude) latitude = static_cast<double>(given.latitude->in(degrees));
  if (given.longitude) longitude = static_cast<double>(given.longitude->in(degrees));
  if (given.latitude && given.longitude) altitude = altitude.value_or(0.0);
  return place_from(latitude, longitude, altitude);
}

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

struct Draft {
  sun::Place place;
  std::vector<RawRow> rows;
  std::vector<std::string> notes;
};

// Refuses what would make the row list unsound; otherwise appends.
std::optional<WeatherError> append(Draft& draft, const RawRow& row, std::size_t line) {
  if (!draft.rows.empty() && row.at <= draft.rows.back().at) {
    return failure(Kind::out_of_order, line, "its time is not after that of the row before");
  }
  if (draft.rows.size() == kWeatherRowsMax) {
    return failure(Kind::too_large, line, "more rows than a leap year has minutes");
  }
  draft.rows.push_back(row);
  return std::nullopt;
}

// ---- SURFRAD ----------------------------------------------------------------------------------

constexpr std::size_t kSurfradFields = 48;
constexpr std::size_t kZenithField = 7;
// Index of each column's value; its QC flag follows.
constexpr std::array<std::size_t, kColumnCount> kSurfradValues{8, 12, 14, 38, 42};

// Cuts at blanks; returns how many fields there are, which may be more than fit.
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

// ---- CSV --------------------------------------------------------------------------------------

constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);

struct CsvHeader {
  std::size_t utc = kAbsent;
  std::array<std::size_t, kColumnCount> values{kAbsent, kAbsent, kAbsent, kAbsent, kAbsent};
  std::size_t needed = 0;  // cells a row must have
};

// Calls visit(index, cell) for each cell.
template <class Visit>
void for_each_cell(std::string_view line, const Visit& visit) {
  for (std::size_t index = 0;; ++index) {
    const auto comma = line.find(',');
    visit(index, trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    line = line.substr(comma + 1);
  }
}

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

// ---- Mending ----------------------------------------------------------------------------------

std::string iso(UtcMillis at) {
  std::array<char, 32> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  return std::string{write_iso(out, at).view()};
}

// Fills one column: between good values by a line, at the ends by the nearest. Returns how many
// values were filled; holes longer than kGapMax are added to the gaps.
class Mender {
 public:
  Mender(WeatherFile& file, std::vector<RawRow>& rows) : file_{file}, rows_{rows} {}

  void mend(std::size_t column) {
    std::size_t filled = 0;
    std::size_t good = 0;
    std::optional<std::size_t> before;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (std::isnan(rows_[i].values[column])) continue;
      ++good;
      filled += fill(column, before, i);
      before = i;
    }
    const std::string name{kColumns[column].name};
    if (good == 0) {
      for (RawRow& row : rows_) row.values[column] = kColumns[column].assumed;
      if (column < kLightColumns) report(column, rows_.front().at, rows_.back().at);
      std::string assumed = std::to_string(static_cast<int>(kColumns[column].assumed));
      file_.notes.push_back("No value of " + name + " in the whole file; " + assumed +
                            " is assumed.");
      return;
    }
    filled += fill(column, before, rows_.size());
    if (filled == 0) return;
    file_.notes.push_back(std::to_string(filled) + " missing values of " + name + " filled.");
  }

  void note_gaps() {
    for (std::size_t i = 0; i < std::min(file_.gaps.size(), kGapNotesMax); ++i) {
      const WeatherGap& gap = file_.gaps[i];
      file_.notes.push_back("No " + std::string{gap.column} + " from " + iso(gap.from) + " to " +
                            iso(gap.to) + ".");
    }
    if (file_.gaps.size() > kGapNotesMax) {
      file_.notes.push_back("… and " + std::to_string(file_.gaps.size() - kGapNotesMax) +
                            " more gaps.");
    }
  }

 private:
  // Fills the rows strictly between `before` and `after` (either may be an end of the file).
  std::size_t fill(std::size_t column, std::optional<std::size_t> before, std::size_t after) {
    const std::size_t first = before ? *before + 1 : 0;
    const bool ends = after == rows_.size();
    const UtcMillis from = before ? rows_[*before].at : rows_.front().at;
    const UtcMillis to = ends ? rows_.back().at : rows_[after].at;
    // Rows that are not there at all make a gap too.
    const bool is_gap = to - from > kGapMax;
    if (is_gap && (first < after || before)) report(column, from, to);

    const float left = rows_[before ? *before : after].values[column];
    const float right = ends ? left : rows_[after].values[column];
    for (std::size_t i = first; i < after; ++i) {
      const float share = to > from ? static_cast<float>((rows_[i].at - from).count()) /
                                          static_cast<float>((to - from).count())
                                    : 0.f;
      rows_[i].values[column] = before ? left + (right - left) * share : right;
      if (is_gap && column < kLightColumns) file_.minutes[i].light_in_gap = true;
    }
    return after - first;
  }

  void report(std::size_t column, UtcMillis from, UtcMillis to) {
    file_.gaps.push_back({.from = from, .to = to, .column = kColumns[column].name});
  }

  WeatherFile& file_;
  std::vector<RawRow>& rows_;
};

WeatherFile mended(Draft draft, std::string_view name) {
  WeatherFile file{.name = std::string{name},
                   .place = draft.place,
                   .minutes = std::vector<WeatherMinute>(draft.rows.size()),
                   .gaps = {},
                   .notes = std::move(draft.notes)};
  Mender mender{file, draft.rows};
  for (std::size_t column = 0; column < kColumnCount; ++column) mender.mend(column);
  mender.note_gaps();
  for (std::size_t i = 0; i < draft.rows.size(); ++i) {
    const auto& [at, values] = draft.rows[i];
    file.minutes[i].at = at;
    file.minutes[i].ghi_wm2 = values[0];
    file.minutes[i].dni_wm2 = values[1];
    file.minutes[i].dhi_wm2 = values[2];
    file.minutes[i].temperature_c = values[3];
    file.minutes[i].wind_ms = values[4];
  }
  return file;
}

}  // namespace

std::expected<WeatherFile, WeatherError> parse_weather(std::string_view text, std::string_view name,
                                                       const GivenSite& given) {
  if (text.size() > kWeatherBytesMax) {
    return std::unexpected{failure(Kind::too_large, 0, "the file is larger than 128 MiB")};
  }
  Lines lines{text};
  const auto first = lines.next();
  if (!first || trimmed(text).empty()) {
    return std::unexpected{failure(Kind::empty, 0, "the file is empty")};
  }
  // A CSV begins with a comment or with its header, which has commas; a SURFRAD file with a name.
  const bool is_csv =
      trimmed(*first).starts_with('#') || first->find(',') != std::string_view::npos;
  if (is_csv) {
    auto draft = parse_csv(lines, *first, given);
    if (!draft) return std::unexpected{draft.error()};
    return mended(std::move(*draft), name);
  }
  const auto second = lines.next();
  if (!second || second->size() > kWeatherLineBytesMax) {
    return std::unexpected{
        failure(Kind::not_weather, 1, "neither a SURFRAD file nor a CSV of weather")};
  }
  auto draft = parse_surfrad(lines, *second, given);
  if (!draft) return std::unexpected{draft.error()};
  return mended(std::move(*draft), name);
}

std::expected<WeatherFile, WeatherError> read_weather(const std::string& path,
                                                      const GivenSite& given) {
  std::ifstream file{path, std::ios::binary};
  const auto unreadable = [&] {
    return std::unexpected{WeatherError{Kind::unreadable, 0, path + ": cannot be read"}};
  };
  if (!file) return unreadable();
  std::string text;
  std::array<char, 65536> chunk;
  while (file.read(chunk.data(), chunk.size()) || file.gcount() > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > kWeatherBytesMax) break;  // parse_weather says so
  }
  if (file.bad()) return unreadable();
  auto found = parse_weather(text, path, given);
  if (!found) found.error().message = path + ": " + found.error().message;
  return found;
}

}  // namespace idast::sim
