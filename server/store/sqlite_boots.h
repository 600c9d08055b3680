#pragma once
#include "server/store/sqlite_connection.h"

namespace idast::store {

// Boots stamped by a clock that ran ahead (Store::settle_clock), in a transaction of their own.
Result<void> put_boots_before(Connection& connection, UtcMillis now);

}  // namespace idast::store
