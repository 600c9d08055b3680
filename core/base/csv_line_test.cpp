#include "core/base/csv_line.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace idast;

TEST_CASE("a line's cells are what stands between its commas, without blanks") {
  using Cells = std::vector<std::string>;
  const auto cells = [](std::string_view line) {
    Cells found;
    for_each_cell(line, [&](std::size_t index, std::string_view cell) {
      CHECK(index == found.size());
      found.emplace_back(cell);
    });
    return found;
  };
  CHECK(cells("utc, ghi ,\tdni\r") == Cells{"utc", "ghi", "dni"});
  CHECK(cells("a b,,c,") == Cells{"a b", "", "c", ""});
  CHECK(cells("") == Cells{""});
  CHECK(cells(" , ") == Cells{"", ""});
}
