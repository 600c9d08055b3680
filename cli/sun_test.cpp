#include "cli/sun.h"

#include <sstream>
#include <string>

#include <doctest/doctest.h>

using namespace idast::cli;

namespace {

struct Run {
  int code;
  std::string out, err;
};

Run run(const std::string& table, SunMethod method = SunMethod::fast) {
  std::istringstream in{table};
  std::ostringstream out;
  std::ostringstream err;
  const int code = run_sun({.csv = "-", .method = method}, in, "table.csv", out, err);
  return {code, out.str(), err.str()};
}

const std::string kHead = "utc,lat_deg,lon_deg,alt_m,pressure_hPa,temp_C,delta_t_s\n";
const std::string kRow = "2003-10-17T19:30:30Z,39.742476,-105.1786,1830.14,820,11,67\n";

}  // namespace

TEST_CASE("the check row comes back as given, with six decimals") {
  const Run found = run("# a comment\n" + kHead + kRow);
  CHECK(found.code == 0);
  CHECK(found.err.empty());
  REQUIRE(
      found.out.starts_with("utc,lat_deg,lon_deg,apparent_zenith_deg,azimuth_deg\n2003-10-17T19:30:"
                            "30Z,39.742476,-105.1786,"));
  std::istringstream cut{found.out.substr(found.out.find("-105.1786,") + 10)};
  double zenith = 0.0;
  double azimuth = 0.0;
  char comma = 0;
  cut >> zenith >> comma >> azimuth;
  CHECK(zenith == doctest::Approx(50.11162).epsilon(0.0001));
  CHECK(azimuth == doctest::Approx(194.34024).epsilon(0.0001));
  CHECK(found.out.substr(found.out.rfind('.')).size() == 8);  // six decimals and the line's end
}

TEST_CASE("spa answers the check row to the report's five decimals") {
  const Run found = run(kHead + kRow, SunMethod::spa);
  CHECK(found.code == 0);
  CHECK(found.out.find(",50.11162") != std::string::npos);
  CHECK(found.out.find(",194.34024") != std::string::npos);
  CHECK(sun_method_from("spa") == SunMethod::spa);
  CHECK_FALSE(sun_method_from("guess"));
}

TEST_CASE("columns go by name, others are skipped, and delta T may be missing") {
  const Run plain = run(kHead + kRow);
  const Run shuffled =
      run("x,temp_C,pressure_hPa,delta_t_s,alt_m,lon_deg,lat_deg,utc\r\n"
          "?,11,820,67,1830.14,-105.1786,39.742476,2003-10-17T19:30:30Z\r\n");
  CHECK(shuffled.out == plain.out);
  const Run without =
      run("utc,lat_deg,lon_deg,alt_m,pressure_hPa,temp_C\n"
          "2003-10-17T19:30:30Z,39.742476,-105.1786,1830.14,820,11\n");
  CHECK(without.code == 0);
  CHECK(run(kHead + "2003-10-17T19:30:30Z,39.742476,-105.1786,1830.14,820,11,\n").out ==
        without.out);
}

TEST_CASE("a bad row, header or file ends with 1 and a line that names the place") {
  struct Case {
    std::string table;
    const char* says;
  };
  for (const Case& c :
       {Case{"", "there is no header"}, Case{"# only\n", "there is no header"},
        Case{"utc,lat_deg\n",
             "line 1: the header has no column lon_deg, alt_m, pressure_hPa, temp_C"},
        Case{"utc,utc,lat_deg,lon_deg,alt_m,pressure_hPa,temp_C\n", "column utc appears twice"},
        Case{kHead + kRow + "yesterday,1,2,3,4,5,6\n", "line 3: utc is not an ISO 8601 time"},
        Case{kHead + "2003-10-17T19:30:30Z,91,2,3,4,5,6\n", "line 2: lat_deg is out of range"},
        Case{kHead + "2003-10-17T19:30:30Z,nan,2,3,4,5,6\n", "line 2: lat_deg is not a number"},
        Case{kHead + "2003-10-17T19:30:30Z,1,2,3,4,5x,6\n", "line 2: temp_C is not a number"},
        Case{kHead + "2003-10-17T19:30:30Z,1,2\n", "line 2: the row ends before column alt_m"},
        Case{kHead + std::string(10'000, '7'), "line 2: the line is too long"}}) {
    CAPTURE(c.says);
    const Run found = run(c.table);
    CHECK(found.code == 1);
    CHECK(found.err.find(c.says) != std::string::npos);
    CHECK(found.err.find("table.csv") != std::string::npos);
  }
  std::ostringstream out;
  std::ostringstream err;
  CHECK(run_sun({.csv = "/nowhere.csv"}, out, err) == 1);
  CHECK(err.str().find("/nowhere.csv") != std::string::npos);
}

TEST_CASE("rows before a bad one are answered") {
  const Run found = run(kHead + kRow + "broken\n");
  CHECK(found.code == 1);
  CHECK(found.out.find("2003-10-17T19:30:30Z,") != std::string::npos);
}
