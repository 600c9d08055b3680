#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "tests/storm/storm.h"
#include "tools/command_line/command_line.h"

namespace {

using namespace idast::storm;

constexpr std::array<std::pair<const char*, Plant>, 9> kPlants{
    {{"none", Plant::none},
     {"skipped_commit", Plant::skipped_commit},
     {"early_puback", Plant::early_puback},
     {"word_past_a_hole", Plant::word_past_a_hole},
     {"lost_resend", Plant::lost_resend},
     {"rollup_by_arrival", Plant::rollup_by_arrival},
     {"early_let_go", Plant::early_let_go},
     {"taken_again", Plant::taken_again},
     {"early_thinning", Plant::early_thinning}}};
constexpr std::uint64_t kAgainEvery = 10;  // seeds that are run twice, to compare their bytes

void report(std::uint64_t seed, const Outcome& outcome, Plant plant) {
  std::cout << "seed " << seed << " fails at "
            << static_cast<double>(outcome.at.since_start().count()) / 1e3
            << " s: " << *outcome.fault << "\n";
  const auto faults = shrink(seed, faults_of(seed), plant);
  std::cout << "with these faults of " << faults_of(seed).size() << ":\n";
  for (const Fault& fault : faults) std::cout << "  " << to_text(fault) << "\n";
  if (faults.empty()) std::cout << "  none at all\n";
  const auto again = run(seed, faults, plant);
  if (again.fault) std::cout << "then: " << *again.fault << "\n";
  const auto planted = std::ranges::find(kPlants, plant, &std::pair<const char*, Plant>::second);
  std::cout << "replay: ./dev storm " << seed;
  if (plant != Plant::none) std::cout << " --plant " << planted->first;
  std::cout << std::endl;
}

// What the seeds of a series had in them.
struct Reached {
  std::int64_t samples = 0, spooled = 0, thinned = 0;
} reached;

// False: it failed.
bool try_seed(std::uint64_t seed, Plant plant) {
  const auto faults = faults_of(seed);
  Outcome outcome = run(seed, faults, plant);
  if (!outcome.fault && seed % kAgainEvery == 0 &&
      run(seed, faults, plant).digest != outcome.digest) {
    outcome.fault = "the same seed gave other rows";
  }
  reached.samples += outcome.samples;
  reached.spooled += outcome.through_spool;
  reached.thinned += outcome.thinned;
  if (outcome.fault) report(seed, outcome, plant);
  return !outcome.fault;
}

std::vector<std::uint64_t> kept(const std::string& path) {
  std::vector<std::uint64_t> seeds;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.front() != '#') seeds.push_back(std::stoull(line));
  }
  return seeds;
}

// How far a series is, and how long it still takes; only for a person who watches.
class Progress {
 public:
  void show(std::size_t done, double share) const {
    if (!watched_ || done % 10 != 0) return;
    std::cout << "\r" << done << " seeds, " << std::lround(seconds() / share * (1 - share))
              << " s left  " << std::flush;
  }
  void end() const {
    if (watched_) std::cout << "\r";
  }
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool watched_ = isatty(STDOUT_FILENO) != 0;
};

int summary(std::size_t passed, std::size_t failed, std::string_view what) {
  std::cout << passed << " " << what << "\nIDAST-TESTS passed=" << passed << " failed=" << failed
            << std::endl;
  return failed == 0 ? 0 : 1;
}

int series(const std::vector<std::uint64_t>& seeds, Plant plant) {
  const Progress progress;
  std::size_t passed = 0;
  for (const std::uint64_t seed : seeds) {
    if (!try_seed(seed, plant)) break;
    ++passed;
    progress.show(passed, static_cast<double>(passed) / static_cast<double>(seeds.size()));
  }
  progress.end();
  std::cout << reached.samples << " samples, " << reached.spooled << " through the spool, "
            << reached.thinned << " thinned\n";
  return summary(passed, passed < seeds.size() ? 1 : 0, "seeds held");
}

int for_seconds(double seconds, std::uint64_t first) {
  const Progress progress;
  std::size_t passed = 0;
  bool held = true;
  while (held && progress.seconds() < seconds) {
    held = try_seed(first + passed, Plant::none);
    if (held) progress.show(++passed, progress.seconds() / seconds);
  }
  progress.end();
  return summary(passed, held ? 0 : 1, "seeds held");
}

// Every plant is to be found by one of these seeds.
int find_plants(const std::vector<std::uint64_t>& seeds) {
  std::size_t found = 0;
  for (const auto& [name, plant] : kPlants) {
    if (plant == Plant::none) continue;
    const auto seed = std::ranges::find_if(seeds, [&, planted = plant](std::uint64_t candidate) {
      return run(candidate, faults_of(candidate), planted).fault.has_value();
    });
    if (seed == seeds.end()) {
      std::cout << name << " is not found\n";
      continue;
    }
    ++found;
    std::cout << name << " is found by seed " << *seed << ": "
              << *run(*seed, faults_of(*seed), plant).fault << "\n";
  }
  return summary(found, kPlants.size() - 1 - found, "planted faults found");
}

}  // namespace

int main(int count, char** words) {
  idast::command_line::Program program{
      "storm",
      "A storm: real nodes, a lying broker, the real pipeline and database, simulated time"};
  std::vector<std::uint64_t> seeds;
  std::uint64_t many = 0, first = 1;
  double seconds = 60;
  std::string kept_file;
  Plant plant = Plant::none;
  bool plants = false;
  program.add_option("seeds", seeds, "Replay these");
  program.add_option("--seeds", many, "A series of so many");
  program.add_option("--first", first, "Where the series begins").capture_default_str();
  program.add_option("--seconds", seconds, "Without seeds: from a random one on, for so long")
      .capture_default_str();
  program.add_option("--kept", kept_file, "The seeds that once failed, one a line").existing_file();
  program.add_choice<Plant>("--plant", plant, {kPlants.begin(), kPlants.end()},
                            "Plant a fault in the chain");
  program.add_flag("--plants", plants, "See that the series finds every planted fault");
  if (const auto code = program.parse(count, words)) return *code;

  if (!kept_file.empty()) std::ranges::copy(kept(kept_file), std::back_inserter(seeds));
  for (std::uint64_t i = 0; i < many; ++i) seeds.push_back(first + i);
  // The server's log is not shown: a storm makes it say everything.
  if (std::freopen("/dev/null", "w", stderr) == nullptr) return 1;
  if (plants) return find_plants(seeds);
  if (!seeds.empty()) return series(seeds, plant);
  return for_seconds(seconds, std::random_device{}());
}
