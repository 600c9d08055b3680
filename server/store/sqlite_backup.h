#pragma once
#include <functional>
#include <string>

#include "server/store/store.h"

// Whole copies of a database file, by SQLite's online backup.
namespace idast::store {

// How much is done, 0 to 1; after every 4 MB, and as long as this takes nothing is read or written.
// False: give up; the error is unavailable.
using CopyProgress = std::function<bool(double share)>;

// Copies the database at `from` as it is at this moment, also while another process writes to it;
// that process is not held up, but its log grows until the copy is done. `to` must not exist; only
// its owner may read it; it is on disk when this returns, and removed when it fails. Errors:
// unavailable, disk_full, read_only, corrupt (also when `from` is no database of IDAST).
Result<void> copy_database(const std::string& from, const std::string& to,
                           const CopyProgress& progress);

// Gives a finished copy its name for good, in the place of what has it.
Result<void> publish_copy(const std::string& from, const std::string& to);

// The copy and whatever lies beside it: what a copy that was killed left.
void remove_copy(const std::string& path);

// Everything that SQLite can say against a file, one sentence each; at most `limit`. Takes a while:
// every page is read. The file is not changed. `go_on` is asked some times a second; after its
// false the error is unavailable.
Result<std::vector<std::string>> integrity_faults(const std::string& path, int limit,
                                                  const std::function<bool()>& go_on = {});

// Moves the log into the database and closes it, so that the file alone is the whole.
Result<void> settle_database(const std::string& path);

}  // namespace idast::store
