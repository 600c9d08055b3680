#include "server/store/sqlite.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <filesystem>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/telemetry/row.h"
#include "server/store/packing.h"
#include "server/store/sqlite_bases.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_progress.h"
#include "server/store/sqlite_reader.h"
#include "server/store/sqlite_rollups.h"
#include "server/store/sqlite_schema.h"

namespace idast::store {
namespace {

using telemetry::KeySet;
using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;
using telemetry::Loss;
using telemetry::Record;

constexpr std::size_t kTs = telemetry::position_of("ts");
constexpr std::size_t kDeviceId = telemetry::position_of("device_id");
constexpr std::size_t kBootId = telemetry::position_of("boot_id");
constexpr std::size_t kSeq = telemetry::position_of("seq");
constexpr std::size_t kSeqFrom = telemetry::position_of("seq_from");
constexpr std::size_t kUptime = telemetry::position_of("uptime_ms");

// Names already looked up. A device that invents a new word for every sample must not fill the
// memory; the database knows them all anyway.
constexpr std::size_t kNamesRemembered = 4'096;

// 8 MB of pages for the writer: the right edges of every index of thousands of devices.
constexpr const char* kWriterSettings =
    "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 16777216";

// 4 MB of log, as SQLite's own default. A checkpoint takes some milliseconds, so it waits until the
// commit that made it due was told to everyone (tidy()).
constexpr int kLogPagesMax = 1'000;

// A tracker that was away comes back with what it remembered; most do within the hour.
constexpr Millis kArchiveAfter = std::chrono::hours{1};

// Parameters of the INSERT that stand before those of the fields.
enum Parameter : int { device = 1, boot, base, ts, received, timestamp, extra, seq, rests, fields };

std::string insert_sql() {
  std::string names = "device, boot, base, ts_ms, received_rest, timestamp_rest, extra, seq, rests";
  std::string places = "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9";
  int parameter = Parameter::fields;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!has_base(i) || packed_shift(i)) continue;
    names += ", " + column_name(i);
    places += ", ?" + std::to_string(parameter++);
  }
  return "INSERT INTO sample(" + names + ") VALUES(" + places +
         ") ON CONFLICT(boot, seq) WHERE boot IS NOT NULL AND seq IS NOT NULL DO NOTHING";
}

std::string odd_sql() {
  std::string names = "sample";
  std::string places = "?1";
  int parameter = 2;
  for (const std::size_t field : kPacked) {
    names += ", " + column_name(field);
    places += ", ?" + std::to_string(parameter++);
  }
  return "INSERT INTO odd(" + names + ") VALUES(" + places + ")";
}

std::string context_sql() {
  std::string names = "key, removed, patch";
  std::string places = "?1, ?2, ?3";
  int parameter = 4;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (place_of(i) != Place::context) continue;
    names += ", \"" + stored_name(i) + '"';
    places += ", ?" + std::to_string(parameter++);
    if (kFieldInfo[i].sql.kind != Kind::keys) continue;
    names += ", \"" + std::string{kFieldInfo[i].column} + "_text\"";
    places += ", ?" + std::to_string(parameter++);
  }
  return "INSERT INTO context(" + names + ") VALUES(" + places + ")";
}

// Fields that the columns must not add to the original message.
KeySet removed_fields(const Record& record) {
  KeySet removed = telemetry::fields_in_extra(record);
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!record.has(i) && !record.null.contains(i)) removed.add(i);
  }
  // Its column is the topic's id and never NULL.
  if (record.null.contains(kDeviceId)) removed.add(kDeviceId);
  return removed;
}

std::string extra_of(const Record& record) {
  if (!record.null.contains(kDeviceId)) return record.extra;
  std::string text{kNullDevice};
  if (record.extra.size() <= 2) return text + '}';
  return text.append(",").append(record.extra, 1);
}

std::string context_key(const Record& record, KeySet removed) {
  // The number of fields comes first: a program that knows more fields makes contexts of its own,
  // and never finds one in which a later field counts as removed.
  std::string key = std::to_string(kFieldCount) + ':' + std::to_string(removed.bits);
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (place_of(i) != Place::context) continue;
    key.push_back('|');
    if (!record.has(i)) continue;
    if (kFieldInfo[i].sql.kind == Kind::text) telemetry::print_text(record.text[i], key);
    if (kFieldInfo[i].sql.kind != Kind::text) key += std::to_string(record.value[i]);
  }
  return key;
}

// What turns an object of all columns into the original message: the context's own values, and null
// (which removes, RFC 7396) for what the message did not have.
std::string context_patch(const Record& record, KeySet removed) {
  Record seldom;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (place_of(i) != Place::context || !record.has(i) || removed.contains(i)) continue;
    seldom.present.add(i);
    seldom.value[i] = record.value[i];
    seldom.text[i] = record.text[i];
  }
  std::string patch;
  telemetry::print_message(seldom, patch);
  patch.pop_back();
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!removed.contains(i)) continue;
    if (patch.size() > 1) patch.push_back(',');
    telemetry::print_text(kFieldInfo[i].json, patch);
    patch.append(":null");
  }
  return patch + '}';
}

class SqliteStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> open(const std::string& path);

  Result<Committed> commit(std::span<const Record> batch, std::span<const Loss> losses) override;
  bool tidy() override;
  Result<std::optional<Unarchived>> unarchived() override;
  Result<void> archived(const Unarchived& task) override;
  Result<std::unique_ptr<Reader>> open_reader() override { return open_sqlite_reader(location_); }
  Result<Size> size() override;

 private:
  struct Prepared {
    Statement find_device, add_device, find_boot, add_boot, update_boot, find_context, add_context,
        add_sample, add_odd, add_loss, update_plain;
    ProgressKeeper progress;
    BaseKeeper bases;
  };
  struct Boot {
    std::int64_t id = 0;
    std::int64_t upto = -1;
    std::vector<Span> spans;
  };
  // What one transaction gathers.
  struct Work {
    Committed committed;
    std::map<std::pair<std::string, std::string>, Boot> boots;  // By device and boot.
    std::map<std::int64_t, std::int64_t> plain;  // Newest sample without identity, by device.
  };

  SqliteStore(std::string path, std::string location, Connection connection, Prepared statements)
      : path_{std::move(path)},
        location_{std::move(location)},
        connection_{std::move(connection)},
        statements_{std::move(statements)} {}

  void count_unsummed();
  static Result<Prepared> prepare(Connection& connection);
  Result<Committed> write(std::span<const Record> batch, std::span<const Loss> losses);
  Result<void> add(const Record& record, Work& work);
  Result<void> add(const Loss& loss, Work& work);
  Result<bool> insert(const Record& record, std::int64_t device, std::optional<std::int64_t> boot);
  Result<void> add_odd(const Record& record, const Difference& difference);
  Result<void> finish(Work& work);
  Result<std::int64_t> device_of(const std::string& name);
  Result<Boot*> boot_of(const std::string& device, const std::string& boot, std::int64_t started_ms,
                        Work& work);
  Result<std::int64_t> context_of(const Record& record, KeySet removed);
  Result<std::int64_t> add_context(const Record& record, KeySet removed, const std::string& key);

  std::string path_;
  std::string location_;
  Connection connection_;
  Prepared statements_;
  std::unordered_map<std::string, std::int64_t> devices_;
  std::unordered_map<std::string, std::int64_t> contexts_;
  RollupKeeper rollups_{connection_};
  UtcMillis newest_;  // When the newest sample was received.
  std::atomic<std::int64_t> unsummed_days_ = 0;
};

Result<SqliteStore::Prepared> SqliteStore::prepare(Connection& connection) {
  std::optional<StoreError> error;
  const auto make = [&](const std::string& sql) -> Statement {
    auto statement = connection.prepare(sql);
    if (statement) return std::move(*statement);
    error = statement.error();
    return std::move(*connection.prepare("SELECT 1"));
  };
  auto progress = ProgressKeeper::prepare(connection);
  if (!progress) return std::unexpected{progress.error()};
  auto bases = BaseKeeper::prepare(connection);
  if (!bases) return std::unexpected{bases.error()};
  Prepared statements{
      .find_device = make("SELECT id FROM device WHERE name = ?1"),
      .add_device = make("INSERT INTO device(name) VALUES(?1)"),
      .find_boot = make("SELECT id, upto FROM boot WHERE device = ?1 AND boot_id = ?2"),
      .add_boot =
          make("INSERT INTO boot(device, boot_id, started_ms, upto) VALUES(?1, ?2, ?3, -1)"),
      .update_boot = make("UPDATE boot SET upto = ?2 WHERE id = ?1"),
      .find_context = make("SELECT id FROM context WHERE key = ?1"),
      .add_context = make(context_sql()),
      .add_sample = make(insert_sql()),
      .add_odd = make(odd_sql()),
      .add_loss = make("INSERT INTO loss(boot, first, last, reason, received_ms) "
                       "VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING"),
      .update_plain = make("UPDATE device SET plain_sample = ?2 WHERE id = ?1"),
      .progress = std::move(*progress),
      .bases = std::move(*bases)};
  if (error) return std::unexpected{*error};
  return statements;
}

Result<std::unique_ptr<Store>> SqliteStore::open(const std::string& path) {
  // SQLite's own in-memory files: connections of one process share them by name.
  static std::atomic<std::uint64_t> memories{0};
  const bool in_memory = path == ":memory:";
  const std::string location =
      in_memory ? "file:/idast-" + std::to_string(++memories) + "?vfs=memdb" : path;
  auto connection = Connection::open(location, Connection::Mode::read_write_create);
  if (!connection) return std::unexpected{connection.error()};
  if (auto done = migrate(*connection, path); !done) return std::unexpected{done.error()};
  if (auto set = connection->execute(kWriterSettings); !set) return std::unexpected{set.error()};
  connection->keep_log();
  auto statements = prepare(*connection);
  if (!statements) return std::unexpected{statements.error()};
  const auto newest =
      connection->integer("SELECT ts_ms + received_rest FROM sample ORDER BY id DESC LIMIT 1");
  if (!newest) return std::unexpected{newest.error()};
  auto store = std::unique_ptr<SqliteStore>{new SqliteStore{
      in_memory ? "" : path, location, std::move(*connection), std::move(*statements)}};
  store->newest_ = UtcMillis{newest->value_or(0)};
  store->count_unsummed();
  return store;
}

Result<Committed> SqliteStore::write(std::span<const Record> batch, std::span<const Loss> losses) {
  auto transaction = Transaction::begin(connection_);
  if (!transaction) return std::unexpected{transaction.error()};
  Work work;
  work.committed.rows.reserve(batch.size());
  for (const Record& record : batch) {
    if (auto added = add(record, work); !added) return std::unexpected{added.error()};
  }
  for (const Loss& loss : losses) {
    if (auto added = add(loss, work); !added) return std::unexpected{added.error()};
  }
  if (auto finished = finish(work); !finished) return std::unexpected{finished.error()};
  if (auto done = transaction->commit(); !done) return std::unexpected{done.error()};
  return std::move(work.committed);
}

Result<Committed> SqliteStore::commit(std::span<const Record> batch, std::span<const Loss> losses) {
  auto result = write(batch, losses);
  if (!result) {
    // Rows that these ids name may have gone with the transaction.
    devices_.clear();
    contexts_.clear();
    statements_.bases.forget();
    rollups_.forget();
    result.error().words = "cannot write to the database: " + result.error().words;
  } else if (!batch.empty()) {
    newest_ = batch.back().received;
  }
  return result;
}

Result<void> SqliteStore::add(const Record& record, Work& work) {
  const auto device = device_of(record.device);
  if (!device) return std::unexpected{device.error()};
  const std::int64_t received_ms = record.received.unix_ms();
  const std::int64_t started_ms = received_ms - record.number(kUptime).value_or(0);
  Boot* boot = nullptr;
  if (record.has(kBootId)) {
    const auto found = boot_of(record.device, record.text[kBootId], started_ms, work);
    if (!found) return std::unexpected{found.error()};
    boot = *found;
  }
  const auto inserted =
      insert(record, *device, boot == nullptr ? std::nullopt : std::optional{boot->id});
  if (!inserted) return std::unexpected{inserted.error()};
  ++(*inserted ? work.committed.inserted : work.committed.absorbed);
  work.committed.rows.push_back(*inserted ? connection_.last_row_id() : 0);

  if (record.identified()) {
    const std::int64_t seq = record.value[kSeq];
    // Accounted for even when absorbed: what a summary stands for is gone on the device, and a hole
    // that nothing can ever fill would hold its memory for good.
    boot->spans.push_back({std::min(seq, record.number(kSeqFrom).value_or(seq)), seq});
  } else {
    // In receive order, whatever the server's clock said meanwhile.
    work.plain[*device] = connection_.last_row_id();
  }
  if (!*inserted) return {};
  return rollups_.note(*device, record.ts.unix_ms());
}

Result<void> SqliteStore::add(const Loss& loss, Work& work) {
  if (loss.first < 0 || loss.last < loss.first) return {};
  const std::int64_t received_ms = loss.received.unix_ms();
  const auto boot = boot_of(loss.device, loss.boot, received_ms, work);
  if (!boot) return std::unexpected{boot.error()};
  (*boot)->spans.push_back({loss.first, loss.last});
  if (loss.reason.empty()) return {};
  auto& row = statements_.add_loss.bind(1, (*boot)->id).bind(2, loss.first).bind(3, loss.last);
  return row.bind(4, std::string_view{loss.reason}).bind(5, received_ms).run();
}

Result<bool> SqliteStore::insert(const Record& record, std::int64_t device,
                                 std::optional<std::int64_t> boot) {
  const KeySet removed = removed_fields(record);
  const auto context = context_of(record, removed);
  if (!context) return std::unexpected{context.error()};
  const auto stored = statements_.bases.store(connection_, record, device, *context);
  if (!stored) return std::unexpected{stored.error()};
  const Difference& difference = stored->difference;
  const std::string extra = extra_of(record);
  const std::int64_t ts_ms = record.ts.unix_ms();

  Statement& row = statements_.add_sample;
  row.bind(Parameter::device, device).bind(Parameter::boot, boot);
  row.bind(Parameter::base, stored->base).bind(Parameter::ts, ts_ms);
  row.bind(Parameter::received, record.received.unix_ms() - ts_ms);
  const auto sent = record.number(kTs);
  row.bind(Parameter::timestamp, sent ? std::optional{*sent - ts_ms} : std::nullopt);
  extra.size() <= 2 ? row.bind_null(Parameter::extra)
                    : row.bind(Parameter::extra, std::string_view{extra});
  row.bind(Parameter::seq, record.number(kSeq)).bind(Parameter::rests, difference.rests);
  int parameter = Parameter::fields;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!has_base(i) || packed_shift(i)) continue;
    record.has(i) ? row.bind(parameter, difference.step[i]) : row.bind_null(parameter);
    ++parameter;
  }
  if (auto done = row.run(); !done) return std::unexpected{done.error()};
  if (connection_.changes() == 0) return false;
  if (difference.odd) {
    if (auto added = add_odd(record, difference); !added) return std::unexpected{added.error()};
  }
  return true;
}

Result<void> SqliteStore::add_odd(const Record& record, const Difference& difference) {
  Statement& row = statements_.add_odd.bind(1, connection_.last_row_id());
  int parameter = 2;
  for (const std::size_t field : kPacked) {
    record.has(field) ? row.bind(parameter, difference.rest[field]) : row.bind_null(parameter);
    ++parameter;
  }
  return row.run();
}

bool SqliteStore::tidy() {
  if (connection_.log_pages() >= kLogPagesMax) connection_.checkpoint();
  // What cannot be written now, because the disk is full or someone holds the lock, stays due.
  const bool more = rollups_.step(newest_).value_or(false);
  if (unsummed_days_ > 0) count_unsummed();
  return more;
}

void SqliteStore::count_unsummed() {
  const auto days =
      connection_.integer("SELECT count(*) FROM rollup_due WHERE level = 4 AND whole");
  if (days) unsummed_days_ = days->value_or(0);
}

// Everything that is known only when the whole batch was seen.
Result<void> SqliteStore::finish(Work& work) {
  for (auto& [key, boot] : work.boots) {
    const auto upto = statements_.progress.add(boot.id, boot.upto, std::move(boot.spans));
    if (!upto) return std::unexpected{upto.error()};
    if (*upto != boot.upto) {
      auto done = statements_.update_boot.bind(1, boot.id).bind(2, *upto).run();
      if (!done) return done;
    }
    work.committed.progress.push_back({key.first, key.second, *upto});
  }
  for (const auto& [device, sample] : work.plain) {
    auto done = statements_.update_plain.bind(1, device).bind(2, sample).run();
    if (!done) return done;
  }
  return {};
}

Result<std::int64_t> SqliteStore::device_of(const std::string& name) {
  if (const auto known = devices_.find(name); known != devices_.end()) return known->second;
  auto& find = statements_.find_device;
  const auto row = find.bind(1, std::string_view{name}).step();
  if (!row) return std::unexpected{row.error()};
  std::int64_t id = 0;
  if (*row) {
    id = find.integer(0);
    find.reset();
  } else {
    auto added = statements_.add_device.bind(1, std::string_view{name}).run();
    if (!added) return std::unexpected{added.error()};
    id = connection_.last_row_id();
  }
  if (devices_.size() >= kNamesRemembered) devices_.clear();
  devices_.emplace(name, id);
  return id;
}

Result<SqliteStore::Boot*> SqliteStore::boot_of(const std::string& device, const std::string& boot,
                                                std::int64_t started_ms, Work& work) {
  const auto [place, is_new] = work.boots.try_emplace({device, boot});
  Boot& found = place->second;
  if (!is_new) return &found;
  const auto owner = device_of(device);
  if (!owner) return std::unexpected{owner.error()};
  auto& find = statements_.find_boot;
  const auto row = find.bind(1, *owner).bind(2, std::string_view{boot}).step();
  if (!row) return std::unexpected{row.error()};
  if (*row) {
    found.id = find.integer(0);
    found.upto = find.integer(1);
    find.reset();
  } else {
    auto& add_boot = statements_.add_boot;
    auto added = add_boot.bind(1, *owner).bind(2, std::string_view{boot}).bind(3, started_ms).run();
    if (!added) return std::unexpected{added.error()};
    found.id = connection_.last_row_id();
  }
  return &found;
}

Result<std::int64_t> SqliteStore::context_of(const Record& record, KeySet removed) {
  std::string key = context_key(record, removed);
  if (const auto known = contexts_.find(key); known != contexts_.end()) return known->second;
  auto& find = statements_.find_context;
  const auto row = find.bind(1, std::string_view{key}).step();
  if (!row) return std::unexpected{row.error()};
  std::int64_t id = 0;
  if (*row) {
    id = find.integer(0);
    find.reset();
  } else {
    const auto added = add_context(record, removed, key);
    if (!added) return added;
    id = *added;
  }
  if (contexts_.size() >= kNamesRemembered) contexts_.clear();
  contexts_.emplace(std::move(key), id);
  return id;
}

Result<std::int64_t> SqliteStore::add_context(const Record& record, KeySet removed,
                                              const std::string& key) {
  const std::string patch = context_patch(record, removed);
  Statement& row = statements_.add_context;
  row.bind(1, std::string_view{key});
  row.bind(2, static_cast<std::int64_t>(removed.bits)).bind(3, std::string_view{patch});
  std::deque<std::string> keys;  // Bound text must stay where it is until the row is in.
  int parameter = 4;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (place_of(i) != Place::context) continue;
    const Kind kind = kFieldInfo[i].sql.kind;
    if (!record.has(i)) {
      row.bind_null(parameter++);
      if (kind == Kind::keys) row.bind_null(parameter++);
      continue;
    }
    if (kind == Kind::text) {
      row.bind(parameter++, std::string_view{record.text[i]});
      continue;
    }
    row.bind(parameter++, record.value[i]);
    if (kind != Kind::keys) continue;
    telemetry::print_column(record, i, keys.emplace_back());
    row.bind(parameter++, std::string_view{keys.back()});
  }
  if (auto done = row.run(); !done) return std::unexpected{done.error()};
  return connection_.last_row_id();
}

Result<std::optional<Unarchived>> SqliteStore::unarchived() {
  const std::int64_t over = unit_of(kLevels - 1, (newest_ - kArchiveAfter).unix_ms());
  const auto day = connection_.integer(
      "SELECT day FROM archive_due WHERE day < " + std::to_string(over) +
      " AND NOT EXISTS (SELECT 1 FROM rollup_due WHERE level = 4 AND start = day) "
      "ORDER BY day LIMIT 1");
  if (!day) return std::unexpected{day.error()};
  if (!*day) return std::nullopt;
  const auto newest = connection_.integer("SELECT max(id) FROM sample");
  if (!newest) return std::unexpected{newest.error()};
  return Unarchived{**day, newest->value_or(0)};
}

Result<void> SqliteStore::archived(const Unarchived& task) {
  const std::string day = std::to_string(task.day);
  return connection_.execute(
      "DELETE FROM archive_due WHERE day = " + day +
      " AND NOT EXISTS (SELECT 1 FROM rollup_due WHERE level = 4 AND start = day) "
      "AND NOT EXISTS (SELECT 1 FROM sample WHERE id > " +
      std::to_string(task.upto) + " AND ts_ms >= " + day + " * 86400000 AND ts_ms < (" + day +
      " + 1) * 86400000)");
}

Result<Store::Size> SqliteStore::size() {
  Size size;
  size.unsummed_days = unsummed_days_;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code absent;
    const auto bytes = std::filesystem::file_size(path_ + suffix, absent);
    if (!absent) size.bytes += static_cast<std::int64_t>(bytes);
  }
  return size;
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path) {
  return SqliteStore::open(path);
}

}  // namespace idast::store
