#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "core/telemetry/schema.h"

// One sample that stands for several (CONTRACT §1, Identity): the last one, with the mean of what
// the table calls averaged over those that have it, and seqFrom. One owner, one thread, no heap.
namespace idast::telemetry {

class Summary {
 public:
  // In order of seq. A summary is taken for the samples that it stands for; its means count once.
  void add(const Sample& sample);
  bool empty() const { return !last_.has_value(); }
  // What was added since the last take(); nothing when there was nothing.
  std::optional<Sample> take();

 private:
  std::optional<Sample> last_;
  std::optional<std::int64_t> first_seq_;
  std::array<double, kFieldCount> sum_{};
  std::array<std::int32_t, kFieldCount> count_{};
};

}  // namespace idast::telemetry
