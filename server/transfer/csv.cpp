#include "server/transfer/input.h"

namespace idast::transfer {
namespace {

using Done = std::expected<void, std::string>;

std::unexpected<std::string> too_long() {
  return std::unexpected{"a value is longer than " + std::to_string(kLineBytesMax) + " bytes"};
}

// One record. False: there is none any more.
std::expected<bool, std::string> next_row(Input& input, Row& row) {
  row.clear();
  while (input.peek() == '\r' || input.peek() == '\n') input.get();
  if (input.peek() == Input::kEnd) return false;
  for (;;) {
    Cell& cell = row.emplace_back();
    const bool quoted = input.peek() == '"';
    if (quoted) input.get();
    for (;;) {
      const int c = input.peek();
      if (c == Input::kEnd && quoted) return std::unexpected{"the file ends within quotes"};
      if (!quoted && (c == Input::kEnd || c == ',' || c == '\n' || c == '\r')) break;
      input.get();
      if (quoted && c == '"' && input.peek() != '"') break;
      if (quoted && c == '"') input.get();
      cell.text.push_back(static_cast<char>(c));
      if (cell.text.size() > kLineBytesMax) return too_long();
    }
    cell.null = !quoted && (cell.text.empty() || cell.text == "NULL" || cell.text == "\\N");
    const int after = input.get();
    if (after == ',') continue;
    if (after == '\n' || after == Input::kEnd) return true;
    if (after == '\r') {
      if (input.peek() == '\n') input.get();
      return true;
    }
    return std::unexpected{"a closing quote is followed by more text: is a comma missing?"};
  }
}

}  // namespace

Done read_csv(Input& input, const TableSink& sink) {
  Row row;
  const auto head = next_row(input, row);
  if (!head) return std::unexpected{head.error()};
  std::vector<std::string> names;
  for (Cell& cell : row) names.push_back(std::move(cell.text));
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (!names.empty() && names[0].starts_with(kByteOrderMark)) names[0].erase(0, 3);
  if (auto known = sink.columns(names); !known) return known;
  std::uint64_t line = 1;
  for (;;) {
    const auto there = next_row(input, row);
    ++line;
    if (!there) return std::unexpected{"record " + std::to_string(line) + ": " + there.error()};
    if (input.fault()) return std::unexpected{*input.fault()};
    if (!*there) return {};
    if (row.size() != names.size()) {
      return std::unexpected{"record " + std::to_string(line) + " has " +
                             std::to_string(row.size()) + " values for " +
                             std::to_string(names.size()) + " columns"};
    }
    if (auto taken = sink.row(row); !taken) return taken;
  }
}

}  // namespace idast::transfer
