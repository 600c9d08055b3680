#pragma once
#include <optional>
#include <span>
#include <vector>

#include "server/insight/yield.h"

// Which minutes a panel did not give what it could: a full battery takes less, and the panel's
// voltage then runs up towards open circuit. Pure, any thread.
namespace idast::insight {

// ln light = offset + slope · light index, learned from minutes at the maximum power point.
struct LightFit {
  float offset, slope;
  Irradiance at(float index) const;
};

// None without enough minutes (kLightFitLeast) or when the sensors do not follow the light.
constexpr int kLightFitLeast = 45;
std::optional<LightFit> fit_light(std::span<const Minute> minutes, const std::vector<bool>& off,
                                  const Station& station);

// Parallel to `minutes`. Only a battery above kBatteryNearlyFull can be the reason; where its
// charge is not known it may be. Then a minute is off when its voltage stands high above what
// temperature and light say, judged by the minutes in which the battery was not full; or when its
// power falls far below what the light sensors say; or when there is neither voltage nor light to
// judge by.
constexpr Percent kBatteryNearlyFull = percent(90.f);
std::vector<bool> off_maximum_power_point(std::span<const Minute> minutes, const Station& station);

}  // namespace idast::insight
