#include "tests/storm/faults.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <string_view>

#include "core/base/random.h"

namespace idast::storm {
namespace {

constexpr std::array<std::string_view, 19> kNames{
    "bad_air",           "broker_away",          "broker_full",  "broker_drops", "broker_doubles",
    "broker_reorders",   "broker_restarts",      "words_lost",   "words_late",   "server_restarts",
    "store_fails",       "store_dies_after",     "server_clock", "device_clock", "device_clockless",
    "receiver_restarts", "transmitter_restarts", "spool_full",   "days_pass"};
// Drawn at random, any of them as often; what comes behind them is drawn for itself.
constexpr std::size_t kDrawn = 17;

constexpr std::array<std::int64_t, 6> kClockSteps{-3'600'000, 3'600'000,      -90'000,
                                                  90'000,     31'536'000'000, -86'400'000};

}  // namespace

namespace {

// Every third storm keeps the database away for long, fills the spool's disk for a part of that
// time, and restarts the server over a filled spool.
std::vector<Fault> spool_faults(std::uint64_t seed) {
  Random chance = Random{seed}.fork(3);
  if (chance.below(3) != 0) return {};
  const auto at = [&](std::uint64_t least_ms, std::uint64_t span_ms) {
    return Instant{Millis{static_cast<std::int64_t>(least_ms + chance.below(span_ms))}};
  };
  std::vector<Fault> faults{
      {.kind = FaultKind::store_fails, .from = at(2'000, 8'000), .until = at(25'000, 15'000)}};
  if (chance.below(2) == 0) {
    const Instant from = at(10'000, 10'000);
    const Millis span{static_cast<std::int64_t>(chance.below(10'000))};
    faults.push_back({.kind = FaultKind::spool_full, .from = from, .until = from + span});
  }
  const std::uint64_t restarts = chance.below(3);
  for (std::uint64_t i = 0; i < restarts; ++i) {
    const Instant from = at(12'000, 30'000);
    faults.push_back({.kind = FaultKind::server_restarts, .from = from, .until = from});
  }
  return faults;
}

// Every fourth storm lets days pass, so that what came before is archived and thinned while it goes
// on; words that are lost about then make trackers send it again.
std::vector<Fault> days_faults(std::uint64_t seed) {
  Random chance = Random{seed}.fork(4);
  if (chance.below(4) != 0) return {};
  constexpr std::int64_t kHour = 3'600'000;
  std::vector<Fault> faults;
  const std::uint64_t times = 1 + chance.below(3);
  for (std::uint64_t i = 0; i < times; ++i) {
    const auto at = static_cast<std::int64_t>(8'000 + chance.below(30'000));
    const auto hours = static_cast<std::int64_t>(44 + chance.below(48));
    const Instant from{Millis{at}};
    faults.push_back(
        {.kind = FaultKind::days_pass, .from = from, .until = from, .amount_ms = hours * kHour});
    const auto before = static_cast<std::int64_t>(chance.below(8'000));
    const auto after = static_cast<std::int64_t>(chance.below(7'000));
    faults.push_back({.kind = FaultKind::words_lost,
                      .from = Instant{Millis{at - before}},
                      .until = Instant{Millis{at + after}},
                      .strength = 1});
  }
  return faults;
}

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
    fault.kind = static_cast<FaultKind>(chance.below(kDrawn));
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
  std::ranges::copy(spool_faults(seed), std::back_inserter(faults));
  std::ranges::copy(days_faults(seed), std::back_inserter(faults));
  std::ranges::stable_sort(faults, {}, &Fault::from);
  return faults;
}

}  // namespace idast::storm
