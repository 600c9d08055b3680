#include "server/app/writer.h"

#include <algorithm>

#include "core/base/require.h"

namespace idast::app {

Writer::Writer(store::Store& store, const Log& log,
               std::function<void(Batch, store::Committed)> done)
    : store_{store}, log_{log}, done_{std::move(done)}, thread_{[this] { run(); }} {}

Writer::~Writer() {
  {
    Lock lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Writer::submit(Batch batch) {
  {
    Lock lock{mutex_};
    require(!waiting_, "Writer: one batch at a time");
    waiting_ = std::move(batch);
  }
  changed_.notify_all();
}

std::optional<std::string> Writer::trouble() const {
  Lock lock{mutex_};
  return trouble_;
}

std::uint64_t Writer::failures() const {
  Lock lock{mutex_};
  return failures_;
}

std::optional<Batch> Writer::next() {
  Lock lock{mutex_};
  while (!waiting_ && !stopping_) changed_.wait(mutex_);
  return std::exchange(waiting_, std::nullopt);
}

void Writer::run() {
  while (auto batch = next()) {
    auto committed = commit(*batch);
    if (!committed) return;
    done_(std::move(*batch), std::move(*committed));
    store_.tidy();
  }
}

// Nothing: the program ends and the store still refuses.
std::optional<store::Committed> Writer::commit(const Batch& batch) {
  Millis wait = kRetryMin;
  while (true) {
    auto committed = store_.commit(batch.records, batch.losses);
    if (committed) {
      Lock lock{mutex_};
      if (std::exchange(trouble_, std::nullopt)) log_.info("store.recovered");
      return std::move(*committed);
    }
    note_trouble(committed.error());
    if (!pause(wait)) return std::nullopt;
    wait = std::min(2 * wait, kRetryMax);
  }
}

void Writer::note_trouble(const store::StoreError& error) {
  Lock lock{mutex_};
  ++failures_;
  if (trouble_ != error.words) log_.error("store.failed", {{"words", error.words}});
  trouble_ = error.words;
}

bool Writer::pause(Millis span) {
  const auto end = std::chrono::steady_clock::now() + span;
  Lock lock{mutex_};
  while (!stopping_) {
    if (changed_.wait_until(mutex_, end) == std::cv_status::timeout) return !stopping_;
  }
  return false;
}

}  // namespace idast::app
