#include "cli/lab_progress.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>

namespace idast::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kSilentFor = 2s;
constexpr auto kTerminalEvery = 200ms;
constexpr auto kElsewhereEvery = 30s;

std::string duration(std::chrono::seconds time) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time);
  std::string text;
  if (minutes.count() > 0) text = std::to_string(minutes.count()) + " min ";
  return text + std::to_string((time - minutes).count()) + " s";
}

}  // namespace

std::string progress_line(double share, std::chrono::seconds passed) {
  constexpr int kCells = 20;
  constexpr double kTellsFrom = 0.01;
  const double done = std::clamp(share, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(done * kCells);
  const std::string percent = std::to_string(static_cast<int>(done * 100.0));
  std::string line = "[" + std::string(full, '#') + std::string(kCells - full, '.') + "] " +
                     std::string(3 - std::min<std::size_t>(3, percent.size()), ' ') + percent +
                     " %";
  if (done < kTellsFrom) return line;
  const double left = static_cast<double>(passed.count()) * (1.0 - done) / done;
  return line + ", " + duration(std::chrono::seconds{std::llround(left)}) + " left";
}

LabProgress::LabProgress(std::vector<double> weights, std::ostream& out, bool terminal)
    : weights_{std::move(weights)}, terminal_{terminal}, out_{out}, shares_(weights_.size(), 0.0) {}

LabProgress::~LabProgress() {
  const Lock lock{mutex_};
  constexpr int kWidth = 60;
  if (written_ && terminal_) out_ << '\r' << std::string(kWidth, ' ') << '\r' << std::flush;
}

void LabProgress::report(std::size_t task, double share) {
  const Lock lock{mutex_};
  shares_[task] = share;
  const Clock::time_point now = Clock::now();
  const auto every = terminal_ ? Clock::duration{kTerminalEvery} : Clock::duration{kElsewhereEvery};
  if (now - began_ < kSilentFor || now - written_.value_or(began_) < every) return;
  written_ = now;
  const double all = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  const double done = std::inner_product(weights_.begin(), weights_.end(), shares_.begin(), 0.0);
  const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - began_);
  const std::string line = progress_line(all > 0.0 ? done / all : 1.0, passed);
  if (terminal_) {
    out_ << '\r' << line << "   " << std::flush;
  } else {
    out_ << line << std::endl;
  }
}

}  // namespace idast::cli
