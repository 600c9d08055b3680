#include <iostream>
#include <memory>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/place.h"
#include "cli/transfer.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {

void add_import(command_line::Command& program, int& status) {
  struct Options {
    ImportFiles wanted;
    Place place;
  };
  command_line::Command command = program.add_subcommand(
      "import",
      "Takes an export, an archived day, or the table of an original station (mysqldump or CSV).");
  // Shared with the options, which write into it while the line is parsed.
  const auto options = std::make_shared<Options>();
  ImportFiles& wanted = options->wanted;
  command.add_option("FILE", wanted.files, "what to take; - is the standard input").required();
  command.add_option("--device", wanted.device,
                     "whose rows a table's are when neither it nor the message says");
  command.add_flag("--assume-utc", wanted.assume_utc,
                   "a dump that does not say so has its times in UTC");
  add_place_options(command, options->place);
  command.footer(
      "Stop the server first. What is already stored is not stored again, so an import that was "
      "interrupted is run again. The exit code is 1 when any row was refused.");
  command.callback([options, &status] {
    const auto config = config_of(options->place);
    if (!config) {
      std::cerr << "idast import: " << config.error() << "\n";
      status = 1;
      return;
    }
    options->wanted.data = config->data;
    options->wanted.database = config->database;
    options->wanted.terminal = ::isatty(STDERR_FILENO) == 1;
    status = run_import(options->wanted, std::cout, std::cerr);
  });
}

}  // namespace idast::cli
