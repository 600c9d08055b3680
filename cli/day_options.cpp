#include "cli/day_options.h"

#include "core/base/calendar.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {

void add_day_options(command_line::Command& command, const DayOptions& options) {
  command
      .add_option("--weather", options.weather, "measured days: SURFRAD .dat or CSV, one or more")
      .option_text("FILE...");
  command
      .add_option("--synthetic", options.synthetic_days,
                  "instead: this many days of a modelled sky, clouds by --seed; needs --lat, --lon")
      .option_text("DAYS");
  command.add_option("--from", options.synthetic_from, "first synthetic day")
      .option_text("DATE")
      .capture_default_str();
  command.add_option("--lat", options.latitude, "degrees north; overrides the file's header")
      .range(-90.0, 90.0);
  command.add_option("--lon", options.longitude, "degrees east; overrides the file's header")
      .range(-180.0, 180.0);
  command
      .add_option("--yaw-error", options.yaw_error, "the real mount stands this much clockwise, °")
      .range(-180.0, 180.0);
  command.add_option("--tilt-error", options.tilt_error, "the tilt servo's zero is off by this, °")
      .range(-90.0, 90.0);
  command
      .add_option("--ldr-mismatch", options.ldr_mismatch,
                  "each light sensor's resistance is off by up to this, %")
      .range(0.0, 90.0);
  command
      .add_option("--plant", options.plant,
                  "the body, as a TOML file such as sim/lab/plants/reference.toml")
      .option_text("FILE");
  command.add_option("--seed", options.seed, "of everything that chance decides")
      .capture_default_str();
}

std::optional<std::string> fault_of_days(const DayOptions& options, int days_max) {
  if (options.weather.empty() == !options.synthetic_days) {
    return "give either --weather FILE... or --synthetic DAYS";
  }
  if (!options.synthetic_days) return std::nullopt;
  if (*options.synthetic_days < 1 || *options.synthetic_days > days_max) {
    return "--synthetic takes 1 to " + std::to_string(days_max) + " days";
  }
  if (!options.latitude || !options.longitude) return "--synthetic needs --lat and --lon";
  if (!utc_from_iso(options.synthetic_from)) return "--from is not a date (YYYY-MM-DD)";
  return std::nullopt;
}

std::optional<std::string> fault_of_step(int step_ms) {
  constexpr int kMinuteMs = 60'000;
  if (step_ms >= 1 && step_ms <= kMinuteMs && kMinuteMs % step_ms == 0) return std::nullopt;
  return "--step-ms must divide a minute";
}

}  // namespace idast::cli
