#include "server/devices/registry.h"

#include <limits>

#include <doctest/doctest.h>

namespace idast::devices {
namespace {

Site batangas() {
  return {.id = "batangas",
          .name = "Batangas \"roof\"",
          .place = {.latitude = degrees(13.75f), .longitude = degrees(121.05f)},
          .time_zone = "Asia/Manila"};
}

Registry registry_of(const Site& site) {
  return Registry::make({site}, {{.id = "t1", .name = "North", .site = site.id}}).value();
}

// 2026-06-21T04:00:00Z is noon in Batangas, 16:00Z its midnight.
constexpr UtcMillis kNoon{1'782'014'400'000};
constexpr UtcMillis kMidnight{1'782'057'600'000};

}  // namespace

TEST_CASE("a configured device has its site, an unknown one has none") {
  const Registry registry = registry_of(batangas());
  REQUIRE(registry.find("t1") != nullptr);
  CHECK(registry.find("t1")->name == "North");
  CHECK(registry.site_of("t1")->id == "batangas");
  CHECK(registry.find("t2") == nullptr);
  CHECK(registry.site_of("t2") == nullptr);
  CHECK(registry.time_zone_of("t1") == "Asia/Manila");
  CHECK(registry.time_zone_of("t2") == "UTC");
}

TEST_CASE("a name that is missing is the id") {
  const Registry registry =
      Registry::make({{.id = "s", .name = ""}}, {{.id = "d", .name = ""}}).value();
  CHECK(registry.find("d")->name == "d");
  CHECK(registry.sites()[0].name == "s");
}

TEST_CASE("every mistake in a site is named") {
  const auto words = [](auto change) {
    Site site = batangas();
    change(site);
    const auto made = Registry::make({site}, {});
    return made ? std::string{} : made.error();
  };
  CHECK(words([](Site&) {}).empty());
  CHECK(words([](Site& s) { s.id = "a b"; }).find("id must be") != std::string::npos);
  CHECK(words([](Site& s) { s.place.latitude = degrees(91.f); }).find("lat") != std::string::npos);
  CHECK(words([](Site& s) { s.place.longitude = degrees(181.f); }).find("lon") !=
        std::string::npos);
  CHECK(words([](Site& s) { s.time_zone = "Asia/Batangas"; }).find("IANA") != std::string::npos);
  CHECK(words([](Site& s) { s.time_zone = ""; }).find("IANA") != std::string::npos);
  CHECK(words([](Site& s) { s.currency = "peso"; }).find("currency") != std::string::npos);
  for (const double price : {0.0, -1.0, 1000.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(words([&](Site& s) { s.price_per_kwh = price; }).find("price") != std::string::npos);
  }
  CHECK(words([](Site& s) { s.grid_factor = -0.1; }).find("grid_factor") != std::string::npos);
  CHECK(words([](Site& s) { s.panel = watts(0.f); }).find("panel_w") != std::string::npos);
}

TEST_CASE("every mistake in a device is named") {
  const auto words = [](Device device) {
    const auto made = Registry::make({batangas()}, {std::move(device)});
    return made ? std::string{} : made.error();
  };
  CHECK(words({.id = "ok", .name = "", .site = "batangas", .mount = "tilt_tilt"}).empty());
  CHECK(words({.id = "", .name = ""}).find("id must be") != std::string::npos);
  CHECK(words({.id = "d", .name = "", .site = "nowhere"}).find("nowhere") != std::string::npos);
  CHECK(words({.id = "d", .name = "", .mount = "swivel"}).find("mount") != std::string::npos);
  const auto twice = Registry::make({}, {{.id = "d", .name = ""}, {.id = "d", .name = ""}});
  CHECK(twice.error().find("twice") != std::string::npos);
}

TEST_CASE("the sun is up at noon and down at midnight, and unknown without a site") {
  const Registry registry = registry_of(batangas());
  CHECK(registry.sun_is_up("t1", kNoon) == true);
  CHECK(registry.sun_is_up("t1", kMidnight) == false);
  CHECK_FALSE(registry.sun_is_up("other", kNoon).has_value());
}

TEST_CASE("the sky covers the site's own day with its sunrise and sunset") {
  const Registry registry = registry_of(batangas());
  const Sky sky = registry.sky("t1", std::nullopt, kNoon).value();
  CHECK(sky.times.size() == 145);
  CHECK(sky.times.front().unix_ms() == 1'781'971'200'000);  // 2026-06-20T16:00Z
  CHECK(sky.times.back().unix_ms() == 1'782'057'600'000);
  REQUIRE((sky.sunrise && sky.sunset));
  // Almanac: sunrise 05:27, sunset 18:24 local time, within two minutes.
  const auto minutes = [&](UtcMillis at) {
    return static_cast<double>((at - sky.times.front()).count()) / 60'000.0;
  };
  CHECK(minutes(*sky.sunrise) == doctest::Approx(5 * 60 + 27).epsilon(0.01));
  CHECK(minutes(*sky.sunset) == doctest::Approx(18 * 60 + 24).epsilon(0.01));
  CHECK(sky.elevations[72].in(degrees) > 75.f);
  CHECK(registry.sky("t1", "2026-06-21", kMidnight)->times == sky.times);
}

TEST_CASE("days of a changing clock have 23 or 25 hours, and an arctic summer day no sunset") {
  Site oslo = batangas();
  oslo.time_zone = "Europe/Oslo";
  oslo.place = {.latitude = degrees(69.65f), .longitude = degrees(18.96f)};
  const Registry registry = registry_of(oslo);
  CHECK(registry.sky("t1", "2026-03-29", kNoon)->times.size() == 23 * 6 + 1);
  CHECK(registry.sky("t1", "2026-10-25", kNoon)->times.size() == 25 * 6 + 1);
  CHECK_FALSE(registry.sky("t1", "2026-06-21", kNoon)->sunset.has_value());
}

TEST_CASE("a day that does not exist and a device without site are refused") {
  const Registry registry = registry_of(batangas());
  for (const auto day : {"2026-02-30", "2026-6-1", "yesterday", "", "2026-13-01", "-026-01-01"}) {
    CHECK(registry.sky("t1", day, kNoon).error() == SkyError::bad_day);
  }
  CHECK(registry.sky("other", std::nullopt, kNoon).error() == SkyError::no_site);
}

TEST_CASE("a site prints with the digits that were written") {
  CHECK(to_json(batangas()) ==
        R"({"id":"batangas","name":"Batangas \"roof\"","lat":13.75,"lon":121.05,)"
        R"("time_zone":"Asia/Manila","currency":"PHP","price_per_kwh":12,"grid_factor":0.6836,)"
        R"("panel_w":10})");
}

}  // namespace idast::devices
