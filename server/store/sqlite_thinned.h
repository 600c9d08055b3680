#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "server/store/store.h"

// What thinning (sqlite_thinning.h) left of old days, for whoever has the archive. Read-only.
namespace idast::store {

// A day of which ten-second rows are left: its samples are in the archive alone.
struct ThinnedDay {
  std::int64_t day = 0;      // Whole days since 1970, UTC.
  std::int64_t samples = 0;  // Taken away.
};
// The oldest first.
Result<std::vector<ThinnedDay>> thinned_days(const std::string& path);

}  // namespace idast::store
