#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace idast::command_line {
class Command;
}

// idast gain: is the gain that the server reads out of a tracker's own samples true? Each day runs
// in the lab (sim/lab); what the boards would have sent, averaged to minutes as the server reads
// them, goes into the server's yield model (server/insight), which is told the place and the
// panel's rating and nothing else; the lab knows the truth.
//
// --json writes {"schema":1,"results":[{…}],"summary":{…}}. A result is one file (or synthetic day)
// and law: file, law, day; gain, gain_low, gain_high (energy over a fixed panel's - 1, estimated),
// true_gain, inside (the truth is in the band); light_gain and true_light_gain (the same of the
// light on the plane, the lab's gain_over_fixed); net_gain and true_net_gain (less motion and
// electronics); energy_wh, fixed_wh, true_fixed_wh, coverage, off_mpp, verdict. Ratios are
// fractions; what is undefined is null. The summary: days, mean_error and worst_error of gain and
// light_gain in points, inside (share of days).
namespace idast::cli {

struct GainOptions {
  std::vector<std::string> weather = {};                // files, one run for each law
  std::optional<int> synthetic_days = {};               // or that many days of a modelled sky
  std::string synthetic_from = "2025-01-01";            // from midnight by the sun of the site
  std::optional<double> latitude = {}, longitude = {};  // override the file's header
  std::vector<std::string> laws = {};  // of naive, ephemeris, hybrid; empty: all three
  std::optional<double> yaw_error = {}, tilt_error = {},
                        ldr_mismatch = {};  // degrees, degrees, percent
  std::string plant = {};                   // a TOML file, or empty
  std::uint64_t seed = 1;
  int step_ms = 60;
  bool json = false;
};

void add_gain_options(command_line::Command& command, GainOptions& options);

// One sentence when the options contradict themselves (exit code 2), before anything is read.
std::optional<std::string> fault_of(const GainOptions& options);

// Returns the exit code: 0; 1 with one line on `err` when a file cannot be read; 2 when nothing
// says where it was measured.
int run_gain(const GainOptions& options, std::ostream& out, std::ostream& err);

}  // namespace idast::cli
