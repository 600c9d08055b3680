#include "server/ingest/parser.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "core/telemetry/row.h"
#include "server/ingest/number.h"
#include "server/ingest/uptimes.h"

namespace idast::ingest {
namespace {

using telemetry::kFieldInfo;
using telemetry::Kind;
using telemetry::Record;
using telemetry::Sql;

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kTs = telemetry::position_of("ts");
constexpr std::size_t kDeviceId = telemetry::position_of("device_id");
constexpr std::size_t kBootId = telemetry::position_of("boot_id");
constexpr std::size_t kSeq = telemetry::position_of("seq");
constexpr std::size_t kSeqFrom = telemetry::position_of("seq_from");
constexpr std::size_t kUptime = telemetry::position_of("uptime_ms");

Refusal refusal_of(simdjson::error_code error) {
  return error == simdjson::UTF8_ERROR ? Refusal::bad_utf8 : Refusal::not_json;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view token) {
  while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
  return token;
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

// A value of the message: its kind, and its text without white space in which bare words that JSON
// does not know have become null. Views live as long as the message.
struct Value {
  Token token = Token::garbage;  // Of what is neither string, object nor array.
  char first = 0;                // '"', '{', '[', or of a token.
  std::optional<Plain> plain;    // Of most numbers.
  std::string_view text;         // Of a string, unescaped.
  std::string_view scalar;       // The text, of what is neither object nor array;
  std::string nested;            // of these it is put together here.

  std::string_view json() const { return nested.empty() ? scalar : nested; }
};

// A key of the message that the columns cannot give back, and its value.
struct Extra {
  std::string key;
  std::string json;  // Empty: taken back by a later duplicate.
};

// What stands in one message; of duplicate keys the last.
class Extras {
 public:
  bool contains(std::string_view key) const { return places_.contains(std::string{key}); }
  void put(std::string_view key, std::string json) {
    const auto [place, is_new] = places_.try_emplace(std::string{key}, extras_.size());
    if (is_new) extras_.push_back({std::string{key}, {}});
    extras_[place->second].json = std::move(json);
  }
  // Empty when it is not there.
  std::string_view find(std::string_view key) const {
    const auto place = places_.find(std::string{key});
    return place == places_.end() ? std::string_view{} : extras_[place->second].json;
  }
  void take_back(std::string_view key) {
    if (extras_.empty()) return;
    const auto place = places_.find(std::string{key});
    if (place == places_.end()) return;
    extras_[place->second].json.clear();
    // Put again, it stands where the later duplicate stood: what was read twice reads the same.
    places_.erase(place);
  }
  std::string object() const {
    std::string text;
    for (const Extra& extra : extras_) {
      if (extra.json.empty()) continue;
      text.push_back(text.empty() ? '{' : ',');
      telemetry::print_text(extra.key, text);
      text.append(":").append(extra.json);
    }
    if (!text.empty()) text.push_back('}');
    return text;
  }

 private:
  std::vector<Extra> extras_;
  std::unordered_map<std::string, std::size_t> places_;
};

// The elements of an array of strings without escapes; nothing for any other.
std::optional<std::vector<std::string_view>> words_of(std::string_view array) {
  std::vector<std::string_view> words;
  array.remove_prefix(1);
  while (array != "]") {
    if (array.starts_with(',')) array.remove_prefix(1);
    if (!array.starts_with('"')) return std::nullopt;
    const std::size_t end = array.find_first_of("\"\\", 1);
    if (array[end] == '\\') {
      // Not one of our keys. It ends at the first quote that no odd run of backslashes escapes.
      std::size_t i = 1;
      while (array[i] != '"') i += array[i] == '\\' ? 2 : 1;
      words.push_back(array.substr(1, i - 1));
      array.remove_prefix(i + 1);
      continue;
    }
    words.push_back(array.substr(1, end - 1));
    array.remove_prefix(end + 1);
  }
  return words;
}

// True when the value is one of the field's own; then it stands in the record. `exact` says whether
// the column gives it back as it was.
struct Taken {
  bool good = false;
  bool exact = true;
};

Taken take_number(const Sql& sql, const Value& value, std::int64_t& place) {
  if (value.token != Token::number) return {};
  const auto plain = value.plain ? scaled_number(*value.plain, sql.decimals) : std::nullopt;
  const auto scaled = plain ? plain : scaled_number(value.scalar, sql.decimals);
  if (!scaled || scaled->value < sql.low || scaled->value > sql.high) return {};
  // A count is whole or it is none: identity is never rounded into being.
  if (sql.name == telemetry::sql::count().name && !scaled->exact) return {};
  place = scaled->value;
  return {true, scaled->exact};
}

Taken take_keys(const Value& value, std::int64_t& place) {
  if (value.first != '[') return {};
  const auto words = words_of(value.nested);
  if (!words) return {};
  telemetry::KeySet keys;
  std::optional<std::size_t> before;
  bool exact = true;
  for (const std::string_view word : *words) {
    const auto field = telemetry::position_of_key(word);
    // A bit says neither the order nor how often.
    if (!field || (before && *field <= *before)) exact = false;
    if (!field) continue;
    keys.add(*field);
    before = field;
  }
  place = static_cast<std::int64_t>(keys.bits);
  return {true, exact};
}

Taken take_value(std::size_t field, const Value& value, Record& record) {
  const Sql& sql = kFieldInfo[field].sql;
  switch (sql.kind) {
    case Kind::time:
    case Kind::number:
      return take_number(sql, value, record.value[field]);
    case Kind::boolean:
      record.value[field] = value.scalar == "true" ? 1 : 0;
      return {value.token == Token::boolean, true};
    case Kind::keys:
      return take_keys(value, record.value[field]);
    case Kind::text:
      break;
  }
  if (value.first != '"') return {};
  if (field == kBootId && !is_boot(value.text)) return {};
  if (characters_of(value.text) > static_cast<std::size_t>(sql.characters)) return {};
  record.text[field] = value.text;
  return {true, true};
}

// One message while it is read.
struct Message {
  Record& record;
  Extras extras{};
  telemetry::KeySet seen{};
  telemetry::KeySet refused{};
  std::uint64_t duplicate_keys = 0;
  std::size_t before = telemetry::kFieldCount;  // The field read last; none yet.

  void take(std::size_t field, const Value& value);
  // The field is absent, what was sent is kept.
  void refuse(std::size_t field, std::string json);
};

void Message::take(std::size_t field, const Value& value) {
  const std::string_view key = kFieldInfo[field].json;
  if (seen.contains(field)) ++duplicate_keys;
  seen.add(field);
  // Nothing of an earlier duplicate may stay.
  record.present.remove(field);
  record.null.remove(field);
  extras.take_back(key);
  if (value.token == Token::null) {
    record.null.add(field);
    return;
  }
  const Taken taken = take_value(field, value, record);
  if (!taken.good) return refuse(field, std::string{value.json()});
  record.present.add(field);
  if (!taken.exact) extras.put(key, std::string{value.json()});
}

void Message::refuse(std::size_t field, std::string json) {
  refused.add(field);
  record.present.remove(field);
  // What JSON cannot hold comes back as null.
  if (json == "null") return record.null.add(field);
  extras.put(kFieldInfo[field].json, std::move(json));
}

}  // namespace

class Parser::Reader {
 public:
  explicit Reader(std::size_t payload_bytes_max)
      : payload_bytes_max_{payload_bytes_max},
        buffer_(payload_bytes_max + simdjson::SIMDJSON_PADDING) {}

  std::expected<Record, Refusal> read(std::string_view topic, std::string_view payload,
                                      UtcMillis received);

  ParserCounters counters;

 private:
  std::optional<Refusal> read_message(std::string_view payload, Record& record);
  std::optional<Refusal> read_member(ondemand::field& member, Message& message);
  Refusal refusal_of_root(std::size_t bytes);
  void decide_time(Record& record);

  static std::optional<Refusal> read_value(ondemand::value value, int depth, Value& out);
  static std::optional<Refusal> read_object(ondemand::value value, int depth, std::string& json);
  static std::optional<Refusal> read_array(ondemand::value value, int depth, std::string& json);

  std::size_t payload_bytes_max_;
  std::vector<char> buffer_;
  ondemand::parser parser_;
  Uptimes uptimes_;
  // What last followed each field, and, behind them all, what stood first.
  std::array<std::size_t, telemetry::kFieldCount + 1> follower_{};
};

std::expected<Record, Refusal> Parser::Reader::read(std::string_view topic,
                                                    std::string_view payload, UtcMillis received) {
  const auto place = read_topic(topic);
  if (!place) return std::unexpected{place.error()};
  if (place->kind != "telemetry") return std::unexpected{Refusal::bad_topic};
  Record record;
  record.device = place->device;
  record.received = received;
  if (const auto refusal = read_message(payload, record)) return std::unexpected{*refusal};
  if (record.has(kDeviceId) && record.text[kDeviceId] != record.device) {
    return std::unexpected{Refusal::foreign_device};
  }
  decide_time(record);
  return record;
}

std::optional<Refusal> Parser::Reader::read_message(std::string_view payload, Record& record) {
  if (payload.size() > payload_bytes_max_) return Refusal::too_large;
  std::memcpy(buffer_.data(), payload.data(), payload.size());
  // What stands behind the text must not look like a part of it.
  std::memset(buffer_.data() + payload.size(), ' ', simdjson::SIMDJSON_PADDING);
  ondemand::document document;
  const simdjson::padded_string_view text{buffer_.data(), payload.size(), buffer_.size()};
  if (const auto error = parser_.iterate(text).get(document)) return refusal_of(error);
  ondemand::object object;
  if (document.get_object().get(object)) return refusal_of_root(payload.size());

  Message message{record};
  for (auto item : object) {
    ondemand::field member;
    if (const auto error = std::move(item).get(member)) return refusal_of(error);
    if (const auto refusal = read_member(member, message)) return refusal;
  }
  // Anything behind the object is not JSON.
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return Refusal::not_json;
  const auto from = record.number(kSeqFrom);
  if (from && record.has(kSeq) && *from > record.value[kSeq]) {
    // A summary of what comes after it is none.
    const std::string sent{message.extras.find(kFieldInfo[kSeqFrom].json)};
    message.refuse(kSeqFrom, sent.empty() ? std::to_string(*from) : sent);
  }
  record.extra = message.extras.object();
  counters.duplicate_keys += message.duplicate_keys;
  for (std::size_t i = 0; i < telemetry::kFieldCount; ++i) {
    if (message.refused.contains(i)) ++counters.field_refused[i];
  }
  return std::nullopt;
}

std::optional<Refusal> Parser::Reader::read_member(ondemand::field& member, Message& message) {
  // A sender keeps its order, so most keys need one comparison.
  std::size_t& follower = follower_[message.before];
  std::optional<std::size_t> field = follower;
  std::string_view key;
  if (!member.key().unsafe_is_equal(kFieldInfo[follower].json)) {
    if (const auto error = member.unescaped_key().get(key)) return refusal_of(error);
    field = telemetry::position_of_key(key);
  }
  Value value;
  if (const auto refusal = read_value(member.value(), 1, value)) return refusal;
  if (field) {
    message.before = follower = *field;
    message.take(*field, value);
    return std::nullopt;
  }
  if (message.extras.contains(key)) ++message.duplicate_keys;
  message.extras.put(key, std::string{value.json()});
  return std::nullopt;
}

std::optional<Refusal> Parser::Reader::read_value(ondemand::value value, int depth, Value& out) {
  const std::string_view token = trimmed(value.raw_json_token());
  if (token.empty()) return Refusal::not_json;
  out.first = token.front();
  if (out.first == '{' || out.first == '[') {
    if (depth >= kDepthMax) return Refusal::too_deep;
    return out.first == '{' ? read_object(value, depth + 1, out.nested)
                            : read_array(value, depth + 1, out.nested);
  }
  if (out.first == '"') {
    if (const auto error = value.get_string().get(out.text)) return refusal_of(error);
    out.scalar = token;
    return std::nullopt;
  }
  out.plain = plain_of(token);
  out.token = out.plain ? Token::number : token_of(token);
  if (out.token == Token::garbage) return Refusal::not_json;
  const bool has_text = out.token == Token::number || out.token == Token::boolean;
  out.scalar = has_text ? token : std::string_view{"null"};
  return std::nullopt;
}

std::optional<Refusal> Parser::Reader::read_object(ondemand::value value, int depth,
                                                   std::string& json) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return refusal_of(error);
  json.push_back('{');
  for (auto item : object) {
    ondemand::field member;
    if (const auto error = std::move(item).get(member)) return refusal_of(error);
    std::string_view key;
    if (const auto error = member.unescaped_key().get(key)) return refusal_of(error);
    if (json.back() != '{') json.push_back(',');
    telemetry::print_text(key, json);
    json.push_back(':');
    Value inner;
    if (const auto refusal = read_value(member.value(), depth, inner)) return refusal;
    json.append(inner.json());
  }
  json.push_back('}');
  return std::nullopt;
}

std::optional<Refusal> Parser::Reader::read_array(ondemand::value value, int depth,
                                                  std::string& json) {
  ondemand::array array;
  if (const auto error = value.get_array().get(array)) return refusal_of(error);
  json.push_back('[');
  bool first = true;
  for (auto item : array) {
    ondemand::value element;
    if (const auto error = std::move(item).get(element)) return refusal_of(error);
    if (!first) json.push_back(',');
    first = false;
    Value inner;
    if (const auto refusal = read_value(element, depth, inner)) return refusal;
    json.append(inner.json());
  }
  json.push_back(']');
  return std::nullopt;
}

// Why a document that begins with no brace was refused. Rare, so it may cost a second parse.
Refusal Parser::Reader::refusal_of_root(std::size_t bytes) {
  simdjson::dom::parser strict{payload_bytes_max_};
  // simdjson's limit is the depth that is no longer allowed.
  const auto error = strict.allocate(payload_bytes_max_, kDepthMax + 1);
  if (error) return Refusal::not_json;
  simdjson::dom::element element;
  const auto found = strict.parse(buffer_.data(), bytes, false).get(element);
  if (found == simdjson::DEPTH_ERROR) return Refusal::too_deep;
  return found || element.is_object() ? Refusal::not_json : Refusal::not_object;
}

void Parser::Reader::decide_time(Record& record) {
  Uptimes::Said said{record.received};
  const auto sent = record.number(kTs);
  if (sent && *sent >= kUnixFromMs) {
    if (UtcMillis{*sent} > record.received + kAheadMax) {
      ++counters.clock_ahead;
    } else {
      said = {UtcMillis{*sent}, true};
    }
  }
  record.ts = said.time;
  if (!record.has(kBootId) || !record.has(kUptime)) return;
  record.ts = uptimes_.taken_at(record.device, record.text[kBootId], record.value[kUptime], said);
  counters.clock_fell = uptimes_.fallen();
}

Parser::Parser(std::size_t payload_bytes_max)
    : reader_{std::make_unique<Reader>(payload_bytes_max)} {}
Parser::~Parser() = default;

std::expected<Record, Refusal> Parser::parse(std::string_view topic, std::string_view payload,
                                             UtcMillis received) {
  auto record = reader_->read(topic, payload, received);
  if (record) ++reader_->counters.accepted;
  if (!record) ++reader_->counters.refused[static_cast<std::size_t>(record.error())];
  return record;
}

const ParserCounters& Parser::counters() const { return reader_->counters; }

}  // namespace idast::ingest
