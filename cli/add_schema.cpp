#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "server/app/serve.h"
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

void add_schema(CLI::App& program, int& status) {
  CLI::App* const command =
      program.add_subcommand("schema", "Prints what follows from the telemetry schema.");
  command->require_subcommand(1);
  for (const Form& form : kForms) {
    command->add_subcommand(form.name, form.about)->callback([&form, &status] {
      std::cout << form.print() << std::flush;
      status = std::cout.good() ? 0 : 1;
    });
  }
}

}  // namespace idast::cli
