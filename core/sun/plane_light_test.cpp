#include "core/sun/plane_light.h"

#include <doctest/doctest.h>

#include "core/sun/panel.h"

using namespace idast;
using namespace idast::sun;

namespace {

constexpr UtcMillis kNoon{1'718'884'800'000};  // 2024-06-20T12:00Z
constexpr SkyLight kLight{watts_per_square_metre(700.f), watts_per_square_metre(800.f),
                          watts_per_square_metre(100.f)};
// The sun 48.6° high: its sine is 3/4, so that 800 · 3/4 + 100 = 700.
constexpr Position kSun{degrees(180.f), degrees(48.590378f), degrees(48.59f)};

float wm2(Irradiance light) { return light.in(watts_per_square_metre); }

}  // namespace

TEST_CASE("a flat plane gets what the horizontal instruments measured, and nothing of the ground") {
  const PlaneLight flat = SkyDome{kNoon, kLight, kSun}.on({});
  CHECK(wm2(flat.total()) == doctest::Approx(700.0).epsilon(1e-4));
  CHECK(wm2(flat.ground) == 0.f);
}

TEST_CASE("a plane that faces the sun gets the whole beam, one that looks away none") {
  const SkyDome dome{kNoon, kLight, kSun};
  CHECK(wm2(dome.on(unit_vector(kSun.azimuth, kSun.elevation)).beam) ==
        doctest::Approx(800.0).epsilon(1e-4));
  const PlaneLight away = dome.on(unit_vector(degrees(0.f), degrees(10.f)));
  CHECK(away.aoi_cosine < 0.f);
  CHECK(wm2(away.beam) == 0.f);
  CHECK(wm2(away.diffuse) > 0.f);
}

TEST_CASE("a bright horizon helps the upright and not the flat") {
  const SkyDome even{kNoon, kLight, kSun};
  const SkyDome bright{kNoon, kLight, kSun, {.horizon_brightening = 0.2f}};
  const UnitVector upright = unit_vector(degrees(90.f), degrees(0.f));
  CHECK(bright.on({}).diffuse == even.on({}).diffuse);
  CHECK(bright.on(upright).diffuse > even.on(upright).diffuse);
}

TEST_CASE("a panel gives its rated power in full light at 25 degrees, less when hot or askew") {
  const Irradiance full = watts_per_square_metre(1000.f);
  CHECK(panel_power(full, celsius(25.f), watts(10.f)) == watts(10.f));
  CHECK(panel_power(full, celsius(50.f), watts(10.f)).in(watts) == doctest::Approx(9.0));
  CHECK(cell_temperature(celsius(20.f), metres_per_second(0.f), full).in(celsius) ==
        doctest::Approx(60.0));
  CHECK(incidence_factor(1.f) == doctest::Approx(1.0));
  CHECK(incidence_factor(0.5f) < 0.97f);
  CHECK(incidence_factor(-0.1f) == 0.f);
}
