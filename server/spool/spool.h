#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "server/spool/disk.h"
#include "server/spool/entry.h"

// Where messages wait while the database cannot take them (RELIABILITY rule 5): a folder of
// segments, each a sequence of entries, which are durable before anyone is told that they arrived.
//
//   0000000000000007.spool   owed: not yet in the database, as far as the spool knows
//   0000000000000006.done    committed; kept for 10 min, and given once more after a start, because
//                            a database that fell over may have lost its newest commits
//   0000000000000003.bad     has bytes that are no entry; kept for a person to look at
//
// Order: first in, first out. A crash in the middle of append() leaves a torn tail, which nobody
// was told of and which the next open() cuts off. A crash between a commit and committed() gives
// entries twice; identity absorbs that, and samples without one are at-least-once.
//
// Driven: one caller at a time, no clock, no thread.
namespace idast::spool {

// A segment is given back to the disk as a whole: small enough to do so soon, large enough that a
// full spool is some hundred files.
inline constexpr std::uint64_t kSegmentBytes = 4'194'304;
// 20 minutes of 1000 messages a second, or two days of three trackers at 350 ms, at 850 B each.
inline constexpr std::uint64_t kSpoolBytesDefault = 1'000'000'000;
// Owed entries take no more than this share, so that the disk is not filled to the brim by the one
// who waits for room on it, and something stays for a database that needs room to recover.
inline constexpr std::uint64_t kFullPercent = 80;
// How long a committed segment stays.
inline constexpr Millis kKept = std::chrono::minutes{10};

enum class SpoolError : std::uint8_t {
  full,         // 80 % of the limit is owed.
  disk_full,    // No room on the disk, or no more is allowed.
  disk_failed,  // The disk does not do as it is told.
};
std::string_view name(SpoolError error);

class Spool {
 public:
  Spool(Disk& disk, std::uint64_t bytes_max) : disk_{disk}, bytes_max_{bytes_max} {}

  // Takes up what an earlier run left. Before everything else.
  std::expected<void, SpoolError> open();

  // Durable when it returns; after an error nothing of it counts as given.
  std::expected<void, SpoolError> append(std::span<const Entry> entries);

  struct Piece {
    std::vector<Entry> entries;
    bool again = false;  // They were committed before.
  };
  // The oldest that are owed, then those that are given again: at most so many entries and about so
  // many bytes, but at least one entry. The same until committed(). No entries: only bad bytes.
  std::expected<Piece, SpoolError> next(std::size_t entries_max, std::size_t bytes_max);
  // What next() gave is in the database.
  void committed(Instant now);
  // Deletes what was kept long enough.
  void tidy(Instant now);

  // Entries wait that were never committed.
  bool owes() const { return !owed_.empty(); }
  // next() has something to give.
  bool has_next() const { return owes() || !again_.empty(); }
  std::uint64_t owed_bytes() const;
  // Everything in the folder that belongs to the spool, files of bad bytes excepted.
  std::uint64_t bytes() const;
  std::uint64_t limit_bytes() const { return bytes_max_ / 100 * kFullPercent; }
  // Met while reading, since the spool was made.
  std::uint64_t bad_bytes() const { return bad_bytes_; }
  // Cut off by open().
  std::uint64_t torn_bytes() const { return torn_bytes_; }

 private:
  struct Segment {
    std::string file;
    std::uint64_t bytes = 0;  // Of whole entries; behind them may stand what failed.
    std::uint64_t read = 0;   // Of these, committed.
    bool bad = false;
    Instant committed_at{};
  };
  // What next() gave: so much of the first segment.
  struct Given {
    bool again = false;
    std::uint64_t upto = 0;
    bool bad = false;
  };

  std::expected<void, SpoolError> make_room(std::uint64_t bytes);
  Segment& segment_to_write();
  void give_up(Segment& segment, DiskError error);
  std::expected<std::string, SpoolError> read(const Segment& segment, std::size_t bytes);
  std::expected<void, SpoolError> cut_torn_tail(Segment& segment);
  void finish(std::deque<Segment>& from, Instant now);

  Disk& disk_;
  std::uint64_t bytes_max_;
  std::deque<Segment> owed_;   // The oldest first.
  std::deque<Segment> again_;  // Of an earlier run.
  std::deque<Segment> kept_;   // The one committed first first.
  std::uint64_t number_ = 0;   // Of the newest segment.
  bool writing_ = false;       // Into owed_.back().
  std::optional<Given> given_;
  std::uint64_t bad_bytes_ = 0;
  std::uint64_t torn_bytes_ = 0;
};

}  // namespace idast::spool
