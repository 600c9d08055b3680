#include "core/sun/clear_sky.h"

#include <cmath>

#include <doctest/doctest.h>

using namespace idast;
using namespace idast::sun;

TEST_CASE("the turbidity of a clear sky is read back from its light") {
  constexpr UtcMillis kNoon{1'718'884'800'000};
  for (const float altitude : {0.f, 2'000.f}) {
    for (const float turbidity : {2.f, 3.5f, 6.f}) {
      for (const float elevation : {10.f, 35.f, 80.f}) {
        const SkyLight light = ClearSky{metres(altitude), turbidity}.at(kNoon, degrees(elevation));
        const float up = std::sin(elevation * 3.14159265f / 180.f);
        const float clearness = light.ghi / (extraterrestrial(kNoon) * up);
        CHECK(ClearSky::turbidity_of(metres(altitude), degrees(elevation), clearness) ==
              doctest::Approx(static_cast<double>(turbidity)).epsilon(1e-3));
        CHECK(light.dni * up + light.dhi <= light.ghi * 1.0001f);
      }
    }
  }
  CHECK(ClearSky{metres(0.f), 3.f}.at(kNoon, degrees(-1.f)).ghi == Irradiance{});
}

TEST_CASE("the air mass is one overhead, about two at thirty degrees, less on a mountain") {
  CHECK(ClearSky::air_mass(metres(0.f), degrees(90.f)) == doctest::Approx(1.0).epsilon(0.001));
  CHECK(ClearSky::air_mass(metres(0.f), degrees(30.f)) == doctest::Approx(2.0).epsilon(0.01));
  CHECK(ClearSky::air_mass(metres(2'300.f), degrees(30.f)) < 1.55);
}
