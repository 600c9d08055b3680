#include <iostream>
#include <memory>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/twin.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {
namespace {

int run(TwinOptions& options) {
  if (const auto fault = fault_of(options)) {
    std::cerr << "idast twin: " << *fault << "\n";
    return command_line::kUsage;
  }
  options.terminal = ::isatty(STDOUT_FILENO) == 1;
  return run_twin(options, std::cout, std::cerr);
}

}  // namespace

void add_twin(command_line::Command& program, int& status) {
  command_line::Command command =
      program.add_subcommand("twin", "Simulated trackers, on a broker that is real.");
  // Shared with the options, which write into it while the line is parsed.
  const auto options = std::make_shared<TwinOptions>();
  add_twin_options(command, *options);
  command.callback([options, &status] { status = run(*options); });
}

}  // namespace idast::cli
