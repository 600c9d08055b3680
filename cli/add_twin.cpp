#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/twin.h"

namespace idast::cli {
namespace {

constexpr int kUsage = 2;

int run(TwinOptions& options) {
  if (const auto fault = fault_of(options)) {
    std::cerr << "idast twin: " << *fault << "\n";
    return kUsage;
  }
  options.terminal = ::isatty(STDOUT_FILENO) == 1;
  return run_twin(options, std::cout, std::cerr);
}

}  // namespace

void add_twin(CLI::App& program, int& status) {
  CLI::App* const command =
      program.add_subcommand("twin", "Simulated trackers, on a broker that is real.");
  // Shared with the options, which write into it while the line is parsed.
  const auto options = std::make_shared<TwinOptions>();
  add_twin_options(*command, *options);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace idast::cli
