#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string_view>

#include "core/base/time.h"
#include "core/telemetry/record.h"
#include "server/ingest/refusal.h"

// Reads telemetry messages by the reading rules of CONTRACT §1. The whole message is checked, also
// what is not used. What one field has wrong costs that field; only what makes a message unreadable
// or foreign costs the message.
//
// Besides JSON it takes the bare words that microcontrollers print for numbers they do not have
// (nan, inf, Infinity, 1e400): the field is null, and stands as null in the original message.
namespace idast::ingest {

// A sample may be this far ahead of the server's clock; beyond, its time is its receipt.
inline constexpr Millis kAheadMax = std::chrono::minutes{5};
// Smaller time stamps are milliseconds since the device started (10^12 ms is September 2001).
inline constexpr std::int64_t kUnixFromMs = 1'000'000'000'000;

// Since the parser was made. Bounded: one for each reason and each known key.
struct ParserCounters {
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, kRefusalNames.size()> refused{};
  std::array<std::uint64_t, telemetry::kFieldCount> field_refused{};  // By position in kFieldInfo.
  std::uint64_t duplicate_keys = 0;
  std::uint64_t clock_ahead = 0;
  std::uint64_t clock_fell = 0;
};

// One owner, one thread; memory is taken once.
class Parser {
 public:
  // Larger payloads are refused as too_large. What is read a second time, printed anew, may need
  // more than the contract allows a sender: escapes grow.
  explicit Parser(std::size_t payload_bytes_max = kPayloadBytesMax);
  ~Parser();

  // `payload` of a message on `topic`, which must be solar-tracker/{id}/telemetry.
  std::expected<telemetry::Record, Refusal> parse(std::string_view topic, std::string_view payload,
                                                  UtcMillis received);
  const ParserCounters& counters() const;

 private:
  class Reader;
  std::unique_ptr<Reader> reader_;
};

}  // namespace idast::ingest
