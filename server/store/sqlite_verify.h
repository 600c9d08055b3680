#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/store/store.h"

// What a database says against itself: every row is read, and what was derived from rows is
// derived again and compared.
namespace idast::store {

struct VerifyOptions {
  // Samples were left out on purpose (ingest_interval_ms): a number without a row is then no fault.
  bool thinned = false;
};

// One thing that was looked at.
struct Check {
  std::string name;   // A stable word.
  std::string about;  // For a person.
  std::int64_t looked_at = 0;
  std::int64_t faults = 0;
  std::vector<std::string> examples;  // Of the faults, the first few, one sentence each.
};

// A share from 0 to 1 of the whole.
using VerifyProgress = std::function<void(double share)>;

// Reads a snapshot; a server may write meanwhile. The error is that nothing could be looked at (no
// such file, another version's). The checks, by name:
//
//   integrity   SQLite's own: pages, indexes, types
//   references  every row that another names is there
//   samples     every sample can be read: base, context, odd values, the rest of its message
//   identity    a sample's boot is one of its own tracker's
//   accounted   what `stored` may say equals what rows and losses account for: nothing promised
//               that is not there, nothing there that is not promised
//   latest      the newest sample without identity is the newest
//   rollups     minutes, hours and days add up again, from the samples on; a minute of a thinned
//               day can only be one that its ten-second rows may stand for
Result<std::vector<Check>> verify_database(const std::string& path, const VerifyOptions& options,
                                           const VerifyProgress& progress);

}  // namespace idast::store
