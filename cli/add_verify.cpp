#include <iostream>
#include <memory>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/place.h"
#include "cli/verify.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {

void add_verify(command_line::Command& program, int& status) {
  struct Options {
    VerifyOptions verify;
    Place place;
  };
  command_line::Command command = program.add_subcommand(
      "verify", "Reads everything that is stored and says what is missing or damaged.");
  // Shared with the options, which write into it while the line is parsed.
  const auto options = std::make_shared<Options>();
  command.add_flag("--thinned", options->verify.thinned,
                   "samples were left out on purpose (ingest_interval_ms), also if not any more");
  command.add_flag("--json", options->verify.json, "for programs");
  add_place_options(command, options->place);
  command.footer("The server may run meanwhile. The exit code is 1 when anything is wrong.");
  command.callback([options, &status] {
    const auto config = station_of(options->place);
    if (!config) {
      std::cerr << "idast verify: " << config.error() << "\n";
      status = 1;
      return;
    }
    options->verify.database = config->database;
    options->verify.archive = config->data / "archive";
    options->verify.thinned |= config->ingest_interval > Millis{0};
    options->verify.terminal = ::isatty(STDERR_FILENO) == 1;
    status = run_verify(options->verify, std::cout, std::cerr);
  });
}

}  // namespace idast::cli
