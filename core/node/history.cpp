#include "core/node/history.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace idast::node {
namespace {

// Behind a row of which only a part was written, which might otherwise read as a row: 19 minutes
// as one.
constexpr std::string_view kTornLineEnd = ",torn\n";
static_assert(kTornLineEnd.size() <= kHistoryHeader.size());

void print_number(TextWriter& out, double value, int decimals) {
  out.decimal(std::llround(value * std::pow(10.0, decimals)), decimals);
}

// An absent number, or one that no counter reaches, prints as `nothing`.
template <class Unit>
void print_or(TextWriter& out, const std::optional<Quantity<Unit>>& value, int decimals,
              std::string_view nothing) {
  const double number = value ? static_cast<double>(value->in(Unit{})) : HUGE_VAL;
  if (std::abs(number) < 1e12) {
    print_number(out, number, decimals);
  } else {
    out.text(nothing);
  }
}

std::string_view name_of(const HistoryRow& row) {
  return row.device_name.empty() ? std::string_view{"Unknown"} : row.device_name.view();
}

std::expected<bool, ports::FileError> ends_torn(ports::Files& files, std::size_t size) {
  char last = '\n';
  const auto read = files.read(kHistoryFile, size - 1, {&last, 1});
  if (!read) return std::unexpected{read.error()};
  return last != '\n';
}

// Takes the text up to the next comma, or all of it.
std::string_view cell(std::string_view& line) {
  const std::size_t comma = std::min(line.find(','), line.size());
  const std::string_view taken = line.substr(0, comma);
  line.remove_prefix(std::min(comma + 1, line.size()));
  return taken;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// As print_csv() writes it: digits, and after a point at most three more.
std::optional<double> decimal_number(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const bool negative = text.starts_with('-');
  const auto before = whole_number(text.substr(0, point));
  if (!before) return std::nullopt;
  double value = static_cast<double>(*before);
  if (point == text.size()) return value;
  const std::string_view digits = text.substr(point + 1);
  const auto after = whole_number(digits);
  if (!after || *after < 0 || digits.size() > 6) return std::nullopt;
  double fraction = static_cast<double>(*after);
  for (std::size_t i = 0; i < digits.size(); ++i) fraction /= 10;
  value += negative ? -fraction : fraction;
  return value;
}

}  // namespace

void print_csv(const HistoryRow& row, TextWriter& out) {
  out.integer(row.timestamp_ms / 1000).character(',');
  print_or(out, row.energy, 3, "");
  out.character(',');
  print_or(out, row.battery, 1, "");
  out.character(',');
  for (const char c : name_of(row)) {
    out.character(c == ',' || c == '"' || c == '\n' || c == '\r' ? ' ' : c);
  }
  out.character(',').integer(row.session_minutes).character('\n');
}

std::optional<HistoryRow> read_csv(std::string_view line) {
  const auto seconds = whole_number(cell(line));
  const std::string_view energy = cell(line), battery = cell(line), name = cell(line);
  const auto minutes = whole_number(cell(line));
  const auto energy_wh = decimal_number(energy), battery_pct = decimal_number(battery);
  HistoryRow row;
  const bool sound = seconds && minutes && *seconds >= 0 && *minutes >= 0 && line.empty() &&
                     (energy.empty() || energy_wh) && (battery.empty() || battery_pct) &&
                     row.device_name.assign(name) && *seconds < INT64_MAX / 1000;
  if (!sound) return std::nullopt;
  row.timestamp_ms = *seconds * 1000;
  if (energy_wh) row.energy = watt_hours(*energy_wh);
  if (battery_pct) row.battery = percent(static_cast<float>(*battery_pct));
  row.session_minutes = *minutes;
  return row;
}

void print_json(const HistoryRow& row, std::string_view device_id, TextWriter& out) {
  out.text("{\"timestamp\":").integer(row.timestamp_ms);
  out.text(",\"device_id\":").json_string(device_id);
  out.text(",\"energy_wh\":");
  print_or(out, row.energy, 3, "null");
  out.text(",\"battery_pct\":");
  print_or(out, row.battery, 1, "null");
  out.text(",\"device_name\":").json_string(name_of(row));
  out.text(",\"session_min\":").integer(row.session_minutes).character('}');
}

bool must_rotate(ports::Files& files) {
  return files.size_bytes(kHistoryFile).value_or(0) >= kHistoryBytesMax;
}

std::expected<void, ports::FileError> append(ports::Files& files, const HistoryRow& row) {
  std::array<char, kHistoryRowBytesMax + kHistoryHeader.size()> buffer;
  TextWriter out{buffer.data(), buffer.size()};

  std::size_t size = 0;
  const auto known = files.size_bytes(kHistoryFile);
  if (known) size = *known;
  if (!known && known.error() != ports::FileError::absent) return std::unexpected{known.error()};
  if (size >= kHistoryBytesMax) {
    const auto renamed = files.rename(kHistoryFile, kHistoryFileOld);
    if (!renamed) return std::unexpected{renamed.error()};
    size = 0;
  }
  // Less than a header is a torn one.
  const bool anew = size < kHistoryHeader.size();
  if (anew) {
    out.text(kHistoryHeader);
  } else {
    const auto torn = ends_torn(files, size);
    if (!torn) return std::unexpected{torn.error()};
    if (*torn) out.text(kTornLineEnd);
  }
  print_csv(row, out);
  if (anew && size > 0) return files.replace(kHistoryFile, out.view());
  return files.append(kHistoryFile, out.view());
}

}  // namespace idast::node
