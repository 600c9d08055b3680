#pragma once
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "server/app/config.h"

namespace idast::command_line {
class Command;
}

// Which station's data a command means: --config, --data and --db, as `idast serve` has them, with
// the same environment and the same file, so that both always mean the same database.
namespace idast::cli {

struct Place {
  std::optional<std::string> config{}, data{}, db{};
};

void add_place_options(command_line::Command& command, Place& place);

// The configuration of that station. The error is one sentence.
std::expected<app::Config, std::string> config_of(const Place& place);

// The same, and its database is there.
std::expected<app::Config, std::string> station_of(const Place& place);

}  // namespace idast::cli
