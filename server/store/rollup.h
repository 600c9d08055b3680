#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/telemetry/record.h"

// What a stretch of one device's samples adds up to: a minute, and everything that minutes add up
// to. Pure values.
//
// A rollup is a function of the set of its samples alone: they are added in one order, that of
// kRollupOrder, which nothing about their arrival can change. Adding the rollups of two
// neighbouring stretches gives exactly the rollup of both.
namespace idast::store {

// Sums stay exact: 2^53, the largest value of a field, times more samples than a century has.
__extension__ using Wide = __int128;

// The lengths that are kept. Each is a whole number of the one before. A quarter of an hour,
// because some time zones are that far from UTC; four hours, because most places' midnight is far
// from UTC's, and a year of their days is then six rows a day instead of 24.
enum class Level : std::uint8_t { minute, quarter, hour, watch, day };
inline constexpr std::array<std::int64_t, 5> kLevelMillis{60'000, 900'000, 3'600'000, 14'400'000,
                                                          86'400'000};
inline constexpr int kLevels = static_cast<int>(kLevelMillis.size());

// Which unit of a level a time falls into, and, going up, the first that begins at or after it.
constexpr std::int64_t unit_of(int level, std::int64_t ts_ms) {
  const std::int64_t length = kLevelMillis[static_cast<std::size_t>(level)];
  return ts_ms / length - (ts_ms % length < 0 ? 1 : 0);
}
constexpr std::int64_t unit_from(int level, std::int64_t ts_ms) { return -unit_of(level, -ts_ms); }
constexpr std::int64_t unit_start(int level, std::int64_t unit) {
  return unit * kLevelMillis[static_cast<std::size_t>(level)];
}

// The values of one field, as scaled whole numbers.
struct FieldSums {
  std::int64_t count = 0;
  std::int64_t low = 0;
  std::int64_t high = 0;
  Wide sum = 0;

  void add(std::int64_t value);
  void add(const FieldSums& other);
  friend bool operator==(const FieldSums&, const FieldSums&) = default;
};

// What days and their energy need.
struct RollupHead {
  std::int64_t samples = 0;
  std::int64_t minutes = 0;  // With at least one sample.
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  std::optional<std::int64_t> energy_first, energy_last;  // The counter's, in its own steps.
  std::int64_t energy_rise = 0;  // Between those two, by the rule of energy.h.
  std::int64_t battery_sum = 0;
  std::int64_t battery_samples = 0;
  std::string device_name;  // The last non-empty one.

  void add(const RollupHead& later);
  // One sample of the same minute whose place among the others is known by its time alone. Between
  // the first and the last it changes neither the energy, which is right unless the counter fell
  // or was silent, nor the name, unless there is none.
  void add_late(const RollupHead& sample);
  friend bool operator==(const RollupHead&, const RollupHead&) = default;
};

// One sample as a head. Values are scaled as in a Record.
RollupHead head_of(std::int64_t ts_ms, std::optional<std::int64_t> energy,
                   std::optional<std::int64_t> battery, std::string_view device_name);

struct Rollup {
  RollupHead head;
  std::array<FieldSums, telemetry::kFieldCount> fields{};  // Numbers and booleans.

  // `later` must follow in the order of samples.
  void add(const telemetry::Record& later);
  void add(const Rollup& later);
  void add_late(const telemetry::Record& record);  // As RollupHead.
  friend bool operator==(const Rollup&, const Rollup&) = default;
};

// The fields as bytes, one way only:
//
//   fields := samples:varint present:varint field*      a bit each, by position; 1: has a value
//   field  := low:zigzag width:varint missing:varint [rest:varint]
//
// high = low + width; count = samples − missing; sum = low × count + rest, where rest is there only
// if width is not 0. A varint is LEB128, at most 19 bytes.
std::string print_fields(const Rollup& rollup);

// Adds what the bytes say of the chosen fields to sums[i] for chosen[i]. False: not such bytes.
bool add_fields(std::string_view bytes, std::span<const std::size_t> chosen,
                std::span<FieldSums> sums);
// Sets all fields of the rollup.
bool read_fields(std::string_view bytes, Rollup& rollup);

}  // namespace idast::store
