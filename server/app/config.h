#pragma once
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "mqtt/url.h"
#include "server/devices/registry.h"
#include "server/spool/spool.h"

// One configuration: flags > environment > TOML file > defaults. Read once at start, verified,
// passed by const&. Errors are one sentence for the person who started the program.
//
// The TOML file (--config, IDAST_CONFIG, else DATA/idast.toml when it is there):
//
//   http = "127.0.0.1:8080"            mqtt = "mqtt://127.0.0.1:1883"
//   db = "sqlite:PATH"                 data = "DIR"
//   linger = "2s"                      log = "text" | "json"
//   spool_max = "1GB"                  keep_raw_days = 14
//   backup_every_h = 24 (0: none)      backup_keep = 7                 backup_dir = "DATA/backups"
//   mqtt_username = "…"                mqtt_password_file = "PATH"     mqtt_ca_file = "PATH"
//   hosts = ["tracker.example"]        ingest_enabled = true           ingest_interval_ms = 0
//   [[site]]   id name lat lon time_zone currency price_per_kwh grid_factor panel_w
//   [[device]] id name site mount
//
// The environment has the same names in capitals behind IDAST_ (IDAST_HTTP, IDAST_MQTT, …), also
// IDAST_MQTT_PASSWORD, and the names of the original back end: PORT, MYSQL_HOST, MYSQL_PORT,
// MYSQL_USER, MYSQL_DATABASE, MQTT_BROKER_URL, MQTT_USERNAME, MQTT_PASSWORD, INGEST_ENABLED,
// INGEST_INTERVAL_MS. A password never comes from a flag: process lists are public.
namespace idast::app {

enum class LogFormat : std::uint8_t { text, json };

struct Address {
  std::string host = "127.0.0.1";  // A numeric address; "localhost" is read as 127.0.0.1.
  std::uint16_t port = 8080;       // 0: any free one.
  friend bool operator==(const Address&, const Address&) = default;
};

struct Config {
  Address http{};
  std::vector<std::string> hosts{};  // Names that browsers may use besides addresses.
  bool insecure_public = false;      // Listens also where strangers may reach it.

  mqtt::Endpoint broker{.host = "127.0.0.1"};
  std::string mqtt_username{};
  std::string mqtt_password{};
  std::string mqtt_ca_file{};
  bool ingest_enabled = true;
  Millis ingest_interval{0};  // Stores at most one sample per device in this time; 0: all.

  std::filesystem::path data = "idast-data";
  std::filesystem::path database{};  // An SQLite file; empty: DATA/idast.db.
  std::optional<Millis> linger{};    // Absent: adapts to the rate.

  // What may wait in DATA/spool while the database takes nothing; at 80 % of it messages are no
  // longer acknowledged.
  std::uint64_t spool_bytes_max = spool::kSpoolBytesDefault;

  // Days that samples stay as they came; older ones become ten-second rows, and what came is in the
  // archive. 0: for ever.
  int keep_raw_days = 14;
  // Whole copies of the database by the server itself; 0: none.
  std::chrono::hours backup_every{0};
  std::size_t backup_keep = 7;            // The oldest go when a new one is verified.
  std::filesystem::path backup_folder{};  // Empty: DATA/backups.

  LogFormat log = LogFormat::text;
  std::vector<devices::Site> sites{};
  std::vector<devices::Device> devices{};
};

constexpr Millis kLingerMax = std::chrono::minutes{1};
constexpr Millis kIngestIntervalMax = std::chrono::hours{24};
constexpr std::chrono::hours kBackupEveryMax{24 * 366};
constexpr std::size_t kBackupKeepMax = 1'000;
// Less is soon full of one batch; more than a disk has.
constexpr std::uint64_t kSpoolBytesMin = 10'000'000;
constexpr std::uint64_t kSpoolBytesMax = 1'000'000'000'000;
constexpr int kKeepRawDaysMax = 36'500;
constexpr std::size_t kConfigFileBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kPasswordBytesMax = 1'024;

// What stood on the command line; absent: not given.
struct Flags {
  std::optional<std::string> config{}, http{}, mqtt{}, db{}, data{}, linger{}, log{};
  bool insecure_public = false;
};

// Where everything else is read from; a test gives its own.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string& name)> environment;
  // The file's text; absent: there is no such file. The error is one sentence.
  std::function<std::expected<std::optional<std::string>, std::string>(
      const std::filesystem::path& path, std::size_t bytes_max)>
      read_file;
};
Surroundings real_surroundings();

std::expected<Config, std::string> load(const Flags& flags, const Surroundings& surroundings);

// What contradicts itself or is not safe; load() has already called it.
std::expected<void, std::string> verify(const Config& config);

// "127.0.0.1:8080", "[::1]:8080"
std::string to_text(const Address& address);
// Only this machine can reach it.
bool is_loopback(const std::string& host);

}  // namespace idast::app
