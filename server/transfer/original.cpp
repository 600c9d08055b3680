#include "server/transfer/original.h"

#include <algorithm>

#include <simdjson.h>

#include "core/base/calendar.h"
#include "core/base/text.h"
#include "core/telemetry/row.h"
#include "server/ingest/number.h"
#include "server/ingest/refusal.h"

namespace idast::transfer {
namespace {

using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;
using telemetry::Record;
using telemetry::Sql;

constexpr std::size_t kTs = telemetry::position_of("ts");
constexpr std::size_t kDeviceId = telemetry::position_of("device_id");
constexpr std::size_t kBootId = telemetry::position_of("boot_id");

std::optional<std::size_t> field_named(std::string_view column) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kFieldInfo[i].column == column) return i;
  }
  return std::nullopt;
}

std::size_t characters_of(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (c & 0xc0) != 0x80; }));
}

bool is_boot(std::string_view text) {
  return text.size() == 16 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

// What the column says, in `value` or `text`; false when it cannot hold that.
bool read_cell(const std::string& cell, std::size_t field, std::int64_t& value, std::string& text) {
  const Sql& sql = kFieldInfo[field].sql;
  switch (sql.kind) {
    case Kind::text:
      if (!is_utf8(cell) || (field == kBootId && !is_boot(cell))) return false;
      if (characters_of(cell) > static_cast<std::size_t>(sql.characters)) return false;
      text = cell;
      return true;
    case Kind::boolean:
      value = cell == "1" || cell == "true" ? 1 : 0;
      return value == 1 || cell == "0" || cell == "false";
    case Kind::number: {
      if (ingest::token_of(cell) != ingest::Token::number) return false;
      const auto scaled = ingest::scaled_number(cell, sql.decimals);
      if (!scaled || scaled->value < sql.low || scaled->value > sql.high) return false;
      if (sql.name == telemetry::sql::count().name && !scaled->exact) return false;
      value = scaled->value;
      return true;
    }
    case Kind::time:
    case Kind::keys:
      return false;
  }
  return false;
}

// The message says this of the field, whatever the column will say.
void keep_sent(std::size_t field, Record& record) {
  if (!record.has(field) && !record.null.contains(field)) return;
  if (telemetry::fields_in_extra(record).contains(field)) return;
  Record one;
  if (record.has(field)) one.present.add(field);
  if (!record.has(field)) one.null.add(field);
  one.value[field] = record.value[field];
  if (kFieldInfo[field].sql.kind == Kind::text) one.text[field] = record.text[field];
  std::string sent;
  telemetry::print_message(one, sent);
  if (record.extra.size() > 2) {
    record.extra.pop_back();
    sent = record.extra + ',' + sent.substr(1);
  }
  record.extra = std::move(sent);
}

// The message's own device; empty when it has none.
std::string device_in(std::string_view json) {
  namespace ondemand = simdjson::ondemand;
  ondemand::parser parser;
  const simdjson::padded_string text{json};
  ondemand::document document;
  std::string_view device;
  if (parser.iterate(text).get(document)) return {};
  if (document["device_id"].get_string().get(device)) return {};
  return std::string{device};
}

}  // namespace

std::expected<void, std::string> OriginalRows::columns(const std::vector<std::string>& names) {
  ts_ = raw_ = device_column_ = std::nullopt;
  places_.clear();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto field = field_named(names[i]);
    if (names[i] == "raw_json") raw_ = i;
    if (!field) continue;
    // Keys come with the message alone; a bit for each says less than the message.
    if (kFieldInfo[*field].sql.kind == Kind::keys) continue;
    if (*field == kTs) {
      ts_ = i;
    } else if (*field == kDeviceId) {
      device_column_ = i;
    } else {
      places_.push_back({i, *field});
    }
  }
  if (ts_) return {};
  return std::unexpected{
      "there is no column ts: this is not a telemetry table, or its first line does not name the "
      "columns"};
}

std::string OriginalRows::device_of(const Row& row, std::string_view raw) const {
  if (device_column_ && !row[*device_column_].null) return row[*device_column_].text;
  std::string device = raw.empty() ? std::string{} : device_in(raw);
  return device.empty() ? device_ : device;
}

std::expected<Record, std::string_view> OriginalRows::message(const Row& row, UtcMillis ts) {
  const std::string_view raw =
      raw_ && !row[*raw_].null ? std::string_view{row[*raw_].text} : std::string_view{};
  const std::string device = device_of(row, raw);
  if (device.empty()) return std::unexpected{std::string_view{"no_device"}};
  const std::string topic = "solar-tracker/" + device + "/telemetry";
  const auto place = ingest::read_topic(topic);
  if (!place || place->device != device) {
    return std::unexpected{ingest::name(ingest::Refusal::bad_device_id)};
  }
  if (raw.empty()) {
    Record record;
    record.device = device;
    return record;
  }
  auto record = parser_.parse(topic, raw, ts);
  if (!record) return std::unexpected{ingest::name(record.error())};
  return std::move(*record);
}

void OriginalRows::apply(const Cell& cell, std::size_t field, Record& record) {
  if (cell.null) {
    if (!record.has(field)) return;
    keep_sent(field, record);
    record.present.remove(field);
    return;
  }
  std::int64_t value = 0;
  std::string text;
  if (!read_cell(cell.text, field, value, text)) {
    ++fields_refused_[std::string{kFieldInfo[field].column}];
    return;
  }
  const bool is_text = kFieldInfo[field].sql.kind == Kind::text;
  if (record.has(field) && (is_text ? record.text[field] == text : record.value[field] == value)) {
    return;
  }
  keep_sent(field, record);
  record.null.remove(field);
  record.present.add(field);
  record.value[field] = value;
  if (is_text) record.text[field] = std::move(text);
}

std::expected<Record, std::string_view> OriginalRows::record(const Row& row) {
  const Cell& time = row[*ts_];
  const auto ts = time.null ? std::nullopt : utc_from_iso(time.text);
  if (!ts) return std::unexpected{std::string_view{"bad_ts"}};
  auto record = message(row, *ts);
  if (!record) return record;
  record->ts = *ts;
  record->received = *ts;
  for (const Place& place : places_) apply(row[place.cell], place.field, *record);
  return record;
}

}  // namespace idast::transfer
