#pragma once
#include <atomic>
#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/time.h"
#include "core/telemetry/history.h"
#include "core/telemetry/record.h"
#include "server/app/held.h"
#include "server/app/log.h"
#include "server/ingest/parser.h"
#include "server/ingest/status.h"
#include "server/spool/spool.h"

// The spool between two threads: what the database could not take is put in on one side, as the
// messages that it came from, and read back on the other by the same parser.
//
// Threads: append() on one, next() and committed() on another; the figures from any, without
// waiting for a disk.
namespace idast::app {

class Backlog {
 public:
  Backlog(spool::Disk& disk, std::uint64_t bytes_max, const Log& log);

  // Takes up what an earlier run left; before any thread uses it.
  std::expected<void, spool::SpoolError> open();

  // Durable when it returns. Nothing of a batch is in it after an error.
  std::expected<void, spool::SpoolError> append(const Batch& batch);

  // What to commit next; it stays until committed(). Samples have the time and the receipt that
  // they had when they came.
  struct Replay {
    std::vector<telemetry::Record> records;
    std::vector<telemetry::Loss> losses;
    std::vector<telemetry::HistoryRow> history;
    bool empty() const { return records.empty() && losses.empty() && history.empty(); }
  };
  std::expected<Replay, spool::SpoolError> next();
  void committed(Instant now);
  void tidy(Instant now);

  // There are messages that were never committed: what comes now goes behind them.
  bool owes() const { return owed_bytes_ > 0; }
  bool has_next() const { return has_next_; }
  std::uint64_t owed_bytes() const { return owed_bytes_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t limit_bytes() const { return limit_bytes_; }
  std::uint64_t spooled() const { return spooled_; }
  std::uint64_t replayed() const { return replayed_; }
  // Entries that could not be read back, and bytes that are no entries.
  std::uint64_t unreadable() const { return unreadable_; }
  std::uint64_t bad_bytes() const { return bad_bytes_; }

 private:
  void note_state() REQUIRES(mutex_);
  void read_back(const spool::Entry& entry, bool again, Replay& replay);

  const Log& log_;
  mutable Mutex mutex_;
  spool::Spool spool_ GUARDED_BY(mutex_);
  const std::uint64_t limit_bytes_;
  // Of the thread that reads. The sender's limit does not hold for a message printed anew.
  ingest::Parser parser_{spool::kEntryBytesMax};
  ingest::StatusReader status_reader_;
  std::uint64_t given_ = 0;  // Messages of the last next().

  std::atomic<std::uint64_t> owed_bytes_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::uint64_t> bad_bytes_ = 0;
  std::atomic<bool> has_next_ = false;
  std::atomic<std::uint64_t> spooled_ = 0;
  std::atomic<std::uint64_t> replayed_ = 0;
  std::atomic<std::uint64_t> unreadable_ = 0;
};

}  // namespace idast::app
