#include "cli/place.h"

#include <filesystem>

#include "tools/command_line/command_line.h"

namespace idast::cli {

void add_place_options(command_line::Command& command, Place& place) {
  command.add_option("--data", place.data, "folder of the station's data; default ./idast-data");
  command.add_option("--db", place.db, "sqlite:PATH; default DATA/idast.db");
  command.add_option("--config", place.config, "TOML file; default DATA/idast.toml");
}

std::expected<app::Config, std::string> config_of(const Place& place) {
  app::Flags flags;
  flags.config = place.config;
  flags.data = place.data;
  flags.db = place.db;
  // Nothing listens here, wherever the server does.
  flags.insecure_public = true;
  return app::load(flags, app::real_surroundings());
}

std::expected<app::Config, std::string> station_of(const Place& place) {
  auto config = config_of(place);
  if (!config) return config;
  std::error_code ignored;
  if (std::filesystem::exists(config->database, ignored)) return config;
  return std::unexpected{"there is no database " + config->database.string() +
                         "; name the station's folder by --data, or its database by --db"};
}

}  // namespace idast::cli
