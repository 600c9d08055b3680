#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/require.h"
#include "core/base/time.h"
#include "core/telemetry/schema.h"

// A sample as the server received it: what ingest makes, the store keeps and live shows. Server
// side only (it owns text of any length); boards use Sample. It carries everything needed to give
// the original message back, so nothing is kept twice: fields in their columns, the rest in
// `extra`.
namespace idast::telemetry {

// The text fields of a record, by position in kFieldInfo; every other field reads as empty and must
// not be written. One string for each text field, because a server moves and copies each record
// several times.
class Texts {
 public:
  const std::string& operator[](std::size_t field) const { return texts_[kPlaces[field]]; }
  std::string& operator[](std::size_t field) {
    require(kFieldInfo[field].sql.kind == Kind::text, "Texts: a text field");
    return texts_[kPlaces[field]];
  }
  auto begin() const { return texts_.begin(); }
  auto end() const { return texts_.end(); }

 private:
  static constexpr std::size_t kCount = [] {
    std::size_t count = 0;
    for (const FieldInfo& info : kFieldInfo) count += info.sql.kind == Kind::text ? 1 : 0;
    return count;
  }();
  // The place behind the last is that of all other fields, and stays empty.
  static constexpr auto kPlaces = [] {
    std::array<std::size_t, kFieldCount> places{};
    std::size_t next = 0;
    for (std::size_t i = 0; i < kFieldCount; ++i) {
      places[i] = kFieldInfo[i].sql.kind == Kind::text ? next++ : kCount;
    }
    return places;
  }();

  std::array<std::string, kCount + 1> texts_{};
};

struct Record {
  std::string device;  // The topic's id.
  UtcMillis received;  // When the server read it.
  UtcMillis ts;        // The sample's time by the rule in CONTRACT §1; ingest decides it.

  // Values by position in kFieldInfo. A number is scaled by 10^decimals, a boolean is 0 or 1, keys
  // are a KeySet's bits, time is the sender's `timestamp` as sent. Text stands in `text`. A value
  // is meaningful only when `present` has its bit.
  std::array<std::int64_t, kFieldCount> value{};
  Texts text;
  KeySet present;  // Stood in the message with an acceptable value.
  KeySet null;     // Stood in the message as null.

  // One JSON object, without white space and each key once, of everything that the columns cannot
  // give back exactly: unknown keys, refused values, numbers finer than their column. Empty when
  // there is nothing of the kind. A field's key in it stands before the column's value: see
  // print_message() in row.h.
  std::string extra;

  bool has(std::size_t field) const { return present.contains(field); }
  std::optional<std::int64_t> number(std::size_t field) const {
    if (!has(field)) return std::nullopt;
    return value[field];
  }

  // (device, boot, seq) identifies a sample for ever; fielded devices send neither.
  bool identified() const { return has(position_of("boot_id")) && has(position_of("seq")); }
};

// Samples of a boot that will never come: first..last are accounted for. A device gave them up
// (CONTRACT §1, `lost`), or, with an empty reason, the server was told to keep fewer; the latter is
// not worth a record.
struct Loss {
  std::string device;
  std::string boot;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::string reason;
  UtcMillis received;
};

}  // namespace idast::telemetry
