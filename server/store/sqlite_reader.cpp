#include "server/store/sqlite_reader.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/require.h"
#include "server/store/energy.h"
#include "server/store/packing.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_schema.h"

namespace idast::store {
namespace {

using telemetry::KeySet;
using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;
using telemetry::Record;

// 2 MB of pages: a reader walks along one index and one stretch of the table.
constexpr const char* kReaderSettings = "PRAGMA query_only = 1; PRAGMA cache_size = -2048";

// How many samples before a period are searched for the counter's last value. A device that sends
// no energy at all must not cost a walk through its whole past.
constexpr int kLookbackRows = 10'000;

// Columns of a row query that stand before those of the fields.
enum Column : int { id, ts, received, timestamp, device, boot, started, removed, extra, fields };

std::string columns_sql() {
  std::string sql =
      "SELECT sample.id, sample.ts_ms, sample.received_rest, sample.timestamp_rest, device.name, "
      "boot.boot_id, boot.started_ms, context.removed, sample.extra";
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (place_of(i) == Place::sample) sql += ", " + (has_base(i) ? rest_sql(i) : scaled_sql(i));
    if (place_of(i) == Place::context) sql += ", context." + column_name(i);
  }
  return sql + " FROM " + kTables;
}

// The inverse of SqliteStore::insert.
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

class SqliteReader final : public Reader {
 public:
  explicit SqliteReader(Connection connection) : connection_{std::move(connection)} {}

  Result<void> ping() override;
  Result<std::vector<DeviceSeen>> devices() override;
  Result<std::optional<StoredRecord>> latest(const std::string& device) override;
  Result<void> rows(const Range& range, std::size_t limit,
                    const std::function<bool(StoredRecord&&)>& row) override;
  Result<Buckets> buckets(const Range& range, Millis step,
                          std::span<const std::size_t> fields) override;
  Result<std::vector<Period>> periods(const std::string& device,
                                      std::span<const UtcMillis> starts) override;

 private:
  // Statements are prepared once for each text.
  Result<Statement*> prepared(const std::string& sql);
  Result<std::optional<StoredRecord>> one(Statement& statement);
  Result<std::optional<StoredRecord>> latest_of(std::int64_t device);
  Result<std::optional<StoredRecord>> latest_identified(std::int64_t device);
  Result<std::optional<std::int64_t>> device_id(const std::string& name);
  Result<std::optional<std::int64_t>> energy_before(std::int64_t device, UtcMillis start);

  Connection connection_;
  std::map<std::string, Statement> statements_;
};

// As many texts as there are queries here, and one for each set of fields a chart asks for.
constexpr std::size_t kStatementsKept = 32;

Result<Statement*> SqliteReader::prepared(const std::string& sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return &found->second;
  auto statement = connection_.prepare(sql);
  if (!statement) return std::unexpected{statement.error()};
  if (statements_.size() >= kStatementsKept) statements_.clear();
  return &statements_.emplace(sql, std::move(*statement)).first->second;
}

Result<void> SqliteReader::ping() {
  const auto answer = connection_.integer("SELECT count(*) FROM migration");
  if (!answer) return std::unexpected{answer.error()};
  return {};
}

Result<std::vector<DeviceSeen>> SqliteReader::devices() {
  const auto statement = prepared(
      "SELECT name, (SELECT max(ts_ms) FROM sample WHERE sample.device = device.id) AS seen "
      "FROM device ORDER BY name");
  if (!statement) return std::unexpected{statement.error()};
  std::vector<DeviceSeen> found;
  for (;;) {
    const auto row = (*statement)->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return found;
    // A device of which only a loss is known was never seen.
    if ((*statement)->is_null(1)) continue;
    found.push_back({std::string{(*statement)->text(0)}, UtcMillis{(*statement)->integer(1)}});
  }
}

Result<std::optional<StoredRecord>> SqliteReader::one(Statement& statement) {
  const auto row = statement.step();
  if (!row) return std::unexpected{row.error()};
  if (!*row) return std::nullopt;
  auto stored = stored_record(statement);
  statement.reset();
  return stored;
}

Result<std::optional<std::int64_t>> SqliteReader::device_id(const std::string& name) {
  const auto statement = prepared("SELECT id FROM device WHERE name = ?1");
  if (!statement) return std::unexpected{statement.error()};
  const auto row = (*statement)->bind(1, std::string_view{name}).step();
  if (!row) return std::unexpected{row.error()};
  if (!*row) return std::nullopt;
  const std::int64_t id = (*statement)->integer(0);
  (*statement)->reset();
  return id;
}

Result<std::optional<StoredRecord>> SqliteReader::latest_identified(std::int64_t device) {
  // The newest boot that has a sample; a boot may be known by a loss alone.
  const auto boot = prepared(
      "SELECT id FROM boot WHERE device = ?1 AND EXISTS (SELECT 1 FROM sample WHERE "
      "sample.boot = boot.id AND seq IS NOT NULL) ORDER BY started_ms DESC, id DESC LIMIT 1");
  if (!boot) return std::unexpected{boot.error()};
  const auto row = (*boot)->bind(1, device).step();
  if (!row) return std::unexpected{row.error()};
  if (!*row) return std::nullopt;
  const std::int64_t newest = (*boot)->integer(0);
  (*boot)->reset();
  const auto sample = prepared(
      columns_sql() + " WHERE sample.boot = ?1 AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1");
  if (!sample) return std::unexpected{sample.error()};
  return one((*sample)->bind(1, newest));
}

Result<std::optional<StoredRecord>> SqliteReader::latest_of(std::int64_t device) {
  auto identified = latest_identified(device);
  if (!identified) return identified;
  const auto statement = prepared(
      columns_sql() + " WHERE sample.id = (SELECT plain_sample FROM device WHERE id = ?1)");
  if (!statement) return std::unexpected{statement.error()};
  auto unnumbered = one((*statement)->bind(1, device));
  if (!unnumbered) return unnumbered;
  const std::optional<StoredRecord>& plain = *unnumbered;
  const std::optional<StoredRecord>& numbered = *identified;
  if (!plain) return identified;
  if (!numbered) return unnumbered;
  // A device that sends both was given new firmware, or lost an identity on the way: what came last
  // stands.
  return plain->id > numbered->id ? unnumbered : identified;
}

Result<std::optional<StoredRecord>> SqliteReader::latest(const std::string& device) {
  if (!device.empty()) {
    const auto found = device_id(device);
    if (!found) return std::unexpected{found.error()};
    const std::optional<std::int64_t> id = *found;
    return id ? latest_of(*id) : std::nullopt;
  }
  const auto all = prepared("SELECT id FROM device");
  if (!all) return std::unexpected{all.error()};
  std::vector<std::int64_t> ids;
  for (;;) {
    const auto row = (*all)->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) break;
    ids.push_back((*all)->integer(0));
  }
  std::optional<StoredRecord> newest;
  for (const std::int64_t id : ids) {
    auto found = latest_of(id);
    if (!found) return found;
    std::optional<StoredRecord>& latest = *found;
    const auto key = [](const StoredRecord& s) { return std::pair{s.record.received, s.id}; };
    if (latest && (!newest || key(*latest) > key(*newest))) newest = std::move(latest);
  }
  return newest;
}

Result<void> SqliteReader::rows(const Range& range, std::size_t limit,
                                const std::function<bool(StoredRecord&&)>& row) {
  Statement* statement = nullptr;
  std::string from;
  std::string to;
  if (range.device.empty()) {
    const auto made = prepared(columns_sql() +
                               " WHERE sample.ts >= ?1 AND sample.ts < ?2 "
                               "ORDER BY sample.ts, sample.id LIMIT ?3");
    if (!made) return std::unexpected{made.error()};
    statement = *made;
    from = sql_time(range.from);
    to = sql_time(range.to);
    statement->bind(1, std::string_view{from}).bind(2, std::string_view{to});
  } else {
    const auto found = device_id(range.device);
    if (!found) return std::unexpected{found.error()};
    const std::optional<std::int64_t> device = *found;
    if (!device) return {};
    const auto made = prepared(columns_sql() +
                               " WHERE sample.device = ?4 AND sample.ts_ms >= ?1 AND "
                               "sample.ts_ms < ?2 ORDER BY sample.ts_ms, sample.id LIMIT ?3");
    if (!made) return std::unexpected{made.error()};
    statement = *made;
    statement->bind(1, range.from.unix_ms()).bind(2, range.to.unix_ms()).bind(4, *device);
  }
  statement->bind(3, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX)));
  for (;;) {
    const auto there = statement->step();
    if (!there) return std::unexpected{there.error()};
    if (!*there) return {};
    if (!row(stored_record(*statement))) {
      statement->reset();
      return {};
    }
  }
}

// One column within one bucket, as scaled whole numbers.
struct Sums {
  std::int64_t count = 0;
  std::int64_t low = 0;
  std::int64_t high = 0;
  double sum = 0;

  void add(std::int64_t value) {
    low = count == 0 ? value : std::min(low, value);
    high = count == 0 ? value : std::max(high, value);
    sum += static_cast<double>(value);
    ++count;
  }
  Bucket bucket(double scale) const {
    if (count == 0) return {};
    return {static_cast<double>(low) / scale, sum / static_cast<double>(count) / scale,
            static_cast<double>(high) / scale};
  }
};

double scale_of(std::size_t field) {
  double scale = 1;
  for (int i = 0; i < kFieldInfo[field].sql.decimals; ++i) scale *= 10;
  return scale;
}

Result<Buckets> SqliteReader::buckets(const Range& range, Millis step,
                                      std::span<const std::size_t> fields) {
  require(step.count() > 0, "buckets: a step of no length");
  require(!range.device.empty(), "buckets: of which device?");
  Buckets buckets;
  buckets.fields.resize(fields.size());
  const auto found = device_id(range.device);
  if (!found) return std::unexpected{found.error()};
  const std::optional<std::int64_t> device = *found;
  if (!device) return buckets;
  std::string sql = "SELECT sample.ts_ms";
  for (const std::size_t field : fields) sql += ", " + scaled_sql(field);
  sql += " FROM " + kTables +
         " WHERE sample.device = ?1 AND sample.ts_ms >= ?2 AND sample.ts_ms < ?3 "
         "ORDER BY sample.ts_ms";
  const auto made = prepared(sql);
  if (!made) return std::unexpected{made.error()};
  Statement& row = **made;
  row.bind(1, *device).bind(2, range.from.unix_ms()).bind(3, range.to.unix_ms());

  std::vector<Sums> sums(fields.size());
  std::optional<std::int64_t> open;
  const auto close = [&] {
    if (!open) return;
    buckets.times.push_back(range.from + step * *open);
    for (std::size_t f = 0; f < fields.size(); ++f) {
      buckets.fields[f].push_back(sums[f].bucket(scale_of(fields[f])));
      sums[f] = {};
    }
  };
  for (;;) {
    const auto there = row.step();
    if (!there) return std::unexpected{there.error()};
    if (!*there) break;
    const std::int64_t bucket = (row.integer(0) - range.from.unix_ms()) / step.count();
    if (open != bucket) {
      close();
      open = bucket;
    }
    for (std::size_t f = 0; f < fields.size(); ++f) {
      const int column = static_cast<int>(f) + 1;
      if (!row.is_null(column)) sums[f].add(row.integer(column));
    }
  }
  close();
  return buckets;
}

Result<std::optional<std::int64_t>> SqliteReader::energy_before(std::int64_t device,
                                                                UtcMillis start) {
  const auto statement = prepared(
      "SELECT past.energy_wh + (SELECT energy_wh FROM base WHERE base.id = past.base) FROM "
      "(SELECT base, energy_wh FROM sample WHERE device = ?1 AND ts_ms < ?2 "
      "ORDER BY ts_ms DESC, seq DESC, id DESC LIMIT ?3) AS past "
      "WHERE past.energy_wh IS NOT NULL LIMIT 1");
  if (!statement) return std::unexpected{statement.error()};
  auto& query = **statement;
  const auto row =
      query.bind(1, device).bind(2, start.unix_ms()).bind(3, std::int64_t{kLookbackRows}).step();
  if (!row) return std::unexpected{row.error()};
  if (!*row) return std::nullopt;
  const std::int64_t value = query.integer(0);
  query.reset();
  return value;
}

// Adds samples, in order of time, to the periods they fall into.
class PeriodSums {
 public:
  PeriodSums(std::span<const UtcMillis> starts, std::optional<std::int64_t> energy_before)
      : starts_{starts} {
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) periods_.emplace_back().start = starts[i];
    if (energy_before) counter_.add(*energy_before);
    energy_.resize(periods_.size());
    battery_.resize(periods_.size());
  }

  void add(UtcMillis at, std::optional<std::int64_t> energy, std::optional<std::int64_t> battery,
           std::string_view device_name) {
    while (at >= starts_[now_ + 1]) ++now_;
    Period& period = periods_[now_];
    ++period.samples;
    if (!period.first) period.first = at;
    const std::int64_t minute = at.unix_ms() / 60'000;
    if (!period.last || period.last->unix_ms() / 60'000 != minute) ++period.minutes_covered;
    period.last = at;
    if (energy) energy_[now_] += counter_.add(*energy);
    if (battery) battery_[now_].add(*battery);
    if (!device_name.empty()) period.device_name_last = device_name;
  }

  std::vector<Period> take() {
    for (std::size_t i = 0; i < periods_.size(); ++i) {
      periods_[i].energy_wh = static_cast<double>(energy_[i]) / scale_of(kEnergy);
      periods_[i].battery_pct_mean = battery_[i].bucket(scale_of(kBattery)).mean;
    }
    return std::move(periods_);
  }

  static constexpr std::size_t kEnergy = telemetry::position_of("energy_wh");
  static constexpr std::size_t kBattery = telemetry::position_of("battery_pct");

 private:
  std::span<const UtcMillis> starts_;
  std::size_t now_ = 0;
  std::vector<Period> periods_;
  std::vector<std::int64_t> energy_;
  std::vector<Sums> battery_;
  EnergyCounter counter_;
};

Result<std::vector<Period>> SqliteReader::periods(const std::string& device,
                                                  std::span<const UtcMillis> starts) {
  if (starts.size() < 2) return std::vector<Period>{};
  require(std::ranges::is_sorted(starts, std::less_equal{}), "periods: starts must ascend");
  const auto found = device_id(device);
  if (!found) return std::unexpected{found.error()};
  const std::optional<std::int64_t> id = *found;
  if (!id) return PeriodSums{starts, std::nullopt}.take();
  const auto before = energy_before(*id, starts.front());
  if (!before) return std::unexpected{before.error()};
  PeriodSums sums{starts, *before};
  const auto made = prepared(
      "SELECT sample.ts_ms, base.energy_wh + sample.energy_wh, "
      "base.battery_pct + sample.battery_pct, context.device_name FROM sample "
      "JOIN base ON base.id = sample.base JOIN context ON context.id = base.context "
      "WHERE sample.device = ?1 AND "
      "sample.ts_ms >= ?2 AND sample.ts_ms < ?3 ORDER BY sample.ts_ms, sample.seq, sample.id");
  if (!made) return std::unexpected{made.error()};
  Statement& row = **made;
  row.bind(1, *id).bind(2, starts.front().unix_ms()).bind(3, starts.back().unix_ms());
  const auto number = [&](int column) -> std::optional<std::int64_t> {
    if (row.is_null(column)) return std::nullopt;
    return row.integer(column);
  };
  for (;;) {
    const auto there = row.step();
    if (!there) return std::unexpected{there.error()};
    if (!*there) return sums.take();
    sums.add(UtcMillis{row.integer(0)}, number(1), number(2), row.text(3));
  }
}

}  // namespace

Result<std::unique_ptr<Reader>> open_sqlite_reader(const std::string& location) {
  auto connection = Connection::open(location, Connection::Mode::read_only);
  if (!connection) return std::unexpected{connection.error()};
  if (auto set = connection->execute(kReaderSettings); !set) return std::unexpected{set.error()};
  return std::unique_ptr<Reader>{new SqliteReader{std::move(*connection)}};
}

}  // namespace idast::store
