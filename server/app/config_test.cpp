#include "server/app/config.h"

#include <doctest/doctest.h>

namespace idast::app {
namespace {

struct World {
  std::map<std::string, std::string> environment{};
  std::map<std::string, std::string> files{};

  Surroundings surroundings() const {
    return {
        .environment = [this](const std::string& name) -> std::optional<std::string> {
          const auto found = environment.find(name);
          if (found == environment.end()) return std::nullopt;
          return found->second;
        },
        .read_file = [this](const std::filesystem::path& path,
                            std::size_t) -> std::expected<std::optional<std::string>, std::string> {
          const auto found = files.find(path.string());
          if (found == files.end()) return std::nullopt;
          return found->second;
        }};
  }
  Config load_or_fail(const Flags& flags = {}) const {
    const auto config = load(flags, surroundings());
    CAPTURE((config ? std::string{} : config.error()));
    REQUIRE(config.has_value());
    return *config;
  }
  std::string error(const Flags& flags = {}) const {
    const auto config = load(flags, surroundings());
    return config ? "" : config.error();
  }
};

bool has(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

}  // namespace

TEST_CASE("a server copies its database when that is set, into a folder of its own") {
  World world;
  CHECK(world.load_or_fail().backup_every == std::chrono::hours{0});
  CHECK(world.load_or_fail().backup_folder == "idast-data/backups");
  world.files["c.toml"] =
      "backup_every_h = 24\nbackup_keep = 30\nbackup_dir = \"/mnt/disk\"\ndata = \"/d\"\n";
  const Config config = world.load_or_fail({.config = "c.toml"});
  CHECK(config.backup_every == std::chrono::hours{24});
  CHECK(config.backup_keep == 30);
  CHECK(config.backup_folder == "/mnt/disk");
  world.environment["IDAST_BACKUP_KEEP"] = "0";
  CHECK(has(world.error(), "between 1 and 1000"));
  world.environment["IDAST_BACKUP_KEEP"] = "1";
  world.environment["IDAST_BACKUP_EVERY_H"] = "daily";
  CHECK(has(world.error(), "IDAST_BACKUP_EVERY_H: \"daily\" is not hours"));
}

TEST_CASE("with nothing said, everything is on this machine") {
  const Config config = World{}.load_or_fail();
  CHECK(to_text(config.http) == "127.0.0.1:8080");
  CHECK(mqtt::to_url(config.broker) == "mqtt://127.0.0.1:1883");
  CHECK(config.database == "idast-data/idast.db");
  CHECK_FALSE(config.linger.has_value());
  CHECK(config.keep_raw_days == 14);
  CHECK(config.ingest_enabled);
}

TEST_CASE("flags win over the environment, that over the file, that over the defaults") {
  World world;
  world.files["site.toml"] = "http = \"127.0.0.1:1\"\nlog = \"json\"\nmqtt = \"mqtt://file:1\"\n";
  world.environment = {{"IDAST_CONFIG", "site.toml"},
                       {"IDAST_HTTP", "127.0.0.1:2"},
                       {"IDAST_MQTT", "mqtt://environment:2"}};
  const Config config = world.load_or_fail({.http = "127.0.0.1:3"});
  CHECK(config.http.port == 3);
  CHECK(config.broker.host == "environment");
  CHECK(config.log == LogFormat::json);
  CHECK(config.data == "idast-data");
}

TEST_CASE("the original's environment is understood and ours outranks it") {
  World world;
  world.environment = {{"PORT", "3001"},
                       {"MQTT_BROKER_URL", "mqtts://broker.example"},
                       {"MQTT_USERNAME", "u"},
                       {"MQTT_PASSWORD", "p"},
                       {"INGEST_ENABLED", "false"},
                       {"INGEST_INTERVAL_MS", "1000"}};
  const Config config = world.load_or_fail();
  CHECK(config.http.port == 3001);
  CHECK(config.http.host == "127.0.0.1");
  CHECK(config.broker == mqtt::Endpoint{"broker.example", 8883, true});
  CHECK(config.mqtt_username == "u");
  CHECK(config.mqtt_password == "p");
  CHECK_FALSE(config.ingest_enabled);
  CHECK(config.ingest_interval == Millis{1000});
  world.environment["IDAST_HTTP"] = "127.0.0.1:9";
  world.environment["IDAST_MQTT_PASSWORD"] = "q";
  CHECK(world.load_or_fail().http.port == 9);
  CHECK(world.load_or_fail().mqtt_password == "q");
}

TEST_CASE("an address that others can reach is refused, and the refusal names the flag") {
  for (const auto address : {"0.0.0.0:8080", "192.168.1.4:80", "[::]:8080"}) {
    CHECK(has(World{}.error({.http = address}), "--insecure-public"));
    CHECK(World{}.error({.http = address, .insecure_public = true}).empty());
  }
  for (const auto address : {"127.0.0.1:80", "127.8.8.8:80", "[::1]:80", "localhost:80"}) {
    CHECK(World{}.error({.http = address}).empty());
  }
}

TEST_CASE("MySQL is refused with words that say why") {
  CHECK(has(World{}.error({.db = "mysql://me@host:3306/db"}), "not built"));
  World world;
  world.environment = {{"MYSQL_HOST", "db"}, {"MYSQL_PASSWORD", "secret"}};
  CHECK(has(world.error(), "not built"));
  CHECK_FALSE(has(world.error(), "secret"));
  CHECK(world.error({.db = "sqlite:here.db"}).empty());
}

TEST_CASE("a password comes from a file without its line end, never from the settings") {
  World world;
  world.files["idast-data/idast.toml"] =
      "mqtt_username = \"server\"\nmqtt_password_file = \"secret\"\n";
  world.files["secret"] = "s3cret\n";
  CHECK(world.load_or_fail().mqtt_password == "s3cret");
  world.files.erase("secret");
  CHECK(has(world.error(), "no such file"));
  world.files["idast-data/idast.toml"] = "mqtt_password = \"x\"\n";
  CHECK(has(world.error(), "mqtt_password_file"));
}

TEST_CASE("sites and devices stand in the file") {
  World world;
  world.files["idast-data/idast.toml"] = R"(
[[site]]
id = "roof"
name = "Rooftop"
lat = 13.75
lon = 121
time_zone = "Asia/Manila"
price_per_kwh = 11.5
panel_w = 20

[[device]]
id = "esp32-receiver-A1B2C3"
name = "North"
site = "roof"
mount = "tilt_tilt"
)";
  const Config config = world.load_or_fail();
  REQUIRE(config.sites.size() == 1);
  CHECK(config.sites[0].place.longitude == degrees(121.f));
  CHECK(config.sites[0].price_per_kwh == 11.5);
  CHECK(config.sites[0].currency == "PHP");
  REQUIRE(config.devices.size() == 1);
  CHECK(config.devices[0].mount == "tilt_tilt");
}

TEST_CASE("every mistake is one sentence that names its place") {
  struct Case {
    std::string toml;
    std::string_view words;
  };
  const Case cases[] = {
      {"htp = \"127.0.0.1:80\"", "htp is not a setting"},
      {"http = \"127.0.0.1\"", "idast.toml: http"},
      {"http = 8080", "ADDRESS:PORT"},
      {"http = \"example.com:80\"", "ADDRESS:PORT"},
      {"http = \"127.0.0.1:70000\"", "ADDRESS:PORT"},
      {"mqtt = \"wss://broker\"", "idast.toml: mqtt"},
      {"db = \"postgres:x\"", "sqlite:PATH"},
      {"linger = 2", "unit"},
      {"linger = \"61s\"", "between 0s and 60s"},
      {"keep_raw_days = -1", "days between 0"},
      {"keep_raw_days = \"2 weeks\"", "days between 0"},
      {"log = \"xml\"", "neither text nor json"},
      {"ingest_enabled = \"maybe\"", "neither true nor false"},
      {"ingest_interval_ms = -1", "between 0"},
      {"mqtt_ca_file = \"ca.pem\"", "mqtts://"},
      {"[[site]]\nid = \"a\"\nlat = 1\nlon = 1\ncolour = 1", "colour"},
      {"[[site]]\nid = \"a\"\nlon = 1", "lat must be"},
      {"[[site]]\nid = \"a\"\nlat = \"1\"\nlon = 1", "lat is not a number"},
      {"site = 5", "[[site]]"},
      {"[[device]]\nid = \"d\"\nsite = \"x\"", "not configured"},
      {"hosts = \"a\"", "list of names"},
      {"http = ", "idast.toml:1"},
  };
  for (const Case& c : cases) {
    World world;
    world.files["idast-data/idast.toml"] = c.toml;
    CAPTURE(c.toml);
    CAPTURE(world.error());
    CHECK(has(world.error(), c.words));
  }
  CHECK(has(World{}.error({.config = "gone.toml"}), "no such file"));
  CHECK(has(World{}.error({.linger = "fast"}), "--linger"));
}

TEST_CASE("the days that samples stay as they came are set in the file or the environment") {
  World world;
  world.files["idast-data/idast.toml"] = "keep_raw_days = 30\n";
  CHECK(world.load_or_fail().keep_raw_days == 30);
  world.environment["IDAST_KEEP_RAW_DAYS"] = "0";
  CHECK(world.load_or_fail().keep_raw_days == 0);
}

TEST_CASE("a linger has a unit") {
  CHECK(World{}.load_or_fail({.linger = "10s"}).linger == Millis{10'000});
  CHECK(World{}.load_or_fail({.linger = "20ms"}).linger == Millis{20});
}

}  // namespace idast::app
