#pragma once
#include <functional>
#include <string>

#include "server/store/store.h"

// Whole copies of a database file, by SQLite's online backup.
namespace idast::store {

// How much is done, 0 to 1.
using CopyProgress = std::function<void(double share)>;

// Copies the database at `from` as it is at this moment, also while another process writes to it;
// that process is not held up, but its log grows until the copy is done. `to` must not exist; it
// is on disk when this returns, and removed when it fails. Errors: unavailable, disk_full,
// read_only, corrupt (also when `from` is no database of IDAST).
Result<void> copy_database(const std::string& from, const std::string& to,
                           const CopyProgress& progress);

// Everything that SQLite can say against a file, one sentence each; at most `limit`. Takes a while:
// every page is read. The file is not changed.
Result<std::vector<std::string>> integrity_faults(const std::string& path, int limit);

// Moves the log into the database and closes it, so that the file alone is the whole.
Result<void> settle_database(const std::string& path);

}  // namespace idast::store
