#include "server/app/writer.h"

#include <algorithm>

#include "core/base/require.h"

namespace idast::app {
namespace {

Instant now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return Instant{std::chrono::duration_cast<Millis>(since)};
}

std::int64_t seconds(Millis span) {
  return std::chrono::duration_cast<std::chrono::seconds>(span).count();
}

}  // namespace

Writer::Step::Step(Writer& writer) : writer_{writer} {
  Lock lock{writer_.mutex_};
  writer_.step_since_ = Clock::now();
}

Writer::Step::~Step() {
  Lock lock{writer_.mutex_};
  if (std::exchange(writer_.stall_logged_, false)) {
    writer_.log_.info("store.answered", {{"after_s", seconds(writer_.lasts())}});
  }
  writer_.step_since_.reset();
}

Writer::Writer(store::Store& store, Backlog& backlog, const Log& log, Outlets outlets,
               Millis stalled_after)
    : store_{store},
      backlog_{backlog},
      log_{log},
      outlets_{std::move(outlets)},
      stalled_after_{stalled_after},
      thread_{[this] { run(); }} {}

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

void Writer::settle_clock(UtcMillis now) {
  Lock lock{mutex_};
  fallen_to_ = fallen_to_ ? std::min(*fallen_to_, now) : now;
}

store::Result<void> Writer::settle() {
  std::optional<UtcMillis> fallen_to;
  {
    Lock lock{mutex_};
    fallen_to = std::exchange(fallen_to_, std::nullopt);
  }
  if (!fallen_to) return {};
  auto settled = store_.settle_clock(*fallen_to);
  if (!settled) settle_clock(*fallen_to);
  return settled;
}

void Writer::wake() {
  // Whoever is about to wait has looked before, or looks behind this lock.
  {
    Lock lock{mutex_};
  }
  changed_.notify_all();
}

std::optional<std::string> Writer::trouble() const {
  Lock lock{mutex_};
  if (!stalled()) return trouble_;
  return "the database has not answered for " + std::to_string(seconds(lasts())) + " s";
}

Millis Writer::lasts() const {
  if (!step_since_) return Millis{0};
  return std::chrono::duration_cast<Millis>(Clock::now() - *step_since_);
}

bool Writer::stalled() const { return step_since_ && lasts() >= stalled_after_; }

Millis Writer::step_lasts() const {
  Lock lock{mutex_};
  return lasts();
}

void Writer::watch() {
  Lock lock{mutex_};
  if (stall_logged_ || !stalled()) return;
  stall_logged_ = true;
  log_.error("store.stalled", {{"words", "the database does not answer; nothing is acknowledged"},
                               {"for_s", seconds(lasts())}});
}

std::uint64_t Writer::failures() const {
  Lock lock{mutex_};
  return failures_;
}

bool Writer::stopping() const {
  Lock lock{mutex_};
  return stopping_;
}

std::optional<Batch> Writer::next() {
  Lock lock{mutex_};
  while (!waiting_ && !stopping_ && !untidy_) {
    if (!backlog_.has_next()) {
      changed_.wait(mutex_);
    } else if (Clock::now() >= retry_at_ ||
               changed_.wait_until(mutex_, retry_at_) == std::cv_status::timeout) {
      break;
    }
  }
  return std::exchange(waiting_, std::nullopt);
}

void Writer::run() {
  while (true) {
    if (auto batch = next()) {
      write(std::move(*batch));
    } else if (stopping()) {
      return;
    }
    // After a batch, too: whoever sends without a pause must not hold up the spool.
    if (backlog_.has_next() && Clock::now() >= retry_at_ && !stopping()) replay();
    tidy();
  }
}

void Writer::tidy() {
  {
    const Step step{*this};
    untidy_ = store_.tidy();
  }
  const Step step{*this};
  untidy_ = untidy_ || outlets_.idle();
  note_upkeep(store_.upkeep_trouble());
  backlog_.tidy(now());
}

void Writer::note_upkeep(const std::optional<store::StoreError>& trouble) {
  std::optional<std::string> words;
  if (trouble) words = trouble->words;
  Lock lock{mutex_};
  if (words == upkeep_trouble_) return;
  if (words) {
    log_.error("store.upkeep_failed",
               {{"words", *words + "; days are not summed up any more: see idast verify"}});
  } else {
    log_.info("store.upkeep_recovered");
  }
  upkeep_trouble_ = std::move(words);
}

std::optional<std::string> Writer::upkeep_trouble() const {
  Lock lock{mutex_};
  return upkeep_trouble_;
}

void Writer::write(Batch batch) {
  auto committed = commit(batch.records, batch.losses, batch.history);
  if (!committed) return outlets_.failed(std::move(batch));
  outlets_.committed(std::move(batch), std::move(*committed));
}

void Writer::replay() {
  const auto piece = backlog_.next();
  if (!piece) {
    note_trouble({store::StoreErrorKind::unavailable,
                  "the spool cannot be read: " + std::string{spool::name(piece.error())}});
    retry_at_ = Clock::now() + kRetryMax;
    return;
  }
  store::Committed result;
  if (!piece->empty()) {
    auto committed = commit(piece->records, piece->losses, piece->history);
    if (!committed) return;
    result = std::move(*committed);
  }
  backlog_.committed(now());
  const bool drained = !backlog_.owes();
  log_progress(drained);
  outlets_.replayed(std::move(result), drained);
}

void Writer::log_progress(bool drained) {
  const auto at = Clock::now();
  if (!drained && progress_at_ && at < *progress_at_) return;
  // What was committed in an earlier run is nobody's concern.
  if (drained && !progress_at_) return;
  log_.info(drained ? "spool.drained" : "spool.replaying",
            {{"messages", static_cast<std::int64_t>(backlog_.replayed())},
             {"bytes_left", static_cast<std::int64_t>(backlog_.owed_bytes())}});
  progress_at_ = drained ? std::nullopt : std::optional{at + kProgressEvery};
}

store::Result<store::Committed> Writer::commit(std::span<const telemetry::Record> records,
                                               std::span<const telemetry::Loss> losses,
                                               std::span<const telemetry::HistoryRow> history) {
  auto committed = [&] {
    const Step step{*this};
    auto settled = settle();
    return settled ? store_.commit(records, losses, history) : std::unexpected{settled.error()};
  }();
  if (!committed) {
    note_trouble(committed.error());
    retry_at_ = Clock::now() + retry_wait_;
    retry_wait_ = std::min(2 * retry_wait_, kRetryMax);
    return committed;
  }
  retry_at_ = {};
  retry_wait_ = kRetryMin;
  Lock lock{mutex_};
  if (std::exchange(trouble_, std::nullopt)) log_.info("store.recovered");
  return committed;
}

void Writer::note_trouble(const store::StoreError& error) {
  Lock lock{mutex_};
  ++failures_;
  if (trouble_ != error.words) log_.error("store.failed", {{"words", error.words}});
  trouble_ = error.words;
}

}  // namespace idast::app
