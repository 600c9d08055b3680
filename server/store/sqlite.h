#pragma once
#include <memory>
#include <string>

#include "server/store/store.h"

namespace idast::store {

// Opens the SQLite database at `path`, creating and migrating it as needed; ":memory:" makes one
// that lives as long as the Store. Errors: any StoreErrorKind; newer_schema and corrupt leave the
// file as it was.
//
// Durability: write-ahead log with synchronous = FULL, so that COMMIT returns only after fsync of
// the log; a power cut then costs nothing that was committed. (NORMAL, SQLite's usual advice for
// WAL, syncs only at checkpoints and may lose the last commits.) Readers, also of other processes,
// never wait for the writer nor hold it up.
// Rows read in one piece of thinning, for which a commit may have to wait: 13 ms, 21 of a hundred
// pieces' slowest; of 2000 rows 22 and 31. A day of three trackers at 350 ms wrote 309 MB in such
// pieces and 270 MB in those of 2000: pages that two pieces share are written twice.
inline constexpr int kThinPieceRows = 1'200;

struct SqliteOptions {
  // Whole days (UTC) that samples stay as they came, besides the one at hand; older ones become
  // ten-second rows once they are archived (sqlite_thinning.h). 0: for ever.
  int keep_raw_days = 0;
  int thin_piece_rows = kThinPieceRows;
};
Result<std::unique_ptr<Store>> open_sqlite(const std::string& path,
                                           const SqliteOptions& options = {});

}  // namespace idast::store
