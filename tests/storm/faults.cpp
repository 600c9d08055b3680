#include "tests/storm/faults.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "core/base/random.h"

namespace idast::storm {
namespace {

constexpr std::array<std::string_view, 17> kNames{
    "bad_air",           "broker_away",         "broker_full",  "broker_drops", "broker_doubles",
    "broker_reorders",   "broker_restarts",     "words_lost",   "words_late",   "server_restarts",
    "store_fails",       "store_dies_after",    "server_clock", "device_clock", "device_clockless",
    "receiver_restarts", "transmitter_restarts"};

constexpr std::array<std::int64_t, 6> kClockSteps{-3'600'000, 3'600'000,      -90'000,
                                                  90'000,     31'536'000'000, -86'400'000};

}  // namespace

std::string to_text(const Fault& fault) {
  std::array<char, 128> line;
  const auto name = kNames[static_cast<std::size_t>(fault.kind)];
  const int size = std::snprintf(
      line.data(), line.size(), "%6.2f-%6.2f s  %-20.*s device %zu  %.2f  %+.0f s",
      static_cast<double>(fault.from.since_start().count()) / 1e3,
      static_cast<double>(fault.until.since_start().count()) / 1e3, static_cast<int>(name.size()),
      name.data(), fault.device, fault.strength, static_cast<double>(fault.amount_ms) / 1e3);
  return {line.data(), static_cast<std::size_t>(size)};
}

std::vector<Fault> faults_of(std::uint64_t seed) {
  Random chance = Random{seed}.fork(1);
  std::vector<Fault> faults;
  const std::size_t count = 2 + chance.below(12);
  for (std::size_t i = 0; i < count; ++i) {
    Fault fault;
    fault.kind = static_cast<FaultKind>(chance.below(kNames.size()));
    fault.device = chance.below(kDevices);
    const auto longest = static_cast<std::uint64_t>(kStormLasts.count());
    const auto from = static_cast<std::int64_t>(chance.below(longest));
    // Short ones and long ones, as many of each.
    const auto span =
        static_cast<std::int64_t>(chance.below(chance.below(2) == 0 ? 2'000 : longest));
    fault.from = Instant{Millis{from}};
    fault.until = Instant{std::min(Millis{from + span}, kStormLasts)};
    fault.strength = chance.unit();
    fault.amount_ms = kClockSteps[chance.below(kClockSteps.size())];
    faults.push_back(fault);
  }
  std::ranges::stable_sort(faults, {}, &Fault::from);
  return faults;
}

}  // namespace idast::storm
