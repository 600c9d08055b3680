#include "server/store/sqlite_scan.h"

#include <bit>
#include <utility>
#include <vector>

#include "server/store/packing.h"
#include "server/store/sqlite_history.h"
#include "server/store/sqlite_schema.h"

namespace idast::store {
namespace {

using telemetry::KeySet;
using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;
using telemetry::Record;

constexpr std::size_t kDeviceId = telemetry::position_of("device_id");
constexpr std::size_t kBootId = telemetry::position_of("boot_id");
constexpr std::size_t kTs = telemetry::position_of("ts");
constexpr std::size_t kSeq = telemetry::position_of("seq");

// 8 MB of pages, and names kept: a walk along one table needs no more, however long it is.
constexpr const char* kScanSettings = "PRAGMA query_only = 1; PRAGMA cache_size = -8192; BEGIN";
constexpr std::size_t kSharedKept = 1'024;  // 2.6 kB each.
constexpr std::size_t kBootsKept = 4'096;

// Columns of a row that stand before those of the fields.
enum Column : int { id, device, boot, base, ts, received, timestamp, extra, seq, rests, fields };

// By what boots are, not by when this database came to know them.
const std::string kBootOrder = "ORDER BY started_ms, device.name, boot_id";

constexpr bool has_step(std::size_t field) { return has_base(field) && !packed_shift(field); }

// kGuesses[I], compiled by itself: a division by what is known is a multiplication.
template <std::size_t I>
std::int64_t guess_by(const Record& record) {
  constexpr Guess kGuess = kGuesses[I];
  const auto times = [&](std::size_t field, std::int64_t factor) {
    return record.has(field) ? record.value[field] * factor : 0;
  };
  std::int64_t sum = times(kGuess.a, kGuess.a_times);
  if constexpr (kGuess.b_times != 0) sum += times(kGuess.b, kGuess.b_times);
  return sum / kGuess.divisor;
}
using GuessBy = std::int64_t (*)(const Record&);

// What packing.h says of each field, looked up once and not for every sample.
struct Plan {
  int column = -1;  // Of its own.
  int shift = -1;   // In `rests`.
  GuessBy guess = nullptr;
};
constexpr std::array<Plan, kFieldCount> kPlans = [] {
  std::array<Plan, kFieldCount> plans{};
  int column = Column::fields;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    plans[i].shift = packed_shift(i).value_or(-1);
    if (has_step(i)) plans[i].column = column++;
  }
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((plans[kGuesses[I].field].guess = guess_by<I>), ...);
  }(std::make_index_sequence<kGuesses.size()>{});
  return plans;
}();

template <class Chosen>
consteval KeySet fields_that(Chosen chosen) {
  KeySet set;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (chosen(i)) set.add(i);
  }
  return set;
}
constexpr KeySet kBased = fields_that([](std::size_t i) { return has_base(i); });
constexpr KeySet kPackedFields =
    fields_that([](std::size_t i) { return packed_shift(i).has_value(); });

// Both bits of some pair: there is a row of `odd`.
bool has_odd(std::int64_t rests) { return (rests & (rests >> 1) & 0x5555555555555555) != 0; }

// Names of the fields that `chosen` picks, each behind a comma.
template <class Chosen>
std::string names_of(Chosen chosen) {
  std::string sql;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (chosen(i)) sql += ", " + column_name(i);
  }
  return sql;
}

// Of one tracker by the index of its times, of all by the view's (which is text).
std::string where_sql(const ScanRange& range) {
  std::string sql = " WHERE 1";
  const auto add = [&](const char* than, UtcMillis at) {
    if (range.device.empty()) sql += " AND ts " + std::string{than} + " '" + sql_time(at) + "'";
    if (!range.device.empty()) {
      sql += " AND ts_ms " + std::string{than} + ' ' + std::to_string(at.unix_ms());
    }
  };
  if (!range.device.empty()) sql += " AND device = (SELECT id FROM device WHERE name = ?1)";
  if (range.from) add(">=", *range.from);
  if (range.to) add("<", *range.to);
  return sql;
}

// What a database says of how it stores things, as one text.
Result<std::string> definition_of(Connection& connection) {
  std::string text;
  for (const char* sql : {"SELECT number, '', '' FROM migration ORDER BY number",
                          "SELECT position, name, definition FROM field ORDER BY position"}) {
    auto rows = connection.prepare(sql);
    if (!rows) return std::unexpected{rows.error()};
    for (;;) {
      const auto row = rows->step();
      if (!row) return std::unexpected{row.error()};
      if (!*row) break;
      text += std::to_string(rows->integer(0)) + ' ' + std::string{rows->text(1)} + ' ' +
              std::string{rows->text(2)} + '\n';
    }
  }
  return text;
}

// What this program makes of an empty database.
Result<std::string> own_definition() {
  auto memory = Connection::open(":memory:", Connection::Mode::read_write_create);
  if (!memory) return std::unexpected{memory.error()};
  if (auto made = migrate(*memory, ":memory:"); !made) return std::unexpected{made.error()};
  return definition_of(*memory);
}

}  // namespace

Result<void> check_current(Connection& connection, const std::string& path) {
  const auto tables = connection.integer(
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN "
      "('migration', 'field', 'device', 'boot', 'sample', 'base', 'context')");
  if (!tables) {
    return std::unexpected{StoreError{tables.error().kind, path + ": " + tables.error().words}};
  }
  // The first tables of all had no base.
  if (tables->value_or(0) < 6) {
    return std::unexpected{StoreError{
        StoreErrorKind::corrupt,
        path + " is not a database of IDAST; name one by --db sqlite:PATH or --data DIR"}};
  }
  const auto theirs = definition_of(connection);
  if (!theirs) return std::unexpected{theirs.error()};
  const auto ours = own_definition();
  if (!ours) return std::unexpected{ours.error()};
  if (*theirs == *ours) return {};
  return std::unexpected{StoreError{
      StoreErrorKind::newer_schema,
      path + " was written by another version of IDAST; start `idast serve` of this version on it "
             "once (it brings an older database up to date and refuses a newer one)"}};
}

Result<std::unique_ptr<SampleScan>> SampleScan::open(const std::string& path,
                                                     const ScanRange& range) {
  auto connection = Connection::open(path, Connection::Mode::read_only);
  if (!connection) return std::unexpected{connection.error()};
  if (auto set = connection->execute(kScanSettings); !set) return std::unexpected{set.error()};
  if (auto same = check_current(*connection, path); !same) return std::unexpected{same.error()};
  std::unique_ptr<SampleScan> scan{new SampleScan{std::move(*connection)}};
  if (auto done = scan->prepare(range); !done) return std::unexpected{done.error()};
  return scan;
}

Result<void> SampleScan::prepare(const ScanRange& range) {
  std::optional<StoreError> error;
  const auto make = [&](std::optional<Statement>& out, const std::string& sql) {
    auto statement = connection_.prepare(sql);
    if (statement) out = std::move(*statement);
    if (!statement) error = statement.error();
  };
  const std::string where = where_sql(range);
  // From an index alone; the ids bound the walk along the table, whose order is the commits'.
  std::optional<Statement> bounds;
  make(bounds, "SELECT count(*), min(id), max(id) FROM sample" + where);
  make(rows_,
       "SELECT id, device, boot, base, ts_ms, received_rest, timestamp_rest, extra, seq, "
       "rests" +
           names_of(has_step) + " FROM sample NOT INDEXED" + where +
           " AND id BETWEEN ?2 AND ?3 ORDER BY id");
  make(base_, "SELECT context" + names_of(has_base) + " FROM base WHERE id = ?1");
  make(context_, "SELECT removed" + names_of([](std::size_t i) {
                   return place_of(i) == Place::context;
                 }) + " FROM context WHERE id = ?1");
  make(odd_, "SELECT 0" + names_of([](std::size_t i) { return packed_shift(i).has_value(); }) +
                 " FROM odd WHERE sample = ?1");
  make(device_, "SELECT name FROM device WHERE id = ?1");
  make(boot_, "SELECT boot_id, started_ms FROM boot WHERE id = ?1");
  if (error) return std::unexpected{*error};
  device_wanted_ = range.device;
  const auto found = bounds->bind(1, std::string_view{device_wanted_}).step();
  if (!found) return std::unexpected{found.error()};
  count_ = bounds->integer(0);
  rows_->bind(1, std::string_view{device_wanted_});
  rows_->bind(2, bounds->integer(1)).bind(3, bounds->integer(2));
  bounds->reset();
  return {};
}

Result<void> SampleScan::read_context(std::int64_t context, Shared& shared) {
  const auto found = context_->bind(1, context).step();
  if (!found) return std::unexpected{found.error()};
  if (!*found) {
    return std::unexpected{
        StoreError{StoreErrorKind::corrupt, "context " + std::to_string(context) + " is missing"}};
  }
  shared.removed = KeySet{static_cast<std::uint64_t>(context_->integer(0))};
  Record& record = shared.stored.record;
  int column = 1;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (place_of(i) != Place::context) continue;
    const int from = column++;
    if (context_->is_null(from)) {
      if (!shared.removed.contains(i)) shared.context_null.add(i);
      continue;
    }
    shared.context_present.add(i);
    if (kFieldInfo[i].sql.kind == Kind::text) {
      record.text[i] = context_->text(from);
    } else {
      record.value[i] = context_->integer(from);
    }
  }
  context_->reset();
  return {};
}

Result<void> SampleScan::read_base(std::int64_t base, Shared& shared) {
  const auto found = base_->bind(1, base).step();
  if (!found) return std::unexpected{found.error()};
  if (!*found) {
    return std::unexpected{
        StoreError{StoreErrorKind::corrupt, "base " + std::to_string(base) + " is missing"}};
  }
  const std::int64_t context = base_->integer(0);
  int column = 1;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!has_base(i)) continue;
    if (!base_->is_null(column)) {
      shared.base_present.add(i);
      shared.base[i] = base_->integer(column);
    }
    ++column;
  }
  base_->reset();
  if (auto done = read_context(context, shared); !done) return done;
  shared.context_null.bits |= kBased.bits & ~shared.base_present.bits & ~shared.removed.bits;
  return {};
}

Result<SampleScan::Shared*> SampleScan::shared_of(std::int64_t base, std::int64_t device) {
  if (last_ != nullptr && last_base_ == base && last_->device == device) return last_;
  last_ = nullptr;
  last_base_ = base;
  if (const auto known = shared_.find(base); known != shared_.end()) {
    // A base belongs to one tracker; in a damaged database it may be named by another.
    if (known->second->device == device) return last_ = known->second.get();
    shared_.erase(known);
  }
  auto shared = std::make_unique<Shared>();
  shared->device = device;
  const auto found = device_->bind(1, device).step();
  if (!found) return std::unexpected{found.error()};
  if (!*found) {
    return std::unexpected{
        StoreError{StoreErrorKind::corrupt, "device " + std::to_string(device) + " is missing"}};
  }
  shared->stored.record.device = device_->text(0);
  device_->reset();
  if (auto done = read_base(base, *shared); !done) return std::unexpected{done.error()};
  if (!shared->removed.contains(kDeviceId)) {
    shared->context_present.add(kDeviceId);
    shared->stored.record.text[kDeviceId] = shared->stored.record.device;
  }
  if (shared_.size() >= kSharedKept) shared_.clear();
  return last_ = shared_.emplace(base, std::move(shared)).first->second.get();
}

Result<void> SampleScan::read_odd(std::int64_t sample) {
  odd_values_.fill(std::nullopt);
  const auto found = odd_->bind(1, sample).step();
  if (!found) return std::unexpected{found.error()};
  if (!*found) return {};
  int column = 1;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!packed_shift(i)) continue;
    if (!odd_->is_null(column)) odd_values_[i] = odd_->integer(column);
    ++column;
  }
  odd_->reset();
  return {};
}

Result<void> SampleScan::take_boot(Shared& shared, StoredRecord& stored) {
  Record& record = stored.record;
  boot_row_ = rows_->integer(Column::boot);
  if (rows_->is_null(Column::boot)) {
    boot_row_ = 0;
    stored.boot_started = std::nullopt;
    if (!shared.removed.contains(kBootId)) record.null.add(kBootId);
    return {};
  }
  record.present.add(kBootId);
  if (shared.boot == boot_row_ && stored.boot_started) return {};
  auto known = boots_.find(boot_row_);
  if (known == boots_.end()) {
    const auto found = boot_->bind(1, boot_row_).step();
    if (!found) return std::unexpected{found.error()};
    if (!*found) {
      return std::unexpected{
          StoreError{StoreErrorKind::corrupt, "boot " + std::to_string(boot_row_) + " is missing"}};
    }
    if (boots_.size() >= kBootsKept) boots_.clear();
    BootName name{std::string{boot_->text(0)}, UtcMillis{boot_->integer(1)}};
    known = boots_.emplace(boot_row_, std::move(name)).first;
    boot_->reset();
  }
  shared.boot = boot_row_;
  record.text[kBootId] = known->second.text;
  stored.boot_started = known->second.started;
  return {};
}

// The difference from the guess.
std::optional<std::int64_t> SampleScan::rest_of(const Shared& shared, std::size_t field,
                                                std::int64_t rests) const {
  if (const int shift = kPlans[field].shift; shift >= 0) {
    const auto rest = static_cast<Rest>(rests >> shift & 3);
    if (rest == Rest::odd) return odd_values_[field];
    if (!shared.base_present.contains(field)) return std::nullopt;
    return shared.base[field] + (rest == Rest::above ? 1 : rest == Rest::below ? -1 : 0);
  }
  // SQLite reads NULL as 0, so only a 0 is asked what it is.
  const int column = kPlans[field].column;
  const std::int64_t rest = rows_->integer(column);
  if (rest == 0 && rows_->is_null(column)) return std::nullopt;
  return shared.base[field] + rest;
}

void SampleScan::take_fields(const Shared& shared, std::int64_t rests, Record& record) const {
  const auto take = [&](std::size_t field, std::optional<std::int64_t> value) {
    if (value) {
      record.present.add(field);
      record.value[field] = *value;
    } else if (!shared.removed.contains(field)) {
      record.null.add(field);
    }
  };
  auto timestamp = rows_->number(Column::timestamp);
  if (timestamp) *timestamp += record.ts.unix_ms();
  take(kTs, timestamp);
  take(kSeq, rows_->number(Column::seq));
  // In the table's order: a guess needs the fields before it (packing.h).
  std::uint64_t left = shared.base_present.bits;
  if (has_odd(rests)) left |= kPackedFields.bits;
  for (; left != 0; left &= left - 1) {
    const auto field = static_cast<std::size_t>(std::countr_zero(left));
    auto value = rest_of(shared, field, rests);
    const GuessBy guess = kPlans[field].guess;
    if (value && guess != nullptr) *value += guess(record);
    if (value) record.null.remove(field);
    take(field, value);
  }
}

Result<const StoredRecord*> SampleScan::next() {
  const auto there = rows_->step();
  if (!there) return std::unexpected{there.error()};
  if (!*there) return nullptr;
  const auto shared = shared_of(rows_->integer(Column::base), rows_->integer(Column::device));
  if (!shared) return std::unexpected{shared.error()};
  StoredRecord& stored = (*shared)->stored;
  Record& record = stored.record;
  stored.id = rows_->integer(Column::id);
  record.present = (*shared)->context_present;
  record.null = (*shared)->context_null;
  record.ts = UtcMillis{rows_->integer(Column::ts)};
  record.received = record.ts + Millis{rows_->integer(Column::received)};
  record.extra = rows_->text(Column::extra);
  if (auto done = take_boot(**shared, stored); !done) return std::unexpected{done.error()};
  const std::int64_t rests = rows_->integer(Column::rests);
  if (has_odd(rests)) {
    if (auto done = read_odd(stored.id); !done) return std::unexpected{done.error()};
  }
  take_fields(**shared, rests, record);
  if (record.extra.starts_with(kNullDevice)) {
    record.null.add(kDeviceId);
    const std::string rest = record.extra.substr(kNullDevice.size());
    record.extra = rest.starts_with(',') ? '{' + rest.substr(1) : "";
  }
  return &stored;
}

Result<std::int64_t> SampleScan::plain_latest(const std::string& device) {
  if (plain_.empty()) {
    auto rows = connection_.prepare("SELECT name, plain_sample FROM device");
    if (!rows) return std::unexpected{rows.error()};
    for (;;) {
      const auto row = rows->step();
      if (!row) return std::unexpected{row.error()};
      if (!*row) break;
      plain_.emplace(rows->text(0), rows->integer(1));
    }
  }
  const auto known = plain_.find(device);
  return known == plain_.end() ? 0 : known->second;
}

Result<void> SampleScan::boots(const std::function<void(const ScannedBoot&)>& each) {
  auto rows = connection_.prepare(
      "SELECT boot.id, device.name, boot_id, started_ms, upto FROM boot "
      "JOIN device ON device.id = boot.device " +
      kBootOrder);
  if (!rows) return std::unexpected{rows.error()};
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return {};
    each({.id = rows->integer(0),
          .device = std::string{rows->text(1)},
          .boot = std::string{rows->text(2)},
          .started = UtcMillis{rows->integer(3)},
          .upto = rows->integer(4)});
  }
}

Result<void> SampleScan::islands(
    const std::function<void(std::int64_t, std::int64_t, std::int64_t)>& each) {
  auto rows = connection_.prepare(
      "SELECT island.boot, first, last FROM island JOIN boot ON boot.id = island.boot "
      "JOIN device ON device.id = boot.device " +
      kBootOrder + ", first");
  if (!rows) return std::unexpected{rows.error()};
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return {};
    each(rows->integer(0), rows->integer(1), rows->integer(2));
  }
}

Result<void> SampleScan::losses(
    const std::function<void(std::int64_t, const telemetry::Loss&)>& each) {
  auto rows = connection_.prepare(
      "SELECT loss.boot, device.name, boot_id, first, last, reason, received_ms FROM loss "
      "JOIN boot ON boot.id = loss.boot JOIN device ON device.id = boot.device ORDER BY loss.id");
  if (!rows) return std::unexpected{rows.error()};
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return {};
    each(rows->integer(0), {.device = std::string{rows->text(1)},
                            .boot = std::string{rows->text(2)},
                            .first = rows->integer(3),
                            .last = rows->integer(4),
                            .reason = std::string{rows->text(5)},
                            .received = UtcMillis{rows->integer(6)}});
  }
}

Result<void> SampleScan::history(const ScanRange& range,
                                 const std::function<bool(const telemetry::HistoryRow&)>& each) {
  return scan_history(connection_, range.device, range.from, range.to, each);
}

}  // namespace idast::store
