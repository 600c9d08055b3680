#include <algorithm>
#include <cmath>

#include "server/insight/yield.h"

// What the minutes add up to, and how sure that is.
namespace idast::insight {
namespace {

constexpr double kHoursPerMinute = 1.0 / 60.0;

double watts_in(Watts power) { return static_cast<double>(power.in(watts)); }

struct Sums {
  double tracked = 0.0, fixed = 0.0, ideal = 0.0;
  double gain() const { return tracked / fixed - 1.0; }
};

// Shares of the light whose comparison is weaker than that of the rest.
struct Weaker {
  double filled = 0.0, moved = 0.0, missing = 0.0;
};

// Half of the band. Independent doubts add as squares; two that are the two sides of one count
// half.
double half_band(const std::array<Sums, kDoubts>& sums, const Weaker& weaker) {
  constexpr double kRest = 0.011;     // what no doubt covers: meters, the formulas themselves
  constexpr double kFilled = 0.05;    // light by sensors that were made to compare, not to measure
  constexpr double kMoved = 0.08;     // a panel that searches is not sure where it looks
  constexpr double kMissing = 0.25;   // the gain of the hours that are not here may be any
  constexpr double kNineInTen = 1.4;  // of these deviations; measured in tests/yield
  const auto square = [](double x) { return x * x; };
  double squares = square(kRest) + square(kFilled * weaker.filled) + square(kMoved * weaker.moved) +
                   square(kMissing * weaker.missing);
  for (std::size_t d = 1; d < kDoubts; ++d) {
    const auto doubt = static_cast<Doubt>(d);
    const bool halved = doubt == Doubt::more_diffuse || doubt == Doubt::less_diffuse;
    squares += square(sums[d].gain() - sums[0].gain()) * (halved ? 0.5 : 1.0);
  }
  return kNineInTen * std::sqrt(squares);
}

}  // namespace

Yield sum(const Estimates& estimates, std::size_t first, std::size_t last) {
  std::array<Sums, kDoubts> sums{};
  Yield yield;
  Weaker weaker;
  double all = 0.0;
  Irradiance tracked_light, fixed_light;
  for (std::size_t i = first; i < std::min(last, estimates.use.size()); ++i) {
    const Use use = estimates.use[i];
    if (use == Use::night) continue;
    const auto weight = static_cast<double>(estimates.sun_up[i]);
    all += weight;
    if (use == Use::filled || use == Use::off_mpp) {
      ++yield.off_mpp_minutes;
      yield.off_mpp += weight;
    }
    if (use == Use::filled) weaker.filled += weight;
    if (use == Use::moved) weaker.moved += weight;
    if (!is_compared(use)) continue;
    yield.coverage += weight;
    tracked_light += estimates.powers[0][i].tracked_light;
    fixed_light += estimates.powers[0][i].fixed_light;
    for (std::size_t d = 0; d < kDoubts; ++d) {
      const Powers& powers = estimates.powers[d][i];
      sums[d].tracked += watts_in(powers.tracked) * kHoursPerMinute;
      sums[d].fixed += watts_in(powers.fixed) * kHoursPerMinute;
      sums[d].ideal += watts_in(powers.ideal) * kHoursPerMinute;
    }
  }
  yield.tracked = watt_hours(sums[0].tracked);
  yield.fixed = watt_hours(sums[0].fixed);
  yield.ideal = watt_hours(sums[0].ideal);
  if (all <= 0.0) return yield;
  yield.daylight = true;
  yield.coverage /= all;
  yield.off_mpp /= all;
  if (yield.fixed < kFixedMin || yield.coverage < kCoverageMin) return yield;

  weaker.filled /= all;
  weaker.moved /= all;
  weaker.missing = 1.0 - yield.coverage;
  const double half = half_band(sums, weaker);
  yield.gain = sums[0].gain();
  yield.gain_low = *yield.gain - half;
  yield.gain_high = *yield.gain + half;
  yield.light_gain = static_cast<double>(tracked_light / fixed_light) - 1.0;
  return yield;
}

}  // namespace idast::insight
