#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/storm/faults.h"
#include "tests/storm/faulty_store.h"

// The storm: trackers' own nodes, the air, a lying broker, the server's own pipeline and a real
// database in one process, on one thread, in simulated time. Everything follows from the seed.
//
// At every step: no motor past its limits; a sample is said in one way only; nothing is
// acknowledged that is neither stored nor in the spool, the spool lets go of nothing that is not
// stored, and nothing is called stored that is not. At the end: every row was said and stands once,
// what was taken is there, ten-second rows stand for what the archive had and for nothing else,
// minutes and hours add up as if it had come in order, and, the faults
// being over, everything that the living boots took is stored within kHealWithin.
namespace idast::storm {

// The longest pause that a receiver can have come to in a storm (10, 20, 40 s), and a resend.
inline constexpr Millis kHealWithin{150'000};

struct Outcome {
  std::optional<std::string> fault;  // what was broken, in words
  Instant at;                        // when
  std::uint64_t digest = 0;          // of all rows, in order
  std::int64_t samples = 0, stored = 0, given_up = 0;
  std::int64_t through_spool = 0;
  std::int64_t thinned = 0;  // samples for which ten-second rows stand
  Millis healed_after{0};
};

Outcome run(std::uint64_t seed, const std::vector<Fault>& faults, Plant plant);

// Fewer faults that break the same thing, if there are any.
std::vector<Fault> shrink(std::uint64_t seed, std::vector<Fault> faults, Plant plant);

}  // namespace idast::storm
