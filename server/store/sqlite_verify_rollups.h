#pragma once
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_verify.h"

namespace idast::store {

// Every rollup again: a minute's from its samples, a longer one's from the units within it; and
// that each minute with a sample is summed up or listed as due, and never both.
Result<void> check_rollups(Connection& connection, Check& check);

}  // namespace idast::store
