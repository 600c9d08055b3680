#include "server/app/settings.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string_view>

#include <toml++/toml.h>

namespace idast::app {
namespace {

constexpr std::array<std::string_view, 16> kTextKeys{"http",
                                                     "mqtt",
                                                     "db",
                                                     "data",
                                                     "linger",
                                                     "spool_max",
                                                     "keep_raw_days",
                                                     "backup_every_h",
                                                     "backup_keep",
                                                     "backup_dir",
                                                     "log",
                                                     "mqtt_username",
                                                     "mqtt_ca_file",
                                                     "ingest_enabled",
                                                     "mqtt_password_file",
                                                     "ingest_interval_ms"};

using Fault = std::optional<std::string>;

// Reads the members of one table and complains about those it does not know.
class Reader {
 public:
  Reader(const toml::table& table, std::string where) : table_{table}, where_{std::move(where)} {}

  void text(std::string_view key, std::string& out) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    if (const auto value = node->value_exact<std::string>()) {
      out = *value;
      return;
    }
    complain(key, "text in quotes");
  }
  void number(std::string_view key, double& out) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    if (node->is_number()) {
      out = *node->value<double>();
      return;
    }
    complain(key, "a number");
  }
  Fault fault() {
    for (const auto& [key, node] : table_) {
      if (!known_.contains(key.str())) complain(key.str(), "a setting that exists");
    }
    return fault_;
  }

 private:
  const toml::node* find(std::string_view key) {
    known_.emplace(key);
    return table_.get(key);
  }
  void complain(std::string_view key, std::string_view expected) {
    if (!fault_) {
      fault_ = where_ + ": " + std::string{key} + " is not " + std::string{expected};
    }
  }

  const toml::table& table_;
  std::string where_;
  std::set<std::string, std::less<>> known_;
  Fault fault_;
};

Fault read_site(const toml::table& table, const std::string& where, devices::Site& site) {
  constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
  double latitude = kMissing, longitude = kMissing;
  double panel = static_cast<double>(site.panel.in(watts));
  Reader reader{table, where};
  reader.text("id", site.id);
  reader.text("name", site.name);
  reader.number("lat", latitude);
  reader.number("lon", longitude);
  reader.text("time_zone", site.time_zone);
  reader.text("currency", site.currency);
  reader.number("price_per_kwh", site.price_per_kwh);
  reader.number("grid_factor", site.grid_factor);
  reader.number("panel_w", panel);
  site.place = {.latitude = degrees(static_cast<float>(latitude)),
                .longitude = degrees(static_cast<float>(longitude))};
  site.panel = watts(static_cast<float>(panel));
  return reader.fault();
}

Fault read_device(const toml::table& table, const std::string& where, devices::Device& device) {
  Reader reader{table, where};
  reader.text("id", device.id);
  reader.text("name", device.name);
  reader.text("site", device.site);
  reader.text("mount", device.mount);
  return reader.fault();
}

// [[site]] and [[device]]: an array of tables.
template <class T, class Read>
Fault read_tables(const toml::node& node, const std::string& where, Read read,
                  std::vector<T>& out) {
  const toml::array* const array = node.as_array();
  if (array == nullptr || !array->is_array_of_tables()) {
    return where + " must be written [[" + where.substr(where.rfind(' ') + 1) + "]]";
  }
  for (const toml::node& item : *array) {
    if (auto fault = read(*item.as_table(), where, out.emplace_back())) return fault;
  }
  return std::nullopt;
}

Fault read_hosts(const toml::node& node, const std::string& where,
                 std::optional<std::vector<std::string>>& out) {
  const toml::array* const array = node.as_array();
  out.emplace();
  for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
    const auto host = (*array)[i].value_exact<std::string>();
    if (!host) return where + " must be a list of names in quotes";
    out->push_back(*host);
  }
  if (array == nullptr) return where + " must be a list of names in quotes";
  return std::nullopt;
}

Fault read_text(const toml::node& node, const std::string& where, std::string& out) {
  if (const auto text = node.value_exact<std::string>()) {
    out = *text;
  } else if (const auto whole = node.value_exact<std::int64_t>()) {
    out = std::to_string(*whole);
  } else if (const auto flag = node.value_exact<bool>()) {
    out = *flag ? "true" : "false";
  } else {
    return where + " must be text in quotes, a whole number, true or false";
  }
  return std::nullopt;
}

Fault read_member(std::string_view key, const toml::node& node, const std::string& name,
                  FileSettings& out) {
  const std::string where = name + ": " + std::string{key};
  if (key == "site") return read_tables(node, where, read_site, out.sites);
  if (key == "device") return read_tables(node, where, read_device, out.devices);
  if (key == "hosts") return read_hosts(node, where, out.hosts);
  if (std::find(kTextKeys.begin(), kTextKeys.end(), key) != kTextKeys.end()) {
    return read_text(node, where, out.settings[std::string{key}]);
  }
  if (key == "mqtt_password") {
    return where + " may not stand in the file: name a file of its own by mqtt_password_file";
  }
  return where + " is not a setting that exists";
}

}  // namespace

std::expected<FileSettings, std::string> parse_toml(const std::string& text,
                                                    const std::string& name) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return std::unexpected{name + ":" + std::to_string(error.source().begin.line) + ": " +
                           std::string{error.description()}};
  }
  FileSettings out;
  for (const auto& [key, node] : parsed.table()) {
    if (auto fault = read_member(key.str(), node, name, out)) return std::unexpected{*fault};
  }
  return out;
}

}  // namespace idast::app
