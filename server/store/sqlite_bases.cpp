#include "server/store/sqlite_bases.h"

#include <algorithm>
#include <string>

#include "server/store/sqlite_schema.h"

namespace idast::store {
namespace {

using telemetry::KeySet;
using telemetry::kFieldCount;
using telemetry::Record;

// A thousand trackers with some contexts each: 4 MB at most. Who is forgotten gets a new base.
constexpr std::size_t kBasesRemembered = 4'096;

// What a row of `base` and one of `odd` take; both were measured on three trackers.
constexpr int kBaseBytes = 120;
constexpr int kOddBytes = 30;

// Costs are compared in blocks, long enough to see through the noise of one sample.
constexpr int kBlockSamples = 32;
// A base made at a bad moment has nothing good to be compared with, so none lasts for ever. At this
// many samples a new one costs each of them a quarter of a byte.
constexpr int kSamplesMax = 512;

// SQLite's record format, "Serial Type Codes".
int stored_bytes(std::int64_t value) {
  if (value == 0 || value == 1) return 0;
  const std::uint64_t size = static_cast<std::uint64_t>(value < 0 ? ~value : value);
  int bytes = 1;
  for (const auto& [bits, next] : {std::pair{7, 2}, {15, 3}, {23, 4}, {31, 6}, {47, 8}}) {
    if (size >> static_cast<unsigned>(bits) != 0) bytes = next;
  }
  return bytes;
}

Rest rest_of(std::int64_t step) {
  switch (step) {
    case 0:
      return Rest::none;
    case 1:
      return Rest::above;
    case -1:
      return Rest::below;
    default:
      return Rest::odd;
  }
}

}  // namespace

Result<BaseKeeper> BaseKeeper::prepare(Connection& connection) {
  std::string names = "context";
  std::string places = "?1";
  int parameter = 2;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!has_base(i)) continue;
    names += ", " + column_name(i);
    places += ", ?" + std::to_string(parameter++);
  }
  auto insert = connection.prepare("INSERT INTO base(" + names + ") VALUES(" + places + ")");
  if (!insert) return std::unexpected{insert.error()};
  return BaseKeeper{std::move(*insert)};
}

Difference BaseKeeper::Base::difference(const Record& record) const {
  Difference difference;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!has_base(i)) continue;
    const bool has = record.has(i);
    if (has) {
      difference.rest[i] = record.value[i] - guessed(record, i);
      difference.step[i] = difference.rest[i] - rest[i];
    }
    const std::optional<int> shift = packed_shift(i);
    if (!shift) {
      if (has) difference.bytes += stored_bytes(difference.step[i]);
      continue;
    }
    Rest kind = has == present.contains(i) ? Rest::none : Rest::odd;
    if (has && present.contains(i)) kind = rest_of(difference.step[i]);
    difference.rests |= static_cast<std::int64_t>(kind) << *shift;
    difference.odd = difference.odd || kind == Rest::odd;
  }
  difference.bytes += stored_bytes(difference.rests) + (difference.odd ? kOddBytes : 0);
  return difference;
}

bool BaseKeeper::Base::worn_by(int bytes) {
  ++samples;
  block_bytes += bytes;
  if (samples % kBlockSamples == 0) {
    if (samples == kBlockSamples) block_bytes_least = block_bytes;
    block_bytes_least = std::min(block_bytes_least, block_bytes);
    excess_bytes += block_bytes - block_bytes_least;
    block_bytes = 0;
  }
  return excess_bytes > kBaseBytes || samples >= kSamplesMax;
}

Result<void> BaseKeeper::renew(Connection& connection, Base& base, const Record& record,
                               std::int64_t context) {
  base = {};
  insert_.bind(1, context);
  int parameter = 2;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!has_base(i)) continue;
    if (record.has(i)) {
      base.present.add(i);
      base.rest[i] = record.value[i] - guessed(record, i);
    }
    // A packed field without a value says so here; of the others each sample says it itself.
    const bool absent = !record.has(i) && packed_shift(i);
    absent ? insert_.bind_null(parameter) : insert_.bind(parameter, base.rest[i]);
    ++parameter;
  }
  if (auto done = insert_.run(); !done) return done;
  base.id = connection.last_row_id();
  return {};
}

Result<BaseKeeper::Stored> BaseKeeper::store(Connection& connection, const Record& record,
                                             std::int64_t device, std::int64_t context) {
  if (bases_.size() >= kBasesRemembered) bases_.clear();
  const auto [place, is_new] = bases_.try_emplace({device, context});
  Base& base = place->second;
  Difference difference = base.difference(record);
  if (is_new || base.worn_by(difference.bytes)) {
    if (auto made = renew(connection, base, record, context); !made)
      return std::unexpected{made.error()};
    difference = base.difference(record);
  }
  return Stored{base.id, difference};
}

}  // namespace idast::store
