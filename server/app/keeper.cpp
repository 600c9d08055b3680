#include "server/app/keeper.h"

#include <utility>

#include "core/base/require.h"

namespace idast::app {
namespace {

std::string words_of(spool::SpoolError error) {
  switch (error) {
    case spool::SpoolError::full:
      return "it is full; nothing is acknowledged until the database takes what waits";
    case spool::SpoolError::disk_full:
      return "the disk is full; nothing is acknowledged until there is room";
    case spool::SpoolError::disk_failed:
      return "its folder cannot be written; nothing is acknowledged";
  }
  return "unknown";
}

}  // namespace

Keeper::Keeper(Backlog& backlog, const Log& log, std::function<void(Batch, bool)> done)
    : backlog_{backlog}, log_{log}, done_{std::move(done)}, thread_{[this] { run(); }} {}

Keeper::~Keeper() {
  {
    Lock lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Keeper::submit(Batch batch) {
  {
    Lock lock{mutex_};
    require(!waiting_, "Keeper: one batch at a time");
    waiting_ = std::move(batch);
  }
  changed_.notify_all();
}

void Keeper::relieved() {
  Lock lock{mutex_};
  trouble_.reset();
}

std::optional<std::string> Keeper::trouble() const {
  Lock lock{mutex_};
  if (!trouble_) return std::nullopt;
  return words_of(*trouble_);
}

std::uint64_t Keeper::failures() const {
  Lock lock{mutex_};
  return failures_;
}

std::optional<Batch> Keeper::next() {
  Lock lock{mutex_};
  while (!waiting_ && !stopping_) changed_.wait(mutex_);
  return std::exchange(waiting_, std::nullopt);
}

void Keeper::run() {
  while (auto batch = next()) {
    const auto appended = backlog_.append(*batch);
    note(appended);
    if (!appended) pause(kRetryAfter);
    done_(std::move(*batch), appended.has_value());
  }
}

void Keeper::note(const std::expected<void, spool::SpoolError>& appended) {
  Lock lock{mutex_};
  if (appended) {
    if (std::exchange(trouble_, std::nullopt)) log_.info("spool.recovered");
    return;
  }
  ++failures_;
  if (trouble_ == appended.error()) return;
  trouble_ = appended.error();
  log_.error("spool.failed", {{"reason", spool::name(appended.error())}});
}

void Keeper::pause(Millis span) {
  const auto end = std::chrono::steady_clock::now() + span;
  Lock lock{mutex_};
  while (!stopping_) {
    if (changed_.wait_until(mutex_, end) == std::cv_status::timeout) return;
  }
}

}  // namespace idast::app
