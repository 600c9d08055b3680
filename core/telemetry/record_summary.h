#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/telemetry/record.h"

// One record that stands for several, by the rules of summary.h: the last one, with the mean of
// what the table calls averaged, rounded to the column, and seqFrom; what follows from the light
// counts follows from their means.
//
// Only numbers may change within one. Records join when they are of one device and boot, have
// the same keys, present and null, and say the same in every word, flag and set of keys, and in
// what stands in `extra`; with identity, when one's seq follows the other's. So a phone's name, a
// state, a fault, a key that this program does not know: none is passed over, each begins a record
// of its own. What a number loses is its course between the first and the last, and digits that its
// column does not have. A record that stands for several already does not join.
//
// Without identity the one that comes out has no seqFrom, and nothing says what it stands for: what
// is delivered again is stored again, as CONTRACT §1 has it of such devices.
namespace idast::telemetry {

// Whether `next` may follow `last` in one summary; their times are the caller's concern.
bool may_join(const Record& last, const Record& next);

// Server side, like Record. One owner.
class RecordSummary {
 public:
  // In order; may_join() the one before.
  void add(const Record& record);
  std::size_t size() const { return size_; }
  const Record& last() const { return last_; }
  // What was added since the last take(); it must not be nothing. One record comes back as it was.
  Record take();

 private:
  Record last_;
  std::size_t size_ = 0;
  std::optional<std::int64_t> first_seq_;
  std::array<std::int64_t, kFieldCount> sum_{};
};

}  // namespace idast::telemetry
