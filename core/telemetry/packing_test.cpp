#include "core/telemetry/packing.h"

#include <array>
#include <string>

#include <doctest/doctest.h>

#include "core/base/random.h"
#include "core/telemetry/json.h"
#include "core/telemetry/summary.h"

using namespace idast;
using namespace idast::telemetry;

namespace {

std::string json_of(const Sample& sample) {
  std::array<char, kMessageBytesMax> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  print_json(sample, out);
  return std::string{out.view()};
}

// Any sample that a receiver can have: whatever bytes came by radio, and what it added.
Sample drawn(Random& random) {
  std::array<std::byte, kPayloadBytes> bytes;
  for (std::byte& b : bytes) b = static_cast<std::byte>(random.below(256));
  Sample sample = decode(bytes);
  sample.uptime = Millis{static_cast<std::int64_t>(random.below(1'000'000'000))};
  if (random.below(4) != 0) {
    sample.timestamp = static_cast<std::int64_t>(random.below(2'000'000'000)) * 1'000;
  }
  sample.seq = static_cast<std::int64_t>(random.below(1'000'000));
  if (random.below(4) == 0) sample.seq_from = *sample.seq / 2;
  sample.grid_price = static_cast<double>(random.below(3)) + 0.1;
  const std::array<std::string, 3> names{"", "iPhone_15", std::string(64, 'x')};
  sample.device_name.assign(names[random.below(3)]);
  return sample;
}

}  // namespace

TEST_CASE("any sample after any other comes back from its packing as it was") {
  Random random{20};
  Sample before;
  std::size_t largest = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Sample sample = drawn(random);
    std::array<std::byte, kPackedBytesMax> packed;
    const std::size_t size = pack(sample, before, packed);
    largest = std::max(largest, size);
    const auto again = unpack(Bytes{packed}.first(size), before);
    REQUIRE(again);
    CHECK(again->bytes == size);
    REQUIRE(json_of(again->sample) == json_of(sample));
    if (size > 1) CHECK_FALSE(unpack(Bytes{packed}.first(size - 1), before));
    before = again->sample;
  }
  CHECK(largest <= kPackedBytesMax);
  CHECK(largest > kPackedBytesMax / 3);
}

TEST_CASE("what follows from other fields does not stay behind from the sample before") {
  Sample before, sample;
  before.vertical_error = 8;
  before.co2 = kilograms(1.0);
  sample.seq = 1;
  std::array<std::byte, kPackedBytesMax> packed;
  const std::size_t size = pack(sample, before, packed);
  CHECK(json_of(unpack(Bytes{packed}.first(size), before)->sample) ==
        json_of(unpack(Bytes{packed}.first(size), {})->sample));
}

TEST_CASE("any bytes are some sample or nothing") {
  Random random{3};
  std::array<std::byte, kPackedBytesMax> bytes;
  for (int i = 0; i < 20'000; ++i) {
    for (std::byte& b : bytes) b = static_cast<std::byte>(random.below(256));
    const std::size_t size = random.below(kPackedBytesMax);
    if (const auto read = unpack(Bytes{bytes}.first(size), {})) CHECK(read->bytes <= size);
  }
}

TEST_CASE("a summary has the mean of what is averaged and the last of everything else") {
  Summary summary;
  CHECK_FALSE(summary.take());
  for (int i = 0; i < 4; ++i) {
    Sample sample;
    sample.seq = 10 + i;
    sample.top = 100 + i;
    sample.power = watts(2.f * static_cast<float>(i));
    if (i < 2) sample.wind = metres_per_second(3.f);
    sample.energy = watt_hours(5.0 + i);
    sample.tilt_angle = degrees(40.f + static_cast<float>(i));
    sample.state = i == 3 ? State::diffuse : State::track;
    summary.add(sample);
  }
  const auto sample = summary.take();
  REQUIRE(sample);
  CHECK(sample->seq == 13);
  CHECK(sample->seq_from == 10);
  CHECK(sample->top == 102);
  CHECK(sample->power == watts(3.f));
  CHECK(sample->wind == metres_per_second(3.f));
  CHECK(sample->energy == watt_hours(8.0));
  CHECK(sample->tilt_angle == degrees(43.f));
  CHECK(sample->state == State::diffuse);
  CHECK(summary.empty());

  summary.add(*sample);
  CHECK(summary.take()->seq_from == 10);
  Sample alone;
  alone.seq = 3;
  summary.add(alone);
  CHECK_FALSE(summary.take()->seq_from);
}
