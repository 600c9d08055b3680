#include <iostream>
#include <memory>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/lab.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {
namespace {

int run(LabOptions& options) {
  if (const auto fault = fault_of(options)) {
    std::cerr << "idast lab: " << *fault << "\n";
    return command_line::kUsage;
  }
  options.terminal = ::isatty(STDERR_FILENO) == 1;
  return run_lab(options, std::cout, std::cerr);
}

}  // namespace

void add_lab(command_line::Command& program, int& status) {
  command_line::Command command =
      program.add_subcommand("lab", "Days of weather against control laws: energy, error, cost.");
  // Shared with the options, which write into it while the line is parsed.
  const auto options = std::make_shared<LabOptions>();
  add_lab_options(command, *options);
  command.callback([options, &status] { status = run(*options); });
}

}  // namespace idast::cli
