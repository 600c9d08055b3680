#include <exception>
#include <iostream>

#include "cli/commands.h"
#include "tools/command_line/command_line.h"

namespace {

using AddCommand = void (*)(idast::command_line::Command& program, int& status);

// In the order in which --help shows them.
constexpr AddCommand kCommands[] = {
    idast::cli::add_serve,  idast::cli::add_backup, idast::cli::add_restore, idast::cli::add_export,
    idast::cli::add_import, idast::cli::add_verify, idast::cli::add_twin,    idast::cli::add_sun,
    idast::cli::add_lab,    idast::cli::add_gain,   idast::cli::add_schema,
};

constexpr int kFailure = 1;

}  // namespace

int main(int argument_count, char** arguments) {
  idast::command_line::Program program{"idast",
                                       "IDAST: solar trackers, from the sun to the screen."};
  program.require_subcommand();
  program.version(IDAST_VERSION);
  int status = 0;
  for (const AddCommand add : kCommands) add(program, status);
  try {
    return program.parse(argument_count, arguments).value_or(status);
  } catch (const std::exception& error) {
    std::cerr << "idast: " << error.what() << "\n";
    return kFailure;
  }
}
