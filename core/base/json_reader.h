#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/text.h"

// Reads the small JSON a device takes from outside: commands and settings. The whole text is
// checked before anything is given out, so half a command is never obeyed. No heap, bounded depth,
// total on any bytes. (Telemetry is read by the server, in server/ingest.)
//
// Grammar: RFC 8259, with UTF-8 checked and lone surrogates refused. Of duplicate keys the last
// wins.
namespace idast {

enum class JsonError : std::uint8_t { too_long, too_deep, too_many_values, bad_utf8, bad_syntax };
std::string_view to_text(JsonError error);

enum class JsonKind : std::uint8_t { null, boolean, number, text, object, array };

class JsonDocument;

// One value of a document, or none: what is absent answers every question with "nothing". A view
// into the document, which must outlive it and stay in its place.
class JsonValue {
 public:
  JsonValue() = default;

  bool exists() const { return document_ != nullptr; }
  bool is(JsonKind kind) const;

  // Nothing when the value is of another kind, or cannot be held exactly: an integer with a
  // fraction or an exponent, a number beyond double, a text longer than N bytes.
  std::optional<bool> boolean() const;
  std::optional<double> number() const;  // within 2 units in the last place
  std::optional<std::int64_t> integer() const;
  template <std::size_t N>
  std::optional<FixedText<N>> text() const {
    std::array<char, N> buffer;
    const auto size = copy_text(buffer.data(), N);
    if (!size) return std::nullopt;
    return FixedText<N>{std::string_view{buffer.data(), *size}};
  }

  // The member of an object; absent when there is none, or this is no object.
  JsonValue operator[](std::string_view key) const;

 private:
  friend class JsonDocument;
  JsonValue(const JsonDocument* document, std::size_t index) : document_{document}, index_{index} {}
  std::optional<std::size_t> copy_text(char* buffer, std::size_t room) const;

  const JsonDocument* document_ = nullptr;
  std::size_t index_ = 0;
};

class JsonDocument {
 public:
  static constexpr std::size_t kBytesMax = 1024;  // CONTRACT §1: a command
  static constexpr std::size_t kDepthMax = 4;     // the outermost value has depth 1
  static constexpr std::size_t kValuesMax = 64;   // containers, their members and elements

  // `text` must outlive the document.
  static std::expected<JsonDocument, JsonError> parse(std::string_view text);

  JsonValue root() const { return {this, 0}; }

 private:
  friend class JsonValue;
  friend class JsonParser;
  struct Piece {  // of text_
    std::uint16_t begin = 0, size = 0;
  };
  struct Node {  // in the order of the text: a container stands right before its content
    Piece key;   // between the quotes, escapes as written; empty outside an object
    Piece value;
    std::uint8_t end = 0;  // index of the first node after this one and its content
    JsonKind kind = JsonKind::null;
  };
  std::string_view of(Piece piece) const { return text_.substr(piece.begin, piece.size); }

  std::string_view text_;
  std::array<Node, kValuesMax> nodes_{};
  std::size_t count_ = 0;
};

}  // namespace idast
