#include "server/store/sqlite_reader.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/base/require.h"
#include "server/store/packing.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_history.h"
#include "server/store/sqlite_rows.h"
#include "server/store/sqlite_schema.h"
#include "server/store/sqlite_statements.h"
#include "server/store/sqlite_summaries.h"

namespace idast::store {
namespace {

// 2 MB of pages: a reader walks along one index and one stretch of the table.
constexpr const char* kReaderSettings = "PRAGMA query_only = 1; PRAGMA cache_size = -2048";

// One view of the database for several statements.
class Snapshot {
 public:
  explicit Snapshot(Connection& connection)
      : connection_{connection}, begun_{connection.execute("BEGIN")} {}
  ~Snapshot() { [[maybe_unused]] const auto ended = connection_.execute("COMMIT"); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  const Result<void>& begun() const { return begun_; }

 private:
  Connection& connection_;
  Result<void> begun_;
};

class SqliteReader final : public Reader {
 public:
  explicit SqliteReader(Connection connection) : connection_{std::move(connection)} {}

  Result<void> ping() override;
  Result<std::vector<DeviceSeen>> devices() override;
  Result<std::optional<StoredRecord>> latest(const std::string& device) override;
  Result<void> rows(const Range& range, std::size_t limit,
                    const std::function<bool(StoredRecord&&)>& row) override;
  Result<std::vector<telemetry::HistoryRow>> history(const Range& range,
                                                     std::size_t limit) override {
    return read_history(statements_, range, limit);
  }
  Result<bool> may_be_thinned(const std::string& device, UtcMillis ts) override;
  Result<Buckets> buckets(const Range& range, Millis step,
                          std::span<const std::size_t> fields) override;
  Result<std::vector<Period>> periods(const std::string& device,
                                      std::span<const UtcMillis> starts) override;

 private:
  Result<Statement*> prepared(const std::string& sql) { return statements_.prepared(sql); }
  Result<std::optional<StoredRecord>> one(Statement& statement);
  Result<std::optional<StoredRecord>> latest_of(std::int64_t device);
  Result<std::optional<StoredRecord>> latest_identified(std::int64_t device);
  Result<std::optional<std::int64_t>> device_id(const std::string& name);

  Connection connection_;
  Statements statements_{connection_};
  Summaries summaries_{statements_};
};

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

Result<bool> SqliteReader::may_be_thinned(const std::string& device, UtcMillis ts) {
  const auto found = device_id(device);
  if (!found) return std::unexpected{found.error()};
  if (!*found) return false;
  // The row has the time of the last of them.
  const auto made = prepared(
      "SELECT 1 FROM sample WHERE device = ?1 AND ts_ms >= ?2 AND ts_ms < ?3 AND seq IS NULL AND "
      "rests >> " +
      std::to_string(kThinnedBit) + " LIMIT 1");
  if (!made) return std::unexpected{made.error()};
  Statement& row = (*made)->bind(1, **found).bind(2, ts.unix_ms());
  const auto there = row.bind(3, thinned_slot(ts.unix_ms()) + kThinnedMs).step();
  if (there && *there) row.reset();
  return there;
}

Result<Buckets> SqliteReader::buckets(const Range& range, Millis step,
                                      std::span<const std::size_t> fields) {
  require(step.count() > 0, "buckets: a step of no length");
  require(!range.device.empty(), "buckets: of which device?");
  const Snapshot snapshot{connection_};
  if (!snapshot.begun()) return std::unexpected{snapshot.begun().error()};
  const auto found = device_id(range.device);
  if (!found) return std::unexpected{found.error()};
  const std::optional<std::int64_t> device = *found;
  if (device) return summaries_.buckets(*device, range, step, fields);
  Buckets none;
  none.fields.resize(fields.size());
  return none;
}

Result<std::vector<Period>> SqliteReader::periods(const std::string& device,
                                                  std::span<const UtcMillis> starts) {
  if (starts.size() < 2) return std::vector<Period>{};
  require(std::ranges::is_sorted(starts, std::less_equal{}), "periods: starts must ascend");
  const Snapshot snapshot{connection_};
  if (!snapshot.begun()) return std::unexpected{snapshot.begun().error()};
  const auto found = device_id(device);
  if (!found) return std::unexpected{found.error()};
  const std::optional<std::int64_t> id = *found;
  if (id) return summaries_.periods(*id, starts);
  std::vector<Period> empty(starts.size() - 1);
  for (std::size_t i = 0; i < empty.size(); ++i) empty[i].start = starts[i];
  return empty;
}

}  // namespace

Result<std::unique_ptr<Reader>> open_sqlite_reader(const std::string& location) {
  auto connection = Connection::open(location, Connection::Mode::read_only);
  if (!connection) return std::unexpected{connection.error()};
  if (auto set = connection->execute(kReaderSettings); !set) return std::unexpected{set.error()};
  return std::unique_ptr<Reader>{new SqliteReader{std::move(*connection)}};
}

}  // namespace idast::store
