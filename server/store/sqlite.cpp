#include "server/store/sqlite.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/store/sqlite_boots.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_history.h"
#include "server/store/sqlite_progress.h"
#include "server/store/sqlite_reader.h"
#include "server/store/sqlite_rollups.h"
#include "server/store/sqlite_samples.h"
#include "server/store/sqlite_schema.h"
#include "server/store/sqlite_size.h"
#include "server/store/sqlite_thinning.h"

namespace idast::store {
namespace {

using telemetry::HistoryRow;
using telemetry::Loss;
using telemetry::Record;

constexpr std::size_t kBootId = telemetry::position_of("boot_id");
constexpr std::size_t kSeq = telemetry::position_of("seq");
constexpr std::size_t kSeqFrom = telemetry::position_of("seq_from");
constexpr std::size_t kUptime = telemetry::position_of("uptime_ms");

// Names and boots already looked up. A device that invents a new word for every sample must not
// fill the memory; the database knows them all anyway.
constexpr std::size_t kNamesRemembered = 4'096;
constexpr std::size_t kBootsRemembered = 4'096;

// 8 MB of pages for the writer: the right edges of every index of thousands of devices.
constexpr const char* kWriterSettings =
    "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 16777216";

// 4 MB of log, as SQLite's own default. A checkpoint takes some milliseconds, so it waits until the
// commit that made it due was told to everyone (tidy()).
constexpr int kLogPagesMax = 1'000;

// A tracker that was away comes back with what it remembered; most do within the hour.
constexpr Millis kArchiveAfter = std::chrono::hours{1};

class SqliteStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> open(const std::string& path, const SqliteOptions& options);

  using Store::commit;
  Result<Committed> commit(std::span<const Record> batch, std::span<const Loss> losses,
                           std::span<const HistoryRow> history) override;
  Result<void> settle_clock(UtcMillis now) override { return put_boots_before(connection_, now); }
  bool tidy() override;
  bool thin() override;
  std::optional<StoreError> upkeep_trouble() override {
    return sums_trouble_ ? sums_trouble_ : thinning_trouble_;
  }
  Result<std::optional<Unarchived>> unarchived() override;
  Result<void> archived(const Unarchived& task) override;
  Result<std::unique_ptr<Reader>> open_reader() override { return open_sqlite_reader(location_); }
  Result<Size> size() override;

 private:
  struct Prepared {
    Statement data_version, find_device, add_device, find_boot, add_boot, update_boot, add_loss,
        update_plain, find_cover;
    ProgressKeeper progress;
    SampleWriter samples;
    HistoryWriter history;
  };
  struct Boot {
    std::int64_t id = 0;
    std::int64_t upto = -1;
    std::int64_t last_seq = -1;  // The largest that there is a row of.
    bool islands = true;         // Something may lie beyond the first hole.
    bool in_work = false;        // This transaction asked for it,
    std::vector<Span> spans{};   // and adds these.
  };
  // By device and boot, so that whoever has both as views need not copy them.
  struct BootOrder {
    using is_transparent = void;
    using Key = std::pair<std::string_view, std::string_view>;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return Key{a.first, a.second} < Key{b.first, b.second};
    }
  };
  using Boots = std::map<std::pair<std::string, std::string>, Boot, BootOrder>;
  // What one transaction gathers.
  struct Work {
    Committed committed;
    std::vector<Boots::value_type*> boots;
    std::map<std::int64_t, std::int64_t> plain;  // Newest sample without identity, by device.
    std::int64_t late_thinned = 0;
    std::int64_t overlapped = 0;
  };

  SqliteStore(std::string path, std::string location, Connection connection, Prepared statements)
      : path_{std::move(path)},
        location_{std::move(location)},
        connection_{std::move(connection)},
        statements_{std::move(statements)} {}

  // Whether there is more to do; trouble that lasts is kept.
  static bool upkeep(const Result<bool>& step, std::optional<StoreError>& trouble);
  void count_unsummed();
  static Result<Prepared> prepare(Connection& connection);
  void forget();
  Result<void> forget_others();
  Result<Committed> write(std::span<const Record> batch, std::span<const Loss> losses,
                          std::span<const HistoryRow> history);
  Result<void> add(const Record& record, Work& work);
  Result<void> add(const Loss& loss, Work& work);
  Result<void> add(const HistoryRow& row, Work& work);
  Result<void> lose_absorbed(const Record& record, const Boot& boot, Span span, Work& work);
  Result<void> save_loss(std::int64_t boot, Span span, std::string_view reason, UtcMillis received);
  // The row; nothing: it was stored before, or is accounted for by another.
  Result<std::optional<std::int64_t>> insert(const Record& record, std::int64_t device, Boot* boot);
  Result<bool> is_covered(const Boot& boot, std::int64_t seq);
  Result<void> finish(Work& work);
  Result<void> advance(Boot& boot);
  Result<std::int64_t> device_of(const std::string& name);
  Result<Boot*> boot_of(const std::string& device, const std::string& boot, std::int64_t started_ms,
                        Work& work);
  Result<Boot> read_boot(const std::string& device, const std::string& boot,
                         std::int64_t started_ms);

  std::string path_;
  std::string location_;
  Connection connection_;
  Prepared statements_;
  std::unordered_map<std::string, std::int64_t> devices_;
  Boots boots_;
  std::int64_t version_ = -1;  // SQLite's data_version: another's commit changes it.
  RollupKeeper rollups_{connection_};
  std::optional<Thinner> thinner_;  // There is one once the store is open.
  std::optional<StoreError> sums_trouble_, thinning_trouble_;
  UtcMillis newest_;  // When the newest sample was received.
  std::atomic<std::int64_t> unsummed_days_ = 0;
  std::atomic<std::int64_t> late_thinned_ = 0;
  std::atomic<std::int64_t> overlapped_ = 0;
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
  auto samples = SampleWriter::prepare(connection);
  if (!samples) return std::unexpected{samples.error()};
  auto history = HistoryWriter::prepare(connection);
  if (!history) return std::unexpected{history.error()};
  Prepared statements{
      .data_version = make("PRAGMA data_version"),
      .find_device = make("SELECT id FROM device WHERE name = ?1"),
      .add_device = make("INSERT INTO device(name) VALUES(?1)"),
      .find_boot = make("SELECT id, upto, (SELECT max(seq) FROM sample WHERE sample.boot = boot.id "
                        "AND seq IS NOT NULL) FROM boot WHERE device = ?1 AND boot_id = ?2"),
      .add_boot =
          make("INSERT INTO boot(device, boot_id, started_ms, upto) VALUES(?1, ?2, ?3, -1)"),
      .update_boot = make("UPDATE boot SET upto = ?2 WHERE id = ?1"),
      .add_loss = make("INSERT INTO loss(boot, first, last, reason, received_ms) "
                       "VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING"),
      .update_plain = make("UPDATE device SET plain_sample = ?2 WHERE id = ?1"),
      .find_cover = make("SELECT " + scaled_sql(kSeqFrom) + " FROM " + kTables +
                         " WHERE sample.boot = ?1 AND sample.seq >= ?2 AND sample.seq IS NOT NULL "
                         "ORDER BY sample.seq LIMIT 1"),
      .progress = std::move(*progress),
      .samples = std::move(*samples),
      .history = std::move(*history)};
  if (error) return std::unexpected{*error};
  return statements;
}

Result<std::unique_ptr<Store>> SqliteStore::open(const std::string& path,
                                                 const SqliteOptions& options) {
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
  auto thinner = Thinner::prepare(store->connection_, options.keep_raw_days, options.thin_piece_rows);
  if (!thinner) return std::unexpected{thinner.error()};
  store->thinner_.emplace(std::move(*thinner));
  store->count_unsummed();
  return store;
}

Result<Committed> SqliteStore::write(std::span<const Record> batch, std::span<const Loss> losses,
                                     std::span<const HistoryRow> history) {
  auto transaction = Transaction::begin(connection_);
  if (!transaction) return std::unexpected{transaction.error()};
  if (auto done = forget_others(); !done) return std::unexpected{done.error()};
  Work work;
  work.committed.rows.reserve(batch.size());
  for (const Record& record : batch) {
    if (auto added = add(record, work); !added) return std::unexpected{added.error()};
  }
  for (const Loss& loss : losses) {
    if (auto added = add(loss, work); !added) return std::unexpected{added.error()};
  }
  for (const HistoryRow& row : history) {
    if (auto added = add(row, work); !added) return std::unexpected{added.error()};
  }
  if (auto finished = finish(work); !finished) return std::unexpected{finished.error()};
  if (auto done = transaction->commit(); !done) return std::unexpected{done.error()};
  late_thinned_ += work.late_thinned;
  overlapped_ += work.overlapped;
  return std::move(work.committed);
}

Result<Committed> SqliteStore::commit(std::span<const Record> batch, std::span<const Loss> losses,
                                      std::span<const HistoryRow> history) {
  auto result = write(batch, losses, history);
  if (!result) {
    // Rows that are remembered may have gone with the transaction.
    forget();
    result.error().words = "cannot write to the database: " + result.error().words;
  } else if (!batch.empty()) {
    newest_ = batch.back().received;
  }
  return result;
}

void SqliteStore::forget() {
  devices_.clear();
  boots_.clear();
  statements_.samples.forget();
  rollups_.forget();
}

// Another program that writes, an import or a restored copy, makes what is remembered untrue.
Result<void> SqliteStore::forget_others() {
  auto& ask = statements_.data_version;
  const auto row = ask.step();
  if (!row) return std::unexpected{row.error()};
  const std::int64_t version = ask.integer(0);
  ask.reset();
  if (std::exchange(version_, version) != version) forget();
  if (boots_.size() >= kBootsRemembered) boots_.clear();
  return {};
}

Result<void> SqliteStore::add(const Record& record, Work& work) {
  const auto device = device_of(record.device);
  if (!device) return std::unexpected{device.error()};
  const std::int64_t taken_ms = std::min(record.ts, record.received).unix_ms();
  const std::int64_t started_ms = taken_ms - record.number(kUptime).value_or(0);
  Boot* boot = nullptr;
  if (record.has(kBootId)) {
    const auto found = boot_of(record.device, record.text[kBootId], started_ms, work);
    if (!found) return std::unexpected{found.error()};
    boot = *found;
  }
  const auto inserted = insert(record, *device, boot);
  if (!inserted) return std::unexpected{inserted.error()};
  const std::optional<std::int64_t> row = *inserted;
  ++(row ? work.committed.inserted : work.committed.absorbed);
  work.committed.rows.push_back(row.value_or(0));

  if (record.identified()) {
    const std::int64_t seq = record.value[kSeq];
    const Span span{std::min(seq, record.number(kSeqFrom).value_or(seq)), seq};
    if (!row && span.first < seq) {
      auto told = lose_absorbed(record, *boot, span, work);
      if (!told) return told;
    }
    boot->spans.push_back(span);
  } else if (row) {
    // In receive order, whatever the server's clock said meanwhile.
    work.plain[*device] = *row;
  }
  if (!row) return {};
  const auto late = rollups_.note(*device, record);
  if (!late) return std::unexpected{late.error()};
  if (*late) ++work.late_thinned;
  return {};
}

// Of a summary that came after its last sample, what nobody else brought: gone on the device, and a
// hole that nothing can ever fill would hold its memory for good.
Result<void> SqliteStore::lose_absorbed(const Record& record, const Boot& boot, Span span,
                                        Work& work) {
  const auto gaps = statements_.progress.missing(boot.id, boot.upto, span, boot.spans);
  if (!gaps) return std::unexpected{gaps.error()};
  for (const Span& gap : *gaps) {
    auto done = save_loss(boot.id, gap, "overlap", record.received);
    if (!done) return done;
    work.overlapped += gap.last - gap.first + 1;
  }
  return {};
}

Result<std::optional<std::int64_t>> SqliteStore::insert(const Record& record, std::int64_t device,
                                                        Boot* boot) {
  if (boot != nullptr && record.identified()) {
    const std::int64_t seq = record.value[kSeq];
    const auto covered = is_covered(*boot, seq);
    if (!covered) return std::unexpected{covered.error()};
    if (*covered) return std::nullopt;
    boot->last_seq = std::max(boot->last_seq, seq);
  }
  return statements_.samples.insert(
      connection_, record,
      {.device = device, .boot = boot == nullptr ? std::nullopt : std::optional{boot->id}});
}

// A row of a later number stands for it too: a summary, a tracker's own or the server's.
Result<bool> SqliteStore::is_covered(const Boot& boot, std::int64_t seq) {
  if (seq >= boot.last_seq) return false;
  auto& find = statements_.find_cover;
  const auto row = find.bind(1, boot.id).bind(2, seq).step();
  if (!row || !*row) return row;
  const std::optional<std::int64_t> from = find.number(0);
  find.reset();
  return from && *from <= seq;
}

Result<void> SqliteStore::add(const Loss& loss, Work& work) {
  if (loss.first < 0 || loss.last < loss.first) return {};
  const auto boot = boot_of(loss.device, loss.boot, loss.received.unix_ms(), work);
  if (!boot) return std::unexpected{boot.error()};
  (*boot)->spans.push_back({loss.first, loss.last});
  if (loss.reason.empty()) return {};
  return save_loss((*boot)->id, {loss.first, loss.last}, loss.reason, loss.received);
}

Result<void> SqliteStore::save_loss(std::int64_t boot, Span span, std::string_view reason,
                                    UtcMillis received) {
  auto& row = statements_.add_loss.bind(1, boot).bind(2, span.first).bind(3, span.last);
  return row.bind(4, reason).bind(5, received.unix_ms()).run();
}

Result<void> SqliteStore::add(const HistoryRow& row, Work& work) {
  const auto device = device_of(row.device);
  if (!device) return std::unexpected{device.error()};
  const auto inserted = statements_.history.insert(connection_, *device, row);
  if (!inserted) return std::unexpected{inserted.error()};
  ++(*inserted ? work.committed.history_inserted : work.committed.history_absorbed);
  return {};
}

bool SqliteStore::tidy() {
  if (connection_.log_pages() >= kLogPagesMax) connection_.checkpoint();
  // What cannot be written now, because the disk is full or someone holds the lock, stays due.
  const bool more = upkeep(rollups_.step(newest_), sums_trouble_);
  if (unsummed_days_ > 0) count_unsummed();
  return more;
}

bool SqliteStore::thin() { return upkeep(thinner_->step(newest_), thinning_trouble_); }

bool SqliteStore::upkeep(const Result<bool>& step, std::optional<StoreError>& trouble) {
  if (step) trouble.reset();
  if (!step && step.error().kind == StoreErrorKind::corrupt) trouble = step.error();
  return step.value_or(false);
}

void SqliteStore::count_unsummed() {
  const auto days =
      connection_.integer("SELECT count(*) FROM rollup_due WHERE level = 4 AND whole");
  if (days) unsummed_days_ = days->value_or(0);
}

// Everything that is known only when the whole batch was seen.
Result<void> SqliteStore::finish(Work& work) {
  for (Boots::value_type* const place : work.boots) {
    auto& [key, boot] = *place;
    const std::int64_t before = boot.upto;
    boot.in_work = false;
    if (auto done = advance(boot); !done) return done;
    if (boot.upto != before) {
      auto done = statements_.update_boot.bind(1, boot.id).bind(2, boot.upto).run();
      if (!done) return done;
    }
    work.committed.progress.push_back({key.first, key.second, boot.upto});
  }
  for (const auto& [device, sample] : work.plain) {
    auto done = statements_.update_plain.bind(1, device).bind(2, sample).run();
    if (!done) return done;
  }
  return {};
}

Result<void> SqliteStore::advance(Boot& boot) {
  std::int64_t upto = boot.upto;
  const auto follows = [&](const Span& span) {
    if (span.first > upto + 1) return false;
    upto = std::max(upto, span.last);
    return true;
  };
  // The rule: no hole yet, and everything in its turn. Then no island has to be looked for.
  const bool in_turn = !boot.islands && std::ranges::all_of(boot.spans, follows);
  std::vector<Span> spans = std::exchange(boot.spans, {});
  if (in_turn) {
    boot.upto = upto;
    return {};
  }
  const auto added = statements_.progress.add(boot.id, boot.upto, std::move(spans));
  if (!added) return std::unexpected{added.error()};
  boot.upto = *added;
  const auto islands = statements_.progress.has_islands(boot.id);
  if (!islands) return std::unexpected{islands.error()};
  boot.islands = *islands;
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
  auto place = boots_.find(BootOrder::Key{device, boot});
  if (place == boots_.end()) {
    auto read = read_boot(device, boot, started_ms);
    if (!read) return std::unexpected{read.error()};
    place = boots_.emplace(std::pair{device, boot}, std::move(*read)).first;
  }
  if (!std::exchange(place->second.in_work, true)) work.boots.push_back(&*place);
  return &place->second;
}

Result<SqliteStore::Boot> SqliteStore::read_boot(const std::string& device, const std::string& boot,
                                                 std::int64_t started_ms) {
  const auto owner = device_of(device);
  if (!owner) return std::unexpected{owner.error()};
  auto& find = statements_.find_boot;
  const auto row = find.bind(1, *owner).bind(2, std::string_view{boot}).step();
  if (!row) return std::unexpected{row.error()};
  Boot found;
  if (*row) {
    found.id = find.integer(0);
    found.upto = find.integer(1);
    found.last_seq = find.number(2).value_or(-1);
    find.reset();
    return found;
  }
  auto& add_boot = statements_.add_boot;
  auto added = add_boot.bind(1, *owner).bind(2, std::string_view{boot}).bind(3, started_ms).run();
  if (!added) return std::unexpected{added.error()};
  found.id = connection_.last_row_id();
  return found;
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
  auto transaction = Transaction::begin(connection_);
  if (!transaction) return std::unexpected{transaction.error()};
  auto done = connection_.execute(
      "DELETE FROM archive_due WHERE day = " + day +
      " AND NOT EXISTS (SELECT 1 FROM rollup_due WHERE level = 4 AND start = day) "
      "AND NOT EXISTS (SELECT 1 FROM sample WHERE id > " +
      std::to_string(task.upto) + " AND ts_ms >= " + day + " * 86400000 AND ts_ms < (" + day +
      " + 1) * 86400000)");
  if (done && connection_.changes() > 0) done = connection_.execute(Thinner::permit_sql(task.day));
  if (done) done = transaction->commit();
  thinner_->wake();
  return done;
}

Result<Store::Size> SqliteStore::size() {
  Size size;
  size.unsummed_days = unsummed_days_;
  size.late_thinned = late_thinned_;
  size.overlapped = overlapped_;
  auto connection = Connection::open(location_, Connection::Mode::read_only);
  if (!connection) return std::unexpected{connection.error()};
  if (auto done = count_tiers(*connection, size); !done) return std::unexpected{done.error()};
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code absent;
    const auto bytes = std::filesystem::file_size(path_ + suffix, absent);
    if (!absent) size.bytes += static_cast<std::int64_t>(bytes);
  }
  return size;
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, const SqliteOptions& options) {
  return SqliteStore::open(path, options);
}

}  // namespace idast::store
