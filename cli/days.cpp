#include "cli/days.h"

#include <chrono>
#include <ostream>
#include <utility>

#include "sim/sky/measured_sky.h"

namespace idast::cli {
namespace {

float narrow(double value) { return static_cast<float>(value); }

}  // namespace

UtcMillis solar(UtcMillis at, const sun::Place& place) {
  constexpr Millis kDay = std::chrono::hours{24};
  const double east = static_cast<double>(place.longitude.in(degrees)) / 360.0;
  return at + Millis{static_cast<std::int64_t>(east * static_cast<double>(kDay.count()))};
}

std::expected<Days, sim::WeatherError> measured_days(const DayOptions& options,
                                                     const std::string& path,
                                                     std::string_view command, std::ostream& err) {
  sim::GivenSite given;
  if (options.latitude) given.latitude = degrees(narrow(*options.latitude));
  if (options.longitude) given.longitude = degrees(narrow(*options.longitude));
  auto file = sim::read_weather(path, given);
  if (!file) return std::unexpected{file.error()};
  for (const std::string& note : file->notes)
    err << command << ": " << path << ": " << note << "\n";
  const auto sky = std::make_shared<const sim::MeasuredSky>(std::move(*file));
  return Days{.name = path, .sky = sky, .from = sky->first(), .to = sky->last()};
}

std::expected<sim::PlantParameters, sim::PlantFileError> plant_of(const DayOptions& options) {
  sim::PlantParameters plant = sim::default_plant();
  if (!options.plant.empty()) {
    auto read = sim::read_plant(options.plant);
    if (!read) return read;
    plant = *read;
  }
  if (options.yaw_error) plant.yaw_error = degrees(narrow(*options.yaw_error));
  if (options.tilt_error) plant.tilt_error = degrees(narrow(*options.tilt_error));
  if (options.ldr_mismatch) plant.light.mismatch = narrow(*options.ldr_mismatch / 100.0);
  return plant;
}

}  // namespace idast::cli
