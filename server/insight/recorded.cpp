#include "server/insight/recorded.h"

#include <algorithm>
#include <array>

#include "core/telemetry/schema.h"

namespace idast::insight {
namespace {

constexpr Millis kMinute = std::chrono::minutes{1};

// The order of the fields asked for.
enum Column : std::size_t {
  power,
  temperature,
  azimuth,
  elevation,
  wind,
  voltage,
  charge,
  top,
  left,
  right,
  motion,
  electronics,
  columns
};
constexpr std::array<std::size_t, columns> kFields{
    telemetry::position_of("power_actual_w"), telemetry::position_of("temp_c"),
    telemetry::position_of("azimuth_deg"),    telemetry::position_of("elevation_deg"),
    telemetry::position_of("wind_ms"),        telemetry::position_of("panel_v"),
    telemetry::position_of("battery_pct"),    telemetry::position_of("top"),
    telemetry::position_of("left"),           telemetry::position_of("right"),
    telemetry::position_of("servo_wh"),       telemetry::position_of("device_wh")};

template <class Unit>
std::optional<Quantity<Unit>> quantity(const std::optional<double>& value, Unit unit) {
  if (!value) return std::nullopt;
  return unit(static_cast<typename Unit::rep>(*value));
}

// A mean of azimuths that stand on both sides of north is none: it is north.
std::optional<Degrees> azimuth_of(const store::Bucket& bucket) {
  if (!bucket.mean) return std::nullopt;
  if (bucket.low && bucket.high && *bucket.high - *bucket.low > 180.0) return degrees(0.f);
  return degrees(static_cast<float>(*bucket.mean));
}

Degrees swing(const store::Bucket& azimuth, const store::Bucket& elevation) {
  const auto angle = [](const std::optional<double>& value) {
    return degrees(static_cast<float>(value.value_or(0.0)));
  };
  return swing_of(angle(azimuth.low), angle(azimuth.high), angle(elevation.low),
                  angle(elevation.high));
}

// What a counter gained since the last bucket; one that fell has begun anew.
class Counter {
 public:
  double gained(const store::Bucket& bucket) {
    if (!bucket.low || !bucket.high) return 0.0;
    const double before = before_.value_or(*bucket.low);
    before_ = bucket.high;
    return *bucket.high >= before ? *bucket.high - before : *bucket.high;
  }
  bool heard() const { return before_.has_value(); }

 private:
  std::optional<double> before_;
};

}  // namespace

store::Result<Recorded> read_recorded(store::Reader& reader, const std::string& device,
                                      UtcMillis from, UtcMillis to) {
  Recorded recorded;
  const auto count =
      static_cast<std::size_t>(std::clamp<std::int64_t>((to - from) / kMinute, 0, kMinutesMax));
  if (count == 0) return recorded;
  const UtcMillis end = from + kMinute * static_cast<std::int64_t>(count);
  const auto buckets = reader.buckets({device, from, end}, kMinute, kFields);
  if (!buckets) return std::unexpected{buckets.error()};

  for (std::size_t i = 0; i < count; ++i) {
    recorded.minutes.push_back({.at = from + kMinute * static_cast<std::int64_t>(i) + kMinute / 2});
  }
  recorded.motion_wh.resize(count);
  recorded.electronics_wh.resize(count);
  Counter motion_counter, electronics_counter;
  for (std::size_t b = 0; b < buckets->times.size(); ++b) {
    const auto i = static_cast<std::size_t>((buckets->times[b] - from) / kMinute);
    if (i >= count) continue;
    const auto mean = [&](Column column) { return buckets->fields[column][b].mean; };
    Minute& minute = recorded.minutes[i];
    minute.power = quantity(mean(power), watts);
    minute.panel_temperature = quantity(mean(temperature), celsius);
    minute.azimuth = azimuth_of(buckets->fields[azimuth][b]);
    minute.elevation = quantity(mean(elevation), degrees);
    minute.swing = swing(buckets->fields[azimuth][b], buckets->fields[elevation][b]);
    minute.wind = quantity(mean(wind), metres_per_second);
    minute.panel_voltage = quantity(mean(voltage), volts);
    minute.battery_charge = quantity(mean(charge), percent);
    const std::optional<double> counts[] = {mean(top), mean(left), mean(right)};
    minute.light_index = light_index(counts);
    recorded.motion_wh[i] = motion_counter.gained(buckets->fields[motion][b]);
    recorded.electronics_wh[i] = electronics_counter.gained(buckets->fields[electronics][b]);
    recorded.any_samples = true;
    recorded.any_power = recorded.any_power || minute.power;
    recorded.any_direction = recorded.any_direction || (minute.azimuth && minute.elevation);
  }
  recorded.any_motion = motion_counter.heard();
  recorded.any_electronics = electronics_counter.heard();
  return recorded;
}

}  // namespace idast::insight
