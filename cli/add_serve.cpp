#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "server/app/serve.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {
namespace {

int run(const app::Flags& flags) {
  const auto config = app::load(flags, app::real_surroundings());
  if (!config) {
    std::cerr << "idast serve: " << config.error() << "\n";
    return command_line::kUsage;
  }
  return app::serve(*config);
}

}  // namespace

void add_serve(command_line::Command& program, int& status) {
  command_line::Command command =
      program.add_subcommand("serve", "Takes samples from the broker, stores them, shows them.");
  // Shared with the options, which write into it while the line is parsed.
  const auto flags = std::make_shared<app::Flags>();
  command.add_option("--config", flags->config, "TOML file; default DATA/idast.toml");
  command.add_option("--http", flags->http, "ADDRESS:PORT of the page; default 127.0.0.1:8080");
  command.add_option("--mqtt", flags->mqtt,
                     "mqtt[s]://HOST:PORT of the broker; default mqtt://127.0.0.1:1883");
  command.add_option("--db", flags->db, "sqlite:PATH; default DATA/idast.db");
  command.add_option("--data", flags->data, "folder for what is kept; default ./idast-data");
  command.add_option("--linger", flags->linger,
                     "how long a commit may wait for more, such as 10s; default: 20ms to 2s, by "
                     "the rate");
  command.add_option("--log", flags->log, "text or json; default text");
  command.add_flag("--insecure-public", flags->insecure_public,
                   "listen where others can reach it, although there are no users yet");
  command.footer(
      "A broker's user and password come from IDAST_MQTT_USERNAME and IDAST_MQTT_PASSWORD, or from "
      "mqtt_username and mqtt_password_file in the configuration. Every option can also stand in "
      "the environment (IDAST_HTTP, IDAST_MQTT, ...).");
  command.callback([flags, &status] { status = run(*flags); });
}

}  // namespace idast::cli
