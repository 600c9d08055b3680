#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/state.h"
#include "core/control/mount.h"
#include "core/control/tracker.h"
#include "sim/lab/lab.h"

// Golden days: mornings of made weather through control::Tracker, and what it answered when
// somebody last looked at it. A law that answers otherwise is a fault or a wanted change, and a
// wanted change is a new reference that says why.
//
//   file   := "# why: " words "\n" head "\n" row*
//   head   := "time,state,reason,pan,tilt,trim_azimuth,trim_elevation,moves"
//   row    := hh:mm (UTC) "," word "," word "," degrees "," degrees "," degrees? "," degrees? ","
//             count "\n"
//
// The body has hidden errors (mount 4°, tilt -2°, mismatch 10 %) but no noise: noise would make two
// compilers, which round differently, different days.
namespace idast::tests {

enum class Weather : std::uint8_t { clear, broken, overcast };

struct GoldenDay {
  Weather weather;
  sim::LabLaw law;
};
constexpr std::array<GoldenDay, 9> kGoldenDays{{
    {Weather::clear, sim::LabLaw::naive},
    {Weather::clear, sim::LabLaw::ephemeris},
    {Weather::clear, sim::LabLaw::hybrid},
    {Weather::broken, sim::LabLaw::naive},
    {Weather::broken, sim::LabLaw::ephemeris},
    {Weather::broken, sim::LabLaw::hybrid},
    {Weather::overcast, sim::LabLaw::naive},
    {Weather::overcast, sim::LabLaw::ephemeris},
    {Weather::overcast, sim::LabLaw::hybrid},
}};
// broken_hybrid.csv
std::string file_name(const GoldenDay& day);

// What the tracker answered in one step.
struct Answer {
  State state;
  Reason reason;
  control::Pose pose;                                   // of the servos
  std::optional<Degrees> trim_azimuth, trim_elevation;  // absent for laws that learn none
  int moves = 0;  // times that a servo set off from standing still, since the beginning
};

// Every kEvery: the answer at the stamp, and those within kAround of it: a compiler that rounds
// otherwise may turn a step earlier or later.
constexpr Millis kEvery = std::chrono::minutes{3};
constexpr Millis kAround = std::chrono::seconds{2};
struct Stamp {
  UtcMillis at;
  Answer answer;
  std::vector<Answer> around;
};
std::vector<Stamp> run(const GoldenDay& day);

// How far an answer may be off. A servo step of the laws is half a degree; what is learned differs
// by hundredths when a step of it falls a moment later.
constexpr Degrees kPoseOff = degrees(0.6f);
constexpr Degrees kTrimOff = degrees(0.15f);
constexpr int kMovesOffLeast = 3;
// And this share of the count. Under a grey sky any tilt is as good as another, and whether a small
// one pays hangs on the last digit: contracted multiplications, as arm64 has them, made 62 of 55.
constexpr double moves_off(Weather weather) { return weather == Weather::overcast ? 0.15 : 0.03; }

std::string print(const std::vector<Stamp>& stamps, std::string_view why);
// Nothing, or the first line in which they differ and what was answered instead.
std::optional<std::string> difference(const GoldenDay& day, std::string_view reference,
                                      const std::vector<Stamp>& stamps);

}  // namespace idast::tests
