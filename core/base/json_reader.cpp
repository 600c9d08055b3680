#include "core/base/json_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace idast {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four hexadecimal digits at `at`; nothing when they are not there.
constexpr std::optional<std::uint32_t> hex4(std::string_view text, std::size_t at) {
  if (text.size() < at + 4) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return value;
}

constexpr bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
constexpr bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

// Walks a checked string, escapes resolved, as UTF-8 bytes.
class TextCursor {
 public:
  explicit TextCursor(std::string_view written) : written_{written} {}

  // The next byte; -1 at the end.
  int next() {
    if (waiting_ < size_) return static_cast<unsigned char>(bytes_[waiting_++]);
    if (at_ == written_.size()) return -1;
    const char c = written_[at_++];
    if (c != '\\') return static_cast<unsigned char>(c);
    const char escape = written_[at_++];
    switch (escape) {
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'u':
        break;
      default:
        return static_cast<unsigned char>(escape);
    }
    encode(code_point());
    return static_cast<unsigned char>(bytes_[waiting_++]);
  }

 private:
  std::uint32_t code_point() {
    const std::uint32_t unit = hex4(written_, at_).value_or(0);
    at_ += 4;
    if (!is_high_surrogate(unit)) return unit;
    const std::uint32_t low = hex4(written_, at_ + 2).value_or(0xdc00);
    at_ += 6;
    return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
  }

  void encode(std::uint32_t code) {
    waiting_ = size_ = 0;
    const auto put = [&](std::uint32_t byte) { bytes_[size_++] = static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
      put(0xc0 | code >> 6);
    } else if (code < 0x10000) {
      put(0xe0 | code >> 12);
      put(0x80 | (code >> 6 & 0x3f));
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
      put(0x80 | (code >> 6 & 0x3f));
    }
    put(0x80 | (code & 0x3f));
  }

  std::string_view written_;
  std::size_t at_ = 0;
  std::array<char, 4> bytes_{};
  std::size_t size_ = 0, waiting_ = 0;
};

bool same_text(std::string_view written, std::string_view plain) {
  TextCursor cursor{written};
  for (const char c : plain) {
    if (cursor.next() != static_cast<unsigned char>(c)) return false;
  }
  return cursor.next() == -1;
}

}  // namespace

std::string_view to_text(JsonError error) {
  constexpr std::array<std::string_view, 5> kWords{"too_long", "too_deep", "too_many_values",
                                                   "bad_utf8", "bad_syntax"};
  return kWords[static_cast<std::size_t>(error)];
}

// Recursive descent; kDepthMax bounds the recursion. Every function returns false after fail().
class JsonParser {
 public:
  explicit JsonParser(std::string_view text) { document_.text_ = text; }

  std::expected<JsonDocument, JsonError> run() {
    if (text().size() > JsonDocument::kBytesMax) return std::unexpected{JsonError::too_long};
    skip_blanks();
    if (!value({}, 1)) return std::unexpected{error_};
    skip_blanks();
    if (at_ != text().size()) return std::unexpected{JsonError::bad_syntax};
    return document_;
  }

 private:
  using Piece = JsonDocument::Piece;

  std::string_view text() const { return document_.text_; }
  char peek() const { return at_ < text().size() ? text()[at_] : '\0'; }
  bool eat(char c) {
    if (at_ == text().size() || text()[at_] != c) return false;
    ++at_;
    return true;
  }
  bool fail(JsonError error) {
    error_ = error;
    return false;
  }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  Piece since(std::size_t begin) const {
    return {static_cast<std::uint16_t>(begin), static_cast<std::uint16_t>(at_ - begin)};
  }

  bool value(Piece key, std::size_t depth) {
    if (document_.count_ == JsonDocument::kValuesMax) return fail(JsonError::too_many_values);
    const std::size_t index = document_.count_++;
    auto& node = document_.nodes_[index];
    node.key = key;
    if (!content(node, depth)) return false;
    node.end = static_cast<std::uint8_t>(document_.count_);
    return true;
  }

  bool content(JsonDocument::Node& node, std::size_t depth) {
    const std::size_t begin = at_;
    bool good = false;
    switch (peek()) {
      case '{':
        node.kind = JsonKind::object;
        return container('}', depth);
      case '[':
        node.kind = JsonKind::array;
        return container(']', depth);
      case '"':
        node.kind = JsonKind::text;
        return string(node.value);
      case 't':
        node.kind = JsonKind::boolean;
        good = word("true");
        break;
      case 'f':
        node.kind = JsonKind::boolean;
        good = word("false");
        break;
      case 'n':
        node.kind = JsonKind::null;
        good = word("null");
        break;
      default:
        node.kind = JsonKind::number;
        good = number();
        break;
    }
    node.value = since(begin);
    return good || fail(JsonError::bad_syntax);
  }

  bool container(char close, std::size_t depth) {
    if (depth > JsonDocument::kDepthMax) return fail(JsonError::too_deep);
    ++at_;
    skip_blanks();
    if (eat(close)) return true;
    while (true) {
      Piece key;
      if (close == '}') {
        if (peek() != '"') return fail(JsonError::bad_syntax);
        if (!string(key)) return false;
        skip_blanks();
        if (!eat(':')) return fail(JsonError::bad_syntax);
        skip_blanks();
      }
      if (!value(key, depth + 1)) return false;
      skip_blanks();
      if (eat(close)) return true;
      if (!eat(',')) return fail(JsonError::bad_syntax);
      skip_blanks();
    }
  }

  bool word(std::string_view expected) {
    if (!text().substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  bool digits() {
    if (!is_digit(peek())) return false;
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    eat('-');
    if (!eat('0') && !digits()) return false;
    if (eat('.') && !digits()) return false;
    if (!eat('e') && !eat('E')) return true;
    if (!eat('+')) eat('-');
    return digits();
  }

  bool string(Piece& piece) {
    ++at_;
    const std::size_t begin = at_;
    while (at_ < text().size() && text()[at_] != '"') {
      const auto byte = static_cast<unsigned char>(text()[at_]);
      if (byte < 0x20) return fail(JsonError::bad_syntax);
      if (byte == '\\') {
        if (!escape()) return fail(JsonError::bad_syntax);
        continue;
      }
      const std::size_t length = utf8_length(text(), at_);
      if (length == 0) return fail(JsonError::bad_utf8);
      at_ += length;
    }
    piece = since(begin);
    return eat('"') || fail(JsonError::bad_syntax);
  }

  bool escape() {
    const std::size_t kind = at_ + 1;
    if (kind >= text().size()) return false;
    if (text()[kind] != 'u') {
      at_ += 2;
      return std::string_view{"\"\\/bfnrt"}.find(text()[kind]) != std::string_view::npos;
    }
    const auto unit = hex4(text(), kind + 1);
    if (!unit || is_low_surrogate(*unit)) return false;
    at_ += 6;
    if (!is_high_surrogate(*unit)) return true;
    if (!text().substr(at_).starts_with("\\u")) return false;
    const auto low = hex4(text(), at_ + 2);
    at_ += 6;
    return low && is_low_surrogate(*low);
  }

  JsonDocument document_;
  std::size_t at_ = 0;
  JsonError error_ = JsonError::bad_syntax;
};

std::expected<JsonDocument, JsonError> JsonDocument::parse(std::string_view text) {
  return JsonParser{text}.run();
}

bool JsonValue::is(JsonKind kind) const {
  return document_ != nullptr && document_->nodes_[index_].kind == kind;
}

std::optional<bool> JsonValue::boolean() const {
  if (!is(JsonKind::boolean)) return std::nullopt;
  return document_->of(document_->nodes_[index_].value) == "true";
}

std::optional<std::int64_t> JsonValue::integer() const {
  if (!is(JsonKind::number)) return std::nullopt;
  const std::string_view digits = document_->of(document_->nodes_[index_].value);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// By hand: from_chars for doubles brings 20 kB of tables onto a board.
std::optional<double> JsonValue::number() const {
  if (!is(JsonKind::number)) return std::nullopt;
  std::string_view rest = document_->of(document_->nodes_[index_].value);
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);

  constexpr std::uint64_t kMantissaMax = 100'000'000'000'000'000u;  // more digits change nothing
  std::uint64_t mantissa = 0;
  int exponent = 0;
  bool fraction = false;
  while (!rest.empty() && (is_digit(rest.front()) || rest.front() == '.')) {
    if (rest.front() == '.') {
      fraction = true;
    } else if (mantissa < kMantissaMax) {
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(rest.front() - '0');
      if (fraction) --exponent;
    } else if (!fraction) {
      ++exponent;
    }
    rest.remove_prefix(1);
  }
  if (!rest.empty()) {
    rest.remove_prefix(1);
    const bool down = rest.starts_with('-');
    if (down || rest.starts_with('+')) rest.remove_prefix(1);
    constexpr int kExponentMax = 10'000;  // beyond any double, whatever the mantissa
    int written = 0;
    for (const char c : rest) written = std::min(written * 10 + (c - '0'), kExponentMax);
    exponent += down ? -written : written;
  }
  if (mantissa == 0) return negative ? -0.0 : 0.0;
  double value = static_cast<double>(mantissa);
  // In two halves: 10^-330 is no double although 123e-330 · 10^20 is one.
  const int half = exponent / 2;
  value = value * std::pow(10.0, half) * std::pow(10.0, exponent - half);
  if (!(value <= std::numeric_limits<double>::max())) return std::nullopt;
  return negative ? -value : value;
}

std::optional<std::size_t> JsonValue::copy_text(char* buffer, std::size_t room) const {
  if (!is(JsonKind::text)) return std::nullopt;
  TextCursor cursor{document_->of(document_->nodes_[index_].value)};
  std::size_t size = 0;
  for (int byte = cursor.next(); byte != -1; byte = cursor.next()) {
    if (size == room) return std::nullopt;
    buffer[size++] = static_cast<char>(byte);
  }
  return size;
}

JsonValue JsonValue::operator[](std::string_view key) const {
  if (!is(JsonKind::object)) return {};
  JsonValue found;
  const std::size_t end = document_->nodes_[index_].end;
  for (std::size_t i = index_ + 1; i < end; i = document_->nodes_[i].end) {
    if (same_text(document_->of(document_->nodes_[i].key), key)) found = {document_, i};
  }
  return found;
}

}  // namespace idast
