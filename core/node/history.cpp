#include "core/node/history.h"

#include <array>
#include <cmath>

namespace idast::node {
namespace {

constexpr std::size_t kRowBytesMax = 160;  // a name of 64 bytes and four numbers

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

std::expected<void, ports::FileError> append(ports::Files& files, const HistoryRow& row) {
  std::array<char, kRowBytesMax + kHistoryHeader.size() + 1> buffer;
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
  if (size == 0) {
    out.text(kHistoryHeader);
  } else {
    const auto torn = ends_torn(files, size);
    if (!torn) return std::unexpected{torn.error()};
    if (*torn) out.character('\n');
  }
  print_csv(row, out);
  return files.append(kHistoryFile, out.view());
}

}  // namespace idast::node
