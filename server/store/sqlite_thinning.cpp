#include "server/store/sqlite_thinning.h"

#include <algorithm>
#include <string>

#include "server/store/packing.h"
#include "server/store/rollup.h"
#include "server/store/sqlite_rows.h"
#include "server/store/sqlite_schema.h"

namespace idast::store {
namespace {

using telemetry::Record;

constexpr std::size_t kSeq = telemetry::position_of("seq");
constexpr int kDay = kLevels - 1;
// Looking for the next row costs about as much as reading some.
constexpr int kLookRows = 2;

}  // namespace

Result<Thinner> Thinner::prepare(Connection& connection, int keep_days, int piece_rows) {
  auto writer = SampleWriter::prepare(connection);
  if (!writer) return std::unexpected{writer.error()};
  return Thinner{connection, std::move(*writer), keep_days, piece_rows};
}

std::string Thinner::permit_sql(std::int64_t day) {
  const std::string start = std::to_string(unit_start(kDay, day));
  return "INSERT OR REPLACE INTO thin_due VALUES(" + std::to_string(day) + ", " + start + ", 0)";
}

Result<bool> Thinner::step(UtcMillis newest) {
  const std::int64_t today = unit_of(kDay, newest.unix_ms());
  if (keep_days_ <= 0 || asleep_day_ == today) return false;
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return std::unexpected{transaction.error()};
  const auto place = find(today);
  if (!place) return std::unexpected{place.error()};
  if (!*place) {
    asleep_day_ = today;
    return false;
  }
  auto done = work(**place);
  if (done) done = transaction->commit();
  last_seq_.clear();
  plain_.clear();
  if (done) return true;
  // Rows that its ids name may have gone with the transaction.
  writer_.forget();
  return std::unexpected{done.error()};
}

Result<std::optional<Thinner::Place>> Thinner::find(std::int64_t today) {
  const auto find = statements_.prepared(
      "SELECT day, ts_ms, device FROM thin_due WHERE day < ?1 AND "
      "day NOT IN (SELECT day FROM archive_due) AND "
      "day NOT IN (SELECT start FROM rollup_due WHERE level = ?2) ORDER BY day LIMIT 1");
  if (!find) return std::unexpected{find.error()};
  Statement& row = (*find)->bind(1, today - keep_days_).bind(2, std::int64_t{kDay});
  const auto there = row.step();
  if (!there) return std::unexpected{there.error()};
  if (!*there) return std::nullopt;
  const Place place{row.integer(0), row.integer(1), row.integer(2)};
  row.reset();
  return place;
}

Result<void> Thinner::work(Place place) {
  Counts counts;
  int rows = 0;
  while (rows < piece_rows_) {
    if (place.device == 0) {
      const auto slot = next_slot(place);
      if (!slot) return std::unexpected{slot.error()};
      if (!*slot) return save(place, counts, true);
      place.slot_ms = **slot;
    }
    const auto device = next_device(place.device);
    if (!device) return std::unexpected{device.error()};
    place.device = device->value_or(0);
    if (!*device) {
      place.slot_ms += kThinnedMs;
      continue;
    }
    const auto read = thin_slot(place, counts);
    if (!read) return std::unexpected{read.error()};
    rows += *read + kLookRows;
  }
  return save(place, counts, false);
}

Result<std::optional<std::int64_t>> Thinner::next_slot(const Place& place) {
  const auto find = statements_.prepared(
      "SELECT ts_ms FROM sample WHERE ts >= ?1 AND ts < ?2 ORDER BY ts LIMIT 1");
  if (!find) return std::unexpected{find.error()};
  const std::string from = sql_time(UtcMillis{place.slot_ms});
  const std::string to = sql_time(UtcMillis{unit_start(kDay, place.day + 1)});
  Statement& row = (*find)->bind(1, std::string_view{from}).bind(2, std::string_view{to});
  const auto there = row.step();
  if (!there) return std::unexpected{there.error()};
  if (!*there) return std::nullopt;
  const std::int64_t slot = thinned_slot(row.integer(0));
  row.reset();
  return slot;
}

Result<std::optional<std::int64_t>> Thinner::next_device(std::int64_t after) {
  const auto find = statements_.prepared("SELECT min(id) FROM device WHERE id > ?1");
  if (!find) return std::unexpected{find.error()};
  Statement& row = (*find)->bind(1, after);
  const auto there = row.step();
  if (!there) return std::unexpected{there.error()};
  const std::optional<std::int64_t> device = row.number(0);
  row.reset();
  return device;
}

Result<int> Thinner::thin_slot(const Place& place, Counts& counts) {
  static const std::string sql = columns_sql(", sample.boot, sample.rests") +
                                 " WHERE sample.device = ?1 AND sample.ts_ms >= ?2 AND "
                                 "sample.ts_ms < ?3" +
                                 kSampleOrder;
  const auto find = statements_.prepared(sql);
  if (!find) return std::unexpected{find.error()};
  Statement& row = (*find)->bind(1, place.device).bind(2, place.slot_ms);
  row.bind(3, place.slot_ms + kThinnedMs);
  // What is read stays as it is until all of it was read.
  std::vector<Group> groups;
  int rows = 0;
  for (;; ++rows) {
    const auto there = row.step();
    if (!there) return std::unexpected{there.error()};
    if (!*there) break;
    if (auto taken = take(place, row, groups); !taken) {
      row.reset();
      return std::unexpected{taken.error()};
    }
  }
  for (Group& group : groups) {
    if (group.rows.size() < 2) continue;
    if (auto done = write(place.device, group, counts); !done) {
      return std::unexpected{done.error()};
    }
  }
  return rows;
}

Result<void> Thinner::take(const Place& place, const Statement& row, std::vector<Group>& groups) {
  const StoredRecord stored = stored_record(row);
  const std::int64_t rests = row.integer(kMoreColumns + 1);
  // Both bits of some pair.
  const bool has_odd = (rests & (rests >> 1) & 0x5555555555555555) != 0;
  const Row there{stored.id, row.number(kMoreColumns), has_odd};
  const auto newest = is_newest(place, there, stored.record);
  if (!newest) return std::unexpected{newest.error()};
  const bool alone = *newest || (rests >> kThinnedBit) != 0;
  const bool joins = !alone && !groups.empty() && !groups.back().alone &&
                     telemetry::may_join(groups.back().sum.last(), stored.record);
  if (!joins) groups.emplace_back().alone = alone;
  Group& group = groups.back();
  group.rows.push_back(there);
  group.sum.add(stored.record);
  return {};
}

Result<bool> Thinner::is_newest(const Place& place, const Row& row, const Record& record) {
  const bool identified = record.identified();
  auto& known = identified ? last_seq_ : plain_;
  const std::int64_t key = identified ? row.boot.value_or(0) : place.device;
  auto found = known.find(key);
  if (found == known.end()) {
    const auto find = statements_.prepared(
        identified ? "SELECT max(seq) FROM sample WHERE boot = ?1 AND seq IS NOT NULL"
                   : "SELECT plain_sample FROM device WHERE id = ?1");
    if (!find) return std::unexpected{find.error()};
    Statement& newest = (*find)->bind(1, key);
    const auto there = newest.step();
    if (!there) return std::unexpected{there.error()};
    found = known.emplace(key, *there ? newest.number(0).value_or(0) : 0).first;
    newest.reset();
  }
  return found->second == (identified ? record.value[kSeq] : row.id);
}

Result<void> Thinner::write(std::int64_t device, Group& group, Counts& counts) {
  const auto remove = statements_.prepared("DELETE FROM sample WHERE id = ?1");
  if (!remove) return std::unexpected{remove.error()};
  const auto remove_odd = statements_.prepared("DELETE FROM odd WHERE sample = ?1");
  if (!remove_odd) return std::unexpected{remove_odd.error()};
  std::int64_t id = 0;
  for (const Row& row : group.rows) {
    id = std::max(id, row.id);
    if (auto gone = (*remove)->bind(1, row.id).run(); !gone) return gone;
    if (!row.has_odd) continue;
    if (auto gone = (*remove_odd)->bind(1, row.id).run(); !gone) return gone;
  }
  const auto written =
      writer_.insert(*connection_, group.sum.take(),
                     {.device = device, .boot = group.rows.back().boot, .id = id, .thinned = true});
  if (!written) return std::unexpected{written.error()};
  if (!*written) {
    return std::unexpected{StoreError{StoreErrorKind::corrupt, "two samples have one number"}};
  }
  counts.samples += static_cast<std::int64_t>(group.rows.size());
  ++counts.rows;
  return {};
}

Result<void> Thinner::save(const Place& place, const Counts& counts, bool done) {
  if (counts.rows > 0) {
    const auto add = statements_.prepared(
        "INSERT INTO thinned VALUES(?1, ?2, ?3) ON CONFLICT(day) DO UPDATE SET "
        "samples = samples + excluded.samples, rows = rows + excluded.rows");
    if (!add) return std::unexpected{add.error()};
    auto& row = (*add)->bind(1, place.day).bind(2, counts.samples).bind(3, counts.rows);
    if (auto added = row.run(); !added) return added;
  }
  const auto keep =
      statements_.prepared(done ? "DELETE FROM thin_due WHERE day = ?1"
                                : "UPDATE thin_due SET ts_ms = ?2, device = ?3 WHERE day = ?1");
  if (!keep) return std::unexpected{keep.error()};
  Statement& row = (*keep)->bind(1, place.day);
  if (!done) row.bind(2, place.slot_ms).bind(3, place.device);
  return row.run();
}

}  // namespace idast::store
