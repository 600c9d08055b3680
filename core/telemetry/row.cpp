#include "core/telemetry/row.h"

#include <algorithm>
#include <array>

#include "core/base/calendar.h"
#include "core/base/hex.h"
#include "core/base/text.h"
#include "core/telemetry/json.h"

namespace idast::telemetry {
namespace {

constexpr std::size_t kTs = position_of("ts");
constexpr std::size_t kDeviceId = position_of("device_id");
// Every key with its quotes and a comma, and two brackets.
constexpr std::size_t kKeysBytesMax = [] {
  std::size_t bytes = 2;
  for (const FieldInfo& info : kFieldInfo) bytes += info.json.size() + 3;
  return bytes;
}();

void print_scaled(std::int64_t scaled, int decimals, std::string& out) {
  char buffer[48];
  TextWriter writer{buffer, sizeof buffer};
  writer.decimal(scaled, decimals);
  out.append(writer.view());
}

// The value as the message has it, where it differs from the row: time as sent, true and false.
void print_sent(const Record& record, std::size_t field, std::string& out) {
  const Sql& sql = kFieldInfo[field].sql;
  if (sql.kind == Kind::time) return print_scaled(record.value[field], 0, out);
  if (sql.kind == Kind::boolean) {
    out.append(record.value[field] != 0 ? "true" : "false");
    return;
  }
  print_column(record, field, out);
}

// A key as it stands behind another member: ,"powerW":
struct KeyText {
  std::array<char, 32> text{};
  std::size_t size = 0;
  constexpr void append(std::string_view piece) {
    for (const char c : piece) text[size++] = c;
  }
};
consteval auto key_texts(std::string_view FieldInfo::* name) {
  std::array<KeyText, kFieldCount> keys{};
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    keys[i].append(",\"");
    keys[i].append(kFieldInfo[i].*name);
    keys[i].append("\":");
  }
  return keys;
}
constexpr auto kMessageKeys = key_texts(&FieldInfo::json);
constexpr auto kRowKeys = key_texts(&FieldInfo::column);

void print_key(const KeyText& key, std::string& out) {
  const std::size_t comma = out.back() == '{' ? 1 : 0;
  out.append(key.text.data() + comma, key.size - comma);
}

// Walks the top level of an object that has no white space; the text is our own, so it is whole.
class Members {
 public:
  explicit Members(std::string_view object) : rest_{object} {
    if (!rest_.empty()) rest_.remove_prefix(1);
  }

  // The next key, as written between its quotes; nothing at the end.
  std::optional<std::string_view> next() {
    if (rest_.empty() || rest_.front() != '"') return std::nullopt;
    const std::size_t key_bytes = string_bytes(rest_);
    const std::string_view key = rest_.substr(1, key_bytes - 2);
    rest_.remove_prefix(std::min(rest_.size(), key_bytes + 1));
    skip_value();
    return key;
  }

 private:
  static std::size_t string_bytes(std::string_view text) {
    std::size_t i = 1;
    while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
    return std::min(text.size(), i + 1);
  }
  void skip_value() {
    int depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (depth == 0 && (c == ',' || c == '}')) break;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      rest_.remove_prefix(c == '"' ? string_bytes(rest_) : 1);
    }
    if (!rest_.empty()) rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

struct KeyPlace {
  std::string_view json;
  std::size_t position;
};
consteval auto keys_sorted() {
  std::array<KeyPlace, kFieldCount> keys{};
  for (std::size_t i = 0; i < kFieldCount; ++i) keys[i] = {kFieldInfo[i].json, i};
  std::ranges::sort(keys, {}, &KeyPlace::json);
  return keys;
}
constexpr auto kKeysSorted = keys_sorted();

bool same_column(const Record& a, const Record& b, std::size_t field) {
  if (field == kDeviceId) return a.device == b.device;
  if (a.has(field) != b.has(field)) return false;
  if (!a.has(field)) return true;
  if (kFieldInfo[field].sql.kind == Kind::text) return a.text[field] == b.text[field];
  return a.value[field] == b.value[field];
}

}  // namespace

void print_row(std::optional<std::int64_t> id, const Record& record, std::string& out) {
  out.append(R"({"id":)");
  if (id) print_scaled(*id, 0, out);
  if (!id) out.append("null");
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (i == kOriginalFieldCount) {
      out.append(R"(,"raw_json":)");
      print_message(record, out);
    }
    print_key(kRowKeys[i], out);
    print_column(record, i, out);
  }
  out.push_back('}');
}

void print_column(const Record& record, std::size_t field, std::string& out) {
  if (field == kTs) {
    char buffer[32];
    TextWriter writer{buffer, sizeof buffer};
    write_iso(writer, record.ts);
    return print_text(writer.view(), out);
  }
  if (field == kDeviceId) return print_text(record.device, out);
  if (!record.has(field)) {
    out.append("null");
    return;
  }
  const Sql& sql = kFieldInfo[field].sql;
  if (sql.kind == Kind::text) return print_text(record.text[field], out);
  if (sql.kind == Kind::keys) {
    char buffer[kKeysBytesMax];
    TextWriter writer{buffer, sizeof buffer};
    print_keys({static_cast<std::uint64_t>(record.value[field])}, writer);
    out.append(writer.view());
    return;
  }
  print_scaled(record.value[field], sql.decimals, out);
}

void print_message(const Record& record, std::string& out) {
  const KeySet elsewhere = fields_in_extra(record);
  out.push_back('{');
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (elsewhere.contains(i)) continue;
    if (record.has(i)) {
      print_key(kMessageKeys[i], out);
      print_sent(record, i, out);
    } else if (record.null.contains(i)) {
      print_key(kMessageKeys[i], out);
      out.append("null");
    }
  }
  if (record.extra.size() > 2) {
    if (out.back() != '{') out.push_back(',');
    out.append(record.extra, 1);
    return;
  }
  out.push_back('}');
}

void print_text(std::string_view text, std::string& out) {
  const auto is_plain = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c != '"' && c != '\\' && byte >= 0x20 && byte != 0x7f;
  };
  out.push_back('"');
  while (!text.empty()) {
    const auto odd = std::ranges::find_if_not(text, is_plain);
    out.append(text.begin(), odd);
    text.remove_prefix(static_cast<std::size_t>(odd - text.begin()));
    if (text.empty()) break;
    const char c = text.front();
    const auto byte = static_cast<unsigned char>(c);
    text.remove_prefix(1);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else {
      out.append("\\u00");
      out.push_back(kHexDigits[byte >> 4]);
      out.push_back(kHexDigits[byte & 15]);
    }
  }
  out.push_back('"');
}

KeySet changed_columns(const Record& before, const Record& after) {
  KeySet changed;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (i != kTs && !same_column(before, after, i)) changed.add(i);
  }
  return changed;
}

KeySet fields_in_extra(const Record& record) {
  KeySet found;
  Members members{record.extra};
  while (const auto key = members.next()) {
    if (const auto field = position_of_key(*key)) found.add(*field);
  }
  return found;
}

bool extra_is_only_finer(const Record& record) {
  Members members{record.extra};
  while (const auto key = members.next()) {
    const auto field = position_of_key(*key);
    if (!field || !record.has(*field)) return false;
    if (kFieldInfo[*field].sql.kind != Kind::number) return false;
  }
  return true;
}

std::optional<std::size_t> position_of_key(std::string_view json) {
  const auto place = std::ranges::lower_bound(kKeysSorted, json, {}, &KeyPlace::json);
  if (place == kKeysSorted.end() || place->json != json) return std::nullopt;
  return place->position;
}

}  // namespace idast::telemetry
