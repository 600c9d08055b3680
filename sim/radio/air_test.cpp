#include "sim/radio/air.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

using namespace idast;
using namespace idast::sim;

namespace {

std::vector<std::byte> frame_of(std::uint32_t number) {
  std::vector<std::byte> frame(8);
  ByteWriter{frame}.write(number).write(~number);
  return frame;
}

struct Report {
  std::vector<std::vector<std::byte>> heard;
  AirCounts counts;
};

// Sends `frames` frames, the other side listening after every `burst`.
Report run(const AirParameters& parameters, std::uint64_t seed, std::uint32_t frames = 10'000,
           std::uint32_t burst = 4) {
  Air air{parameters, seed};
  Report report;
  for (std::uint32_t i = 0; i < frames; ++i) {
    CHECK(air.first().send(frame_of(i)));
    if (i % burst != burst - 1) continue;
    std::array<std::byte, 250> buffer{};
    while (const auto size = air.second().receive(buffer)) {
      report.heard.emplace_back(buffer.begin(), buffer.begin() + static_cast<long>(*size));
    }
  }
  report.counts = air.from_first();
  return report;
}

double share(std::uint64_t count) { return static_cast<double>(count) / 10'000.0; }

}  // namespace

TEST_CASE("good air gives every frame once, in order, to the other side only") {
  const Report report = run({}, 1);
  CHECK(report.heard.size() == 10'000);
  for (std::uint32_t i = 0; i < 10'000; ++i) CHECK(report.heard[i] == frame_of(i));
  Air air{{}, 1};
  air.second().send(frame_of(7));
  std::array<std::byte, 250> buffer{};
  CHECK_FALSE(air.second().receive(buffer));
  CHECK(air.first().receive(buffer) == 8);
}

TEST_CASE("faults come as often as they were asked for, and every frame is accounted for") {
  const Report report =
      run({.loss = 0.1, .bit_flip = 0.05, .duplicate = 0.02, .reorder = 0.04}, 42);
  CHECK(share(report.counts.lost) == doctest::Approx(0.1).epsilon(0.1));
  CHECK(share(report.counts.flipped) == doctest::Approx(0.045).epsilon(0.15));
  CHECK(share(report.counts.duplicated) == doctest::Approx(0.018).epsilon(0.2));
  CHECK(report.counts.reordered > 0);
  CHECK(report.heard.size() == 10'000 - report.counts.lost + report.counts.duplicated);
  CHECK(report.counts.heard == report.heard.size());
}

TEST_CASE("the same seed gives the same faults, another seed others") {
  const AirParameters bad{.loss = 0.2, .bit_flip = 0.2, .duplicate = 0.2, .reorder = 0.2};
  CHECK(run(bad, 7).heard == run(bad, 7).heard);
  CHECK(run(bad, 7).heard != run(bad, 8).heard);
}

TEST_CASE("a frame that overtakes another loses none") {
  Report report = run({.loss = 0, .bit_flip = 0, .duplicate = 0, .reorder = 1}, 3);
  CHECK(report.counts.reordered > 5'000);
  CHECK(report.heard[0] != frame_of(0));
  std::ranges::sort(report.heard);
  CHECK(std::ranges::adjacent_find(report.heard) == report.heard.end());
  CHECK(report.heard.size() == 10'000);
}

TEST_CASE("a full queue and an oversized frame are refused and counted") {
  Air air{{}, 1};
  for (std::size_t i = 0; i < Air::kQueueFrames; ++i) CHECK(air.first().send(frame_of(1)));
  CHECK_FALSE(air.first().send(frame_of(2)));
  CHECK(air.from_first().refused == 1);
  CHECK_FALSE(air.second().send(std::vector<std::byte>(251)));
  CHECK(air.from_second().too_long == 1);
}

TEST_CASE("a buffer too small gets the frame's beginning, which no parser takes") {
  Air air{{}, 1};
  air.first().send(frame_of(1));
  std::array<std::byte, 3> buffer{};
  CHECK(air.second().receive(buffer) == 3);
}
