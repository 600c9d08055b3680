#pragma once
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/devices/registry.h"

// The two written sources of a configuration, as plain text settings. Used by config.cpp only.
namespace idast::app {

// Setting name ("http", "mqtt_username", …) to its text.
using Settings = std::map<std::string, std::string, std::less<>>;

struct FileSettings {
  Settings settings;
  std::optional<std::vector<std::string>> hosts;
  std::vector<devices::Site> sites;
  std::vector<devices::Device> devices;
};

// `name` stands for the file in errors. A key that does not exist is an error: a misspelt setting
// that is silently ignored costs an evening.
std::expected<FileSettings, std::string> parse_toml(const std::string& text,
                                                    const std::string& name);

}  // namespace idast::app
