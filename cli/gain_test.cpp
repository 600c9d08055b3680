#include "cli/gain.h"

#include <cstdio>
#include <filesystem>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

using namespace idast;

namespace {

struct Ran {
  int code;
  std::string out, err;
};

Ran run(const cli::GainOptions& options) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = cli::run_gain(options, out, err);
  return {code, out.str(), err.str()};
}

double figure(const std::string& json, const std::string& name) {
  const std::size_t at = json.rfind("\"" + name + "\":");
  REQUIRE(at != std::string::npos);
  return std::stod(json.substr(at + name.size() + 3));
}

}  // namespace

TEST_CASE("the estimate of a synthetic day is near the lab's truth, in energy and in light") {
  const Ran ran = run({.weather = {},
                       .synthetic_days = 2,
                       .synthetic_from = "2025-03-20",
                       .latitude = 13.75,
                       .longitude = 121.05,
                       .laws = {"ephemeris"},
                       .step_ms = 10'000,
                       .json = true});
  REQUIRE(ran.code == 0);
  CHECK(ran.out.starts_with(
      R"({"schema":1,"results":[{"file":"synthetic","law":"ephemeris","day":"2025-03-20")"));
  CHECK(ran.out.find(R"("day":"2025-03-21")") != std::string::npos);
  CHECK(figure(ran.out, "days") == 2.0);
  CHECK(figure(ran.out, "worst_error") < 4.0);
  CHECK(figure(ran.out, "light_worst_error") < 4.0);
  CHECK(figure(ran.out, "inside") == 1.0);
  CHECK(figure(ran.out, "true_net_gain") < figure(ran.out, "true_gain"));
}

TEST_CASE("a restless law on a broken day is judged by time, not by the lab's short steps") {
  // In the lab's steps the motors run most of this day; in time they hardly do.
  const Ran ran = run({.weather = {},
                       .synthetic_days = 1,
                       .synthetic_from = "2025-06-12",
                       .latitude = -33.9,
                       .longitude = 18.4,
                       .laws = {"hybrid"},
                       .seed = 3,
                       .step_ms = 1'000,
                       .json = true});
  REQUIRE(ran.code == 0);
  CHECK(figure(ran.out, "inside") == 1.0);
  CHECK(figure(ran.out, "worst_error") < 2.5);
  CHECK(figure(ran.out, "coverage") > 0.99);
}

TEST_CASE("a measured day has a line for each law, and the table says what is outside its band") {
  const std::string day =
      std::string{IDAST_SOURCE_DIR} + "/../shared/reference/weather/psu17010.csv";
  if (!std::filesystem::exists(day)) {
    std::printf("SKIPPED: reference/weather/psu17010.csv is not here\n");
    return;
  }
  const Ran ran = run({.weather = {day}, .laws = {"naive", "ephemeris"}, .step_ms = 10'000});
  CHECK(ran.code == 0);
  CHECK(ran.out.find("naive") < ran.out.find("ephemeris"));
  CHECK(ran.out.find("2 runs: mean error ") != std::string::npos);
}

TEST_CASE("options that say nothing or too much are refused in words, and files that are none") {
  CHECK(cli::fault_of({}) == "give either --weather FILE... or --synthetic DAYS");
  CHECK(cli::fault_of({.weather = {"a"}, .synthetic_days = 1}));
  CHECK(cli::fault_of({.synthetic_days = 1}) == "--synthetic needs --lat and --lon");
  CHECK(cli::fault_of({.weather = {"a"}, .step_ms = 7}) == "--step-ms must divide a minute");
  CHECK_FALSE(cli::fault_of({.weather = {"a"}}));
  const Ran ran = run({.weather = {"/nowhere.csv"}});
  CHECK(ran.code == 1);
  CHECK(ran.err.find("/nowhere.csv") != std::string::npos);
}
