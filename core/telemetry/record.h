#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/time.h"
#include "core/telemetry/schema.h"

// A sample as the server received it: what ingest makes, the store keeps and live shows. Server
// side only (it owns text of any length); boards use Sample. It carries everything needed to give
// the original message back, so nothing is kept twice: fields in their columns, the rest in
// `extra`.
namespace idast::telemetry {

struct Record {
  std::string device;  // The topic's id.
  UtcMillis received;  // When the server read it.
  UtcMillis ts;        // The sample's time by the rule in CONTRACT §1; ingest decides it.

  // Values by position in kFieldInfo. A number is scaled by 10^decimals, a boolean is 0 or 1, keys
  // are a KeySet's bits, time is the sender's `timestamp` as sent. Text stands in `text`. A value
  // is meaningful only when `present` has its bit.
  std::array<std::int64_t, kFieldCount> value{};
  std::array<std::string, kFieldCount> text{};
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
