#pragma once
#include "server/store/sqlite_connection.h"
#include "server/store/store.h"

namespace idast::store {

// Fills in what the tables say: rows by count, bytes of the pages in use divided among them. Reads
// a row a tracker and day.
Result<void> count_tiers(Connection& connection, Store::Size& size);

}  // namespace idast::store
