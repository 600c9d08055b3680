#include "server/store/sqlite_history.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace idast::store {
namespace {

using telemetry::HistoryRow;

// A row's decimals are part of what is stored.
static_assert(telemetry::kHistoryEnergy.decimals == 3 && telemetry::kHistoryBattery.decimals == 1);

// The first whole second that is not before.
std::int64_t second_from(UtcMillis at) {
  const std::int64_t ms = at.unix_ms();
  return ms / 1000 + (ms % 1000 > 0 ? 1 : 0);
}

}  // namespace

Result<HistoryWriter> HistoryWriter::prepare(Connection& connection) {
  auto insert = connection.prepare(
      "INSERT INTO history(device, timestamp_s, energy, battery, device_name, session_min, "
      "received_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING");
  if (!insert) return std::unexpected{insert.error()};
  return HistoryWriter{std::move(*insert)};
}

Result<bool> HistoryWriter::insert(Connection& connection, std::int64_t device,
                                   const HistoryRow& row) {
  insert_.bind(1, device).bind(2, row.taken.unix_ms() / 1000).bind(3, row.energy);
  insert_.bind(4, row.battery).bind(5, std::string_view{row.device_name}).bind(6, row.session_min);
  auto done = insert_.bind(7, row.received.unix_ms()).run();
  if (!done) return std::unexpected{done.error()};
  return connection.changes() > 0;
}

Result<std::vector<HistoryRow>> read_history(Statements& statements, const Range& range,
                                             std::size_t limit) {
  const auto made = statements.prepared(
      "SELECT timestamp_s, energy, battery, device_name, session_min, "
      "received_ms FROM history "
      "WHERE device = (SELECT id FROM device WHERE name = ?4) AND timestamp_s >= ?1 AND "
      "timestamp_s < ?2 ORDER BY timestamp_s LIMIT ?3");
  if (!made) return std::unexpected{made.error()};
  Statement& statement = **made;
  statement.bind(1, second_from(range.from)).bind(2, second_from(range.to));
  statement.bind(3, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX)));
  statement.bind(4, std::string_view{range.device});
  std::vector<HistoryRow> rows;
  for (;;) {
    const auto there = statement.step();
    if (!there) return std::unexpected{there.error()};
    if (!*there) return rows;
    rows.push_back({.device = range.device,
                    .taken = UtcMillis{statement.integer(0) * 1000},
                    .energy = statement.number(1),
                    .battery = statement.number(2),
                    .device_name = std::string{statement.text(3)},
                    .session_min = statement.number(4),
                    .received = UtcMillis{statement.integer(5)}});
  }
}

Result<void> scan_history(Connection& connection, const std::string& device,
                          std::optional<UtcMillis> from, std::optional<UtcMillis> to,
                          const std::function<bool(const HistoryRow& row)>& each) {
  // CROSS: device by device, as the rows lie; nothing is sorted.
  auto rows = connection.prepare(
      "SELECT device.name, timestamp_s, energy, battery, device_name, session_min, received_ms "
      "FROM device CROSS JOIN history ON history.device = device.id "
      "WHERE (?1 = '' OR device.name = ?1) AND timestamp_s >= ?2 AND timestamp_s < ?3 "
      "ORDER BY device.name, timestamp_s");
  if (!rows) return std::unexpected{rows.error()};
  rows->bind(1, std::string_view{device});
  rows->bind(2, from ? second_from(*from) : std::int64_t{INT64_MIN});
  rows->bind(3, to ? second_from(*to) : std::int64_t{INT64_MAX});
  for (;;) {
    const auto there = rows->step();
    if (!there) return std::unexpected{there.error()};
    if (!*there) return {};
    const bool more = each({.device = std::string{rows->text(0)},
                            .taken = UtcMillis{rows->integer(1) * 1000},
                            .energy = rows->number(2),
                            .battery = rows->number(3),
                            .device_name = std::string{rows->text(4)},
                            .session_min = rows->number(5),
                            .received = UtcMillis{rows->integer(6)}});
    if (!more) return {};
  }
}

}  // namespace idast::store
