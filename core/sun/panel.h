#pragma once
#include "core/units/units.h"

// What a photovoltaic panel makes of light. Pure arithmetic, any thread.
namespace idast::sun {

// The pane over the cells ("physical" model: De Soto, Klein & Beckman 2006, their constants).
struct Glass {
  float refractive_index = 1.526f;
  float extinction_per_metre = 4.f;
  float metres = 0.002f;
};

// Glass lets less light in at slant angles: the factor for a beam at this cosine of incidence, 1 at
// normal incidence, 0 from behind (Fresnel and Bouguer). In double for who takes differences.
double incidence_factor(double aoi_cosine, const Glass& glass = {});
float incidence_factor(float aoi_cosine, const Glass& glass = {});

// How a module sheds heat (Faiman 2008; the constants are of open racks).
struct Cooling {
  float u0 = 25.f;   // W/(m²·K)
  float u1 = 6.84f;  // W·s/(m³·K)
};

// Steady cell temperature.
Celsius cell_temperature(Celsius air, MetresPerSecond wind, Irradiance plane,
                         const Cooling& cooling = {});

// Power at the maximum power point for effective light (PVWatts v5), >= 0: `nominal` is the power
// at 1000 W/m² and 25 °C, `per_celsius` the change of power with temperature, -0.004 for
// crystalline silicon.
Watts panel_power(Irradiance effective, Celsius cell, Watts nominal, float per_celsius = -0.004f);

}  // namespace idast::sun
