#pragma once

namespace idast::command_line {
class Command;
}

// One line for each subcommand here, one in main.cpp's table, one small file add_NAME.cpp: it names
// the options and says what to run. `status` is the exit code: 0 done, 1 failed, 2 used
// wrongly.
namespace idast::cli {

void add_serve(command_line::Command& program, int& status);
void add_twin(command_line::Command& program, int& status);
void add_sun(command_line::Command& program, int& status);
void add_lab(command_line::Command& program, int& status);
void add_gain(command_line::Command& program, int& status);
void add_backup(command_line::Command& program, int& status);
void add_restore(command_line::Command& program, int& status);
void add_export(command_line::Command& program, int& status);
void add_import(command_line::Command& program, int& status);
void add_verify(command_line::Command& program, int& status);
void add_schema(command_line::Command& program, int& status);

}  // namespace idast::cli
