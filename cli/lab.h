#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "sim/lab/lab.h"

namespace idast::command_line {
class Command;
}

// idast lab: days of weather against control laws, with figures. sim/lab/lab.h defines each figure.
//
// --json writes {"schema":1,"results":[{…}]}: one entry for each file and law, in that order, with
// the keys file, law, day (the date, by the sun of the site, of the file's highest sun) and those
// of sim::Figures. Ratios are fractions; what is undefined is null. Without --json the same is a
// table for people. --report writes a page with pictures as well, --pictures the pictures alone.
// Warnings about the weather go to the error stream.
namespace idast::cli {

struct LabOptions {
  std::vector<std::string> weather;           // files; each is one run for each law
  std::optional<int> synthetic_days;          // or that many days of a modelled sky,
  std::string synthetic_from = "2025-01-01";  // from midnight by the sun of the site
  std::optional<double> latitude;             // override the file's header
  std::optional<double> longitude;
  double altitude = 0.0;               // of synthetic days, m
  std::vector<std::string> laws;       // empty: all
  std::string plant;                   // file (sim/lab/plant_file.h); the options below overrule it
  std::optional<double> yaw_error;     // degrees: the real mount stands this much clockwise
  std::optional<double> tilt_error;    // degrees: the tilt servo's zero
  std::optional<double> ldr_mismatch;  // percent
  std::optional<double> truth_albedo;
  std::optional<std::string> profile;
  std::optional<std::string> mount;
  std::uint64_t seed = 1;
  std::optional<int> step_ms;  // absent: 60, for synthetic days 1000
  bool json = false;
  std::string trace;       // CSV by the second; one file and one law only
  std::string report;      // page for people (sim/lab/report.h)
  std::string pictures;    // folder for the pictures of the first file
  bool scenarios = false;  // list them
  std::string scenario;    // run this one, or all (sim/lab/scenario.h)
  bool terminal = false;   // the error stream is one: it may show progress
};

// Defines the options on their subcommand.
void add_lab_options(command_line::Command& command, LabOptions& options);

// One sentence when the options contradict themselves (exit code 2), before anything is read.
std::optional<std::string> fault_of(const LabOptions& options);

// --scenarios and --scenario stand alone: they need no weather, and 1 means that the law did not do
// what it must.
//
// Returns the exit code: 0; 1 with one line on `err` when a file cannot be read or written; 2 when
// neither a file nor the command says where it was measured.
int run_lab(const LabOptions& options, std::ostream& out, std::ostream& err);

}  // namespace idast::cli
