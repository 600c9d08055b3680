#include <csignal>
#include <iostream>
#include <memory>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/place.h"
#include "cli/transfer.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {
namespace {

int run(ExportOptions& options, const Place& place) {
  if (const auto fault = fault_of(options)) {
    std::cerr << "idast export: " << *fault << "\n";
    return command_line::kUsage;
  }
  const auto config = station_of(place);
  if (!config) {
    std::cerr << "idast export: " << config.error() << "\n";
    return 1;
  }
  options.database = config->database;
  options.terminal = ::isatty(STDERR_FILENO) == 1;
  // A reader that has seen enough is told by the write that fails.
  std::signal(SIGPIPE, SIG_IGN);
  return run_export(options, STDOUT_FILENO, std::cerr);
}

}  // namespace

void add_export(command_line::Command& program, int& status) {
  struct Options {
    ExportOptions wanted;
    Place place;
  };
  command_line::Command command = program.add_subcommand(
      "export", "Samples as plain text: csv for people, json to move them, also while serving.");
  // Shared with the options, which write into it while the line is parsed.
  const auto options = std::make_shared<Options>();
  ExportOptions& wanted = options->wanted;
  command
      .add_option("FORMAT", wanted.format,
                  "csv: the columns of the view telemetry; json: every message as it was sent, "
                  "a line each, and all else; history: the receivers' ten-minute rows, as csv")
      .required();
  command.add_option("--from", wanted.from, "first time, 2026-11-22 or 2026-11-22T10:00:00+08:00");
  command.add_option("--to", wanted.to, "the time it ends before");
  command.add_option("--device", wanted.device, "one tracker; default: all");
  command.add_option("--out", wanted.file, "a file; default: the standard output");
  command.add_flag("--force", wanted.force, "replace a file that is there already");
  add_place_options(command, options->place);
  command.footer("`idast import` reads all three; json gives a store with the same answers.");
  command.callback([options, &status] { status = run(options->wanted, options->place); });
}

}  // namespace idast::cli
