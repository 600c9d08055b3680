#include "server/store/rollup.h"

#include <algorithm>
#include <utility>

#include "core/base/require.h"
#include "server/store/energy.h"

namespace idast::store {
namespace {

using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;

__extension__ using WideBits = unsigned __int128;

constexpr std::size_t kEnergy = telemetry::position_of("energy_wh");
constexpr std::size_t kBattery = telemetry::position_of("battery_pct");
constexpr std::size_t kDeviceName = telemetry::position_of("device_name");
constexpr int kVarintBytesMax = 19;  // 128 bits, seven at a time.

bool is_summed(std::size_t field) {
  const Kind kind = kFieldInfo[field].sql.kind;
  return kind == Kind::number || kind == Kind::boolean;
}

// Rises are never negative, so stopping at the largest number keeps every order of adding the same.
std::int64_t added(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

void print_varint(WideBits value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>((value & 0x7f) | 0x80));
  out.push_back(static_cast<char>(value));
}

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t bits) {
  return static_cast<std::int64_t>(bits >> 1) ^ -static_cast<std::int64_t>(bits & 1);
}

// Walks along the bytes; once they end too early, everything reads as 0 and `sound` stays false.
struct Bytes {
  std::string_view rest;
  bool sound = true;

  WideBits varint() {
    WideBits value = 0;
    for (int i = 0; i < kVarintBytesMax && static_cast<std::size_t>(i) < rest.size(); ++i) {
      const auto byte = static_cast<unsigned char>(rest[static_cast<std::size_t>(i)]);
      value |= static_cast<WideBits>(byte & 0x7f) << (7 * i);
      if ((byte & 0x80) != 0) continue;
      rest.remove_prefix(static_cast<std::size_t>(i) + 1);
      return value;
    }
    sound = false;
    rest = {};
    return 0;
  }
  std::uint64_t number() { return static_cast<std::uint64_t>(varint()); }
};

// Calls take(field, sums) for every field that has a value.
template <class Take>
bool each_field(std::string_view text, Take&& take) {
  Bytes bytes{text};
  const std::uint64_t samples = bytes.number();
  const std::uint64_t present = bytes.number();
  for (std::size_t i = 0; i < kFieldCount && bytes.sound; ++i) {
    if ((present >> i & 1) == 0) continue;
    FieldSums sums;
    sums.low = unzigzag(bytes.number());
    const std::uint64_t width = bytes.number();
    sums.high = static_cast<std::int64_t>(static_cast<std::uint64_t>(sums.low) + width);
    sums.count = static_cast<std::int64_t>(samples - bytes.number());
    sums.sum = Wide{sums.low} * sums.count;
    if (width != 0) sums.sum += static_cast<Wide>(bytes.varint());
    if (bytes.sound) take(i, sums);
  }
  return bytes.sound && bytes.rest.empty();
}

RollupHead head_of_record(const telemetry::Record& record) {
  return head_of(record.ts.unix_ms(), record.number(kEnergy), record.number(kBattery),
                 record.has(kDeviceName) ? std::string_view{record.text[kDeviceName]} : "");
}

void add_values(const telemetry::Record& record, std::array<FieldSums, kFieldCount>& fields) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (is_summed(i) && record.has(i)) fields[i].add(record.value[i]);
  }
}

}  // namespace

void FieldSums::add(std::int64_t value) { add(FieldSums{1, value, value, value}); }

void FieldSums::add(const FieldSums& other) {
  if (other.count == 0) return;
  low = count == 0 ? other.low : std::min(low, other.low);
  high = count == 0 ? other.high : std::max(high, other.high);
  sum += other.sum;
  count += other.count;
}

void RollupHead::add(const RollupHead& later) {
  if (later.samples == 0) return;
  const bool same_minute = samples > 0 && unit_of(0, last_ms) == unit_of(0, later.first_ms);
  minutes += later.minutes - (same_minute ? 1 : 0);
  if (samples == 0) first_ms = later.first_ms;
  last_ms = later.last_ms;
  samples += later.samples;
  if (later.energy_first) {
    EnergyCounter counter;
    if (energy_last) counter.add(*energy_last);
    energy_rise = added(added(energy_rise, counter.add(*later.energy_first)), later.energy_rise);
    if (!energy_first) energy_first = later.energy_first;
    energy_last = later.energy_last;
  }
  battery_sum += later.battery_sum;
  battery_samples += later.battery_samples;
  if (!later.device_name.empty()) device_name = later.device_name;
}

void RollupHead::add_late(const RollupHead& sample) {
  if (samples == 0 || sample.first_ms > last_ms) return add(sample);
  if (sample.first_ms < first_ms) {
    RollupHead first = sample;
    first.add(*this);
    *this = first;
    return;
  }
  samples += sample.samples;
  battery_sum += sample.battery_sum;
  battery_samples += sample.battery_samples;
  if (device_name.empty()) device_name = sample.device_name;
  if (!energy_first) energy_first = energy_last = sample.energy_first;
}

RollupHead head_of(std::int64_t ts_ms, std::optional<std::int64_t> energy,
                   std::optional<std::int64_t> battery, std::string_view device_name) {
  RollupHead head;
  head.samples = head.minutes = 1;
  head.first_ms = head.last_ms = ts_ms;
  head.energy_first = head.energy_last = energy;
  head.battery_sum = battery.value_or(0);
  head.battery_samples = battery ? 1 : 0;
  head.device_name = device_name;
  return head;
}

void Rollup::add(const telemetry::Record& later) {
  head.add(head_of_record(later));
  add_values(later, fields);
}

void Rollup::add_late(const telemetry::Record& record) {
  head.add_late(head_of_record(record));
  add_values(record, fields);
}

void Rollup::add(const Rollup& later) {
  head.add(later.head);
  for (std::size_t i = 0; i < kFieldCount; ++i) fields[i].add(later.fields[i]);
}

std::string print_fields(const Rollup& rollup) {
  std::uint64_t present = 0;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (rollup.fields[i].count > 0) present |= std::uint64_t{1} << i;
  }
  std::string out;
  print_varint(static_cast<std::uint64_t>(rollup.head.samples), out);
  print_varint(present, out);
  for (const FieldSums& sums : rollup.fields) {
    if (sums.count == 0) continue;
    print_varint(zigzag(sums.low), out);
    const std::uint64_t width =
        static_cast<std::uint64_t>(sums.high) - static_cast<std::uint64_t>(sums.low);
    print_varint(width, out);
    print_varint(static_cast<std::uint64_t>(rollup.head.samples - sums.count), out);
    if (width != 0)
      print_varint(static_cast<WideBits>(sums.sum - Wide{sums.low} * sums.count), out);
  }
  return out;
}

bool add_fields(std::string_view bytes, std::span<const std::size_t> chosen,
                std::span<FieldSums> sums) {
  require(chosen.size() == sums.size(), "add_fields: a sum for each field");
  return each_field(bytes, [&](std::size_t field, const FieldSums& found) {
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (chosen[i] == field) sums[i].add(found);
    }
  });
}

bool read_fields(std::string_view bytes, Rollup& rollup) {
  rollup.fields = {};
  return each_field(
      bytes, [&](std::size_t field, const FieldSums& found) { rollup.fields[field] = found; });
}

}  // namespace idast::store
