#include "cli/twin.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tools/command_line/command_line.h"

using namespace idast;

namespace {

struct Parsed {
  cli::TwinOptions options;
  int code = 0;
};

Parsed parse(const std::vector<std::string>& arguments) {
  Parsed parsed;
  command_line::Program program{"twin", ""};
  cli::add_twin_options(program, parsed.options);
  std::ostringstream said;
  parsed.code = program.parse(arguments, said, said).value_or(0);
  return parsed;
}

}  // namespace

TEST_CASE("the twin's options are read, and have the defaults that the help names") {
  CHECK(parse({}).options.twin.devices == 3);
  CHECK(parse({}).options.twin.fill_days == 30.0);
  CHECK(parse({}).options.twin.law == control::Law::hybrid);
  CHECK(parse({}).options.twin.errors == sim::BodyErrors{});
  CHECK(parse({"--law", "ephemeris"}).options.twin.law == control::Law::ephemeris);
  const auto off = parse({"--yaw-error", "4", "--tilt-error=-2.5", "--ldr-mismatch", "5"});
  CHECK(off.code == 0);
  CHECK(off.options.twin.errors ==
        sim::BodyErrors{.yaw = degrees(4.f), .tilt = degrees(-2.5f), .ldr_mismatch = 0.05f});
  const auto parsed = parse({"--mqtt", "mqtts://broker", "--devices", "7", "--speed", "60", "--law",
                             "naive", "--seed", "9", "--fill-days", "0", "--data", "d"});
  CHECK(parsed.code == 0);
  CHECK(parsed.options.twin.mqtt == "mqtts://broker");
  CHECK(parsed.options.twin.devices == 7);
  CHECK(parsed.options.twin.speed == 60.0);
  CHECK(parsed.options.twin.law == control::Law::naive);
  CHECK(parsed.options.twin.seed == 9);
  CHECK_FALSE(cli::fault_of(parsed.options));
}

TEST_CASE("options that make no sense are refused") {
  CHECK(parse({"--law", "hope"}).code != 0);
  CHECK(parse({"--law", "7"}).code != 0);
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"--devices", "-1"},
                                                                     {"--devices", "0"},
                                                                     {"--devices", "100000"},
                                                                     {"--speed", "0"},
                                                                     {"--speed", "nan"},
                                                                     {"--fill-days", "-1"},
                                                                     {"--yaw-error", "46"},
                                                                     {"--yaw-error", "nan"},
                                                                     {"--tilt-error", "21"},
                                                                     {"--ldr-mismatch", "-1"},
                                                                     {"--ldr-mismatch", "51"},
                                                                     {"--mqtt", "localhost"}}) {
    const auto parsed = parse(arguments);
    CHECK_MESSAGE((parsed.code != 0 || cli::fault_of(parsed.options)), arguments[0]);
  }
}

TEST_CASE("--print-sites prints the trackers for the server and starts nothing") {
  auto parsed = parse({"--print-sites", "--devices", "2", "--mqtt", "mqtt://nowhere.invalid"});
  std::ostringstream out;
  std::ostringstream err;
  CHECK(cli::run_twin(parsed.options, out, err) == 0);
  CHECK(out.str().starts_with("[[site]]\nid = \"batangas\"\n"));
  CHECK(out.str().find("Africa/Nairobi") != std::string::npos);
  CHECK(err.str().empty());
  parsed = parse({"--print-sites", "--weather", "/no/such/file"});
  CHECK(cli::run_twin(parsed.options, out, err) == 1);
  CHECK(err.str().find("/no/such/file") != std::string::npos);
}
