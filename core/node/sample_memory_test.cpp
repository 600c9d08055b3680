#include "core/node/sample_memory.h"

#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/random.h"
#include "core/node/fakes_test.h"

using namespace idast;
using namespace idast::node;
using namespace std::chrono_literals;

namespace {

// As a tracker in the sun makes them: everything measured trembles.
class Days {
 public:
  telemetry::Sample next() {
    telemetry::Sample sample;
    sample.seq = seq_++;
    uptime_ += 350;
    sample.uptime = Millis{uptime_};
    sample.timestamp = 1'750'478'400'000 + uptime_;
    sample.top = 2500 + noise(12);
    sample.left = 2300 + noise(12);
    sample.right = 2400 + noise(12);
    sample.bottom = 2450 + noise(12);
    sample.tilt_angle = degrees(45.f);
    sample.pan_angle = degrees(90.f);
    sample.power = watts(8.f + 0.01f * static_cast<float>(noise(6)));
    sample.power_actual = sample.power;
    sample.panel_voltage = volts(8.f + 0.001f * static_cast<float>(noise(20)));
    sample.panel_current = amperes(1.f + 0.001f * static_cast<float>(noise(8)));
    sample.battery_voltage = volts(6.2f + 0.01f * static_cast<float>(noise(2)));
    sample.battery_current = amperes(1.f + 0.001f * static_cast<float>(noise(8)));
    sample.panel_temperature = celsius(34.5f + 0.1f * static_cast<float>(noise(2)));
    energy_ += 0.0008;
    sample.energy = watt_hours(energy_);
    sample.device_energy = watt_hours(energy_ / 30);
    sample.sun_azimuth = degrees(90.f + static_cast<float>(uptime_) * 4e-6f);
    sample.sun_elevation = degrees(20.f + static_cast<float>(uptime_) * 4e-6f);
    sample.state = State::track;
    sample.device_name = "iPhone_15";
    sample.grid_price = 12.0;
    return sample;
  }

 private:
  int noise(std::uint64_t width) {
    return static_cast<int>(random_.below(2 * width + 1)) - static_cast<int>(width);
  }
  Random random_{7};
  std::int64_t seq_ = 0, uptime_ = 0;
  double energy_ = 1000;
};

std::vector<telemetry::Sample> all_of(SampleMemory& memory) {
  std::vector<telemetry::Sample> all;
  memory.rewind();
  while (const auto sample = memory.next()) all.push_back(*sample);
  return all;
}

}  // namespace

TEST_CASE("ten minutes at 350 ms and more fit whole into less than 100 kB") {
  CHECK(sizeof(SampleMemory) <= 100'000);
  const auto memory = std::make_unique<SampleMemory>();
  Days days;
  std::int64_t whole = 0;
  while (memory->samples() == static_cast<std::size_t>(whole)) {
    memory->push(days.next());
    ++whole;
  }
  MESSAGE("whole for ", whole * 350 / 60'000, " minutes, ", memory->bytes() / memory->samples(),
          " bytes a sample");
  CHECK(whole * 350 >= 10 * 60'000);
}

TEST_CASE("what is read back is what was remembered, in order") {
  const auto memory = std::make_unique<SampleMemory>();
  Days days;
  std::vector<telemetry::Sample> sent;
  for (int i = 0; i < 500; ++i) sent.push_back(days.next());
  for (const auto& sample : sent) CHECK(memory->push(sample) == 0);
  memory->forget(99);
  const auto read = all_of(*memory);
  REQUIRE(read.size() == 400);
  CHECK(memory->first_seq() == 100);
  for (std::size_t i = 0; i < read.size(); ++i) {
    REQUIRE(read[i].seq == sent[100 + i].seq);
    CHECK(read[i].timestamp == sent[100 + i].timestamp);
    CHECK(read[i].top == sent[100 + i].top);
    CHECK(read[i].device_name == sent[100 + i].device_name);
    CHECK(telemetry::radio_values(read[i]) == telemetry::radio_values(sent[100 + i]));
  }
  memory->forget(499);
  CHECK(memory->empty());
  CHECK_FALSE(memory->first_seq());
  CHECK(memory->push(days.next()) == 0);
  CHECK(all_of(*memory).size() == 1);
}

TEST_CASE("when it is full the oldest become summaries that account for every number, then go") {
  const auto memory = std::make_unique<SampleMemory>();
  Days days;
  std::int64_t given_up = 0, pushed = 0;
  for (; given_up == 0; ++pushed) given_up += memory->push(days.next());
  MESSAGE("the first is given up after ", pushed * 350 / 60'000, " minutes");
  CHECK(pushed * 350 >= 60 * 60'000);
  for (int i = 0; i < 5'000; ++i, ++pushed) given_up += memory->push(days.next());
  std::int64_t next = given_up;
  CHECK(memory->given_up() == given_up - 1);
  CHECK(memory->first_seq() == given_up);
  bool raw = false;
  for (const auto& sample : all_of(*memory)) {
    CHECK(sample.seq_from.value_or(*sample.seq) == next);
    if (!sample.seq_from) raw = true;
    if (raw) CHECK_FALSE(sample.seq_from);
    next = *sample.seq + 1;
  }
  CHECK(next == pushed);
}

TEST_CASE("a reader goes on where it was, whatever is forgotten or summarised behind it") {
  const auto memory = std::make_unique<SampleMemory>();
  Days days;
  for (int i = 0; i < 1'000; ++i) memory->push(days.next());
  memory->rewind();
  for (int i = 0; i < 300; ++i) CHECK(memory->next()->seq == i);
  memory->forget(199);
  CHECK(memory->next()->seq == 300);
  memory->forget(599);
  CHECK(memory->next()->seq == 600);
  std::int64_t seq = 600;
  for (int i = 0; i < 20'000; ++i) memory->push(days.next());
  while (const auto sample = memory->next()) {
    CHECK(*sample->seq > seq);
    seq = *sample->seq;
  }
  CHECK(seq == 20'999);
}
