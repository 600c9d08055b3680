#include "server/store/sqlite_samples.h"

#include <deque>
#include <string_view>

#include "core/telemetry/row.h"
#include "server/store/packing.h"
#include "server/store/sqlite_schema.h"

namespace idast::store {
namespace {

using telemetry::KeySet;
using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;
using telemetry::Record;

constexpr std::size_t kTs = telemetry::position_of("ts");
constexpr std::size_t kDeviceId = telemetry::position_of("device_id");
constexpr std::size_t kSeq = telemetry::position_of("seq");

// Contexts already looked up. A device that invents a new word for every sample must not fill the
// memory; the database knows them all anyway.
constexpr std::size_t kContextsRemembered = 4'096;

// Parameters of the INSERT that stand before those of the fields.
enum Parameter : int {
  id = 1,
  device,
  boot,
  base,
  ts,
  received,
  timestamp,
  extra,
  seq,
  rests,
  fields
};

std::string insert_sql() {
  std::string names =
      "id, device, boot, base, ts_ms, received_rest, timestamp_rest, extra, seq, rests";
  std::string places = "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10";
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

constexpr KeySet kContextFields = [] {
  KeySet fields;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (place_of(i) == Place::context) fields.add(i);
  }
  return fields;
}();

// What turns an object of all columns into the original message: the context's own values, and null
// (which removes, RFC 7396) for what the message did not have.
std::string context_patch(const Record& record, KeySet removed) {
  Record seldom;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (place_of(i) != Place::context || !record.has(i) || removed.contains(i)) continue;
    seldom.present.add(i);
    seldom.value[i] = record.value[i];
    if (kFieldInfo[i].sql.kind == Kind::text) seldom.text[i] = record.text[i];
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

}  // namespace

Result<SampleWriter> SampleWriter::prepare(Connection& connection) {
  auto find_context = connection.prepare("SELECT id FROM context WHERE key = ?1");
  if (!find_context) return std::unexpected{find_context.error()};
  auto add_context = connection.prepare(context_sql());
  if (!add_context) return std::unexpected{add_context.error()};
  auto add_sample = connection.prepare(insert_sql());
  if (!add_sample) return std::unexpected{add_sample.error()};
  auto add_odd = connection.prepare(odd_sql());
  if (!add_odd) return std::unexpected{add_odd.error()};
  auto bases = BaseKeeper::prepare(connection);
  if (!bases) return std::unexpected{bases.error()};
  return SampleWriter{std::move(*find_context), std::move(*add_context), std::move(*add_sample),
                      std::move(*add_odd), std::move(*bases)};
}

bool SampleWriter::Context::holds(const Record& record, KeySet fields_removed) const {
  const KeySet there{record.present.bits & kContextFields.bits};
  if (removed != fields_removed || present != there) return false;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!there.contains(i)) continue;
    const bool is_text = kFieldInfo[i].sql.kind == Kind::text;
    if (is_text ? text[i] != record.text[i] : value[i] != record.value[i]) return false;
  }
  return true;
}

void SampleWriter::forget() {
  newest_.clear();
  contexts_.clear();
  bases_.forget();
}

Result<std::optional<std::int64_t>> SampleWriter::insert(Connection& connection,
                                                         const Record& record, const Row& place) {
  const auto context = context_of(connection, record, place.device);
  if (!context) return std::unexpected{context.error()};
  const auto stored = bases_.store(connection, record, place.device, *context);
  if (!stored) return std::unexpected{stored.error()};
  const Difference& difference = stored->difference;
  const std::string extra = extra_of(record);
  const std::int64_t ts_ms = record.ts.unix_ms();

  Statement& row = add_sample_;
  row.bind(Parameter::id, place.id).bind(Parameter::device, place.device);
  row.bind(Parameter::boot, place.boot);
  row.bind(Parameter::base, stored->base).bind(Parameter::ts, ts_ms);
  row.bind(Parameter::received, record.received.unix_ms() - ts_ms);
  const auto sent = record.number(kTs);
  row.bind(Parameter::timestamp, sent ? std::optional{*sent - ts_ms} : std::nullopt);
  extra.size() <= 2 ? row.bind_null(Parameter::extra)
                    : row.bind(Parameter::extra, std::string_view{extra});
  row.bind(Parameter::seq, record.number(kSeq))
      .bind(Parameter::rests, difference.rests | std::int64_t{place.thinned} << kThinnedBit);
  int parameter = Parameter::fields;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!has_base(i) || packed_shift(i)) continue;
    record.has(i) ? row.bind(parameter, difference.step[i]) : row.bind_null(parameter);
    ++parameter;
  }
  if (auto done = row.run(); !done) return std::unexpected{done.error()};
  if (connection.changes() == 0) return std::nullopt;
  const std::int64_t id = connection.last_row_id();
  if (difference.odd) {
    if (auto added = add_odd(id, record, difference); !added) {
      return std::unexpected{added.error()};
    }
  }
  return id;
}

Result<void> SampleWriter::add_odd(std::int64_t sample, const Record& record,
                                   const Difference& difference) {
  Statement& row = add_odd_.bind(1, sample);
  int parameter = 2;
  for (const std::size_t field : kPacked) {
    record.has(field) ? row.bind(parameter, difference.rest[field]) : row.bind_null(parameter);
    ++parameter;
  }
  return row.run();
}

Result<std::int64_t> SampleWriter::context_of(Connection& connection, const Record& record,
                                              std::int64_t device) {
  const KeySet removed = removed_fields(record);
  const auto newest = newest_.find(device);
  if (newest != newest_.end() && newest->second.holds(record, removed)) return newest->second.id;
  const auto id = find_or_add_context(connection, record, removed);
  if (!id) return id;
  if (newest_.size() >= kContextsRemembered) newest_.clear();
  Context& context = newest_[device];
  context = {.id = *id, .removed = removed};
  context.present = {record.present.bits & kContextFields.bits};
  context.value = record.value;
  context.text = record.text;
  return id;
}

Result<std::int64_t> SampleWriter::find_or_add_context(Connection& connection, const Record& record,
                                                       KeySet removed) {
  std::string key = context_key(record, removed);
  if (const auto known = contexts_.find(key); known != contexts_.end()) return known->second;
  auto& find = find_context_;
  const auto row = find.bind(1, std::string_view{key}).step();
  if (!row) return std::unexpected{row.error()};
  std::int64_t id = 0;
  if (*row) {
    id = find.integer(0);
    find.reset();
  } else {
    const auto added = add_context(connection, record, removed, key);
    if (!added) return added;
    id = *added;
  }
  if (contexts_.size() >= kContextsRemembered) contexts_.clear();
  contexts_.emplace(std::move(key), id);
  return id;
}

Result<std::int64_t> SampleWriter::add_context(Connection& connection, const Record& record,
                                               KeySet removed, const std::string& key) {
  const std::string patch = context_patch(record, removed);
  Statement& row = add_context_;
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
  return connection.last_row_id();
}

}  // namespace idast::store
