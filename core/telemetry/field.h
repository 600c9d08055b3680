#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// What the outside world may know of one telemetry field. One line of schema.h makes one of these;
// everything that is printed, stored or drawn follows from it.
namespace idast::telemetry {

enum class Kind : std::uint8_t {
  time,     // `timestamp` in a message, `ts` in a row: whole milliseconds.
  number,   // Fixed point: a whole number of 10^-decimals.
  boolean,  // true or false; 1 or 0 in SQL.
  text,     // UTF-8, at most `characters` characters.
  keys,     // An array of JSON keys of this same table; a bit each, by position.
};

// A column's type. low and high are the column's range, scaled by 10^decimals.
struct Sql {
  std::string_view name;
  Kind kind;
  int decimals;
  int characters;
  std::int64_t low;
  std::int64_t high;
};

namespace sql {
// Every JSON reader sees whole numbers up to here unchanged (RFC 8259 §6).
inline constexpr std::int64_t kCountMax = (std::int64_t{1} << 53) - 1;

// DECIMAL(digits, decimals); `name` is the same in words, so that Sql stays a literal.
consteval Sql decimal(int digits, int decimals, std::string_view name) {
  std::int64_t high = 1;
  for (int i = 0; i < digits; ++i) high *= 10;
  return {name, Kind::number, decimals, 0, 1 - high, high - 1};
}
consteval Sql integer() { return {"INT", Kind::number, 0, 0, INT32_MIN, INT32_MAX}; }
consteval Sql count() { return {"BIGINT", Kind::number, 0, 0, 0, kCountMax}; }
consteval Sql boolean() { return {"TINYINT(1)", Kind::boolean, 0, 0, 0, 1}; }
consteval Sql text(int characters, std::string_view name) {
  return {name, Kind::text, 0, characters, 0, 0};
}
consteval Sql time() { return {"TIMESTAMP(3)", Kind::time, 0, 0, 0, kCountMax}; }
consteval Sql keys() { return {"JSON", Kind::keys, 0, 0, 0, 0}; }
}  // namespace sql

struct FieldInfo {
  std::string_view json;    // Key in the MQTT message.
  std::string_view column;  // Column in SQL, key in a REST row and in TypeScript.
  Sql sql;
  std::string_view unit;   // Symbol for people: "W", "°"; empty when there is none.
  std::string_view label;  // Short name for a screen.
  std::string_view about;  // One sentence for the documentation.
  bool by_radio;           // Travels from transmitter to receiver.
  bool averaged;  // What stands for several samples has its mean, otherwise its last value.
};

}  // namespace idast::telemetry
