#include "server/insight/yield.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/require.h"
#include "core/sun/clear_sky.h"
#include "server/insight/off_mpp.h"
#include "server/insight/sky_of_power.h"

namespace idast::insight {
namespace {

constexpr float kRadians = std::numbers::pi_v<float> / 180.f;
// Following the sun is a degree a minute; under a grey sky a law that tilts by what it sees rocks
// by ten, minute after minute. Light falls as a cosine, so that the mean direction still stands for
// such a minute: to 1 % at 12°. A search, a sweep or a turn from the sun to flat is more.
constexpr Degrees kSwingMax = degrees(12.f);

class DayModel {
 public:
  DayModel(std::span<const Minute> minutes, const Station& station)
      : minutes_{minutes}, station_{station} {
    for (const Minute& minute : minutes) instants_.push_back(instant_of(minute.at, station.place));
    sort_minutes();
    weigh_clear_skies();
  }

  Estimates estimate() const {
    Estimates result;
    result.use = use_;
    for (const Instant& instant : instants_) result.sun_up.push_back(instant.sun_up);
    for (std::size_t i = 0; i < minutes_.size(); ++i) {
      if (use_[i] == Use::filled && !surroundings(i)) result.use[i] = Use::off_mpp;
      if (use_[i] == Use::moved && !neighbours(i)) result.use[i] = Use::missing;
    }
    for (std::size_t d = 0; d < kDoubts; ++d) {
      result.powers[d] = powers(assumptions_of(static_cast<Doubt>(d), station_), result.use);
    }
    return result;
  }

  // How far the haze that the minutes speak of drifts over the day, if the true rating were
  // `factor` times the stated one.
  std::optional<double> haze_drift(float factor) const {
    const Assumptions assumptions{.nominal_factor = factor};
    double weights = 0.0, sum = 0.0, squares = 0.0;
    for (const std::size_t i : clear_minutes_) {
      const Cells cells = cells_of(minutes_[i], station_, assumptions);
      const Instant& instant = instants_[i];
      // It faces the sun: there is one sky.
      const float clearness =
          skies_for(instant, normal(i, assumptions), cells.light, station_, assumptions)
              .clearness[0];
      const double haze =
          sun::ClearSky::turbidity_of(instant.altitude, instant.sun.elevation, clearness);
      // The haze is known the better the longer the way through it.
      const double weight = sun::ClearSky::air_mass(instant.altitude, instant.sun.elevation);
      weights += weight;
      sum += weight * haze;
      squares += weight * haze * haze;
    }
    const double mean = sum / weights;
    if (mean < kHazeLeast || mean > kHazeClear) return std::nullopt;
    return squares / weights - mean * mean;
  }

  // Whether the day has clear light through short and long ways of air.
  bool choose_clear_minutes() {
    constexpr Degrees kHigh = degrees(8.f);  // below, refraction and horizon count
    constexpr float kFacing = 0.9f;          // cosine of incidence
    constexpr std::size_t kLeast = 90;
    constexpr double kStretch = 1.8;
    double shortest = 1e9, longest = 0.0;
    std::size_t daylight = 0;
    for (std::size_t i = 0; i < minutes_.size(); ++i) {
      const Instant& instant = instants_[i];
      if (instant.sun.elevation < kHigh) continue;
      ++daylight;
      if (use_[i] != Use::measured || instant.clear_weight < 0.9f) continue;
      if (!minutes_[i].panel_temperature) continue;
      const sun::UnitVector to_sun = sun::unit_vector(instant.sun.azimuth, instant.sun.elevation);
      const sun::UnitVector panel = normal(i, {});
      const float facing =
          to_sun.east * panel.east + to_sun.north * panel.north + to_sun.up * panel.up;
      if (facing < kFacing) continue;
      const double air = sun::ClearSky::air_mass(instant.altitude, instant.sun.elevation);
      shortest = std::min(shortest, air);
      longest = std::max(longest, air);
      clear_minutes_.push_back(i);
    }
    // Between clouds the light is steady too, at times.
    const bool mostly = 2 * clear_minutes_.size() > daylight;
    return mostly && clear_minutes_.size() >= kLeast && longest > kStretch * shortest;
  }

 private:
  static constexpr double kHazeLeast = 1.2;
  static constexpr double kHazeClear = 7.0;

  void sort_minutes() {
    const std::vector<bool> off = off_maximum_power_point(minutes_, station_);
    for (std::size_t i = 0; i < minutes_.size(); ++i) {
      const Minute& minute = minutes_[i];
      Use use = off[i] ? Use::filled : Use::measured;
      if (minute.swing > kSwingMax) use = Use::moved;
      if (!minute.power || !minute.azimuth || !minute.elevation) use = Use::missing;
      if (instants_[i].sun.elevation < kSunUpMin) use = Use::night;
      use_.push_back(use);
    }
    light_fit_ = fit_light(minutes_, off, station_);
  }

  // Steady for a quarter of an hour to either side: the mean change from minute to minute is a few
  // thousandths under a clear sky (meter noise), a few hundredths under moving clouds.
  void weigh_clear_skies() {
    constexpr float kSteady = 0.006f;
    constexpr float kRestless = 0.02f;
    constexpr std::size_t kReach = 15;
    constexpr int kLeast = 6;
    const std::vector<float> clearness = clearnesses({});
    for (std::size_t i = 0; i < minutes_.size(); ++i) {
      if (use_[i] == Use::night || use_[i] == Use::missing) continue;
      float changes = 0.f;
      int count = 0;
      const std::size_t end = std::min(minutes_.size(), i + kReach + 1);
      for (std::size_t j = i > kReach ? i - kReach : 1; j < end; ++j) {
        if (use_[j] != Use::measured || use_[j - 1] != Use::measured) continue;
        if (minutes_[j].at - minutes_[j - 1].at > std::chrono::seconds{90}) continue;
        const float level = std::max(0.02f, 0.5f * (clearness[j] + clearness[j - 1]));
        changes += std::abs(clearness[j] - clearness[j - 1]) / level;
        ++count;
      }
      if (count < kLeast) continue;
      const float restless = changes / static_cast<float>(count);
      instants_[i].clear_weight =
          std::clamp((kRestless - restless) / (kRestless - kSteady), 0.f, 1.f);
    }
  }

  sun::UnitVector normal(std::size_t i, const Assumptions& assumptions) const {
    return sun::unit_vector(*minutes_[i].azimuth + assumptions.azimuth_off,
                            *minutes_[i].elevation + assumptions.elevation_off);
  }

  // Of every measured minute; 0 elsewhere. Where the light fits more than one sky, the one that is
  // most like the nearest minute in which it does not.
  std::vector<float> clearnesses(const Assumptions& assumptions) const {
    std::vector<Skies> skies(minutes_.size());
    std::vector<float> result(minutes_.size(), 0.f);
    for (std::size_t i = 0; i < minutes_.size(); ++i) {
      if (use_[i] != Use::measured) continue;
      const Cells cells = cells_of(minutes_[i], station_, assumptions);
      skies[i] =
          skies_for(instants_[i], normal(i, assumptions), cells.light, station_, assumptions);
      result[i] = skies[i].clearness[0];
    }
    for (std::size_t i = 0; i < minutes_.size(); ++i) {
      if (skies[i].count < 2) continue;
      const auto known = nearest_sure(skies, i);
      // A sky of which nothing is known is grey.
      result[i] = chosen(skies[i], known ? result[*known] : 0.f, assumptions.other_sky);
    }
    return result;
  }

  static float chosen(const Skies& skies, float like, bool other) {
    const auto off = [&](std::size_t i) { return std::abs(skies.clearness[i] - like); };
    std::size_t best = 0, worst = 0;
    for (std::size_t i = 1; i < skies.count; ++i) {
      if (off(i) < off(best)) best = i;
      if (off(i) > off(worst)) worst = i;
    }
    return skies.clearness[other ? worst : best];
  }

  static std::optional<std::size_t> nearest_sure(const std::vector<Skies>& skies, std::size_t i) {
    constexpr std::size_t kReach = 240;  // minutes: beyond, it is another weather
    for (std::size_t away = 1; away <= kReach; ++away) {
      if (away <= i && skies[i - away].count == 1) return i - away;
      if (i + away < skies.size() && skies[i + away].count == 1) return i + away;
    }
    return std::nullopt;
  }

  // The nearest measured minutes before and after, close enough to stand for the time between.
  struct Neighbours {
    std::size_t before, after;
  };
  std::optional<Neighbours> neighbours(std::size_t i) const {
    constexpr Millis kNear = std::chrono::minutes{15};
    std::size_t before = i;
    while (before > 0 && use_[before] != Use::measured) --before;
    std::size_t after = i;
    while (after + 1 < use_.size() && use_[after] != Use::measured) ++after;
    if (use_[before] != Use::measured || use_[after] != Use::measured) return std::nullopt;
    if (minutes_[i].at - minutes_[before].at > kNear) return std::nullopt;
    if (minutes_[after].at - minutes_[i].at > kNear) return std::nullopt;
    return Neighbours{before, after};
  }

  bool surroundings(std::size_t i) const {
    return (light_fit_ && minutes_[i].light_index) || neighbours(i).has_value();
  }

  // Clearness of a minute that does not tell it itself: by the light sensors if they stood still,
  // or else by what was before and after. Only where surroundings() or neighbours() said so.
  float filled_clearness(std::size_t i, const std::vector<float>& measured,
                         const Assumptions& assumptions) const {
    if (use_[i] == Use::filled && light_fit_ && minutes_[i].light_index) {
      const Irradiance light = light_fit_->at(*minutes_[i].light_index);
      const Skies skies = skies_for(instants_[i], normal(i, assumptions),
                                    light / assumptions.nominal_factor, station_, assumptions);
      return chosen(skies, 0.f, assumptions.other_sky);
    }
    const Neighbours near = *neighbours(i);
    const auto whole =
        static_cast<float>((minutes_[near.after].at - minutes_[near.before].at).count());
    const auto part = static_cast<float>((minutes_[i].at - minutes_[near.before].at).count());
    return measured[near.before] + (measured[near.after] - measured[near.before]) * part / whole;
  }

  std::vector<Powers> powers(const Assumptions& assumptions, const std::vector<Use>& use) const {
    const std::vector<float> measured = clearnesses(assumptions);
    std::vector<Powers> result(minutes_.size());
    for (std::size_t i = 0; i < minutes_.size(); ++i) {
      if (use[i] == Use::measured) {
        result[i] = powers_at(i, measured[i], assumptions);
        result[i].tracked = *minutes_[i].power;
      }
      if (use[i] == Use::filled || use[i] == Use::moved) {
        result[i] = powers_at(i, filled_clearness(i, measured, assumptions), assumptions);
      }
      if (use[i] == Use::moved) take_measured(result[i], *minutes_[i].power);
    }
    return result;
  }

  // The mean direction of a swing says little about the light that the panel had; its power does.
  static void take_measured(Powers& powers, Watts measured) {
    if (powers.tracked > watts(0.f)) {
      powers.tracked_light = powers.tracked_light * (measured / powers.tracked);
    }
    powers.tracked = measured;
  }

  Powers powers_at(std::size_t i, float clearness, const Assumptions& assumptions) const {
    const Minute& minute = minutes_[i];
    const Instant& instant = instants_[i];
    const sun::SkyDome dome = dome_of(instant, clearness, assumptions);
    const sun::PlaneLight here = dome.on(normal(i, assumptions));
    const Celsius cell = cell_of(minute, here.total(), station_, assumptions.warmer);
    const float cooling = cooling_of(minute, station_);
    const Watts nominal = station_.nominal * assumptions.nominal_factor;
    // More light than here makes the cells warmer than here (Faiman).
    const auto power_of = [&](const sun::PlaneLight& light) {
      const float more = (light.total() - here.total()).in(watts_per_square_metre);
      return sun::panel_power(effective(light, station_.glass), cell + celsius(more / cooling),
                              nominal, station_.power_per_celsius);
    };
    constexpr int kTilts = 20;  // steps of 5 % of the way from the sun to flat
    sun::PlaneLight best = dome.on({});
    for (int step = 0; step < kTilts; ++step) {
      const float share = static_cast<float>(step) / kTilts;
      const Degrees up = instant.sun.elevation + (degrees(90.f) - instant.sun.elevation) * share;
      const sun::PlaneLight light = dome.on(sun::unit_vector(instant.sun.azimuth, up));
      if (light.total() > best.total()) best = light;
    }
    const sun::PlaneLight there = dome.on(fixed_normal(station_.place));
    return {.tracked = power_of(here),
            .fixed = power_of(there),
            .ideal = power_of(best),
            .tracked_light = here.total(),
            .fixed_light = there.total()};
  }

  std::span<const Minute> minutes_;
  const Station& station_;
  std::vector<Instant> instants_;
  std::vector<Use> use_;
  std::optional<LightFit> light_fit_;
  std::vector<std::size_t> clear_minutes_;
};

}  // namespace

Degrees swing_of(Degrees azimuth_low, Degrees azimuth_high, Degrees elevation_low,
                 Degrees elevation_high) {
  const float turned = (azimuth_high - azimuth_low).in(degrees);
  const float around = turned > 180.f ? 360.f - turned : turned;
  const float level = std::cos(0.5f * (elevation_low + elevation_high).in(degrees)*kRadians);
  return std::max(elevation_high - elevation_low, degrees(around * std::abs(level)));
}

bool is_compared(Use use) {
  return use == Use::measured || use == Use::filled || use == Use::moved;
}

std::optional<float> light_index(std::span<const std::optional<double>> counts) {
  constexpr double kDark = 40.0;          // below: the converter's dead zone and noise
  constexpr double kSaturated = 3'600.0;  // above: the converter is no longer linear
  constexpr double kFull = 4'095.0;
  double sum = 0.0;
  int sensors = 0;
  for (const auto& count : counts) {
    if (!count || *count < kDark || *count > kSaturated) continue;
    sum += std::log(*count / (kFull - *count));
    ++sensors;
  }
  if (sensors == 0) return std::nullopt;
  return static_cast<float>(sum / sensors);
}

sun::UnitVector fixed_normal(const sun::Place& place) {
  const float latitude = place.latitude.in(degrees);
  return sun::unit_vector(degrees(latitude >= 0.f ? 180.f : 0.f),
                          degrees(90.f - std::abs(latitude)));
}

Estimates estimate(std::span<const Minute> minutes, const Station& station) {
  require(minutes.size() <= kMinutesMax, "insight: at most two days at once");
  return DayModel{minutes, station}.estimate();
}

std::optional<float> rating_factor(std::span<const Minute> minutes, const Station& station) {
  require(minutes.size() <= kMinutesMax, "insight: at most two days at once");
  DayModel model{minutes, station};
  if (!model.choose_clear_minutes()) return std::nullopt;
  std::optional<float> best;
  double least = 0.0;
  constexpr int kSteps = 40;
  for (int step = 0; step <= kSteps; ++step) {
    const float factor = kRatingFactorMin +
                         (kRatingFactorMax - kRatingFactorMin) * static_cast<float>(step) / kSteps;
    const auto drift = model.haze_drift(factor);
    if (!drift || (best && *drift >= least)) continue;
    best = factor;
    least = *drift;
  }
  // At an end of the range it is not a rating that is wrong.
  if (!best || *best <= kRatingFactorMin || *best >= kRatingFactorMax) return std::nullopt;
  return best;
}

Rating rating_of(std::span<const float> factors) {
  constexpr double kStated = 1.0 / (0.05 * 0.05);  // data sheets: 5 %
  constexpr double kOneDay = 1.0 / (0.07 * 0.07);  // drifting haze and an unknown altitude
  constexpr double kDeviationLeast = 0.03;         // what all days have in common
  double weight = kStated;
  double sum = kStated;
  for (const float factor : factors) {
    weight += kOneDay;
    sum += kOneDay * static_cast<double>(factor);
  }
  return {.factor = static_cast<float>(sum / weight),
          .deviation = static_cast<float>(std::max(kDeviationLeast, 1.0 / std::sqrt(weight)))};
}

}  // namespace idast::insight
