#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "server/store/store.h"

// Days without any sample, from the rows that the receiver noted of itself every ten minutes.
namespace idast::query {

// Twice what a receiver notes in a year; more is not read at once.
inline constexpr std::size_t kGapRowsMax = 2 * 366 * 144;

// Fills each period of `periods`, which are [starts[i], starts[i+1]) of this device, that has no
// sample but such rows: its `samples` are then rows. A run of such days is one count of energy by
// the rule of store/energy.h, beginning at its first row; a difference that crosses midnight is the
// later day's. What a run accounts for is taken off the day of the next sample, whose energy goes
// back to the sample before the gap: it was made once.
store::Result<void> fill_gap_days(store::Reader& reader, const std::string& device,
                                  std::span<const UtcMillis> starts,
                                  std::vector<store::Period>& periods);

}  // namespace idast::query
