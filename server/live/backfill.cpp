#include "server/live/backfill.h"

#include <algorithm>
#include <cmath>

namespace idast::live {
namespace {

constexpr Millis kRateWindow = std::chrono::seconds{5};

double seconds(Millis span) { return static_cast<double>(span.count()) / 1000.0; }

}  // namespace

void Backfill::receive(UtcMillis ts, UtcMillis received) {
  if (received - ts < kBacklogAge) return;
  if (done_ == 0 || received - last_received_ > kBacklogQuiet) {
    done_ = window_done_ = 0;
    rate_before_ = 0;
    began_ = window_began_ = received;
    oldest_ = newest_ = ts;
  }
  if (received - window_began_ >= kRateWindow) {
    rate_before_ = static_cast<double>(window_done_) / seconds(received - window_began_);
    window_began_ = received;
    window_done_ = 0;
  }
  ++done_;
  ++window_done_;
  oldest_ = std::min(oldest_, ts);
  newest_ = std::max(newest_, ts);
  last_received_ = received;
}

void Backfill::say(std::optional<Word> word, UtcMillis received) {
  word_ = word;
  word_at_ = received;
}

double Backfill::rate(UtcMillis now) const {
  if (done_ == 0 || now - last_received_ > kBacklogQuiet) return 0;
  if (rate_before_ > 0) return rate_before_;
  // The first second of a backlog says little about its rate.
  const Millis span = now - window_began_;
  if (span < std::chrono::seconds{1}) return 0;
  return static_cast<double>(window_done_) / seconds(span);
}

Progress Backfill::estimate() const {
  Progress progress{.done = done_, .total = done_};
  const double spacing = seconds(newest_ - oldest_) / static_cast<double>(done_ - 1);
  const double missing = seconds(began_ - newest_);
  if (spacing > 0 && missing > 0) progress.total += std::llround(missing / spacing);
  return progress;
}

std::optional<Progress> Backfill::progress(UtcMillis now) const {
  const bool said = word_ && now - word_at_ < kWordHolds;
  const bool seen = done_ >= kBacklogSamplesMin && now - last_received_ <= kBacklogQuiet;
  if (!said && !seen) return std::nullopt;
  Progress progress;
  if (said) progress = {.done = word_->done, .total = std::max(word_->done, word_->total)};
  if (!said) progress = estimate();
  progress.per_second = rate(now);
  if (progress.per_second > 0) {
    progress.seconds_left =
        static_cast<double>(progress.total - progress.done) / progress.per_second;
  }
  return progress;
}

}  // namespace idast::live
