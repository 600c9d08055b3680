#pragma once
#include <array>
#include <cstddef>

#include "server/insight/yield.h"

// Inside this room only: the sky of one instant, and what a panel's power says of it. Pure
// arithmetic, any thread.
namespace idast::insight {

// What is taken for granted; one doubt at a time changes it.
struct Assumptions {
  float nominal_factor = 1.f;
  float diffuse_shift = 0.f;  // in standard deviations of the diffuse share
  sun::SkyModel sky = {};
  float warmer = 0.f;                  // in standard deviations of the cells' temperature
  Degrees azimuth_off = degrees(0.f);  // of the panel's normal
  Degrees elevation_off = degrees(0.f);
  bool other_sky = false;  // where the light fits two skies, take the less likely one
};

Assumptions assumptions_of(Doubt doubt, const Station& station);

// The sky of one instant, for any clearness.
struct Instant {
  UtcMillis at;
  sun::Position sun;
  float sun_up;  // sine of the apparent elevation, > 0
  Irradiance outside;
  Metres altitude;
  float clear_weight = 0.f;  // 1: the light is so steady that the sky is clear; 0: it is not
};

Instant instant_of(UtcMillis at, const sun::Place& place);

sun::SkyDome dome_of(const Instant& instant, float clearness, const Assumptions& assumptions);

// Light that reaches the cells: the beam less what the glass turns away, sky and ground.
Irradiance effective(const sun::PlaneLight& light, const sun::Glass& glass);

// The clearnesses, ascending, for which a panel with this normal has this much light. A panel that
// sees the sun has one. One that looks away sees the sky alone, which is dim under thick cloud and
// again in clear air: it has two. At least one is given: light beyond the brightest sky is its own.
struct Skies {
  std::array<float, 3> clearness{};
  std::size_t count = 0;
};

Skies skies_for(const Instant& instant, const sun::UnitVector& normal, Irradiance wanted,
                const Station& station, const Assumptions& assumptions);

// W/m² that warm the panel by a degree.
float cooling_of(const Minute& minute, const Station& station);

// Measured, or of a panel in this light (W/m² in all).
Celsius cell_of(const Minute& minute, Irradiance light, const Station& station, float warmer);

// Light and temperature of the cells as they follow from each other where no thermometer is.
struct Cells {
  Irradiance light;  // effective
  Celsius temperature;
};

// Of a minute with power.
Cells cells_of(const Minute& minute, const Station& station, const Assumptions& assumptions);

}  // namespace idast::insight
