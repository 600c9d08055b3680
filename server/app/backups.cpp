#include "server/app/backups.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

namespace idast::app {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int kNice = 10;  // Commits come first.
// After 4 MB: at most 100 MB/s, and no longer than a slow disk needs to catch up.
constexpr Millis kRestMin{20};
constexpr Millis kRestMax{1'000};

UtcMillis utc_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return UtcMillis{std::chrono::duration_cast<Millis>(since).count()};
}

}  // namespace

Backups::Backups(Plan plan, const Log& log) : plan_{std::move(plan)}, log_{log} {
  const auto there = list_backups(plan_.folder);
  if (!there.empty()) figures_.newest = there.back();
  thread_ = std::thread{[this] { run(); }};
}

Backups::~Backups() {
  {
    Lock lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Backups::Figures Backups::figures() const {
  Lock lock{mutex_};
  Figures figures = figures_;
  // One of a clock that was wrong has no age.
  if (figures.newest) figures.age = std::max(Millis{0}, utc_now() - figures.newest->begun);
  return figures;
}

bool Backups::rest(Millis span) {
  const auto until = Steady::now() + span;
  Lock lock{mutex_};
  while (!stopping_ && changed_.wait_until(mutex_, until) != std::cv_status::timeout) continue;
  return !stopping_;
}

void Backups::run() {
  // Of this thread alone, on Linux.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  const auto newest = figures().newest;
  const auto begun = newest ? std::optional{newest->begun} : std::nullopt;
  for (Millis wait = backup_due_in(begun, plan_.every, utc_now()); rest(wait);) {
    const std::uint64_t failures = figures().failures;
    make();
    wait = figures().failures == failures ? plan_.every : std::min(plan_.every, kRetryAfter);
  }
}

void Backups::make() {
  const auto begun = Steady::now();
  auto worked_since = begun;
  const auto made = make_backup(plan_.database, plan_.folder, utc_now(), [&](double) {
    const auto worked = std::chrono::duration_cast<Millis>(Steady::now() - worked_since);
    const bool go_on = rest(std::clamp(worked, kRestMin, kRestMax));
    worked_since = Steady::now();
    return go_on;
  });
  if (!made) {
    Lock lock{mutex_};
    if (stopping_) return;
    ++figures_.failures;
    log_.error("backup.failed", {{"words", made.error()}});
    return;
  }
  const auto removed = remove_old_backups(plan_.folder, plan_.keep);
  const auto took = std::chrono::duration_cast<Millis>(Steady::now() - begun);
  const std::string file = made->path.string();
  log_.info("backup.made", {{"file", file},
                            {"bytes", static_cast<std::int64_t>(made->bytes)},
                            {"took_ms", std::int64_t{took.count()}},
                            {"removed", static_cast<std::int64_t>(removed)}});
  Lock lock{mutex_};
  ++figures_.made;
  figures_.newest = *made;
}

}  // namespace idast::app
