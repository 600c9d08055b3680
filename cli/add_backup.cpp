#include <iostream>
#include <memory>

#include <unistd.h>

#include "cli/backup.h"
#include "cli/commands.h"
#include "cli/place.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {

void add_backup(command_line::Command& program, int& status) {
  struct Options {
    BackupOptions backup;
    Place place;
  };
  command_line::Command command = program.add_subcommand(
      "backup", "A copy of the whole database in one file, also while the server runs.");
  // Shared with the options, which write into it while the line is parsed.
  const auto options = std::make_shared<Options>();
  command.add_option("FILE", options->backup.file, "where the copy goes").required();
  command.add_flag("--force", options->backup.force, "replace a file that is there already");
  add_place_options(command, options->place);
  command.footer("The file is complete or not there. `idast restore FILE` puts it back.");
  command.callback([options, &status] {
    const auto config = station_of(options->place);
    if (!config) {
      std::cerr << "idast backup: " << config.error() << "\n";
      status = 1;
      return;
    }
    options->backup.database = config->database;
    options->backup.terminal = ::isatty(STDERR_FILENO) == 1;
    status = run_backup(options->backup, std::cout, std::cerr);
  });
}

}  // namespace idast::cli
