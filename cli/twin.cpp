#include "cli/twin.h"

#include <cstdlib>
#include <initializer_list>
#include <map>
#include <ostream>
#include <string>

#include <CLI/CLI.hpp>

namespace idast::cli {
namespace {

std::string from_environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

}  // namespace

void add_twin_options(CLI::App& command, TwinOptions& options) {
  sim::TwinOptions& twin = options.twin;
  twin.username = from_environment({"IDAST_MQTT_USERNAME", "MQTT_USERNAME"});
  twin.password = from_environment({"IDAST_MQTT_PASSWORD", "MQTT_PASSWORD"});
  command
      .add_option("--mqtt", twin.mqtt,
                  "broker, mqtt[s]://HOST:PORT; user and password from "
                  "IDAST_MQTT_USERNAME and IDAST_MQTT_PASSWORD")
      ->envname("IDAST_MQTT")
      ->capture_default_str();
  command.add_option("--devices", twin.devices, "how many trackers")->capture_default_str();
  command
      .add_option("--speed", twin.speed,
                  "of the sky; other than 1 the samples carry uptime and no past is filled in")
      ->capture_default_str();
  command
      .add_option("--fill-days", twin.fill_days,
                  "days of the past that a first start fills in; 0: none")
      ->capture_default_str();
  const std::map<std::string, control::Law> laws{{"naive", control::Law::naive},
                                                 {"ephemeris", control::Law::ephemeris}};
  command.add_option("--law", twin.law, "control law: ephemeris (default) or naive")
      ->transform(CLI::CheckedTransformer(laws))
      ->option_text("LAW");
  command.add_option("--seed", twin.seed, "of everything that chance decides")
      ->capture_default_str();
  command
      .add_option("--weather", twin.weather,
                  "adds a tracker that lives through this measured day (SURFRAD .dat or CSV)")
      ->option_text("FILE");
  command.add_option("--data", twin.data, "folder of what the trackers remember")
      ->capture_default_str();
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
