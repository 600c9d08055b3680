#pragma once
#include <condition_variable>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "core/base/mutex.h"
#include "server/app/backlog.h"

namespace idast::app {

// The thread that puts batches into the spool while the database cannot take them. Another one than
// the writer's, which may be waiting for the database at that very moment.
class Keeper {
 public:
  // Before a batch that the spool did not take is given back.
  static constexpr Millis kRetryAfter{500};

  // `done` comes on the keeper's thread, once for each batch: true when it is durable, false when
  // the spool is full or its disk does not take it.
  Keeper(Backlog& backlog, const Log& log, std::function<void(Batch, bool)> done);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // One at a time: not before `done` came for the one before. Any thread.
  void submit(Batch batch);
  // The database takes batches again: what kept the spool from taking one is nobody's trouble now.
  // Any thread.
  void relieved();
  // Why it takes nothing, in words for a person. Any thread.
  std::optional<std::string> trouble() const;
  std::uint64_t failures() const;

 private:
  void run();
  std::optional<Batch> next();
  void note(const std::expected<void, spool::SpoolError>& appended);
  void pause(Millis span);

  Backlog& backlog_;
  const Log& log_;
  std::function<void(Batch, bool)> done_;

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Batch> waiting_ GUARDED_BY(mutex_);
  std::optional<spool::SpoolError> trouble_ GUARDED_BY(mutex_);
  std::uint64_t failures_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace idast::app
