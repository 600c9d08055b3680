#pragma once
#include <expected>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "cli/day_options.h"
#include "core/base/time.h"
#include "sim/lab/plant_file.h"
#include "sim/sky/sky.h"
#include "sim/sky/weather_file.h"

// What the options of days name: a stretch of weather, and the body that stands in it.
namespace idast::cli {

struct Days {
  std::string name;  // the file's path, or "synthetic"
  std::shared_ptr<const sim::Sky> sky;
  UtcMillis from, to;
};

// Time by the sun of the place, as if it were UTC.
UtcMillis solar(UtcMillis at, const sun::Place& place);

// The days of one file. Its notes go to `err`, each line begun with the command and the path.
std::expected<Days, sim::WeatherError> measured_days(const DayOptions& options,
                                                     const std::string& path,
                                                     std::string_view command, std::ostream& err);

// The plant that the file describes, overruled by the command line.
std::expected<sim::PlantParameters, sim::PlantFileError> plant_of(const DayOptions& options);

}  // namespace idast::cli
