#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/state.h"
#include "core/control/tracker.h"
#include "sim/sky/sky.h"

// Scenarios: a day on which something breaks, and what the hybrid law must then do and say. The
// fault stands between plant and tracker (in readings, commands, clock or settings), never in the
// law. One TOML file each in sim/lab/scenarios, built into the program:
//
//   title = "…"            one line
//   wrong = "…"            what goes wrong
//   must = "…"             what the law must do, in words
//   sky = "clear"          or "partly": cloud by the seed
//   from_h = 8             hours by the sun of the place; the law starts here,
//   until_h = 15           and is judged until here
//   capture_min = 0.98     share of the oracle's light over that time (optional)
//   anemometer = true      (optional, false)
//   gap = "…"              what the law does not do yet (optional): the scenario must then not
//   hold,
//                          so that a mend has to take the line away
//
//   [[fault]]              one or more
//   kind = "dead"          see FaultKind
//   from_h = 10            until_h: optional, then it lasts
//   …                      what the kind needs
//
//   [[expect]]             one or more; all must hold
//   from_h = 10.5          of the time that is judged,
//   until_h = 15
//   states = ["track"]     the state is one of these (optional)
//   reasons = ["sun_up"]   and the reason one of these (optional)
//   share_min = 0.9        for at least this share of the time (optional, 0.9)
//   error_p95_max_deg = 1  pointing error where DNI > 120 W/m², elevation > 5°, not in diffuse or
//                          stow and not sweeping (capture has what that costs): 95 % of the
//                          seconds are within (optional)
namespace idast::sim {

enum class FaultKind : std::uint8_t {
  dead,      // sensor: its wire breaks, counts are 0
  stuck,     // sensor: its counts stay what they were
  dirt,      // sensor or "panel": `share` of the light comes through
  jam,       // axis "pan" or "tilt": the servo stays where it was told to be
  loose,     // the mount turns by `offset_deg` clockwise
  clock,     // `offset_s` is added to the boards' clock
  no_clock,  // the boards' clock knows no time
  place,     // settings hold latitude_deg, longitude_deg; from the start
  no_wind,   // the anemometer falls silent
  restart,   // power fails for a moment; what was learned is recalled, the clock `offset_s` later
};

enum class Target : std::uint8_t { none, top, left, right, panel, pan, tilt };

struct Fault {
  FaultKind kind = FaultKind::dead;
  Target target = Target::none;
  double from_h = 0.0;
  double until_h = 24.0;
  double share = 1.0;
  double offset = 0.0;  // degrees or seconds
  Degrees latitude;
  Degrees longitude;
};

struct Expectation {
  double from_h = 0.0;
  double until_h = 24.0;
  std::vector<State> states;    // empty: any
  std::vector<Reason> reasons;  // empty: any
  double share_min = 0.9;
  std::optional<double> error_p95_max_deg;
};

struct Scenario {
  std::string name;
  std::string title;
  std::string wrong;
  std::string must;
  bool partly = false;
  double from_h = 8.0;
  double until_h = 15.0;
  std::optional<double> capture_min;
  bool anemometer = false;
  std::string gap;  // empty: none known
  std::vector<Fault> faults;
  std::vector<Expectation> expectations;
};

// A sentence names what is wrong with the text. Not for text from strangers: the scenarios are the
// program's own.
std::expected<Scenario, std::string> parse_scenario(std::string_view text, std::string_view name);

struct ScenarioText {
  std::string_view name;
  std::string_view text;
};
// Those of sim/lab/scenarios, by name.
std::span<const ScenarioText> scenario_texts();

// What came of one expectation.
struct Finding {
  bool held = false;
  std::string words;  // for a person: what was seen
};

// What the law did in one minute of the time that is judged.
struct ScenarioMinute {
  double hour = 0.0;  // its beginning, by the sun
  State state = State::acquire;
  Reason reason = Reason::start;
  float error_deg = 0.f;
};

struct ScenarioResult {
  double capture = 0.0;
  bool capture_held = false;
  std::vector<Finding> findings;  // in the order of the expectations
  std::vector<ScenarioMinute> minutes;
  bool held() const;
};

// A few seconds of work. Pure; any thread.
ScenarioResult run_scenario(const Scenario& scenario);

// The same as lines for people: title, what went wrong, each finding, and the course of states.
std::string describe(const Scenario& scenario, const ScenarioResult& result);

}  // namespace idast::sim
