#include "server/store/sqlite_rows.h"

#include "server/store/packing.h"
#include "server/store/sqlite_schema.h"

namespace idast::store {
namespace {

using telemetry::KeySet;
using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;
using telemetry::Record;

// Columns of a row query that stand before those of the fields.
enum Column : int { id, ts, received, timestamp, device, boot, started, removed, extra, fields };

}  // namespace

const int kMoreColumns = [] {
  int columns = Column::fields;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (place_of(i) == Place::sample || place_of(i) == Place::context) ++columns;
  }
  return columns;
}();

std::string columns_sql(const std::string& more) {
  std::string sql =
      "SELECT sample.id, sample.ts_ms, sample.received_rest, sample.timestamp_rest, device.name, "
      "boot.boot_id, boot.started_ms, context.removed, sample.extra";
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (place_of(i) == Place::sample) sql += ", " + (has_base(i) ? rest_sql(i) : scaled_sql(i));
    if (place_of(i) == Place::context) sql += ", context." + column_name(i);
  }
  return sql + more + " FROM " + kTables;
}

StoredRecord stored_record(const Statement& row) {
  StoredRecord stored;
  Record& record = stored.record;
  stored.id = row.integer(Column::id);
  const std::int64_t ts_ms = row.integer(Column::ts);
  record.ts = UtcMillis{ts_ms};
  record.received = UtcMillis{ts_ms + row.integer(Column::received)};
  record.device = row.text(Column::device);
  record.extra = row.text(Column::extra);
  if (!row.is_null(Column::boot)) stored.boot_started = UtcMillis{row.integer(Column::started)};

  const KeySet removed{static_cast<std::uint64_t>(row.integer(Column::removed))};
  int column = Column::fields;
  const auto take = [&](std::size_t field, int from, std::int64_t base) {
    if (row.is_null(from)) {
      if (!removed.contains(field)) record.null.add(field);
      return;
    }
    record.present.add(field);
    if (kFieldInfo[field].sql.kind == Kind::text) {
      record.text[field] = row.text(from);
    } else {
      record.value[field] = base + row.integer(from);
    }
  };
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const Place place = place_of(i);
    if (place == Place::time) take(i, Column::timestamp, ts_ms);
    if (place == Place::boot) take(i, Column::boot, 0);
    if (place == Place::context) take(i, column++, 0);
    if (place == Place::sample) take(i, column++, guessed(record, i));
    if (place == Place::device && !removed.contains(i)) take(i, Column::device, 0);
  }
  if (record.extra.starts_with(kNullDevice)) {
    record.null.add(telemetry::position_of("device_id"));
    const std::string rest = record.extra.substr(kNullDevice.size());
    record.extra = rest.starts_with(',') ? '{' + rest.substr(1) : "";
  }
  return stored;
}

const std::string kSampleOrder =
    " ORDER BY sample.ts_ms, boot.boot_id, sample.seq, base.energy_wh + sample.energy_wh, "
    "context.device_name";
const std::string kSampleOrderBackwards =
    " ORDER BY sample.ts_ms DESC, boot.boot_id DESC, sample.seq DESC, "
    "base.energy_wh + sample.energy_wh DESC, context.device_name DESC";

RollupHead stored_head(const Statement& row, int level) {
  RollupHead head;
  const std::int64_t start_ms = unit_start(level, row.integer(0));
  head.samples = row.integer(1);
  head.minutes = row.integer(2);
  head.first_ms = start_ms + row.integer(3);
  head.last_ms = start_ms + row.integer(4);
  head.energy_first = row.number(5);
  head.energy_last = row.number(6);
  head.energy_rise = row.integer(7);
  head.battery_sum = row.integer(8);
  head.battery_samples = row.integer(9);
  head.device_name = row.text(10);
  return head;
}

}  // namespace idast::store
