#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/sun.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {

void add_sun(command_line::Command& program, int& status) {
  command_line::Command command =
      program.add_subcommand("sun", "Where the sun is, for every row of a table.");
  struct Given {
    std::string csv;
    std::string method = "fast";
  };
  // Shared with the options, which write into it while the line is parsed.
  const auto given = std::make_shared<Given>();
  command
      .add_option("--csv", given->csv,
                  "table with utc, lat_deg, lon_deg, alt_m, pressure_hPa, temp_C and perhaps "
                  "delta_t_s; - is standard input")
      .required();
  command
      .add_option("--method", given->method,
                  "fast: what the boards compute, to 0.005°; spa: NREL's algorithm, to 0.0003°")
      .one_of({"fast", "spa"});
  command.callback([given, &status] {
    const auto method = sun_method_from(given->method).value_or(SunMethod::fast);
    status = run_sun({.csv = given->csv, .method = method}, std::cout, std::cerr);
  });
}

}  // namespace idast::cli
