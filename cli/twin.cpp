#include "cli/twin.h"

#include <cstdlib>
#include <initializer_list>
#include <ostream>
#include <string>

#include "tools/command_line/command_line.h"

namespace idast::cli {
namespace {

std::string from_environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

// What the law does not know of the body. Other than at the last start, the tracker counts as set
// up anew now, and hybrid learns its trim before one's eyes.
void add_error_options(command_line::Command& command, sim::BodyErrors& errors) {
  command
      .add_option_function(
          "--yaw-error",
          [&errors](double angle) { errors.yaw = degrees(static_cast<float>(angle)); },
          "the mounts really stand this much clockwise, degrees; a change at a start "
          "lets hybrid learn anew")
      .option_text("DEGREES");
  command
      .add_option_function(
          "--tilt-error",
          [&errors](double angle) { errors.tilt = degrees(static_cast<float>(angle)); },
          "the tilt servos' zero is off by this, degrees")
      .option_text("DEGREES");
  command
      .add_option_function(
          "--ldr-mismatch",
          [&errors](double share) { errors.ldr_mismatch = static_cast<float>(share) / 100.f; },
          "each light sensor's resistance is off by up to this, % (10)")
      .option_text("PERCENT");
}

}  // namespace

void add_twin_options(command_line::Command& command, TwinOptions& options) {
  sim::TwinOptions& twin = options.twin;
  twin.username = from_environment({"IDAST_MQTT_USERNAME", "MQTT_USERNAME"});
  twin.password = from_environment({"IDAST_MQTT_PASSWORD", "MQTT_PASSWORD"});
  command
      .add_option("--mqtt", twin.mqtt,
                  "broker, mqtt[s]://HOST:PORT; user and password from "
                  "IDAST_MQTT_USERNAME and IDAST_MQTT_PASSWORD")
      .envname("IDAST_MQTT")
      .capture_default_str();
  command.add_option("--devices", twin.devices, "how many trackers").capture_default_str();
  command
      .add_option("--speed", twin.speed,
                  "of the sky; other than 1 the samples carry uptime and no past is filled in")
      .capture_default_str();
  command
      .add_option("--fill-days", twin.fill_days,
                  "days of the past that a first start fills in; 0: none")
      .capture_default_str();
  command
      .add_choice<control::Law>("--law", twin.law,
                                {{"naive", control::Law::naive},
                                 {"ephemeris", control::Law::ephemeris},
                                 {"hybrid", control::Law::hybrid}},
                                "control law: hybrid (default), ephemeris or naive")
      .option_text("LAW");
  add_error_options(command, twin.errors);
  command.add_option("--seed", twin.seed, "of everything that chance decides")
      .capture_default_str();
  command
      .add_option("--weather", twin.weather,
                  "adds a tracker that lives through this measured day (SURFRAD .dat or CSV)")
      .option_text("FILE");
  command.add_option("--data", twin.data, "folder of what the trackers remember")
      .capture_default_str();
  command.add_flag("--print-sites", options.print_sites,
                   "print the [[site]] and [[device]] blocks of these trackers for the server's "
                   "configuration, and end");
}

std::optional<std::string> fault_of(const TwinOptions& options) {
  return sim::fault_of(options.twin);
}

int run_twin(const TwinOptions& options, std::ostream& out, std::ostream& err) {
  if (!options.print_sites) return sim::run_twin(options.twin, out, err, options.terminal);
  const auto trackers = sim::trackers_of(options.twin);
  if (!trackers) {
    err << "twin: " << trackers.error() << "\n";
    return 1;
  }
  out << sim::print_toml(*trackers);
  return 0;
}

}  // namespace idast::cli
