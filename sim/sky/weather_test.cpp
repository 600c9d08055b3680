#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "core/base/calendar.h"
#include "sim/sky/measured_sky.h"

using namespace idast;
using namespace idast::sim;

namespace {

const std::string kReference = std::string{IDAST_SOURCE_DIR} + "/../shared/reference/";

std::optional<WeatherFile> reference_file(const std::string& name) {
  auto found = read_weather(kReference + "weather/" + name);
  if (found) return *found;
  std::printf("SKIPPED: reference/weather/%s: %s\n", name.c_str(), found.error().message.c_str());
  CHECK(found.error().kind == WeatherErrorKind::unreadable);
  return std::nullopt;
}

Degrees deg(double value) { return degrees(static_cast<float>(value)); }

// Day sums in kWh/m² over minutes with the sun above half a degree.
struct DaySums {
  double ghi = 0, dni = 0, fixed = 0, two_axis = 0, flat = 0, oracle = 0;
};

DaySums day_sums(const MeasuredSky& sky) {
  DaySums sums;
  const double latitude = sky.place().latitude.in(degrees);
  for (UtcMillis at = sky.first(); at <= sky.last(); at = at + std::chrono::minutes{1}) {
    const Conditions now = sky.at(at);
    if (now.sun.elevation <= degrees(0.5f)) continue;
    const auto on = [&](const control::Direction& normal) {
      return plane_light(now, normal).total().in(watts_per_square_metre) / 60000.0;
    };
    sums.ghi += now.ghi.in(watts_per_square_metre) / 60000.0;
    sums.fixed += on({deg(180), deg(90 - latitude)});
    sums.two_axis += on({now.sun.azimuth, now.sun.elevation});
    sums.flat += on({deg(0), deg(90)});
    double best = 0.0;
    for (int share = 0; share <= 20; ++share) {
      const double tilt = (90.0 - now.sun.elevation.in(degrees)) * share / 20.0;
      best = std::max(best, on({now.sun.azimuth, deg(90 - tilt)}));
    }
    sums.oracle += best;
  }
  // The reference's sum of beam has the night's offsets in it.
  for (const WeatherMinute& row : sky.file().minutes) sums.dni += row.dni_wm2 / 60000.0;
  return sums;
}

constexpr std::string_view kCsvHead =
    "# test: site lat 40.0 lon -105.0 alt_m 1600.\nutc,ghi_wm2,dni_wm2,dhi_wm2,temp_c,wind_ms\n";

std::expected<WeatherFile, WeatherError> csv(const std::string& rows) {
  return parse_weather(std::string{kCsvHead} + rows, "test.csv");
}

}  // namespace

TEST_CASE("day sums of measured days agree with the reference within 1 %") {
  std::ifstream expected{kReference + "solar/weather_expected_public.csv"};
  if (!expected) std::printf("SKIPPED: reference/solar/weather_expected_public.csv is not here\n");
  for (std::string line; std::getline(expected, line);) {
    if (!line.starts_with("public/")) continue;
    std::stringstream cut{line};
    std::vector<std::string> cells;
    for (std::string cell; std::getline(cut, cell, ',');) cells.push_back(cell);
    const auto file = reference_file(cells[0].substr(7));
    REQUIRE(file);
    const DaySums sums = day_sums(MeasuredSky{*file});
    const double found[] = {sums.ghi, sums.dni, sums.fixed, sums.two_axis, sums.flat, sums.oracle};
    for (std::size_t i = 0; i < 6; ++i) {
      CAPTURE(line);
      CAPTURE(i);
      const double wanted = std::stod(cells[5 + i]);
      CHECK(std::abs(found[i] - wanted) <= 0.01 * wanted + 0.001);
    }
    std::printf("%s: two-axis %.4f of %s, oracle %.4f of %s kWh/m2\n", cells[0].c_str(),
                sums.two_axis, cells[8].c_str(), sums.oracle, cells[10].c_str());
  }
}

TEST_CASE("a raw SURFRAD file says the same as its CSV, and a west longitude is mended aloud") {
  for (const std::string name : {"slv16001", "psu17010"}) {
    const auto raw = reference_file("raw_surfrad/" + name + ".dat");
    const auto table = reference_file(name + ".csv");
    if (!raw || !table) continue;
    CHECK(raw->place.longitude == table->place.longitude);
    CHECK(raw->place.longitude < degrees(0.f));
    REQUIRE(raw->minutes.size() == table->minutes.size());
    for (std::size_t i = 0; i < raw->minutes.size(); ++i) {
      CHECK(raw->minutes[i].at == table->minutes[i].at);
      CHECK(raw->minutes[i].dni_wm2 == doctest::Approx(table->minutes[i].dni_wm2));
      CHECK(raw->minutes[i].temperature_c == doctest::Approx(table->minutes[i].temperature_c));
    }
    const bool mended = std::ranges::any_of(raw->notes, [](const std::string& note) {
      return note.find("wrong sign") != std::string::npos;
    });
    CHECK(mended == (name == "slv16001"));
  }
}

TEST_CASE("a replay begins at sunrise") {
  const auto file = reference_file("slv16001.csv");
  if (!file) return;
  const MeasuredSky sky{*file};
  const Conditions start = sky.at(sky.replay_start());
  CHECK(std::abs(start.sun.elevation_true.in(degrees) + 0.8333f) < 0.01f);
  CHECK(sky.at(sky.replay_start() + std::chrono::hours{1}).dni > watts_per_square_metre(100.f));
}

TEST_CASE("short holes are bridged, long ones reported, and the sky knows which is which") {
  std::string rows;
  for (int minute = 0; minute < 120; ++minute) {
    char row[96];
    const bool hole = (minute > 10 && minute < 20) || (minute > 50 && minute < 100);
    const int hour = 18 + minute / 60;
    std::snprintf(row, sizeof row, "2024-06-01T%02d:%02d:00Z,%s,%d,100,20,2\n", hour, minute % 60,
                  hole ? "-9999.9" : std::to_string(minute).c_str(), 500);
    rows += row;
  }
  const auto file = csv(rows);
  REQUIRE(file);
  REQUIRE(file->gaps.size() == 1);
  CHECK(file->gaps[0].column == "ghi_wm2");
  CHECK(file->gaps[0].to - file->gaps[0].from == std::chrono::minutes{50});
  CHECK(file->minutes[15].ghi_wm2 == doctest::Approx(15.f));
  const MeasuredSky sky{*file};
  CHECK_FALSE(sky.at(sky.first() + std::chrono::minutes{15}).in_gap);
  CHECK(sky.at(sky.first() + std::chrono::minutes{70}).in_gap);
  CHECK(sky.at(sky.first() - std::chrono::minutes{1}).in_gap);
  CHECK(sky.at(sky.first() + std::chrono::seconds{90}).ghi.in(watts_per_square_metre) ==
        doctest::Approx(1.5f));
}

TEST_CASE("impossible values are missing, and a column without any is assumed aloud") {
  const auto file =
      csv("2024-06-01T18:00:00Z,500,nan,100,,\n2024-06-01T18:01:00Z,99999,inf,-3,,-5\n"
          "2024-06-01T18:02:00Z,520,600,102,,\n");
  REQUIRE(file);
  CHECK(file->minutes[1].ghi_wm2 == doctest::Approx(510.f));
  CHECK(file->minutes[0].dni_wm2 == doctest::Approx(600.f));
  CHECK(file->minutes[1].dhi_wm2 == 0.f);
  CHECK(file->minutes[1].temperature_c == kTemperatureAssumedC);
  CHECK(file->minutes[1].wind_ms == kWindAssumedMs);
  CHECK(file->notes.size() >= 4);
}

TEST_CASE("what cannot be believed is refused, and the message names the line") {
  struct Case {
    const char* name;
    std::string text;
    WeatherErrorKind kind;
    std::size_t line;
  };
  const std::string head{kCsvHead};
  const std::string good = "2024-06-01T18:00:00Z,1,2,3,4,5\n";
  const std::string surfrad_head = " Alamosa\n   37.70  105.92 2317 m version 1\n";
  for (const Case& c :
       {Case{"empty", "", WeatherErrorKind::empty, 0},
        Case{"blank", " \n\n", WeatherErrorKind::empty, 0},
        Case{"one line", "hello", WeatherErrorKind::not_weather, 1},
        Case{"head only", head, WeatherErrorKind::empty, 0},
        Case{"no site", "utc,ghi_wm2,dni_wm2,dhi_wm2\n2024-06-01T18:00:00Z,1,2,3\n",
             WeatherErrorKind::no_site, 0},
        Case{"impossible site", "# lat 95 lon 0 alt_m 0\nutc,ghi_wm2,dni_wm2,dhi_wm2\n",
             WeatherErrorKind::no_site, 0},
        Case{"no column", "# lat 9 lon 0 alt_m 0\nutc,ghi_wm2,dni_wm2\n",
             WeatherErrorKind::no_column, 2},
        Case{"no time", head + "yesterday,1,2,3,4,5\n", WeatherErrorKind::bad_row, 3},
        Case{"text", head + good + "2024-06-01T18:01:00Z,1,x,3,4,5\n", WeatherErrorKind::bad_row,
             4},
        Case{"torn", head + good + "2024-06-01T18:01:00Z,1,2", WeatherErrorKind::bad_row, 4},
        Case{"twice", head + good + good, WeatherErrorKind::out_of_order, 4},
        Case{"long line", head + std::string(5000, '1'), WeatherErrorKind::too_large, 3},
        Case{"surfrad site", " Here\n  a b c\n", WeatherErrorKind::no_site, 2},
        Case{"surfrad row", surfrad_head + " 2016 1 1 1 0 0 0.0 91.65\n", WeatherErrorKind::bad_row,
             3},
        Case{"surfrad empty", surfrad_head, WeatherErrorKind::empty, 0}}) {
    CAPTURE(c.name);
    const auto found = parse_weather(c.text, "test");
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == c.kind);
    CHECK(found.error().line == c.line);
    CHECK_FALSE(found.error().message.empty());
    if (c.line > 0) {
      CHECK(found.error().message.find("line " + std::to_string(c.line)) != std::string::npos);
    }
  }
}

TEST_CASE("a SURFRAD file whose sun is not that of its place is refused") {
  std::string text = " Nowhere\n   37.70  -45.00 2317 m version 1\n";
  for (int minute = 0; minute < 3; ++minute) {
    text += " 2016   1  1  1  0  " + std::to_string(minute) + "  0.000  91.65";
    for (int pair = 0; pair < 20; ++pair) text += "  1.0 0";
    text += "\n";
  }
  const auto found = parse_weather(text, "test.dat");
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == WeatherErrorKind::zenith_differs);
}

TEST_CASE("a file that is not there is an error, not an exception") {
  const auto found = read_weather("/nowhere/weather.dat");
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == WeatherErrorKind::unreadable);
  CHECK_FALSE(read_weather("/"));
}

TEST_CASE("a caller who knows the site overrules the header, part by part") {
  const std::string rows = "utc,ghi_wm2,dni_wm2,dhi_wm2\n2025-01-01T12:00:00Z,1,1,1\n";
  const GivenSite both{.latitude = deg(10), .longitude = deg(20)};
  const auto unknown = parse_weather("# nothing known\n" + rows, "test.csv", both);
  REQUIRE(unknown);
  CHECK(unknown->place.latitude == deg(10));
  CHECK(unknown->place.longitude == deg(20));
  CHECK(unknown->place.altitude == metres(0.f));

  const std::string head = "# two comments\n# site lat 40 lon -105 alt_m 1600\n";
  const auto known = parse_weather(head + rows, "test.csv", both);
  REQUIRE(known);
  CHECK(known->place.latitude == deg(10));
  CHECK(known->place.altitude == metres(1600.f));
  const auto half = parse_weather(head + rows, "test.csv", {.latitude = {}, .longitude = deg(20)});
  REQUIRE(half);
  CHECK(half->place.latitude == deg(40));
  CHECK(half->place.longitude == deg(20));

  const auto lost = parse_weather(rows, "test.csv", {.latitude = deg(10), .longitude = {}});
  REQUIRE_FALSE(lost);
  CHECK(lost.error().kind == WeatherErrorKind::no_site);
}
