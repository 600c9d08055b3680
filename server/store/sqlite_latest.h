#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "server/store/store.h"

// The newest sample without identity of each tracker. The store takes that which was committed
// last, whatever any clock said; that is wrong only for samples that were received long ago and are
// brought in now, so whoever imports sets it right. Nobody else may write meanwhile.
namespace idast::store {

// Row by device.
using PlainLatest = std::map<std::string, std::int64_t>;

Result<PlainLatest> plain_latest(const std::string& path);

// `before`: the row is the newest again where what is named now was received earlier. `certain`: it
// is the newest, because it was where it came from.
Result<void> set_plain_latest(const std::string& path, const PlainLatest& before,
                              const PlainLatest& certain);

}  // namespace idast::store
