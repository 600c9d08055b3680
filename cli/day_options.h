#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace idast::command_line {
class Command;
}

// What the commands that run days in the lab have in common: which days, and what is hidden from
// the law.
namespace idast::cli {

// The members of a command's options that these options fill.
struct DayOptions {
  std::vector<std::string>& weather;
  std::optional<int>& synthetic_days;
  std::string& synthetic_from;
  std::optional<double>& latitude;
  std::optional<double>& longitude;
  std::optional<double>& yaw_error;
  std::optional<double>& tilt_error;
  std::optional<double>& ldr_mismatch;
  std::string& plant;
  std::uint64_t& seed;
};
template <class Options>
DayOptions day_options(Options& options) {
  return {options.weather,    options.synthetic_days, options.synthetic_from,
          options.latitude,   options.longitude,      options.yaw_error,
          options.tilt_error, options.ldr_mismatch,   options.plant,
          options.seed};
}

// Defines them on the subcommand.
void add_day_options(command_line::Command& command, const DayOptions& options);

// One sentence when they contradict themselves.
std::optional<std::string> fault_of_days(const DayOptions& options, int days_max);

// A step must divide the minute that the lab's stamps stand apart.
std::optional<std::string> fault_of_step(int step_ms);

}  // namespace idast::cli
