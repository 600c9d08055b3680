#pragma once
#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "core/base/mutex.h"

// How far a long run has come, for whoever waits for it.
namespace idast::cli {

// "[######..............]  30 %, 2 min 10 s left". share 0..1; the time left is what the rest takes
// at the pace so far, and is not guessed from the first hundredth.
std::string progress_line(double share, std::chrono::seconds passed);

// Several threads report; one line is kept up to date on a terminal, and written every half minute
// where nobody can rewrite it. The first seconds are silent: most runs are over by then.
class LabProgress {
 public:
  // One weight for each task: how long it takes, in any unit.
  LabProgress(std::vector<double> weights, std::ostream& out, bool terminal);
  ~LabProgress();  // wipes the line
  LabProgress(const LabProgress&) = delete;
  LabProgress& operator=(const LabProgress&) = delete;

  void report(std::size_t task, double share);

 private:
  using Clock = std::chrono::steady_clock;

  const std::vector<double> weights_;
  const bool terminal_;
  const Clock::time_point began_ = Clock::now();
  Mutex mutex_;
  std::ostream& out_ GUARDED_BY(mutex_);
  std::vector<double> shares_ GUARDED_BY(mutex_);
  std::optional<Clock::time_point> written_ GUARDED_BY(mutex_);
};

}  // namespace idast::cli
