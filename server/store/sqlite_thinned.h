#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/sqlite_connection.h"

// What thinning (sqlite_thinning.h) left of old days, for whoever has the archive. Read-only.
namespace idast::store {

// A day of which ten-second rows are left: its samples are in the archive alone.
struct ThinnedDay {
  std::int64_t day = 0;      // Whole days since 1970, UTC.
  std::int64_t samples = 0;  // Taken away.
};
// The oldest first.
Result<std::vector<ThinnedDay>> thinned_days(const std::string& path);

// Whether a sample without identity was one of those that a ten-second row stands for. Nothing in
// the row says which they were, so all of that tracker and slot, up to the row's time, are.
class ThinnedRows {
 public:
  static Result<ThinnedRows> open(const std::string& path);
  Result<bool> stand_for(std::string_view device, UtcMillis ts);

 private:
  ThinnedRows(Connection connection, Statement find)
      : connection_{std::move(connection)}, find_{std::move(find)} {}
  Connection connection_;
  Statement find_;
};

}  // namespace idast::store
