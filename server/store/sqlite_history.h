#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/store/sqlite_statements.h"
#include "server/store/store.h"

// The table `history`: what receivers noted of themselves every ten minutes.
namespace idast::store {

// Of the writer, in its transaction.
class HistoryWriter {
 public:
  static Result<HistoryWriter> prepare(Connection& connection);
  // False: a row of that second was stored before, and stands.
  Result<bool> insert(Connection& connection, std::int64_t device,
                      const telemetry::HistoryRow& row);

 private:
  explicit HistoryWriter(Statement insert) : insert_{std::move(insert)} {}
  Statement insert_;
};

// As Reader::history().
Result<std::vector<telemetry::HistoryRow>> read_history(Statements& statements, const Range& range,
                                                        std::size_t limit);

// All of them once, by device and time, however many there are: for what leaves the house.
// Half-open; an absent end is open, an empty device means all; false from `each` stops.
Result<void> scan_history(Connection& connection, const std::string& device,
                          std::optional<UtcMillis> from, std::optional<UtcMillis> to,
                          const std::function<bool(const telemetry::HistoryRow& row)>& each);

}  // namespace idast::store
