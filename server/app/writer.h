#pragma once
#include <condition_variable>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "core/base/mutex.h"
#include "server/app/backlog.h"
#include "server/app/held.h"
#include "server/app/log.h"
#include "server/store/store.h"

namespace idast::app {

// The one thread that writes into the database. A batch that it does not take within the store's
// own limit (2 s for a lock) is given back, to be put into the spool; from then on the spool is
// read back, the oldest first, with growing pauses while the database refuses. A batch that comes
// meanwhile goes before the next piece of the spool.
//
// A store that neither takes nor refuses, because its disk does not answer, holds the batch at hand
// for as long as that lasts: nothing more is acknowledged, what waits is bounded by the broker's
// window and the batcher's queue, and trouble() says so.
class Writer {
 public:
  static constexpr Millis kRetryMin{100};
  static constexpr Millis kRetryMax{5'000};
  // The log says this often how far the spool is read back.
  static constexpr Millis kProgressEvery{10'000};
  // A step of its work that takes longer is not answered: a lock is refused after 2 s, and the
  // longest commit that was seen on an SD card took one.
  static constexpr Millis kStalledAfter{5'000};

  // Called on the writer's thread.
  struct Outlets {
    // Once for each batch: this,
    std::function<void(Batch, store::Committed)> committed;
    // or this: nothing of it is stored.
    std::function<void(Batch)> failed;
    // A piece of the spool is committed; `drained`: nothing more is owed.
    std::function<void(store::Committed, bool drained)> replayed;
    // Some milliseconds of what can wait, beside the store's own; true: there is more. Only while
    // nobody waits for a commit.
    std::function<bool()> idle = [] { return false; };
  };
  Writer(store::Store& store, Backlog& backlog, const Log& log, Outlets outlets,
         Millis stalled_after = kStalledAfter);
  // Finishes the commit at hand.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // One at a time: not before it came back through the outlets. Any thread.
  void submit(Batch batch);
  // The spool has something. Any thread.
  void wake();
  // The clock fell to `now`: the store is told before it is given anything more. Any thread.
  void settle_clock(UtcMillis now);
  // The store's words while it refuses to commit, or for how long it has not answered. Any thread.
  std::optional<std::string> trouble() const;
  // How long the step at hand has been taking; zero between steps. Any thread.
  Millis step_lasts() const;
  // Logs that the store does not answer, once. Call it every second or so, on any thread: the
  // writer's own is the one that waits.
  void watch();
  std::uint64_t failures() const;
  // Why sums or thinning stand still, while they do; samples are stored all the same. Any thread.
  std::optional<std::string> upkeep_trouble() const;

 private:
  using Clock = std::chrono::steady_clock;
  // One step of the work, for as long as it lives.
  class Step {
   public:
    explicit Step(Writer& writer);
    ~Step();
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    Writer& writer_;
  };

  void run();
  Millis lasts() const REQUIRES(mutex_);
  bool stalled() const REQUIRES(mutex_);
  // A batch, or nothing: then there is something else to do, or it is the end.
  std::optional<Batch> next();
  bool stopping() const;
  void write(Batch batch);
  void tidy();
  void replay();
  void log_progress(bool drained);
  store::Result<store::Committed> commit(std::span<const telemetry::Record> records,
                                         std::span<const telemetry::Loss> losses,
                                         std::span<const telemetry::HistoryRow> history);
  store::Result<void> settle();
  void note_trouble(const store::StoreError& error);
  void note_upkeep(const std::optional<store::StoreError>& trouble);

  store::Store& store_;
  Backlog& backlog_;
  const Log& log_;
  Outlets outlets_;
  const Millis stalled_after_;

  // Of the writer's thread.
  Clock::time_point retry_at_{};
  Millis retry_wait_ = kRetryMin;
  bool untidy_ = true;  // There is more to tidy than was done.
  std::optional<Clock::time_point> progress_at_;

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Batch> waiting_ GUARDED_BY(mutex_);
  std::optional<UtcMillis> fallen_to_ GUARDED_BY(mutex_);
  std::optional<std::string> trouble_ GUARDED_BY(mutex_);
  std::optional<std::string> upkeep_trouble_ GUARDED_BY(mutex_);
  std::uint64_t failures_ GUARDED_BY(mutex_) = 0;
  std::optional<Clock::time_point> step_since_ GUARDED_BY(mutex_);
  bool stall_logged_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace idast::app
