#include "core/telemetry/row.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "core/base/calendar.h"
#include "core/base/decimal.h"
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

// A key as it stands behind another member: ,"powerW":
struct KeyText {
  std::array<char, 32> text{};
  std::size_t size = 0;
  constexpr void append(std::string_view piece) {
    for (const char c : piece) text[size++] = c;
  }
};
consteval auto key_texts(std::string_view FieldInfo::* name, std::string_view quote) {
  std::array<KeyText, kFieldCount> keys{};
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    keys[i].append(",");
    keys[i].append(quote);
    keys[i].append(kFieldInfo[i].*name);
    keys[i].append(quote);
    keys[i].append(":");
  }
  return keys;
}
constexpr auto kRowKeys = key_texts(&FieldInfo::column, "\"");

// How a message is written: as JSON, or within the quotes of a CSV, where each quote is two.
struct AsJson {
  static constexpr std::string_view quote = "\"";
  static constexpr auto keys = key_texts(&FieldInfo::json, quote);
  static void append(std::string_view json, std::string& out) { out.append(json); }
};
struct InQuotes {
  static constexpr std::string_view quote = "\"\"";
  static constexpr auto keys = key_texts(&FieldInfo::json, quote);
  static void append(std::string_view json, std::string& out) {
    for (const char c : json) out.append(c == '"' ? 2 : 1, c);
  }
};

void print_key(const KeyText& key, std::string& out) {
  const std::size_t comma = out.back() == '{' ? 1 : 0;
  out.append(key.text.data() + comma, key.size - comma);
}

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c != '"' && c != '\\' && byte >= 0x20 && byte != 0x7f;
}

// Writes a message. Keys, numbers and short words gather in a buffer that has room for all of them,
// and go to the text in one piece.
template <class Spelling>
class MessagePrinter {
 public:
  explicit MessagePrinter(std::string& out) : out_{out} {}

  void member(const Record& record, std::size_t field) {
    copy(Spelling::keys[field].text.data(), Spelling::keys[field].text.size());
    at_ -= Spelling::keys[field].text.size() - Spelling::keys[field].size;
    const Sql& sql = kFieldInfo[field].sql;
    if (!record.has(field)) return word("null");
    switch (sql.kind) {
      case Kind::number:
        at_ = print_decimal(record.value[field], sql.decimals, at_);
        return;
      case Kind::time:  // As sent.
        at_ = print_decimal(record.value[field], 0, at_);
        return;
      case Kind::boolean:
        return word(record.value[field] != 0 ? "true" : "false");
      case Kind::text:
        return text(field == kDeviceId ? record.device : record.text[field]);
      case Kind::keys: {
        std::string keys;
        print_column(record, field, keys);
        return apart(keys);
      }
    }
  }
  // `extra` is an object of further members, or empty.
  void finish(std::string_view extra) {
    if (extra.size() > 2) {
      const bool first = !begun_ && at_ == buffer_.data();
      word(first ? "{" : ",");
      begun_ = begun_ || first;
      return apart(extra.substr(1));
    }
    hand_on();
    out_.push_back('}');
  }

 private:
  static constexpr std::size_t kWordBytesMax = kDecimalBytesMax;
  static constexpr std::size_t kMemberBytesMax =
      sizeof(KeyText::text) + kWordBytesMax + 2 * Spelling::quote.size();

  void copy(const char* text, std::size_t bytes) {
    std::memcpy(at_, text, bytes);
    at_ += bytes;
  }
  void word(std::string_view word) { copy(word.data(), word.size()); }
  void text(std::string_view text) {
    if (text.size() > kWordBytesMax || !std::ranges::all_of(text, is_plain)) {
      std::string json;
      print_text(text, json);
      return apart(json);
    }
    word(Spelling::quote);
    copy(text.data(), text.size());
    word(Spelling::quote);
  }
  // What may be of any length.
  void apart(std::string_view json) {
    hand_on();
    Spelling::append(json, out_);
  }
  void hand_on() {
    // The first key came with a comma, too.
    if (!std::exchange(begun_, true)) {
      buffer_[0] = '{';
      at_ = std::max(at_, buffer_.data() + 1);
    }
    out_.append(buffer_.data(), at_);
    at_ = buffer_.data();
  }

  std::string& out_;
  std::array<char, kFieldCount * kMemberBytesMax> buffer_;  // Not set: that takes as long again.
  char* at_ = buffer_.data();
  bool begun_ = false;  // The brace is written.
};

template <class Spelling>
void print_message_as(const Record& record, std::string& out) {
  const KeySet elsewhere = record.extra.empty() ? KeySet{} : fields_in_extra(record);
  MessagePrinter<Spelling> printer{out};
  std::uint64_t left = (record.present.bits | record.null.bits) & ~elsewhere.bits;
  for (; left != 0; left &= left - 1) {
    printer.member(record, static_cast<std::size_t>(std::countr_zero(left)));
  }
  printer.finish(record.extra);
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
  print_message_as<AsJson>(record, out);
}

void print_message_in_quotes(const Record& record, std::string& out) {
  out.push_back('"');
  print_message_as<InQuotes>(record, out);
  out.push_back('"');
}

void print_text(std::string_view text, std::string& out) {
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
