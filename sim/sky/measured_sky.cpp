#include "sim/sky/measured_sky.h"

#include <algorithm>
#include <utility>

#include "core/base/require.h"

namespace idast::sim {
namespace {

// Thermopiles show a few W/m² of either sign at night; below civil twilight there is no light, and
// below the horizon no beam.
constexpr Degrees kTwilightEnd = degrees(-6.f);

float between(float before, float after, float share) { return before + (after - before) * share; }

}  // namespace

MeasuredSky::MeasuredSky(WeatherFile file) : file_{std::move(file)} {
  require(!file_.minutes.empty(), "MeasuredSky: a weather file without rows");
}

UtcMillis MeasuredSky::first() const { return file_.minutes.front().at; }
UtcMillis MeasuredSky::last() const { return file_.minutes.back().at; }

UtcMillis MeasuredSky::replay_start() const {
  return sun::sunrise(first(), last(), file_.place).value_or(first());
}

Conditions MeasuredSky::at(UtcMillis when) const {
  const auto& rows = file_.minutes;
  auto after = std::lower_bound(rows.begin(), rows.end(), when,
                                [](const WeatherMinute& row, UtcMillis at) { return row.at < at; });
  const bool outside = when < first() || when > last();
  if (after == rows.end()) --after;
  const auto before = after == rows.begin() || after->at == when ? after : after - 1;
  const Millis apart = after->at - before->at;
  const float share =
      apart > Millis{0} && !outside
          ? static_cast<float>((when - before->at).count()) / static_cast<float>(apart.count())
          : 0.f;

  Conditions now{
      .at = when,
      .ghi = {},
      .dni = {},
      .dhi = {},
      .air_temperature = celsius(between(before->temperature_c, after->temperature_c, share)),
      .wind = metres_per_second(between(before->wind_ms, after->wind_ms, share)),
      .sun = sun::position(when, file_.place),
      .in_gap = outside || before->light_in_gap || after->light_in_gap || apart > kGapMax};
  if (outside || now.sun.elevation < kTwilightEnd) return now;
  now.ghi = watts_per_square_metre(between(before->ghi_wm2, after->ghi_wm2, share));
  now.dhi = watts_per_square_metre(between(before->dhi_wm2, after->dhi_wm2, share));
  if (now.sun.elevation > degrees(0.f)) {
    now.dni = watts_per_square_metre(between(before->dni_wm2, after->dni_wm2, share));
  }
  return now;
}

}  // namespace idast::sim
