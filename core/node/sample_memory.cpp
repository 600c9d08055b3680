#include "core/node/sample_memory.h"

#include <algorithm>

#include "core/base/require.h"

namespace idast::node {
namespace {

using telemetry::kPackedBytesMax;
using telemetry::Sample;

std::int64_t first_of(const Sample& sample) {
  return sample.seq_from.value_or(sample.seq.value_or(0));
}
std::int64_t last_of(const Sample& sample) { return sample.seq.value_or(0); }

}  // namespace

bool PackedRing::push(const Sample& sample) {
  std::array<std::byte, kPackedBytesMax> packed;
  const std::size_t size = telemetry::pack(sample, last_, packed);
  if (size > buffer_.size() - used_) return false;
  if (count_ == 0) before_ = last_;
  for (std::size_t i = 0; i < size; ++i) {
    buffer_[(first_ + used_ + i) % buffer_.size()] = packed[i];
  }
  used_ += size;
  last_ = sample;
  if (count_++ == 0) front_ = at(first_, before_);
  return true;
}

void PackedRing::pop() {
  require(count_ > 0, "PackedRing: pop from an empty ring");
  first_ = (first_ + front_.bytes) % buffer_.size();
  used_ -= front_.bytes;
  before_ = front_.sample;
  ++popped_;
  if (--count_ > 0) front_ = at(first_, before_);
}

telemetry::Unpacked PackedRing::at(std::size_t offset, const Sample& before) const {
  std::array<std::byte, kPackedBytesMax> packed;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    packed[i] = buffer_[(offset + i) % buffer_.size()];
  }
  const auto unpacked = telemetry::unpack(packed, before);
  require(unpacked.has_value(), "PackedRing: what was packed is not read");
  return *unpacked;
}

std::optional<Sample> PackedRing::read(Cursor& cursor) const {
  if (cursor.number < popped_) cursor = {.number = popped_, .offset = first_, .before = before_};
  if (cursor.number >= popped_ + count_) return std::nullopt;
  if (cursor.number == popped_) cursor = {.number = popped_, .offset = first_, .before = before_};
  const telemetry::Unpacked next = at(cursor.offset, cursor.before);
  ++cursor.number;
  cursor.offset = (cursor.offset + next.bytes) % buffer_.size();
  cursor.before = next.sample;
  return next.sample;
}

std::int64_t SampleMemory::push(const Sample& sample) {
  std::int64_t given_up = 0;
  while (!recent_.push(sample)) given_up += make_room();
  return given_up;
}

// The oldest ten seconds become one summary.
std::int64_t SampleMemory::make_room() {
  const Millis since = recent_.front().uptime.value_or(Millis{0});
  while (!recent_.empty() && recent_.front().uptime.value_or(Millis{0}) - since < kSummarySpan) {
    summary_.add(recent_.front());
    recent_.pop();
  }
  const auto summary = summary_.take();
  std::int64_t given_up = 0;
  while (!summaries_.push(*summary)) {
    given_up += last_of(summaries_.front()) - first_of(summaries_.front()) + 1;
    given_up_ = last_of(summaries_.front());
    summaries_.pop();
  }
  return given_up;
}

void SampleMemory::forget(std::int64_t upto) {
  while (!summaries_.empty() && last_of(summaries_.front()) <= upto) summaries_.pop();
  if (!summaries_.empty()) return;
  while (!recent_.empty() && last_of(recent_.front()) <= upto) recent_.pop();
}

const Sample& SampleMemory::oldest() const {
  return summaries_.empty() ? recent_.front() : summaries_.front();
}

std::optional<std::int64_t> SampleMemory::first_seq() const {
  if (empty()) return std::nullopt;
  return first_of(oldest());
}

Millis SampleMemory::oldest_uptime() const { return oldest().uptime.value_or(Millis{0}); }

void SampleMemory::rewind() { recent_place_ = summary_place_ = {}; }

std::optional<Sample> SampleMemory::next() {
  if (auto summary = summaries_.read(summary_place_)) return summary;
  return recent_.read(recent_place_);
}

}  // namespace idast::node
