#pragma once

namespace CLI {
class App;
}

// One line for each subcommand here, one in main.cpp's table, one small file add_NAME.cpp: it names
// the options and says what to run. `status` is the exit code: 0 done, 1 failed, 2 used
// wrongly.
namespace idast::cli {

void add_serve(CLI::App& program, int& status);
void add_twin(CLI::App& program, int& status);
void add_sun(CLI::App& program, int& status);
void add_lab(CLI::App& program, int& status);
void add_gain(CLI::App& program, int& status);
void add_backup(CLI::App& program, int& status);
void add_restore(CLI::App& program, int& status);
void add_export(CLI::App& program, int& status);
void add_import(CLI::App& program, int& status);
void add_verify(CLI::App& program, int& status);
void add_schema(CLI::App& program, int& status);

}  // namespace idast::cli
