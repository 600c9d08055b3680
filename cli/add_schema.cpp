#include <iostream>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "server/app/serve.h"
#include "tools/command_line/command_line.h"
#include "tools/schema/print.h"

namespace idast::cli {
namespace {

struct Form {
  const char* name;
  const char* about;
  std::string (*print)();
};
constexpr Form kForms[] = {
    {"ts", "TypeScript for the page", schema::typescript},
    {"openapi", "OpenAPI 3.1 of the service", app::openapi},
    {"markdown", "the table of every field", schema::markdown},
    {"sql", "the telemetry table of the original database", schema::sql},
};

}  // namespace

void add_schema(command_line::Command& program, int& status) {
  command_line::Command command =
      program.add_subcommand("schema", "Prints what follows from the telemetry schema.");
  command.require_subcommand();
  for (const Form& form : kForms) {
    command.add_subcommand(form.name, form.about).callback([&form, &status] {
      std::cout << form.print() << std::flush;
      status = std::cout.good() ? 0 : 1;
    });
  }
}

}  // namespace idast::cli
