#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "sim/lab/lab.h"

// What `idast lab` prints.
namespace idast::cli {

struct LabEntry {
  std::string file;
  std::string day;  // YYYY-MM-DD
  sim::LabLaw law;
  sim::LabResult result;
};

void print_lab_json(const std::vector<LabEntry>& entries, std::ostream& out);
void print_lab_table(const std::vector<LabEntry>& entries, std::ostream& out);

// The second-by-second CSV: its header, and a row of it.
void print_trace_header(std::ostream& out);
void print_trace_row(const sim::LabMoment& moment, const sim::SkyModel& model, std::ostream& out);

}  // namespace idast::cli
