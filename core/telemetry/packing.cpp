#include "core/telemetry/packing.h"

#include <array>
#include <bit>
#include <cstdint>

namespace idast::telemetry {
namespace {

// 18 fields do not travel by radio: time, uptime, seq, seqFrom, price and name are packed below;
// boot, device and mode never change in a memory; nine follow from others (factors.h). One more
// that the receiver adds must be packed too, or it is missing when the sample is sent again.
static_assert(kFieldCount - kRadioFieldCount == 18, "pack the new field below, or count it here");

class BitWriter {
 public:
  explicit BitWriter(std::span<std::byte> out) : out_{out} {}

  void bits(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i, ++used_) {
      if (used_ % 8 == 0) out_[used_ / 8] = std::byte{0};
      if ((value >> i & 1u) != 0) out_[used_ / 8] |= std::byte{1} << (used_ % 8);
    }
  }
  std::size_t bytes() const { return (used_ + 7) / 8; }

 private:
  std::span<std::byte> out_;
  std::size_t used_ = 0;
};

class BitReader {
 public:
  explicit BitReader(Bytes in) : in_{in} {}

  std::uint64_t bits(int count) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i, ++used_) {
      if (used_ / 8 >= in_.size()) {
        failed_ = true;
        return 0;
      }
      const bool bit = std::to_integer<unsigned>(in_[used_ / 8] >> (used_ % 8) & std::byte{1}) != 0;
      if (bit) value |= std::uint64_t{1} << i;
    }
    return value;
  }
  std::size_t bytes() const { return (used_ + 7) / 8; }
  bool failed() const { return failed_; }
  void fail() { failed_ = true; }

 private:
  Bytes in_;
  std::size_t used_ = 0;
  bool failed_ = false;
};

constexpr int kGroupsMax = 22;  // 65 bits in threes

// Differences wrap, as unsigned integers do: any value is reached from any other.
void put(BitWriter& out, std::int64_t value, std::int64_t expected) {
  const auto difference = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) -
                                                    static_cast<std::uint64_t>(expected));
  out.bits(difference != 0 ? 1 : 0, 1);
  if (difference == 0) return;
  std::uint64_t rest = static_cast<std::uint64_t>(difference) << 1;
  if (difference < 0) rest = ~rest;
  do {
    const std::uint64_t more = rest >> 3;
    out.bits((rest & 7u) | (more != 0 ? 8u : 0u), 4);
    rest = more;
  } while (rest != 0);
}

std::int64_t get(BitReader& in, std::int64_t expected) {
  if (in.bits(1) == 0) return expected;
  std::uint64_t zigzag = 0;
  for (int group = 0; group < kGroupsMax; ++group) {
    const std::uint64_t bits = in.bits(4);
    zigzag |= (bits & 7u) << (3 * group);
    if ((bits & 8u) != 0) continue;
    const std::uint64_t sign = (zigzag & 1u) != 0 ? ~std::uint64_t{0} : 0;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(expected) + ((zigzag >> 1) ^ sign));
  }
  in.fail();
  return expected;
}

template <class T>
void put(BitWriter& out, const std::optional<T>& value, std::int64_t expected) {
  out.bits(value ? 1 : 0, 1);
  if (value) put(out, static_cast<std::int64_t>(*value), expected);
}
std::optional<std::int64_t> get_optional(BitReader& in, std::int64_t expected) {
  if (in.bits(1) == 0) return std::nullopt;
  return get(in, expected);
}

std::int64_t uptime_ms(const Sample& sample) { return sample.uptime.value_or(Millis{0}).count(); }

// The clock runs as the uptime does, and numbers run on.
std::int64_t next_time(const Sample& before, std::int64_t uptime) {
  return before.timestamp.value_or(0) + (uptime - uptime_ms(before));
}
std::int64_t next_number(const Sample& before) { return before.seq.value_or(-1) + 1; }

void put_text(BitWriter& out, std::string_view text) {
  out.bits(text.size(), 7);
  for (const char c : text) out.bits(static_cast<unsigned char>(c), 8);
}
void get_name(BitReader& in, Sample& sample) {
  std::array<char, 127> text{};
  const auto size = static_cast<std::size_t>(in.bits(7));
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(in.bits(8));
  if (!sample.device_name.assign({text.data(), size})) in.fail();
}

}  // namespace

std::size_t pack(const Sample& sample, const Sample& before, std::span<std::byte> out) {
  require(out.size() >= kPackedBytesMax, "pack: less room than a sample may take");
  BitWriter bits{out};
  const RadioValues values = radio_values(sample), expected = radio_values(before);
  for (std::size_t i = 0; i < values.size(); ++i) put(bits, values[i], expected[i]);
  const std::int64_t uptime = uptime_ms(sample);
  put(bits, uptime, uptime_ms(before));
  put(bits, sample.timestamp, next_time(before, uptime));
  put(bits, sample.seq, next_number(before));
  put(bits, sample.seq_from, next_number(before));
  const bool price = sample.grid_price != before.grid_price;
  bits.bits(price ? 1 : 0, 1);
  if (price) bits.bits(std::bit_cast<std::uint64_t>(sample.grid_price.value_or(0.0)), 64);
  const bool name = sample.device_name != before.device_name;
  bits.bits(name ? 1 : 0, 1);
  if (name) put_text(bits, sample.device_name.view());
  return bits.bytes();
}

std::optional<Unpacked> unpack(Bytes packed, const Sample& before) {
  BitReader bits{packed};
  // Only what is packed: what follows from other fields must not stay behind from the one before.
  Unpacked result;
  Sample& sample = result.sample;
  sample.device_name = before.device_name;
  sample.grid_price = before.grid_price;
  RadioValues values = radio_values(before);
  for (std::int64_t& value : values) value = get(bits, value);
  set_radio_values(sample, values);
  const std::int64_t uptime = get(bits, uptime_ms(before));
  sample.uptime = Millis{uptime};
  sample.timestamp = get_optional(bits, next_time(before, uptime));
  sample.seq = get_optional(bits, next_number(before));
  sample.seq_from = get_optional(bits, next_number(before));
  if (bits.bits(1) != 0) sample.grid_price = std::bit_cast<double>(bits.bits(64));
  if (bits.bits(1) != 0) get_name(bits, sample);
  if (bits.failed()) return std::nullopt;
  result.bytes = bits.bytes();
  return result;
}

}  // namespace idast::telemetry
