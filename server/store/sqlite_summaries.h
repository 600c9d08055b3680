#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "server/store/rollup.h"
#include "server/store/sqlite_statements.h"
#include "server/store/store.h"

// Answers of Reader::buckets() and Reader::periods(), from the longest rollups that fit and from
// samples where there are none yet. They are what the samples alone would give, to the last bit.
//
// What one answer may cost is bounded: kSamplesReadMax samples, past which it is an error. Only a
// range in which an older database is still being summed up, or one drawn by seconds, can reach it.
namespace idast::store {

// About a second of one worker.
inline constexpr std::int64_t kSamplesReadMax = 1'000'000;

class Summaries {
 public:
  // Everything is read through these, on their thread.
  explicit Summaries(Statements& statements, std::int64_t samples_max = kSamplesReadMax)
      : statements_{statements}, samples_max_{samples_max} {}

  // As Reader has them; the caller holds one view of the database meanwhile.
  Result<Buckets> buckets(std::int64_t device, const Range& range, Millis step,
                          std::span<const std::size_t> fields);
  Result<std::vector<Period>> periods(std::int64_t device, std::span<const UtcMillis> starts);

 private:
  // Told of stretches in order of time: units first..last-1 of a level, or the samples of a time.
  struct Visitor {
    std::function<Result<void>(int level, std::int64_t first, std::int64_t last)> units;
    std::function<Result<void>(std::int64_t from_ms, std::int64_t to_ms)> samples;
  };
  // from_ms <= t < to_ms.
  struct Stretch {
    std::int64_t from_ms;
    std::int64_t to_ms;
  };
  // Visits a stretch by units of `level` and below; -1: by samples alone.
  Result<void> walk(std::int64_t device, int level, Stretch stretch, const Visitor& visitor);
  // The same where all that is due is listed.
  Result<void> walk_listed(std::int64_t device, int level, Stretch stretch, const Visitor& visitor);
  // What is due as a whole, in order of time.
  Result<std::vector<Stretch>> unlisted(std::int64_t device, std::int64_t from_ms,
                                        std::int64_t to_ms);
  Result<std::optional<std::int64_t>> energy_before(std::int64_t device, UtcMillis start);

  Statements& statements_;
  std::int64_t samples_max_;
  std::int64_t samples_left_ = 0;  // For the answer at hand.
};

}  // namespace idast::store
