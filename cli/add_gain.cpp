#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/gain.h"

namespace idast::cli {

void add_gain(CLI::App& program, int& status) {
  CLI::App* const command = program.add_subcommand(
      "gain", "The server's estimate of what tracking gained, against the lab's truth.");
  // Shared with the options, which write into it while the line is parsed.
  const auto options = std::make_shared<GainOptions>();
  add_gain_options(*command, *options);
  command->callback([options, &status] {
    constexpr int kUsage = 2;
    if (const auto fault = fault_of(*options)) {
      std::cerr << "idast gain: " << *fault << "\n";
      status = kUsage;
      return;
    }
    status = run_gain(*options, std::cout, std::cerr);
  });
}

}  // namespace idast::cli
