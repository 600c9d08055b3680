#pragma once
#include <iosfwd>
#include <optional>
#include <string>

#include "sim/live/twin.h"

namespace idast::command_line {
class Command;
}

// idast twin: trackers that do not exist, on a broker that does.
namespace idast::cli {

struct TwinOptions {
  sim::TwinOptions twin;
  bool print_sites = false;  // the server's [[site]] and [[device]] blocks, and no more
  bool terminal = false;     // `out` is one: progress rewrites its line
};

// Defines the options of `idast twin` on its subcommand. The broker's password comes from the
// environment (IDAST_MQTT_PASSWORD, MQTT_PASSWORD), never from the command line, which every user
// of the machine can read.
void add_twin_options(command_line::Command& command, TwinOptions& options);

// One sentence when the options contradict themselves (exit code 2), before anything is started.
std::optional<std::string> fault_of(const TwinOptions& options);

// Returns the exit code: 0, or 1 with one line on `err`.
int run_twin(const TwinOptions& options, std::ostream& out, std::ostream& err);

}  // namespace idast::cli
