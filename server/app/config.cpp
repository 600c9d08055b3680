#include "server/app/config.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <arpa/inet.h>

#include "server/app/settings.h"

namespace idast::app {
namespace {

template <class T>
using Read = std::expected<T, std::string>;
using Fault = std::optional<std::string>;

// One setting where it is written: its text, and the words that name the place in an error.
struct Found {
  std::string text;
  std::string where;
};

// The sources, in the order of their rank.
class Sources {
 public:
  Sources(const Flags& flags, const Surroundings& surroundings)
      : flags_{flags}, surroundings_{surroundings} {}

  void set_file(std::string name, FileSettings file) {
    file_name_ = std::move(name);
    file_ = std::move(file);
  }
  const FileSettings& file() const { return file_; }

  std::optional<Found> find(const std::string& name, std::string_view alias = "") const {
    if (auto flag = flag_named(name)) return Found{std::move(*flag), "--" + name};
    std::string variable = "IDAST_" + name;
    std::transform(variable.begin(), variable.end(), variable.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    if (auto found = variable_named(variable)) return found;
    if (!alias.empty()) {
      if (auto found = variable_named(std::string{alias})) return found;
    }
    if (const auto found = file_.settings.find(name); found != file_.settings.end()) {
      return Found{found->second, file_name_ + ": " + name};
    }
    return std::nullopt;
  }
  // An empty variable is as good as none: that is how they are switched off in unit files.
  std::optional<Found> variable_named(const std::string& name) const {
    auto text = surroundings_.environment(name);
    if (!text || text->empty()) return std::nullopt;
    return Found{std::move(*text), name};
  }

 private:
  std::optional<std::string> flag_named(const std::string& name) const {
    if (name == "config") return flags_.config;
    if (name == "http") return flags_.http;
    if (name == "mqtt") return flags_.mqtt;
    if (name == "db") return flags_.db;
    if (name == "data") return flags_.data;
    if (name == "linger") return flags_.linger;
    if (name == "log") return flags_.log;
    return std::nullopt;
  }

  const Flags& flags_;
  const Surroundings& surroundings_;
  std::string file_name_;
  FileSettings file_;
};

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return value;
}

std::optional<std::uint16_t> port_number(std::string_view text) {
  const auto value = whole_number(text);
  if (!value || *value < 0 || *value > 65'535) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

bool is_numeric_address(const std::string& host) {
  in6_addr buffer{};
  return inet_pton(AF_INET, host.c_str(), &buffer) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &buffer) == 1;
}

Fault read_http(const Found& found, Address& out) {
  const std::size_t colon = found.text.rfind(':');
  const auto port =
      colon == std::string::npos ? std::nullopt : port_number(found.text.substr(colon + 1));
  std::string host = found.text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (!port || !is_numeric_address(host)) {
    return found.where + ": \"" + found.text + "\" is not ADDRESS:PORT, such as 127.0.0.1:8080";
  }
  out = {std::move(host), *port};
  return std::nullopt;
}

Fault read_broker(const Found& found, mqtt::Endpoint& out) {
  auto endpoint = mqtt::parse_url(found.text);
  if (!endpoint) return found.where + ": " + endpoint.error();
  out = std::move(*endpoint);
  return std::nullopt;
}

Fault read_database(const Found& found, std::filesystem::path& out) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (found.text.starts_with("mysql:") || found.text.starts_with("mariadb:")) {
    return found.where +
           ": MySQL and MariaDB are not built into this version yet; leave it out, or use "
           "sqlite:PATH";
  }
  if (!found.text.starts_with(kSqlite) || found.text.size() == kSqlite.size()) {
    return found.where + ": \"" + found.text + "\" is not sqlite:PATH";
  }
  out = found.text.substr(kSqlite.size());
  return std::nullopt;
}

// "2s", "500ms"; a bare number would leave the unit to luck.
Fault read_duration(const Found& found, std::optional<Millis>& out) {
  std::string_view text = found.text;
  const bool milliseconds = text.ends_with("ms");
  if (!milliseconds && !text.ends_with('s')) {
    return found.where + ": \"" + found.text + "\" needs its unit, such as 2s or 500ms";
  }
  text.remove_suffix(milliseconds ? 2 : 1);
  const auto value = whole_number(text);
  const Millis most = kLingerMax;
  if (!value || *value < 0 || *value > most.count() / (milliseconds ? 1 : 1000)) {
    return found.where + ": \"" + found.text + "\" is not between 0s and 60s";
  }
  out = Millis{*value * (milliseconds ? 1 : 1000)};
  return std::nullopt;
}

Fault read_log(const Found& found, LogFormat& out) {
  if (found.text != "text" && found.text != "json") {
    return found.where + ": \"" + found.text + "\" is neither text nor json";
  }
  out = found.text == "json" ? LogFormat::json : LogFormat::text;
  return std::nullopt;
}

Fault read_flag(const Found& found, bool& out) {
  if (found.text == "true" || found.text == "1") {
    out = true;
  } else if (found.text == "false" || found.text == "0") {
    out = false;
  } else {
    return found.where + ": \"" + found.text + "\" is neither true nor false";
  }
  return std::nullopt;
}

Fault read_interval(const Found& found, Millis& out) {
  const auto value = whole_number(found.text);
  if (!value || *value < 0 || *value > kIngestIntervalMax.count()) {
    return found.where + ": \"" + found.text + "\" is not milliseconds between 0 and 86400000";
  }
  out = Millis{*value};
  return std::nullopt;
}

Fault read_backup_every(const Found& found, std::chrono::hours& out) {
  const auto value = whole_number(found.text);
  if (!value || *value < 0 || *value > kBackupEveryMax.count()) {
    return found.where + ": \"" + found.text + "\" is not hours between 0 (none) and " +
           std::to_string(kBackupEveryMax.count());
  }
  out = std::chrono::hours{*value};
  return std::nullopt;
}

Fault read_backup_keep(const Found& found, std::size_t& out) {
  const auto value = whole_number(found.text);
  if (!value || *value < 1 || *value > static_cast<std::int64_t>(kBackupKeepMax)) {
    return found.where + ": \"" + found.text + "\" is not a number of copies between 1 and " +
           std::to_string(kBackupKeepMax);
  }
  out = static_cast<std::size_t>(*value);
  return std::nullopt;
}

// "500MB", "2GB": of thousands, as disks are sold.
Fault read_spool_max(const Found& found, std::uint64_t& out) {
  std::string_view text = found.text;
  const bool large = text.ends_with("GB");
  if (!large && !text.ends_with("MB")) {
    return found.where + ": \"" + found.text + "\" needs its unit, such as 500MB or 2GB";
  }
  text.remove_suffix(2);
  const std::uint64_t unit = large ? 1'000'000'000 : 1'000'000;
  const auto value = whole_number(text);
  const bool sound =
      value && *value > 0 && static_cast<std::uint64_t>(*value) <= kSpoolBytesMax / unit;
  if (!sound || static_cast<std::uint64_t>(*value) * unit < kSpoolBytesMin) {
    return found.where + ": \"" + found.text + "\" is not between 10MB and 1000GB";
  }
  out = static_cast<std::uint64_t>(*value) * unit;
  return std::nullopt;
}

Fault read_keep_raw(const Found& found, int& out) {
  const auto value = whole_number(found.text);
  if (!value || *value < 0 || *value > kKeepRawDaysMax) {
    return found.where + ": \"" + found.text +
           "\" is not days between 0 and 36500 (0: samples stay as they came for ever)";
  }
  out = static_cast<int>(*value);
  return std::nullopt;
}

// Every setting with its reader, in one place.
Fault read_settings(const Sources& sources, Config& config) {
  const auto apply = [&](const char* name, const char* alias, auto read) -> Fault {
    const auto found = sources.find(name, alias);
    return found ? read(*found) : std::nullopt;
  };
  Fault fault;
  const auto next = [&](const char* name, const char* alias, auto read) {
    if (!fault) fault = apply(name, alias, read);
  };
  const auto text = [](auto& out) {
    return [&out](const Found& found) -> Fault {
      out = found.text;
      return std::nullopt;
    };
  };
  next("http", "", [&](const Found& f) { return read_http(f, config.http); });
  next("mqtt", "MQTT_BROKER_URL", [&](const Found& f) { return read_broker(f, config.broker); });
  next("mqtt_username", "MQTT_USERNAME", text(config.mqtt_username));
  next("mqtt_ca_file", "", text(config.mqtt_ca_file));
  next("data", "", text(config.data));
  next("db", "", [&](const Found& f) { return read_database(f, config.database); });
  next("linger", "", [&](const Found& f) { return read_duration(f, config.linger); });
  next("spool_max", "", [&](const Found& f) { return read_spool_max(f, config.spool_bytes_max); });
  next("keep_raw_days", "", [&](const Found& f) { return read_keep_raw(f, config.keep_raw_days); });
  next("backup_every_h", "",
       [&](const Found& f) { return read_backup_every(f, config.backup_every); });
  next("backup_keep", "", [&](const Found& f) { return read_backup_keep(f, config.backup_keep); });
  next("backup_dir", "", text(config.backup_folder));
  next("log", "", [&](const Found& f) { return read_log(f, config.log); });
  next("ingest_enabled", "INGEST_ENABLED",
       [&](const Found& f) { return read_flag(f, config.ingest_enabled); });
  next("ingest_interval_ms", "INGEST_INTERVAL_MS",
       [&](const Found& f) { return read_interval(f, config.ingest_interval); });
  return fault;
}

// The original back end's PORT names only a port; its MYSQL_* name a database.
Fault read_original(const Sources& sources, Config& config) {
  const auto port = sources.variable_named("PORT");
  const bool said = sources.find("http").has_value();
  if (port && !said) {
    const auto number = port_number(port->text);
    if (!number) return "PORT: \"" + port->text + "\" is not a port";
    config.http.port = *number;
  }
  const auto host = sources.variable_named("MYSQL_HOST");
  if (!host || sources.find("db")) return std::nullopt;
  const auto part = [&](const char* name, const char* otherwise) {
    const auto found = sources.variable_named(name);
    return found ? found->text : std::string{otherwise};
  };
  const std::string url = "mysql://" + part("MYSQL_USER", "root") + "@" + host->text + ":" +
                          part("MYSQL_PORT", "3306") + "/" + part("MYSQL_DATABASE", "idast");
  return read_database({url, "MYSQL_HOST (" + url + ")"}, config.database);
}

Fault read_password(const Sources& sources, const Surroundings& surroundings, Config& config) {
  if (const auto found = sources.variable_named("IDAST_MQTT_PASSWORD")) {
    config.mqtt_password = found->text;
    return std::nullopt;
  }
  const auto file = sources.find("mqtt_password_file");
  const auto original = sources.variable_named("MQTT_PASSWORD");
  if (!file) {
    if (original) config.mqtt_password = original->text;
    return std::nullopt;
  }
  auto text = surroundings.read_file(file->text, kPasswordBytesMax);
  if (!text) return file->where + ": " + text.error();
  if (!*text) return file->where + ": " + file->text + ": no such file";
  // An editor's line end is not part of the password.
  while ((*text)->ends_with('\n') || (*text)->ends_with('\r')) (*text)->pop_back();
  config.mqtt_password = **text;
  return std::nullopt;
}

Fault read_config_file(Sources& sources, const Surroundings& surroundings) {
  const auto named = sources.find("config");
  const auto data = sources.find("data");
  const std::filesystem::path fallback =
      std::filesystem::path{data ? data->text : Config{}.data.string()} / "idast.toml";
  const std::filesystem::path path = named ? std::filesystem::path{named->text} : fallback;
  auto text = surroundings.read_file(path, kConfigFileBytesMax);
  if (!text) return text.error();
  if (!*text && named) return named->where + ": " + path.string() + ": no such file";
  if (!*text) return std::nullopt;
  auto file = parse_toml(**text, path.string());
  if (!file) return file.error();
  sources.set_file(path.string(), std::move(*file));
  return std::nullopt;
}

std::expected<std::optional<std::string>, std::string> read_real_file(
    const std::filesystem::path& path, std::size_t bytes_max) {
  std::error_code error;
  const bool there = std::filesystem::exists(path, error);
  if (!there) return std::nullopt;
  if (!std::filesystem::is_regular_file(path, error)) {
    return std::unexpected{path.string() + " is not a file"};
  }
  std::ifstream in{path, std::ios::binary};
  std::string text(bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  const bool readable = in.good() || in.eof();
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (!readable) return std::unexpected{path.string() + " cannot be read"};
  if (text.size() > bytes_max) {
    return std::unexpected{path.string() + " is longer than " + std::to_string(bytes_max) +
                           " bytes"};
  }
  return text;
}

}  // namespace

Surroundings real_surroundings() {
  return {.environment = [](const std::string& name) -> std::optional<std::string> {
            const char* const value = std::getenv(name.c_str());
            if (value == nullptr) return std::nullopt;
            return value;
          },
          .read_file = read_real_file};
}

std::string to_text(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

bool is_loopback(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return host == "::1";
}

std::expected<Config, std::string> load(const Flags& flags, const Surroundings& surroundings) {
  Sources sources{flags, surroundings};
  Config config;
  if (auto fault = read_config_file(sources, surroundings)) return std::unexpected{*fault};
  if (auto fault = read_settings(sources, config)) return std::unexpected{*fault};
  if (auto fault = read_original(sources, config)) return std::unexpected{*fault};
  if (auto fault = read_password(sources, surroundings, config)) return std::unexpected{*fault};
  config.insecure_public = flags.insecure_public;
  config.hosts = sources.file().hosts.value_or(std::vector<std::string>{});
  config.sites = sources.file().sites;
  config.devices = sources.file().devices;
  if (config.database.empty()) config.database = config.data / "idast.db";
  if (config.backup_folder.empty()) config.backup_folder = config.data / "backups";
  if (auto verified = verify(config); !verified) return std::unexpected{verified.error()};
  return config;
}

std::expected<void, std::string> verify(const Config& config) {
  if (!is_loopback(config.http.host) && !config.insecure_public) {
    return std::unexpected{
        "--http " + to_text(config.http) +
        ": anyone who reaches this address could read everything, because there are no users yet. "
        "Bind 127.0.0.1 and put a proxy with a password in front, or insist with "
        "--insecure-public"};
  }
  if (!config.mqtt_password.empty() && config.mqtt_username.empty()) {
    return std::unexpected{"an MQTT password is given without a user name (IDAST_MQTT_USERNAME)"};
  }
  if (!config.mqtt_ca_file.empty() && !config.broker.tls) {
    return std::unexpected{"mqtt_ca_file is given, but the broker's address is not mqtts://"};
  }
  if (config.data.empty()) return std::unexpected{"--data must name a folder"};
  const auto registry = devices::Registry::make(config.sites, config.devices);
  if (!registry) return std::unexpected{registry.error()};
  return {};
}

}  // namespace idast::app
