#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
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

}  // namespace idast::store
