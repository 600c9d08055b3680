#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace {

using AddCommand = void (*)(CLI::App& program, int& status);

// In the order in which --help shows them.
constexpr AddCommand kCommands[] = {
    idast::cli::add_serve,  idast::cli::add_backup, idast::cli::add_restore, idast::cli::add_export,
    idast::cli::add_import, idast::cli::add_verify, idast::cli::add_twin,    idast::cli::add_sun,
    idast::cli::add_lab,    idast::cli::add_gain,   idast::cli::add_schema,
};

constexpr int kUsage = 2;
constexpr int kFailure = 1;

}  // namespace

int main(int argument_count, char** arguments) {
  CLI::App program{"IDAST: solar trackers, from the sun to the screen."};
  program.name("idast");
  program.require_subcommand(1);
  program.set_version_flag("--version", IDAST_VERSION);
  int status = 0;
  for (const AddCommand add : kCommands) add(program, status);
  try {
    program.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;  // --help and --version end this way too.
    program.exit(error);
    return asked ? 0 : kUsage;
  } catch (const std::exception& error) {
    std::cerr << "idast: " << error.what() << "\n";
    return kFailure;
  }
  return status;
}
