#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/bytes.h"
#include "core/telemetry/packing.h"
#include "core/telemetry/sample.h"
#include "core/telemetry/summary.h"

// What the receiver remembers until the server says that it is stored: samples packed one after the
// other (telemetry/packing.h). When there is no room the oldest ten seconds become one summary, and
// when there is none for that either, the oldest summary is given up. One owner, one thread, no
// heap.
namespace idast::node {

// A sample of a tracker in the sun takes some 16 bytes (sample_memory_test measures it): a quarter
// of an hour at 350 ms, and behind it some hours of summaries. Of an ESP32's memory less than 90
// kB.
inline constexpr std::size_t kRecentBytes = 48'000;
inline constexpr std::size_t kSummaryBytes = 24'000;
inline constexpr Millis kSummarySpan = std::chrono::seconds{10};

// Samples one after the other in a caller's buffer, oldest first out.
class PackedRing {
 public:
  explicit PackedRing(std::span<std::byte> buffer) : buffer_{buffer} {}

  // False when there is no room.
  bool push(const telemetry::Sample& sample);
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  std::size_t bytes() const { return used_; }
  std::size_t capacity() const { return buffer_.size(); }
  // The oldest; not when empty.
  const telemetry::Sample& front() const { return front_.sample; }
  void pop();

  // A place between two samples, for reading on from there.
  struct Cursor {
    std::uint64_t number = 0;  // of the next, counted since the ring was made
    std::size_t offset = 0;
    telemetry::Sample before;
  };
  // The sample at the cursor, which moves on; nothing at the end. A cursor whose place was popped
  // goes on at the oldest.
  std::optional<telemetry::Sample> read(Cursor& cursor) const;

 private:
  telemetry::Unpacked at(std::size_t offset, const telemetry::Sample& before) const;

  std::span<std::byte> buffer_;
  std::size_t first_ = 0, used_ = 0, count_ = 0;
  std::uint64_t popped_ = 0;
  telemetry::Sample before_;     // the one before the oldest
  telemetry::Unpacked front_{};  // the oldest, while there is one
  telemetry::Sample last_;       // the newest, or what it was
};

class SampleMemory {
 public:
  SampleMemory() = default;
  SampleMemory(const SampleMemory&) = delete;
  SampleMemory& operator=(const SampleMemory&) = delete;

  // The sample after the newest, by seq. Returns how many samples were given up for it.
  std::int64_t push(const telemetry::Sample& sample);
  // All samples up to this one are stored.
  void forget(std::int64_t upto);

  bool empty() const { return recent_.empty() && summaries_.empty(); }
  // The first seq that is still accounted for here; nothing when empty.
  std::optional<std::int64_t> first_seq() const;
  // When the oldest was taken; not when empty.
  Millis oldest_uptime() const;
  // The last seq that was given up; nothing when none was.
  std::optional<std::int64_t> given_up() const { return given_up_; }

  // For sending again: from the oldest on.
  void rewind();
  std::optional<telemetry::Sample> next();

  std::size_t samples() const { return recent_.size() + summaries_.size(); }
  std::size_t bytes() const { return recent_.bytes() + summaries_.bytes(); }
  std::size_t capacity() const { return recent_.capacity() + summaries_.capacity(); }

 private:
  std::int64_t make_room();
  const telemetry::Sample& oldest() const;

  std::array<std::byte, kRecentBytes> recent_bytes_{};
  std::array<std::byte, kSummaryBytes> summary_bytes_{};
  PackedRing recent_{recent_bytes_};
  PackedRing summaries_{summary_bytes_};  // all older than what is recent
  PackedRing::Cursor recent_place_, summary_place_;
  telemetry::Summary summary_;
  std::optional<std::int64_t> given_up_;
};

}  // namespace idast::node
