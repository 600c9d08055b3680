#include "sim/lab/plant_file.h"

#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

using namespace idast;
using namespace idast::sim;

namespace {

const std::string kPlants = std::string{IDAST_SOURCE_DIR} + "/sim/lab/plants/";

PlantParameters plant(const std::string& text) {
  const auto parsed = parse_plant(text, "test.toml");
  INFO((parsed ? std::string{} : parsed.error().message));
  REQUIRE(parsed);
  return *parsed;
}

PlantParameters on_disk(const std::string& name) {
  const auto parsed = read_plant(kPlants + name);
  INFO((parsed ? std::string{} : parsed.error().message));
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("the reference file names every key, and is the plant of the lab") {
  const PlantParameters reference = on_disk("reference.toml");
  CHECK(print_plant(reference) == print_plant(default_plant()));
  std::ifstream file{kPlants + "reference.toml"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const std::string keys = print_plant(default_plant());
  for (std::size_t at = 0; at < keys.size();) {
    const std::size_t end = keys.find('\n', at);
    const std::string line = keys.substr(at, end - at);
    const std::string key = line.substr(0, line.find(" ="));
    INFO(key);
    CHECK(text.find("\n" + key) != std::string::npos);
    at = end + 1;
  }
}

TEST_CASE("what is printed is read back as it was") {
  PlantParameters odd = default_plant();
  odd.mount.kind = control::MountKind::tilt_tilt;
  odd.mount.pan.direction = -1;
  odd.yaw_error = degrees(-4.25f);
  odd.light.profile = LightProfile::fielded;
  odd.light.geometry = SensorGeometry::walled;
  odd.light.lag_darker = Millis{45};
  odd.electronics.sleeps_at_night = true;
  odd.meter.wind_noise = metres_per_second(0.3f);
  odd.anemometer = false;
  const PlantParameters again = plant(print_plant(odd));
  CHECK(print_plant(again) == print_plant(odd));
  CHECK(again.mount.kind == control::MountKind::tilt_tilt);
  CHECK(again.mount.pan.direction == -1);
  CHECK(again.light.lag_darker == Millis{45});
  CHECK_FALSE(again.anemometer);
  CHECK(print_plant(plant("[errors]\nyaw_deg = -0.0\n")) == print_plant(default_plant()));
}

TEST_CASE("the truth that differs, differs as the specification says") {
  const PlantParameters differs = on_disk("differs.toml");
  CHECK(differs.sky.albedo == 0.28f);
  CHECK(differs.sky.horizon_brightening == 0.12f);
  CHECK(differs.light.cant_spread == degrees(1.f));
  CHECK(differs.light.gamma_spread == 0.01f);
  CHECK(differs.base_lean == degrees(1.f));
  CHECK(on_disk("fielded.toml").light.profile == LightProfile::fielded);
  CHECK(on_disk("tilt_tilt.toml").mount.kind == control::MountKind::tilt_tilt);
}

TEST_CASE("electronics that sleep draw a tenth, and those that never do three times as much") {
  const auto day_wh = [](const ElectronicsParameters& boards) {
    const float half_days = 12.f;
    return half_days *
           (electronics_power(boards, false).in(watts) + electronics_power(boards, true).in(watts));
  };
  CHECK(day_wh(on_disk("reference.toml").electronics) == doctest::Approx(6.0).epsilon(1e-4));
  CHECK(day_wh(on_disk("saving.toml").electronics) < 0.7f);
  CHECK(day_wh(on_disk("always_on.toml").electronics) == doctest::Approx(18.6).epsilon(1e-3));
}

TEST_CASE("what a plant file cannot say is refused by line and key") {
  struct Case {
    const char* text;
    std::size_t line;
    const char* words;
  };
  for (const Case& c :
       {Case{"[light]\ngama = 0.6\n", 2, "light.gama is unknown"},
        Case{"[lights]\ngamma = 0.6\n", 1, "lights is unknown"},
        Case{"gamma = 0.6\n", 1, "gamma is unknown"},
        Case{"light = 3\n", 1, "light is not a table"},
        Case{"[light]\ngamma = \"0.6\"\n", 2, "light.gamma is not a number"},
        Case{"[light]\ngamma = nan\n", 2, "light.gamma is not a number"},
        Case{"[light]\ngamma = 7\n", 2, "light.gamma is not between 0.1 and 2"},
        Case{"[light]\n\nprofile = \"bare\"\n", 3, "light.profile is not fielded or reference"},
        Case{"[light]\nbottom = 1\n", 2, "light.bottom is neither true nor false"},
        Case{"[mount]\npan_direction = 2\n", 2, "mount.pan_direction is neither 1 nor -1"},
        Case{"[mount]\npan_min_deg = 100\npan_max_deg = 50\n", 0, "above its greatest"},
        Case{"[light]\nadc_floor_v = 3\n", 0, "must rise"},
        Case{"[sky]\nalbedo = 2\n[light]\nfoo = 1\n", 2, "sky.albedo"},
        Case{"[light]\nfoo = 1\n[sky]\nalbedo = 2\n", 2, "light.foo"},
        Case{"[light\n", 1, "is neither [section]"},
        Case{"\n [= 1]\n", 2, "is neither [section]"},
        Case{"[[light]]\n", 1, "is neither [section]"},
        Case{"[light]\ng\xc4\x85mma = 1\n", 2, "is neither [section]"},
        Case{"[light]\ngamma =\n", 2, "is neither [section]"},
        Case{"[light]\ngamma = 1 2\n", 2, "is neither [section]"},
        Case{"[light]\ngamma = 1.2.3\n", 2, "test.toml: line 2"},
        Case{"-=[}", 1, "is neither [section]"}}) {
    INFO(c.text);
    const auto parsed = parse_plant(c.text, "test.toml");
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().line == c.line);
    CHECK(parsed.error().message.starts_with("test.toml"));
    CHECK(parsed.error().message.find(c.words) != std::string::npos);
  }
  CHECK_FALSE(parse_plant(std::string(kPlantBytesMax + 1, '#'), "test.toml"));
  CHECK_FALSE(read_plant("no/such/plant.toml"));
}
