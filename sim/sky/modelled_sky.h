#pragma once
#include <cstdint>

#include "core/sun/clear_sky.h"
#include "sim/sky/sky.h"

namespace idast::sim {

using ClearLight = sun::SkyLight;
using sun::ClearSky;

// How a place's weather is made. The shares are of days; the rest are broken days.
struct ModelledSkyParameters {
  float linke_turbidity = 3.5f;  // clear mountain air 2, humid tropics 4-5 (SoDa climatology)
  double clear_share = 0.35;     // of days
  double overcast_share = 0.20;
  double squall_share = 0.03;           // days with a gust that reaches the stow threshold
  float overcast_transmission = 0.25f;  // of clear GHI under closed cloud (Kasten & Czeplak 1980)
  float wind_mean_ms = 2.5f;
};

// Clear sky and clouds drawn from a seed. Every value is a function of (place, seed, instant)
// alone: any instant may be asked for, in any order, and gives the same answer.
class ModelledSky final : public Sky {
 public:
  ModelledSky(const sun::Place& place, std::uint64_t seed,
              const ModelledSkyParameters& parameters = {});

  Conditions at(UtcMillis when) const override;
  const sun::Place& place() const override { return place_; }

  enum class Day : std::uint8_t { clear, broken, overcast };
  // What kind of day the local solar day of `when` is.
  Day day_of(UtcMillis when) const;

 private:
  struct Clouds {
    double at_sun;  // 0..1: how much cloud stands before the sun
    double of_sky;  // 0..1: how much of the sky is covered
  };
  double solar_days(UtcMillis when) const;
  Day kind_of(std::int64_t day) const;
  Clouds clouds(UtcMillis when) const;
  Celsius air_temperature(UtcMillis when) const;
  MetresPerSecond wind(UtcMillis when) const;

  sun::Place place_;
  std::uint64_t seed_;
  ModelledSkyParameters parameters_;
  ClearSky clear_sky_;
};

}  // namespace idast::sim
