#include "cli/lab.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "cli/lab_progress.h"
#include "tools/command_line/command_line.h"

using namespace idast;

namespace {

struct Parsed {
  cli::LabOptions options;
  int code = 0;
};

Parsed parse(const std::vector<std::string>& arguments) {
  Parsed parsed;
  command_line::Program program{"lab", ""};
  cli::add_lab_options(program, parsed.options);
  std::ostringstream said;
  parsed.code = program.parse(arguments, said, said).value_or(0);
  return parsed;
}

// An hour about noon in Batangas, with or without a site in its header.
class WeatherOnDisk {
 public:
  explicit WeatherOnDisk(const std::string& header)
      : path_{std::filesystem::temp_directory_path() /
              ("idast_lab_test_" + std::to_string(header.size()) + ".csv")} {
    std::ofstream file{path_};
    file << header << "utc,ghi_wm2,dni_wm2,dhi_wm2,temp_c,wind_ms\n";
    for (int minute = 0; minute < 60; ++minute) {
      file << "2025-03-20T04:" << minute / 10 << minute % 10 << ":00Z,900,800,110,30,2\n";
    }
  }
  ~WeatherOnDisk() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  WeatherOnDisk(const WeatherOnDisk&) = delete;
  WeatherOnDisk& operator=(const WeatherOnDisk&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran run(std::vector<std::string> arguments) {
  const Parsed parsed = parse(std::move(arguments));
  REQUIRE(parsed.code == 0);
  std::ostringstream out;
  std::ostringstream err;
  const int code = cli::run_lab(parsed.options, out, err);
  return {code, out.str(), err.str()};
}

std::size_t count_of(const std::string& text, const std::string& piece) {
  std::size_t count = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("the lab's options are read, and have the defaults that the help names") {
  const auto plain = parse({"--weather", "a.csv"});
  CHECK(plain.options.seed == 1);
  CHECK_FALSE(plain.options.profile);
  CHECK_FALSE(plain.options.yaw_error);
  CHECK_FALSE(plain.options.ldr_mismatch);
  CHECK_FALSE(cli::fault_of(plain.options));
  const auto full = parse({"--weather", "a.csv", "b.dat", "--law", "naive,oracle", "--yaw-error",
                           "-5", "--tilt-error", "3", "--ldr-mismatch", "10", "--seed", "7",
                           "--lat", "13.75", "--lon", "-121.05", "--json"});
  CHECK(full.code == 0);
  CHECK(full.options.weather == std::vector<std::string>{"a.csv", "b.dat"});
  CHECK(full.options.laws == std::vector<std::string>{"naive", "oracle"});
  CHECK(full.options.yaw_error == -5.0);
  CHECK(full.options.longitude == -121.05);
}

TEST_CASE("options of the lab that make no sense are refused") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {},
           {"--weather", "a.csv", "--synthetic", "3"},
           {"--synthetic", "3"},
           {"--synthetic", "0", "--lat", "1", "--lon", "1"},
           {"--synthetic", "3", "--lat", "1", "--lon", "1", "--from", "spring"},
           {"--weather", "a.csv", "--law", "hope"},
           {"--weather", "a.csv", "--profile", "other"},
           {"--weather", "a.csv", "--mount", "boat"},
           {"--weather", "a.csv", "--lat", "91"},
           {"--weather", "a.csv", "--step-ms", "7"},
           {"--weather", "a.csv", "--trace", "t.csv"},
           {"--weather", "a.csv", "--law", "oracle", "--trace", "t.csv"}}) {
    const auto parsed = parse(arguments);
    const bool refused = parsed.code != 0 || cli::fault_of(parsed.options).has_value();
    CHECK(refused);
  }
}

TEST_CASE("JSON has one entry for each file and law in their order, with every key") {
  const WeatherOnDisk weather{"# site lat 13.75 lon 121.05 alt_m 10\n"};
  const Ran ran =
      run({"--weather", weather.path(), weather.path(), "--law", "oracle,ephemeris", "--json"});
  CHECK(ran.code == 0);
  CHECK(ran.out.starts_with("{\"schema\":1,\"results\":["));
  for (const char* key : {"file",
                          "law",
                          "day",
                          "poa_wh_m2",
                          "capture",
                          "gain_over_fixed",
                          "net_gain",
                          "pointing_mean_deg",
                          "pointing_p95_deg",
                          "pointing_before_trim_mean_deg",
                          "pointing_minutes",
                          "pointing_excluded_minutes",
                          "trim_end_deg",
                          "moves",
                          "servo_wh",
                          "electronics_wh",
                          "harvest_wh",
                          "stow_minutes",
                          "stow_seconds_max",
                          "reacquire_clock_s",
                          "reacquire_no_clock_s"}) {
    CHECK(count_of(ran.out, std::string{"\""} + key + "\":") == 4);
  }
  CHECK(ran.out.find("\"law\":\"oracle\"") < ran.out.find("\"law\":\"ephemeris\""));
  CHECK(count_of(ran.out, "\"day\":\"2025-03-20\"") == 4);
  CHECK(count_of(ran.out, "\"trim_end_deg\":null") == 4);
  CHECK(ran.out.find("nan") == std::string::npos);
}

TEST_CASE("a file without a site needs one from the command, and that overrides a header") {
  const WeatherOnDisk nowhere{"# measured somewhere\n"};
  const Ran refused = run({"--weather", nowhere.path(), "--law", "flat"});
  CHECK(refused.code == 2);
  CHECK(refused.out.empty());
  CHECK(refused.err.find("--lat") != std::string::npos);

  const WeatherOnDisk somewhere{"# site lat -13.75 lon 121.05 alt_m 10\n"};
  const auto with_site = [](const WeatherOnDisk& weather) {
    return run({"--weather", weather.path(), "--lat", "13.75", "--lon", "121.05", "--law", "fixed",
                "--json"});
  };
  const auto from_energy = [](const Ran& ran) {
    const auto at = ran.out.find("poa_wh_m2");
    return at == std::string::npos ? std::string{} : ran.out.substr(at);
  };
  CHECK(with_site(nowhere).code == 0);
  CHECK(from_energy(with_site(nowhere)) == from_energy(with_site(somewhere)));
  const Ran as_written = run({"--weather", somewhere.path(), "--law", "fixed", "--json"});
  CHECK(from_energy(as_written) != from_energy(with_site(somewhere)));
}

TEST_CASE("a file that is not there is a failure that names it") {
  const Ran ran = run({"--weather", "no/such/weather.csv"});
  CHECK(ran.code == 1);
  CHECK(ran.err.find("no/such/weather.csv") != std::string::npos);
}

TEST_CASE("a plant file is taken, the command line overrules it, and a bad one is named") {
  const WeatherOnDisk weather{"# site lat 13.75 lon 121.05 alt_m 10\n"};
  const std::string path = weather.path() + ".toml";
  const auto figures = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"--weather", weather.path(), "--law", "ephemeris", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(std::move(arguments));
  };
  std::ofstream{path} << "[errors]\nyaw_deg = 20\n";
  const Ran plain = figures({});
  const Ran turned = figures({"--plant", path});
  CHECK(turned.code == 0);
  CHECK(turned.out != plain.out);
  CHECK(figures({"--yaw-error", "20"}).out == turned.out);
  CHECK(figures({"--plant", path, "--yaw-error", "0"}).out == plain.out);
  std::ofstream{path} << "[errors]\nyaw_deg = 20\nroll_deg = 3\n";
  const Ran refused = figures({"--plant", path});
  CHECK(refused.code == 1);
  CHECK(refused.err.find("line 3: errors.roll_deg is unknown") != std::string::npos);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

TEST_CASE("the trace has a row a second and as many cells in each as its header names") {
  const WeatherOnDisk weather{"# site lat 13.75 lon 121.05 alt_m 10\n"};
  const std::string path = weather.path() + ".trace";
  const Ran ran = run({"--weather", weather.path(), "--law", "ephemeris", "--trace", path});
  CHECK(ran.code == 0);
  std::ifstream file{path};
  std::string header;
  std::getline(file, header);
  std::size_t rows = 0;
  for (std::string line; std::getline(file, line); ++rows) {
    REQUIRE(count_of(line, ",") == count_of(header, ","));
  }
  CHECK(rows == 59 * 60 + 1);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

TEST_CASE("synthetic days run from midnight by the sun, and another seed has other clouds") {
  const auto days = [](const std::string& seed) {
    return run({"--synthetic", "2", "--from", "2025-06-01", "--lat", "13.75", "--lon", "121.05",
                "--law", "fixed,oracle", "--seed", seed, "--json"});
  };
  const Ran once = days("1");
  CHECK(once.code == 0);
  CHECK(once.out == days("1").out);
  CHECK(once.out != days("2").out);
  CHECK(once.out.find("\"file\":\"synthetic\"") != std::string::npos);
  CHECK(once.out.find("\"day\":\"2025-06-0") != std::string::npos);
}

TEST_CASE("progress is a bar, a share and the time that the rest will take") {
  using namespace std::chrono_literals;
  CHECK(cli::progress_line(0.0, 5s) == "[....................]   0 %");
  CHECK(cli::progress_line(0.5, 90s) == "[##########..........]  50 %, 1 min 30 s left");
  CHECK(cli::progress_line(0.3, 3s) == "[######..............]  30 %, 7 s left");
  CHECK(cli::progress_line(1.0, 10s) == "[####################] 100 %, 0 s left");
  CHECK(cli::progress_line(7.0, 10s) == "[####################] 100 %, 0 s left");
}

TEST_CASE("short runs say nothing of their progress") {
  std::ostringstream out;
  {
    cli::LabProgress progress{{1.0, 3.0}, out, true};
    progress.report(1, 0.5);
  }
  CHECK(out.str().empty());
}
