#include <chrono>
#include <iostream>
#include <memory>

#include <unistd.h>

#include "cli/backup.h"
#include "cli/commands.h"
#include "cli/place.h"
#include "core/base/calendar.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {
namespace {

// "20261122-235959", of now.
std::string stamp() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const auto iso =
      to_iso(UtcMillis{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()});
  std::string text;
  for (const char c : iso.view().substr(0, 19)) {
    if (c == 'T') text.push_back('-');
    if (c >= '0' && c <= '9') text.push_back(c);
  }
  return text;
}

}  // namespace

void add_restore(command_line::Command& program, int& status) {
  struct Options {
    RestoreOptions restore;
    Place place;
  };
  command_line::Command command = program.add_subcommand(
      "restore", "Puts a backup in the place of the database, which is kept beside it.");
  // Shared with the options, which write into it while the line is parsed.
  const auto options = std::make_shared<Options>();
  command
      .add_option("FILE", options->restore.file,
                  "what `idast backup` made, or the folder of a server's own copies: the newest")
      .required();
  add_place_options(command, options->place);
  command.footer("Stop the server first. The file is checked before anything is changed.");
  command.callback([options, &status] {
    const auto config = config_of(options->place);
    if (!config) {
      std::cerr << "idast restore: " << config.error() << "\n";
      status = 1;
      return;
    }
    options->restore.data = config->data;
    options->restore.database = config->database;
    options->restore.stamp = stamp();
    options->restore.terminal = ::isatty(STDERR_FILENO) == 1;
    status = run_restore(options->restore, std::cout, std::cerr);
  });
}

}  // namespace idast::cli
