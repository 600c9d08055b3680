#pragma once
#include <memory>
#include <string>

#include "server/store/store.h"

namespace idast::store {

// A read-only connection of its own to a migrated database; `location` as Connection takes it.
Result<std::unique_ptr<Reader>> open_sqlite_reader(const std::string& location);

}  // namespace idast::store
