#include "core/sun/spa.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/random.h"

using namespace idast;
using namespace idast::sun;
using namespace std::chrono_literals;

namespace {

double off_deg(double a, double b) {
  const double apart = std::abs(a - b);
  return std::min(apart, 360.0 - apart);
}

}  // namespace

TEST_CASE("SPA gives its report's own example to the last digit") {
  const Observer golden{39.742476, -105.1786, 1830.14, 820.0, 11.0};
  const auto found = position_spa(UtcMillis{1'066'419'030'000}, golden, 67.0);
  CHECK(std::abs(90.0 - found.elevation_deg - 50.11162) < 0.00001);
  CHECK(std::abs(found.azimuth_deg - 194.34024) < 0.00001);
  CHECK(std::abs(found.elevation_true_deg - 39.872046) < 0.00001);
}

TEST_CASE("SPA meets every reference row within a thousandth of a degree") {
  std::ifstream file{IDAST_SOURCE_DIR "/../shared/reference/solar/spa_public.csv"};
  double worst = 0.0;
  int rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line[0] == 'u') continue;
    std::vector<double> cells;
    std::stringstream cut{line};
    for (std::string cell; std::getline(cut, cell, ',');) {
      cells.push_back(cells.empty() ? 0.0 : std::stod(cell));
    }
    const Observer here{cells[2], cells[3], cells[4], cells[5], cells[6]};
    const auto found =
        position_spa(UtcMillis{static_cast<std::int64_t>(cells[1]) * 1000}, here, cells[7]);
    worst = std::max({worst, std::abs(90.0 - found.elevation_true_deg - cells[8]),
                      std::abs(90.0 - found.elevation_deg - cells[9]),
                      off_deg(found.azimuth_deg, cells[10])});
    ++rows;
  }
  if (rows == 0) {
    std::printf("SKIPPED: reference/solar/spa_public.csv is not here\n");
    return;
  }
  std::printf("SPA: %d rows, worst of three columns %.7f deg\n", rows, worst);
  CHECK(worst <= 0.001);
}

TEST_CASE("the fast method keeps its promise against SPA over years and places") {
  Random random{11};
  double worst = 0.0;
  for (int i = 0; i < 5'000; ++i) {
    const Place place{degrees(static_cast<float>(random.between(-80.0, 80.0))),
                      degrees(static_cast<float>(random.between(-180.0, 180.0)))};
    // 1990 to 2050.
    const UtcMillis at{static_cast<std::int64_t>(random.between(631.152e9, 2524.608e9))};
    const auto fast = position_precise(at, place);
    const auto exact = position_spa(at, observer(place));
    const double across = off_deg(fast.azimuth_deg, exact.azimuth_deg) *
                          std::cos(exact.elevation_true_deg * 3.14159265 / 180.0);
    worst = std::max(worst, std::hypot(across, fast.elevation_true_deg - exact.elevation_true_deg));
  }
  std::printf("fast method against SPA: 5000 draws, worst %.5f deg\n", worst);
  CHECK(worst < 0.01);
}

TEST_CASE("sunrise and sunset agree between the methods to seconds below 60 degrees") {
  Random random{12};
  std::int64_t worst_ms = 0;
  for (int i = 0; i < 60; ++i) {
    const Place place{degrees(static_cast<float>(random.between(-60.0, 60.0))),
                      degrees(static_cast<float>(random.between(-180.0, 180.0)))};
    const UtcMillis from{static_cast<std::int64_t>(random.between(631.152e9, 2524.608e9))};
    const UtcMillis to = from + 36h;
    const auto rise = sunrise(from, to, place);
    const auto rise_spa = sunrise_spa(from, to, observer(place));
    const auto set = sunset(from, to, place);
    const auto set_spa = sunset_spa(from, to, observer(place));
    REQUIRE((rise && rise_spa && set && set_spa));
    worst_ms = std::max(
        {worst_ms, std::abs((*rise - *rise_spa).count()), std::abs((*set - *set_spa).count())});
    const double edge = position_spa(*set_spa, observer(place)).elevation_true_deg - -0.8333;
    CHECK(std::abs(edge) < 0.002);
  }
  std::printf("sunrise and sunset, fast against SPA: worst %.2f s\n",
              static_cast<double>(worst_ms) / 1000.0);
  CHECK(worst_ms < 5'000);
}

TEST_CASE("SPA leaves no range, wherever and whenever it is asked") {
  for (const std::int64_t unix_ms : {INT64_MIN, std::int64_t{0}, INT64_MAX}) {
    for (const double latitude : {-90.0, 0.0, 90.0}) {
      const auto found = position_spa(UtcMillis{unix_ms}, {.latitude_deg = latitude});
      CHECK(found.azimuth_deg >= 0.0);
      CHECK(found.azimuth_deg < 360.0);
      CHECK(std::abs(found.elevation_true_deg) <= 90.0);
      CHECK_FALSE(sunrise_spa(UtcMillis{unix_ms}, UtcMillis{unix_ms}, {}));
    }
  }
}
