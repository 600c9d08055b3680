#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/gain.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {

void add_gain(command_line::Command& program, int& status) {
  command_line::Command command = program.add_subcommand(
      "gain", "The server's estimate of what tracking gained, against the lab's truth.");
  // Shared with the options, which write into it while the line is parsed.
  const auto options = std::make_shared<GainOptions>();
  add_gain_options(command, *options);
  command.callback([options, &status] {
    if (const auto fault = fault_of(*options)) {
      std::cerr << "idast gain: " << *fault << "\n";
      status = command_line::kUsage;
      return;
    }
    status = run_gain(*options, std::cout, std::cerr);
  });
}

}  // namespace idast::cli
