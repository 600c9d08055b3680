#include "sim/lab/scenario.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include <toml++/toml.h>

#include "sim/lab/boards.h"
#include "sim/lab/drawing.h"
#include "sim/lab/ideal.h"
#include "sim/lab/sky_reader.h"
#include "sim/sky/modelled_sky.h"

namespace idast::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 10> kKinds{
    "dead", "stuck", "dirt", "jam", "loose", "clock", "no_clock", "place", "no_wind", "restart"};
constexpr std::array<std::string_view, 7> kTargets{"none",  "top", "left", "right",
                                                   "panel", "pan", "tilt"};

// Midnight of 2025-03-20 by the sun of a place in the tropics, a little north of the equator.
constexpr sun::Place kPlace{degrees(13.75f), degrees(121.05f), metres(10.f)};
constexpr UtcMillis kMidnight{1'742'399'748'000};  // 121.05° of longitude are 8 h 4 min 12 s
constexpr std::uint64_t kSeed = 2;
constexpr Millis kStep = 60ms;   // while motors are on, as the boards do,
constexpr Millis kRest = 540ms;  // and while nothing moves

// ---- reading

class Reading {
 public:
  Reading(const toml::table& table, std::string where) : table_{table}, where_{std::move(where)} {}

  template <class Value>
  std::optional<Value> optional(std::string_view key) {
    seen_.emplace_back(key);
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    const auto value = node->template value<Value>();
    if (!value) complain(key, "is of the wrong kind");
    return value;
  }
  template <class Value>
  Value needed(std::string_view key) {
    const auto value = optional<Value>(key);
    if (!value) complain(key, "is missing");
    return value.value_or(Value{});
  }
  template <class Word, std::size_t Count>
  Word word(std::string_view key, const std::array<std::string_view, Count>& words) {
    return find<Word>(key, needed<std::string>(key), words);
  }
  template <class Word, std::size_t Count>
  std::vector<Word> words(std::string_view key, const std::array<std::string_view, Count>& words) {
    seen_.emplace_back(key);
    std::vector<Word> found;
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return found;
    const toml::array* const list = node->as_array();
    if (list == nullptr) {
      complain(key, "is no list");
      return found;
    }
    for (const toml::node& entry : *list) {
      found.push_back(find<Word>(key, entry.value<std::string>().value_or(""), words));
    }
    return found;
  }
  // After the last key.
  std::string finish() {
    for (const auto& [key, node] : table_) {
      const bool known = std::ranges::find(seen_, key.str()) != seen_.end();
      if (!known) complain(key.str(), "is unknown");
    }
    return fault_;
  }
  void skip(std::string_view key) { seen_.emplace_back(key); }

 private:
  template <class Word, std::size_t Count>
  Word find(std::string_view key, std::string_view text,
            const std::array<std::string_view, Count>& words) {
    const auto at = std::ranges::find(words, text);
    if (at == words.end()) complain(key, "has an unknown word");
    return static_cast<Word>(at == words.end() ? 0 : at - words.begin());
  }
  void complain(std::string_view key, std::string_view what) {
    if (fault_.empty()) fault_ = where_ + ": " + std::string{key} + " " + std::string{what};
  }

  const toml::table& table_;
  std::string where_;
  std::vector<std::string> seen_;
  std::string fault_;
};

Fault read_fault(Reading& reading) {
  Fault fault;
  fault.kind = reading.word<FaultKind>("kind", kKinds);
  const bool has_sensor = fault.kind == FaultKind::dead || fault.kind == FaultKind::stuck ||
                          fault.kind == FaultKind::dirt;
  if (has_sensor) fault.target = reading.word<Target>("sensor", kTargets);
  if (fault.kind == FaultKind::jam) fault.target = reading.word<Target>("axis", kTargets);
  if (fault.kind == FaultKind::dirt) fault.share = reading.needed<double>("share");
  if (fault.kind == FaultKind::loose) fault.offset = reading.needed<double>("offset_deg");
  if (fault.kind == FaultKind::clock || fault.kind == FaultKind::restart) {
    fault.offset = reading.needed<double>("offset_s");
  }
  if (fault.kind == FaultKind::place) {
    fault.latitude = degrees(reading.needed<float>("latitude_deg"));
    fault.longitude = degrees(reading.needed<float>("longitude_deg"));
  }
  fault.from_h = reading.optional<double>("from_h").value_or(fault.from_h);
  fault.until_h = reading.optional<double>("until_h").value_or(fault.until_h);
  return fault;
}

Expectation read_expectation(Reading& reading) {
  Expectation expectation;
  expectation.from_h = reading.needed<double>("from_h");
  expectation.until_h = reading.needed<double>("until_h");
  expectation.states = reading.words<State>("states", kStateWords);
  expectation.reasons = reading.words<Reason>("reasons", kReasonWords);
  expectation.share_min = reading.optional<double>("share_min").value_or(expectation.share_min);
  expectation.error_p95_max_deg = reading.optional<double>("error_p95_max_deg");
  return expectation;
}

// The tables [[key]], each read by `read` into `out`; a sentence when one is wrong or none is
// there.
template <class Entry, class Read>
std::string read_all(const toml::table& root, const std::string& name, std::string_view key,
                     std::vector<Entry>& out, Read read) {
  const toml::node* const node = root.get(key);
  const toml::array* const list = node == nullptr ? nullptr : node->as_array();
  if (list == nullptr || list->empty()) return name + ": " + std::string{key} + " is missing";
  for (const toml::node& entry : *list) {
    const toml::table* const table = entry.as_table();
    if (table == nullptr) return name + ": " + std::string{key} + " is no table";
    Reading reading{*table, name + ": " + std::string{key}};
    out.push_back(read(reading));
    if (auto fault = reading.finish(); !fault.empty()) return fault;
  }
  return {};
}

// ---- running

bool is_on(const Fault& fault, double hour) { return hour >= fault.from_h && hour < fault.until_h; }

// The counts of a sensor that gets only a share of its light.
std::uint16_t dimmed(std::uint16_t counts, double share) {
  if (counts == 0) return 0;
  constexpr double kDivider = 150.0, kFull = 4095.0, kGamma = 0.65;
  constexpr double kFloorCounts = 0.15 / 3.3 * kFull;  // what the converter reads as nothing
  const double resistance =
      kDivider * (kFull / static_cast<double>(counts) - 1.0) * std::pow(share, -kGamma);
  const double dim = kFull * kDivider / (kDivider + resistance);
  return static_cast<std::uint16_t>(dim < kFloorCounts ? 0 : std::lround(dim));
}

// Plant, faults and tracker.
class Faulty {
 public:
  explicit Faulty(const Scenario& scenario)
      : scenario_{scenario},
        plant_{plant_of(scenario), kSeed},
        settings_{settings_of(scenario)},
        tracker_{settings_, control::flat_pose(settings_.mount)} {
    out_.target = control::flat_pose(settings_.mount);
    frozen_.resize(scenario.faults.size());
  }

  void step(Millis dt, const Conditions& now, double hour) {
    plant_.step(dt, now,
                {.target = distorted(out_.target, hour),
                 .motors_on = out_.motors_on,
                 .night = out_.state == State::night});
    uptime_ = uptime_ + dt;
    restart_if_due(hour);
    out_ = tracker_.step(inputs(now, hour));
  }

  const control::Outputs& out() const { return out_; }
  const Truth& truth() const { return plant_.truth(); }

 private:
  static LabOptions options_of(const Scenario& scenario) {
    LabOptions options;
    options.plant.anemometer = scenario.anemometer;
    return options;
  }
  static PlantParameters plant_of(const Scenario& scenario) {
    return lab_plant(options_of(scenario), kPlace);
  }
  static control::Settings settings_of(const Scenario& scenario) {
    auto settings = lab_boards(options_of(scenario), control::Law::hybrid, kPlace);
    for (const Fault& fault : scenario.faults) {
      if (fault.kind != FaultKind::place) continue;
      settings.place = sun::Place{fault.latitude, fault.longitude, metres(0.f)};
    }
    return settings;
  }

  // What the servos are made to do.
  control::Pose distorted(control::Pose pose, double hour) {
    for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
      const Fault& fault = scenario_.faults[i];
      if (!is_on(fault, hour)) continue;
      if (fault.kind == FaultKind::loose) pose.pan += degrees(static_cast<float>(fault.offset));
      if (fault.kind != FaultKind::jam) continue;
      if (!frozen_[i].pose) frozen_[i].pose = pose;
      if (fault.target == Target::pan) pose.pan = frozen_[i].pose->pan;
      if (fault.target == Target::tilt) pose.tilt = frozen_[i].pose->tilt;
    }
    return pose;
  }

  void restart_if_due(double hour) {
    for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
      const Fault& fault = scenario_.faults[i];
      if (fault.kind != FaultKind::restart || !is_on(fault, hour) || frozen_[i].restarted) continue;
      frozen_[i].restarted = true;
      const control::Learned learned = tracker_.learned();
      tracker_ = control::Tracker{settings_, control::flat_pose(settings_.mount)};
      tracker_.recall(learned);
      uptime_ = Instant{};
    }
  }

  std::optional<UtcMillis> clock(const Conditions& now, double hour) const {
    std::optional<UtcMillis> utc = now.at;
    for (const Fault& fault : scenario_.faults) {
      if (!is_on(fault, hour)) continue;
      const double late_h = fault.offset / 3600.0;
      if (fault.kind == FaultKind::no_clock) return std::nullopt;
      if (fault.kind == FaultKind::restart && hour < fault.from_h + late_h) return std::nullopt;
      if (fault.kind == FaultKind::clock) utc = *utc + Millis{std::llround(fault.offset * 1000.0)};
    }
    return utc;
  }

  control::Inputs inputs(const Conditions& now, double hour) {
    const Readings& seen = plant_.readings();
    control::Inputs inputs{.now = uptime_,
                           .utc = clock(now, hour),
                           .light = seen.light,
                           .wind = seen.wind,
                           .panel_power = {},
                           .panel_temperature = seen.panel_temperature,
                           .battery = seen.battery_charge};
    if (seen.panel_voltage && seen.panel_current) {
      inputs.panel_power = *seen.panel_voltage * *seen.panel_current;
    }
    for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
      const Fault& fault = scenario_.faults[i];
      if (!is_on(fault, hour)) continue;
      if (fault.kind == FaultKind::no_wind) inputs.wind.reset();
      if (fault.kind == FaultKind::dirt && fault.target == Target::panel && inputs.panel_power) {
        inputs.panel_power = *inputs.panel_power * static_cast<float>(fault.share);
      }
      if (std::uint16_t* const counts = sensor(*inputs.light, fault.target)) {
        spoil(*counts, fault, frozen_[i].counts);
      }
    }
    return inputs;
  }

  static std::uint16_t* sensor(control::Light& light, Target target) {
    if (target == Target::top) return &light.top;
    if (target == Target::left) return &light.left;
    return target == Target::right ? &light.right : nullptr;
  }

  static void spoil(std::uint16_t& counts, const Fault& fault,
                    std::optional<std::uint16_t>& frozen) {
    if (fault.kind == FaultKind::dead) counts = 0;
    if (fault.kind == FaultKind::dirt) counts = dimmed(counts, fault.share);
    if (fault.kind != FaultKind::stuck) return;
    if (!frozen) frozen = counts;
    counts = *frozen;
  }

  // What a fault found when it began.
  struct Frozen {
    std::optional<std::uint16_t> counts;
    std::optional<control::Pose> pose;
    bool restarted = false;
  };

  const Scenario& scenario_;
  Plant plant_;
  control::Settings settings_;
  control::Tracker tracker_;
  control::Outputs out_{};
  Instant uptime_;
  std::vector<Frozen> frozen_;
};

// ---- judging

// What was seen of one expectation.
class Judge {
 public:
  explicit Judge(const Expectation& expectation) : expectation_{expectation} {}

  void take(double hour, Millis lasted, const control::Outputs& out, bool aims, float error_deg) {
    if (hour < expectation_.from_h || hour >= expectation_.until_h) return;
    const auto among = [](const auto& list, auto word) {
      return list.empty() || std::ranges::find(list, word) != list.end();
    };
    const double seconds = static_cast<double>(lasted.count()) / 1000.0;
    all_ += seconds;
    spent_[{out.state, out.reason}] += seconds;
    if (among(expectation_.states, out.state) && among(expectation_.reasons, out.reason)) {
      so_ += seconds;
    }
    if (aims) errors_.emplace_back(error_deg, seconds);
  }

  Finding finding() {
    const double share = all_ > 0.0 ? so_ / all_ : 0.0;
    bool held = all_ > 0.0 && share >= expectation_.share_min;
    std::string words =
        decimal(expectation_.from_h, 2) + " to " + decimal(expectation_.until_h, 2) + " h:";
    std::vector<std::pair<double, std::pair<State, Reason>>> order;
    for (const auto& [what, seconds] : spent_) order.emplace_back(seconds, what);
    std::ranges::sort(order, std::greater<>{});
    for (const auto& [seconds, what] : order) {
      words += " " + std::string{to_text(what.first)} + "/" + std::string{to_text(what.second)} +
               " " + decimal(seconds / all_ * 100.0, 1) + " %,";
    }
    words += " as expected " + decimal(share * 100.0, 1) + " %";
    if (const auto p95 = percentile_95()) {
      words += ", error p95 " + decimal(*p95, 2) + "°";
      if (expectation_.error_p95_max_deg) held = held && *p95 <= *expectation_.error_p95_max_deg;
    } else if (expectation_.error_p95_max_deg) {
      held = false;
    }
    return {.held = held, .words = std::move(words)};
  }

 private:
  std::optional<double> percentile_95() {
    std::ranges::sort(errors_);
    double whole = 0.0;
    for (const auto& [error, seconds] : errors_) whole += seconds;
    double sum = 0.0;
    for (const auto& [error, seconds] : errors_) {
      sum += seconds;
      if (sum >= 0.95 * whole) return static_cast<double>(error);
    }
    return std::nullopt;
  }

  const Expectation& expectation_;
  double all_ = 0.0;
  double so_ = 0.0;
  std::map<std::pair<State, Reason>, double> spent_;
  std::vector<std::pair<float, double>> errors_;
};

ModelledSky sky_of(const Scenario& scenario) {
  const ModelledSkyParameters clear{.clear_share = 1.0, .overcast_share = 0.0, .squall_share = 0.0};
  const ModelledSkyParameters partly{
      .clear_share = 0.0, .overcast_share = 0.0, .squall_share = 0.0};
  return ModelledSky{kPlace, kSeed, scenario.partly ? partly : clear};
}

std::string clock_of(double hour) {
  const int minutes = static_cast<int>(std::lround(hour * 60.0));
  std::string text = std::to_string(minutes / 60) + ":";
  return text + (minutes % 60 < 10 ? "0" : "") + std::to_string(minutes % 60);
}

}  // namespace

std::expected<Scenario, std::string> parse_scenario(std::string_view text, std::string_view name) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed)
    return std::unexpected{std::string{name} + ": " + std::string{parsed.error().description()}};
  const toml::table& root = parsed.table();
  Scenario scenario;
  scenario.name = name;
  Reading reading{root, scenario.name};
  scenario.title = reading.needed<std::string>("title");
  scenario.wrong = reading.needed<std::string>("wrong");
  scenario.must = reading.needed<std::string>("must");
  constexpr std::array<std::string_view, 2> kSkies{"clear", "partly"};
  scenario.partly = reading.word<int>("sky", kSkies) == 1;
  scenario.from_h = reading.needed<double>("from_h");
  scenario.until_h = reading.needed<double>("until_h");
  scenario.capture_min = reading.optional<double>("capture_min");
  scenario.anemometer = reading.optional<bool>("anemometer").value_or(false);
  scenario.gap = reading.optional<std::string>("gap").value_or("");
  reading.skip("fault");
  reading.skip("expect");
  std::string fault = reading.finish();
  if (fault.empty()) fault = read_all(root, scenario.name, "fault", scenario.faults, read_fault);
  if (fault.empty()) {
    fault = read_all(root, scenario.name, "expect", scenario.expectations, read_expectation);
  }
  if (!fault.empty()) return std::unexpected{std::move(fault)};
  return scenario;
}

bool ScenarioResult::held() const {
  return capture_held && std::ranges::all_of(findings, &Finding::held);
}

ScenarioResult run_scenario(const Scenario& scenario) {
  const ModelledSky sky = sky_of(scenario);
  SkyReader reader{sky};
  Faulty boards{scenario};
  std::vector<Judge> judges;
  for (const Expectation& expectation : scenario.expectations) judges.emplace_back(expectation);
  const auto instant = [](double hour) { return kMidnight + Millis{std::llround(hour * 3.6e6)}; };
  ScenarioResult result;
  double caught = 0.0;
  double best = 0.0;
  UtcMillis minute = instant(scenario.from_h);
  for (UtcMillis at = minute; at < instant(scenario.until_h);) {
    const Millis dt = boards.out().motors_on ? kStep : kRest;
    at = at + dt;
    const Conditions now = reader.at(at);
    const double hour = static_cast<double>((at - kMidnight).count()) / 3.6e6;
    boards.step(dt, now, hour);
    const control::Outputs& out = boards.out();
    const float error =
        control::angle_between(boards.truth().normal, {now.sun.azimuth, now.sun.elevation})
            .in(degrees);
    const bool aims = out.state != State::diffuse && out.state != State::stow &&
                      out.reason != Reason::calibrating && out.reason != Reason::searching &&
                      now.dni > kPointingDniMin && now.sun.elevation > kPointingElevationMin;
    for (Judge& judge : judges) judge.take(hour, dt, out, aims, error);
    if (at < minute) continue;
    minute = minute + 1min;
    result.minutes.push_back({hour, out.state, out.reason, error});
    const SkyDome dome{now};
    caught += static_cast<double>(boards.truth().light.total().in(watts_per_square_metre));
    best +=
        static_cast<double>(oracle_light(dome, now.sun).light.total().in(watts_per_square_metre));
  }
  result.capture = best > 0.0 ? caught / best : 0.0;
  result.capture_held = result.capture >= scenario.capture_min.value_or(0.0);
  for (Judge& judge : judges) result.findings.push_back(judge.finding());
  return result;
}

std::string describe(const Scenario& scenario, const ScenarioResult& result) {
  std::string out = (result.held() ? "held " : "NOT HELD ") + scenario.name + ": " +
                    scenario.title + "\n  wrong: " + scenario.wrong +
                    "\n  must:  " + scenario.must + "\n";
  if (!scenario.gap.empty()) out += "  known gap: " + scenario.gap + "\n";
  out += std::string{"  "} + (result.capture_held ? "yes" : "NO ") + " capture " +
         decimal(result.capture, 4);
  if (scenario.capture_min) out += ", at least " + decimal(scenario.capture_min, 3);
  out += "\n";
  for (const Finding& finding : result.findings) {
    out += std::string{"  "} + (finding.held ? "yes " : "NO  ") + finding.words + "\n";
  }
  const ScenarioMinute* before = nullptr;
  for (const ScenarioMinute& minute : result.minutes) {
    constexpr float kLeap = 3.f;
    const bool same = before != nullptr && before->state == minute.state &&
                      before->reason == minute.reason &&
                      std::abs(before->error_deg - minute.error_deg) < kLeap;
    before = &minute;
    if (same) continue;
    out += "    " + clock_of(minute.hour) + " " + std::string{to_text(minute.state)} + "/" +
           std::string{to_text(minute.reason)} + ", " +
           decimal(static_cast<double>(minute.error_deg), 1) + "° off\n";
  }
  return out;
}

}  // namespace idast::sim
