#include "sim/sky/sky.h"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/calendar.h"
#include "sim/sky/modelled_sky.h"

using namespace idast;
using namespace idast::sim;

namespace {

Degrees deg(double value) { return degrees(static_cast<float>(value)); }
Irradiance wm2(double value) { return watts_per_square_metre(static_cast<float>(value)); }

using Row = std::map<std::string, std::string>;

// Rows of a reference table by column name; none when the reference is not here.
std::vector<Row> table(const std::string& name) {
  std::ifstream file{std::string{IDAST_SOURCE_DIR} + "/../shared/reference/solar/" + name};
  std::vector<Row> rows;
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::stringstream cut{line};
    std::vector<std::string> cells;
    for (std::string cell; std::getline(cut, cell, ',');) cells.push_back(cell);
    if (names.empty()) {
      names = cells;
      continue;
    }
    Row row;
    for (std::size_t i = 0; i < names.size() && i < cells.size(); ++i) row[names[i]] = cells[i];
    rows.push_back(row);
  }
  if (rows.empty()) std::printf("SKIPPED: reference/solar/%s is not here\n", name.c_str());
  return rows;
}

double value(const Row& row, const char* name) { return std::stod(row.at(name)); }

Conditions conditions(const Row& row) {
  return {.at = utc_from_iso(row.at("utc")).value(),
          .ghi = wm2(value(row, "ghi")),
          .dni = wm2(value(row, "dni")),
          .dhi = wm2(value(row, "dhi")),
          .air_temperature = celsius(20.f),
          .wind = metres_per_second(1.f),
          .sun = {.azimuth = deg(value(row, "azimuth")),
                  .elevation = deg(90.0 - value(row, "app_zenith")),
                  .elevation_true = deg(90.0 - value(row, "zenith"))}};
}

}  // namespace

TEST_CASE("light on tilted planes agrees with the Hay-Davies reference within 1 %") {
  double worst = 0.0;
  int rows = 0;
  for (const Row& row : table("clearsky_poa_public.csv")) {
    const Conditions now = conditions(row);
    for (const std::string kind : {"fix", "sat", "dat"}) {
      const control::Direction normal{deg(value(row, (kind + "_az").c_str())),
                                      deg(90.0 - value(row, (kind + "_tilt").c_str()))};
      const double expected = value(row, (kind + "_haydavies").c_str());
      const double found = plane_light(now, normal).total().in(watts_per_square_metre);
      CAPTURE(row.at("utc"));
      CAPTURE(kind);
      CHECK(std::abs(found - expected) <= 0.01 * expected + 0.1);
      if (expected > 20.0) worst = std::max(worst, std::abs(found / expected - 1.0));
      ++rows;
    }
  }
  if (rows > 0)
    std::printf("plane light against Hay-Davies: %d planes, worst %.3f %%\n", rows, 100.0 * worst);
}

TEST_CASE("daily sums on tilted planes agree with the Hay-Davies reference within 1 %") {
  // Ten-minute rectangles over the site's own day, as in the reference.
  const std::map<std::string, double> east_hours{{"denver", -7.0}, {"sydney", 10.0}};
  std::map<std::string, std::map<std::string, double>> sums;
  for (const Row& row : table("clearsky_poa_public.csv")) {
    const Conditions now = conditions(row);
    const auto east = Millis{static_cast<std::int64_t>(east_hours.at(row.at("site")) * 3.6e6)};
    const auto date = to_iso(now.at + east);
    auto& day = sums[row.at("site") + std::string{date.view().substr(0, 10)}];
    for (const std::string kind : {"fix", "sat", "dat"}) {
      const control::Direction normal{deg(value(row, (kind + "_az").c_str())),
                                      deg(90.0 - value(row, (kind + "_tilt").c_str()))};
      day[kind] += plane_light(now, normal).total().in(watts_per_square_metre) / 6000.0;
    }
  }
  for (const Row& row : table("clearsky_poa_daily_public.csv")) {
    const auto& day = sums.at(row.at("site") + row.at("day"));
    for (const std::string kind : {"fix", "sat", "dat"}) {
      const double expected = value(row, (kind + "_haydavies_kwh").c_str());
      CAPTURE(row.at("site"));
      CAPTURE(kind);
      CHECK(day.at(kind) == doctest::Approx(expected).epsilon(0.01));
    }
  }
}

TEST_CASE("the clear sky agrees with the Ineichen-Perez reference within 1 %") {
  struct Site {
    Metres altitude;
    float turbidity;
  };
  const std::map<std::string, Site> sites{{"batangas", {metres(10.f), 4.f}},
                                          {"denver", {metres(1609.f), 2.7f}},
                                          {"berlin", {metres(34.f), 3.3f}},
                                          {"nairobi", {metres(1795.f), 3.2f}},
                                          {"sydney", {metres(58.f), 3.f}}};
  double worst = 0.0;
  for (const Row& row : table("clearsky_poa_public.csv")) {
    const Site& site = sites.at(row.at("site"));
    const Conditions known = conditions(row);
    const ClearLight found =
        ClearSky{site.altitude, site.turbidity}.at(known.at, known.sun.elevation);
    CAPTURE(row.at("site"));
    CAPTURE(row.at("utc"));
    for (const auto& [ours, theirs] :
         {std::pair{found.ghi, known.ghi}, std::pair{found.dni, known.dni},
          std::pair{found.dhi, known.dhi}}) {
      const double expected = theirs.in(watts_per_square_metre);
      const double off = std::abs(ours.in(watts_per_square_metre)-expected);
      CHECK(off <= 0.01 * expected + 0.2);
      if (expected > 20.0) worst = std::max(worst, off / expected);
    }
    CHECK(std::abs(extraterrestrial(known.at).in(watts_per_square_metre)-value(row, "dni_extra")) <
          1.0);
  }
  std::printf("clear sky against Ineichen-Perez: worst %.3f %%\n", 100.0 * worst);
}

TEST_CASE("a flat panel sees the global light, and one turned away sees no beam") {
  Conditions now{.at = UtcMillis{1'700'000'000'000},
                 .ghi = wm2(600),
                 .dni = wm2(800),
                 .dhi = wm2(200),
                 .air_temperature = celsius(20.f),
                 .wind = {},
                 .sun = {.azimuth = deg(180), .elevation = deg(30), .elevation_true = deg(30)}};
  CHECK(plane_light(now, {deg(0), deg(90)}).total().in(watts_per_square_metre) ==
        doctest::Approx(600.0));
  const PlaneLight away = plane_light(now, {deg(0), deg(20)});
  CHECK(away.beam == wm2(0));
  CHECK(away.aoi_cosine < 0.f);
  now.sun.elevation = deg(-1);
  CHECK(plane_light(now, {deg(180), deg(0)}).beam == wm2(0));
}

TEST_CASE(
    "a modelled sky gives the same answer whenever it is asked, and another seed another one") {
  const sun::Place place{deg(13.75), deg(121.05), metres(10.f)};
  const ModelledSky sky{place, 5};
  const ModelledSky same{place, 5};
  const ModelledSky other{place, 6};
  const UtcMillis start{1'717'200'000'000};
  int differing = 0;
  for (int i = 2000; i-- > 0;) {
    const UtcMillis at = start + std::chrono::minutes{i * 7};
    const Conditions a = sky.at(at);
    const Conditions b = same.at(at);
    CHECK(a.ghi == b.ghi);
    CHECK(a.wind == b.wind);
    CHECK(a.air_temperature == b.air_temperature);
    if (a.wind != other.at(at).wind) ++differing;
  }
  CHECK(differing > 1900);
}

TEST_CASE("a year of modelled weather is plausible, closed and has days of all kinds") {
  const sun::Place place{deg(13.75), deg(121.05), metres(10.f)};
  const ModelledSky sky{place, 1};
  const UtcMillis start{1'704'067'200'000};
  int kinds[3] = {0, 0, 0};
  double energy[3] = {0, 0, 0};
  int stormy_days = 0;
  for (int day = 0; day < 365; ++day) {
    const UtcMillis noon = start + std::chrono::hours{24 * day + 4};  // 12 o'clock in Batangas
    const auto kind = static_cast<std::size_t>(sky.day_of(noon));
    ++kinds[kind];
    bool storm = false;
    for (int minute = -720; minute < 720; minute += 4) {
      const Conditions now = sky.at(noon + std::chrono::minutes{minute});
      const float sun_up = std::sin(now.sun.elevation.in(degrees) * 3.14159265f / 180.f);
      CHECK(now.ghi.in(watts_per_square_metre) >= 0.f);
      CHECK(now.ghi.in(watts_per_square_metre) < 1400.f);
      CHECK(now.dni.in(watts_per_square_metre) < 1100.f);
      if (now.sun.elevation > deg(0)) {
        CHECK((now.dni * sun_up + now.dhi).in(watts_per_square_metre) ==
              doctest::Approx(now.ghi.in(watts_per_square_metre)).epsilon(0.001));
      } else {
        CHECK(now.ghi == wm2(0));
      }
      CHECK(now.air_temperature > celsius(14.f));
      CHECK(now.air_temperature < celsius(42.f));
      CHECK(now.wind >= metres_per_second(0.f));
      CHECK(now.wind < metres_per_second(35.f));
      storm = storm || now.wind >= metres_per_second(15.f);
      energy[kind] += now.ghi.in(watts_per_square_metre) * 4.0 / 60000.0;
    }
    stormy_days += storm ? 1 : 0;
  }
  for (int kind = 0; kind < 3; ++kind) {
    CHECK(kinds[kind] > 40);
    std::printf("modelled Batangas: kind %d, %d days, %.2f kWh/m2 a day\n", kind, kinds[kind],
                energy[kind] / kinds[kind]);
  }
  CHECK(stormy_days > 2);
  CHECK(stormy_days < 30);
  CHECK(energy[0] / kinds[0] > energy[1] / kinds[1]);
  CHECK(energy[1] / kinds[1] > energy[2] / kinds[2]);
}

TEST_CASE("on broken days the beam comes and goes within minutes") {
  const sun::Place place{deg(-1.29), deg(36.82), metres(1700.f)};
  const ModelledSky sky{place, 3};
  const UtcMillis start{1'704'067'200'000};
  int ramps = 0;
  int days = 0;
  for (int day = 0; day < 60; ++day) {
    const UtcMillis noon = start + std::chrono::hours{24 * day} + std::chrono::minutes{570};
    if (sky.day_of(noon) != ModelledSky::Day::broken) continue;
    ++days;
    for (int minute = -240; minute < 240; ++minute) {
      const auto beam = [&](int at) {
        return sky.at(noon + std::chrono::minutes{at}).dni.in(watts_per_square_metre);
      };
      if (std::abs(beam(minute + 1) - beam(minute)) > 200.f) ++ramps;
    }
  }
  REQUIRE(days > 10);
  std::printf("modelled broken days: %d ramps over 200 W/m2 a minute per day\n", ramps / days);
  CHECK(ramps / days >= 8);
  CHECK(ramps / days <= 120);
}
