#pragma once
#include <cstddef>
#include <string_view>

// Lines of tables that people and instruments write: cells between commas, blanks around them, no
// quotes. (What a database wrote has quotes: server/transfer/csv.h.)
namespace idast {

// Without blanks and line ends at either end.
constexpr std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

// Calls visit(index, cell) for each cell, trimmed; an empty line has one, which is empty.
template <class Visit>
constexpr void for_each_cell(std::string_view line, const Visit& visit) {
  for (std::size_t index = 0;; ++index) {
    const auto comma = line.find(',');
    visit(index, trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    line = line.substr(comma + 1);
  }
}

}  // namespace idast
