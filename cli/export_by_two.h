#pragma once
#include <expected>
#include <string>

#include "server/transfer/export.h"

// An export on two threads: one reads rows out of the database and unpacks them, the caller's
// prints and writes. A few blocks are in flight, so memory does not grow with the rows; the text is
// that of one thread.
namespace idast::cli {

// As transfer::export_samples(). The sink and the progress are called on the caller's thread. When
// the sink can take no more the reading ends, too.
std::expected<transfer::Exported, std::string> export_by_two(transfer::Export& work);

}  // namespace idast::cli
