#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sim/sky/measured_sky.h"

// Whatever the bytes: an error that names something, or rows in order with numbers in range.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace idast;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  auto found = sim::parse_weather(text, "fuzz");
  if (!found) {
    if (found.error().message.empty()) std::abort();
    return 0;
  }
  const sim::MeasuredSky sky{std::move(*found)};
  UtcMillis before{INT64_MIN};
  for (const sim::WeatherMinute& row : sky.file().minutes) {
    const bool sound = row.at > before && row.ghi_wm2 >= 0.f && row.dni_wm2 >= 0.f &&
                       row.dhi_wm2 >= 0.f && std::isfinite(row.temperature_c) && row.wind_ms >= 0.f;
    if (!sound) std::abort();
    before = row.at;
  }
  // Finding a sunrise in a year of polar night takes its time, and is the sun's own business.
  const bool is_short = sky.last() - sky.first() < std::chrono::hours{48};
  const UtcMillis start = is_short ? sky.replay_start() : sky.first();
  for (const UtcMillis at : {sky.first(), sky.last(), start, UtcMillis{0}}) {
    const sim::Conditions now = sky.at(at);
    if (!std::isfinite(now.ghi.in(watts_per_square_metre))) std::abort();
  }
  return 0;
}
