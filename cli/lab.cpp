#include "cli/lab.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <expected>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "cli/days.h"
#include "cli/lab_print.h"
#include "cli/lab_progress.h"
#include "core/base/calendar.h"
#include "core/base/require.h"
#include "sim/lab/plant_file.h"
#include "sim/lab/report.h"
#include "sim/lab/scenario.h"
#include "sim/sky/modelled_sky.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {
namespace {

constexpr int kFailure = 1;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr int kDaysMax = 3660;

float narrow(double value) { return static_cast<float>(value); }

// The days' plant, overruled by what only this command can.
std::expected<sim::PlantParameters, sim::PlantFileError> plant_of(const LabOptions& options,
                                                                  const DayOptions& days) {
  auto plant = cli::plant_of(days);
  if (!plant) return plant;
  if (options.mount) {
    plant->mount.kind = control::mount_kind_from(*options.mount).value_or(plant->mount.kind);
  }
  if (options.profile) {
    plant->light.profile =
        *options.profile == "fielded" ? sim::LightProfile::fielded : sim::LightProfile::reference;
  }
  if (options.truth_albedo) plant->sky.albedo = narrow(*options.truth_albedo);
  return plant;
}

// A second for years of synthetic days, the boards' own for measured ones.
Millis step_of(const LabOptions& options) {
  constexpr Millis kSyntheticStep{1000};
  if (options.step_ms) return Millis{*options.step_ms};
  return options.synthetic_days ? kSyntheticStep : sim::kMovingStep;
}

// Pictures by the minute stay readable for so long; longer periods are reported without.
constexpr Millis kPicturedMax = std::chrono::hours{49};

sim::LabOptions lab_options(const LabOptions& options, const sim::PlantParameters& plant,
                            const Days& period) {
  const sun::Place& place = period.sky->place();
  sim::LabOptions made;
  const bool pictured = !options.report.empty() || !options.pictures.empty();
  made.keep_minutes = pictured && period.to - period.from <= kPicturedMax;
  made.plant = plant;
  // Straight ahead is where the sun stands at noon.
  made.plant.mount.heading = degrees(place.latitude < degrees(0.f) ? 0.f : 180.f);
  made.seed = options.seed;
  made.step = step_of(options);
  return made;
}

std::vector<sim::LabLaw> laws_of(const LabOptions& options) {
  std::vector<sim::LabLaw> laws;
  for (const std::string& name : options.laws) {
    if (const auto law = sim::lab_law_from(name)) laws.push_back(*law);
  }
  if (!laws.empty()) return laws;
  for (std::size_t i = 0; i < sim::kLabLaws; ++i) laws.push_back(static_cast<sim::LabLaw>(i));
  return laws;
}

Days synthetic(const LabOptions& options) {
  const sun::Place place{.latitude = degrees(narrow(options.latitude.value_or(0.0))),
                         .longitude = degrees(narrow(options.longitude.value_or(0.0))),
                         .altitude = metres(narrow(options.altitude))};
  const UtcMillis midnight = utc_from_iso(options.synthetic_from).value_or(UtcMillis{});
  constexpr std::int64_t kMinuteMs = 60'000;
  const Millis east = solar(midnight, place) - midnight;
  const std::int64_t begin = (midnight - east).unix_ms() / kMinuteMs * kMinuteMs;
  const std::int64_t lasts = kDayMs * options.synthetic_days.value_or(1) - kMinuteMs;
  return {.name = "synthetic",
          .sky = std::make_shared<const sim::ModelledSky>(place, options.seed),
          .from = UtcMillis{begin},
          .to = UtcMillis{begin + lasts}};
}

UtcMillis utc_midnight(UtcMillis at) {
  return UtcMillis{at.unix_ms() - (at.unix_ms() % kDayMs + kDayMs) % kDayMs};
}

// The trace: a row a second (or a step, where that is longer), sun near the horizon or above.
sim::LabWatch tracing(std::ostream& file, const sim::SkyModel& model) {
  constexpr std::int64_t kSecondMs = 1000;
  return [&file, model, written = std::int64_t{-1}](const sim::LabMoment& moment) mutable {
    constexpr Degrees kFrom = degrees(-1.f);
    const std::int64_t second = moment.at.unix_ms() / kSecondMs;
    if (moment.sky.sun.elevation < kFrom || second == written) return;
    written = second;
    print_trace_row(moment, model, file);
  };
}

struct Task {
  const Days* period;
  sim::LabLaw law;
};

// How long it takes, about: boards that decide sixteen times a second against a sum of minutes.
double weight(const Task& task) {
  const double minutes = static_cast<double>((task.period->to - task.period->from).count()) / 6e4;
  return minutes * (sim::board_law(task.law) ? 50.0 : 1.0);
}

// Runs all tasks on a few threads; the answers stand in the tasks' order.
std::vector<LabEntry> run_tasks(const LabOptions& options, const sim::PlantParameters& plant,
                                const std::vector<Task>& tasks, std::ostream* trace,
                                LabProgress& progress) {
  std::vector<LabEntry> entries(tasks.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < tasks.size(); i = next++) {
      const auto& [period, law] = tasks[i];
      const sim::LabOptions lab = lab_options(options, plant, *period);
      const sim::LabWatch watch = trace != nullptr ? tracing(*trace, lab.plant.sky) : nullptr;
      sim::LabResult result = sim::run_lab(*period->sky, period->from, period->to, law, lab, watch,
                                           [&](double share) { progress.report(i, share); });
      const UtcMillis day = utc_midnight(solar(result.noon, period->sky->place()));
      entries[i] = {.file = period->name,
                    .day = std::string{to_iso(day).view().substr(0, 10)},
                    .law = law,
                    .result = std::move(result)};
    }
  };
  const std::size_t workers =
      std::min<std::size_t>(tasks.size(), std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < workers; ++i) threads.emplace_back(work);
  work();
  threads.clear();
  return entries;
}

// The entries of each period together, in their order.
std::vector<sim::ReportDay> report_days(const std::vector<Days>& periods,
                                        std::vector<LabEntry>& entries) {
  std::vector<sim::ReportDay> days;
  const std::size_t laws = entries.size() / periods.size();
  for (std::size_t i = 0; i < periods.size(); ++i) {
    sim::ReportDay& day = days.emplace_back();
    day.name = periods[i].name;
    day.place = periods[i].sky->place();
    day.day = entries[i * laws].day;
    for (std::size_t k = i * laws; k < (i + 1) * laws; ++k) {
      day.runs.push_back({entries[k].law, std::move(entries[k].result)});
    }
  }
  return days;
}

std::vector<std::string> hidden_errors(const sim::PlantParameters& plant) {
  const auto number = [](float value) { return sim::decimal(static_cast<double>(value), 1); };
  return {"Hidden from the laws: the mount stands " + number(plant.yaw_error.in(degrees)) +
          "° clockwise, its tilt is off by " + number(plant.tilt_error.in(degrees)) +
          "°, the base leans " + number(plant.base_lean.in(degrees)) +
          "°, and each light sensor is off by up to " + number(plant.light.mismatch * 100.f) +
          " %."};
}

bool write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file{path, std::ios::binary};
  file << text;
  return static_cast<bool>(file.flush());
}

bool write_pictures(const std::filesystem::path& folder, const sim::ReportDay& day) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::array<std::pair<const char*, std::string>, 6> pictures{
      {{"irradiance.svg", sim::draw_irradiance(day)},
       {"capture.svg", sim::draw_capture(day)},
       {"pointing.svg", sim::draw_pointing(day)},
       {"states.svg", sim::draw_states(day)},
       {"losses.svg", sim::draw_losses(day)},
       {"dome.svg", sim::draw_dome(day)}}};
  return std::ranges::all_of(pictures, [&](const auto& picture) {
    const auto& [name, text] = picture;
    return text.empty() || write_file(folder / name, sim::standing_alone(text));
  });
}

// What people look at. Takes the results out of `entries`.
bool write_report(const LabOptions& options, const std::vector<Days>& periods,
                  const sim::PlantParameters& plant, std::vector<LabEntry>& entries) {
  const auto days = report_days(periods, entries);
  if (!options.pictures.empty() && !write_pictures(options.pictures, days.front())) return false;
  return options.report.empty() ||
         write_file(options.report, sim::report_page(days, hidden_errors(plant)));
}

void add_output_options(command_line::Command& command, LabOptions& options) {
  command.add_flag("--json", options.json, "figures as JSON on standard output");
  command
      .add_option("--report", options.report,
                  "a page with pictures; by the minute for files of up to two days")
      .option_text("HTML");
  command.add_flag("--scenarios", options.scenarios, "list the days on which something breaks");
  command
      .add_option("--scenario", options.scenario,
                  "run one of them, or all: what the hybrid law does and says")
      .option_text("NAME|all");
  command.add_option("--pictures", options.pictures, "the first file's pictures, as SVG files")
      .option_text("FOLDER");
  command
      .add_option("--trace", options.trace,
                  "write every second of one file and one law with motors to this CSV")
      .option_text("FILE");
}

// Lists or runs; the exit code says whether all that must be was.
int run_scenarios(const LabOptions& options, std::ostream& out) {
  bool held = true;
  for (const auto& [name, text] : sim::scenario_texts()) {
    const auto scenario = sim::parse_scenario(text, name);
    require(scenario.has_value(), "run_scenarios: a scenario that cannot be read");
    if (options.scenarios) {
      out << name << ": " << scenario->title << ". " << scenario->wrong << "\n";
      continue;
    }
    if (options.scenario != "all" && options.scenario != name) continue;
    const sim::ScenarioResult result = sim::run_scenario(*scenario);
    out << sim::describe(*scenario, result) << std::flush;
    held = held && result.held();
  }
  return held ? 0 : kFailure;
}

}  // namespace

void add_lab_options(command_line::Command& command, LabOptions& options) {
  add_day_options(command, day_options(options));
  command.add_option("--alt", options.altitude, "altitude of synthetic days, m")
      .range(-500.0, 9000.0)
      .capture_default_str();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < sim::kLabLaws; ++i) {
    names.emplace_back(sim::to_text(static_cast<sim::LabLaw>(i)));
  }
  command
      .add_option("--law", options.laws,
                  "naive, ephemeris, hybrid, fixed, flat, single_axis, oracle; all by default")
      .delimiter(',')
      .one_of(names)
      .option_text("LAW,...");
  command
      .add_option("--truth-albedo", options.truth_albedo,
                  "the ground's true reflectance; the law believes 0.2")
      .range(0.0, 1.0);
  command.add_option("--profile", options.profile, "light sensors: reference (default) or fielded")
      .one_of({"reference", "fielded"});
  command.add_option("--mount", options.mount, "az_el (default) or tilt_tilt")
      .one_of({"az_el", "tilt_tilt"});
  command.add_option(
      "--step-ms", options.step_ms,
      "step while nothing moves, a divisor of a minute: 60, 1000 for synthetic days");
  add_output_options(command, options);
}

std::optional<std::string> fault_of(const LabOptions& options) {
  if (options.scenarios) return std::nullopt;
  if (!options.scenario.empty()) {
    const bool known = options.scenario == "all" ||
                       std::ranges::any_of(sim::scenario_texts(), [&](const auto& scenario) {
                         return scenario.name == options.scenario;
                       });
    if (known) return std::nullopt;
    return "there is no scenario " + options.scenario + "; --scenarios lists them";
  }
  LabOptions checked = options;  // day_options() shows what may be filled in
  if (auto fault = fault_of_days(day_options(checked), kDaysMax)) return fault;
  if (auto fault = fault_of_step(options.step_ms.value_or(1))) return fault;
  if (!options.trace.empty()) {
    const std::size_t files = options.synthetic_days ? 1 : options.weather.size();
    const auto laws = laws_of(options);
    if (files != 1 || laws.size() != 1 || !sim::board_law(laws[0])) {
      return "--trace needs one file and one law with motors";
    }
  }
  return std::nullopt;
}

int run_lab(const LabOptions& options, std::ostream& out, std::ostream& err) {
  if (options.scenarios || !options.scenario.empty()) return run_scenarios(options, out);
  LabOptions asked = options;
  const DayOptions days = day_options(asked);
  std::vector<Days> periods;
  if (options.synthetic_days) periods.push_back(synthetic(options));
  for (const std::string& path : options.weather) {
    auto period = measured_days(days, path, "idast lab", err);
    if (!period) {
      const sim::WeatherError& error = period.error();
      err << "idast lab: " << error.message << "\n";
      if (error.kind != sim::WeatherErrorKind::no_site) return kFailure;
      err << "idast lab: say where it was measured: --lat and --lon\n";
      return command_line::kUsage;
    }
    periods.push_back(std::move(*period));
  }
  const auto plant = plant_of(options, days);
  if (!plant) {
    err << "idast lab: " << plant.error().message << "\n";
    return kFailure;
  }
  std::vector<Task> tasks;
  for (const Days& period : periods) {
    for (const sim::LabLaw law : laws_of(options)) tasks.push_back({&period, law});
  }
  std::ofstream trace;
  if (!options.trace.empty()) {
    trace.open(options.trace);
    print_trace_header(trace);
  }
  std::vector<double> weights;
  for (const Task& task : tasks) weights.push_back(weight(task));
  std::optional<LabProgress> progress;
  progress.emplace(std::move(weights), err, options.terminal);
  auto entries =
      run_tasks(options, *plant, tasks, options.trace.empty() ? nullptr : &trace, *progress);
  progress.reset();
  if (options.json) {
    print_lab_json(entries, out);
  } else {
    print_lab_table(entries, out);
  }
  out.flush();
  const bool pictured = write_report(options, periods, *plant, entries);
  if (!out || !pictured || (!options.trace.empty() && !trace.flush())) {
    err << "idast lab: the result cannot be written\n";
    return kFailure;
  }
  return 0;
}

}  // namespace idast::cli
