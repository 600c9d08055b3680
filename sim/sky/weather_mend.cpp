#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/calendar.h"
#include "sim/sky/weather_draft.h"

namespace idast::sim::weather {
namespace {

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

}  // namespace

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

}  // namespace idast::sim::weather
