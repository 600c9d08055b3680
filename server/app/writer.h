#pragma once
#include <condition_variable>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "core/base/mutex.h"
#include "mqtt/session.h"
#include "server/app/log.h"
#include "server/ingest/batcher.h"
#include "server/live/board.h"
#include "server/store/store.h"

namespace idast::app {

// What a message leaves behind until it is committed: whom to acknowledge, and what live then knows
// to be stored.
struct Held {
  mqtt::AckToken token;
  live::Receipt receipt = 0;
};
using Batch = ingest::Batch<Held>;

// The one thread that writes. A commit that fails is tried again, with growing pauses, for as long
// as it takes: until then nothing of the batch is acknowledged and nothing further is taken.
class Writer {
 public:
  static constexpr Millis kRetryMin{100};
  static constexpr Millis kRetryMax{5'000};

  // `done` is called on the writer's thread, once for each batch that was committed.
  Writer(store::Store& store, const Log& log, std::function<void(Batch, store::Committed)> done);
  // Finishes the commit at hand when the store lets it; gives up one that keeps failing.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // One at a time: not before `done` came for the one before. Any thread.
  void submit(Batch batch);
  // The store's words while it refuses to commit. Any thread.
  std::optional<std::string> trouble() const;
  std::uint64_t failures() const;

 private:
  void run();
  std::optional<store::Committed> commit(const Batch& batch);
  void note_trouble(const store::StoreError& error);
  std::optional<Batch> next();
  // False: the writer is to end.
  bool pause(Millis span);

  store::Store& store_;
  const Log& log_;
  std::function<void(Batch, store::Committed)> done_;

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Batch> waiting_ GUARDED_BY(mutex_);
  std::optional<std::string> trouble_ GUARDED_BY(mutex_);
  std::uint64_t failures_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace idast::app
