#include "sim/live/replay.h"

#include <utility>

namespace idast::sim {

Replay::Replay(const Identity& identity, const Sky& sky, const Backlog& backlog, Publish publish,
               ports::Log& log)
    : backlog_{backlog},
      publish_{std::move(publish)},
      past_{identity, sky, backlog, log},
      acknowledged_(static_cast<std::size_t>(backlog.total), false) {
  for (std::int64_t seq = 0; seq < backlog.done; ++seq) {
    acknowledged_[static_cast<std::size_t>(seq)] = true;
  }
  past_.broker().take = [this](const PastBroker::Message& message) { take(message); };
}

void Replay::take(const PastBroker::Message& message) {
  if (message.seq < backlog_.done || message.seq >= backlog_.total) return;
  waiting_.push_back(
      {std::string{message.topic}, std::string{message.payload}, message.seq, message.sample});
}

bool Replay::pump(int steps, Instant now) {
  bool moved = false;
  for (int i = 0; i < steps; ++i) {
    if (!hand_over()) return moved;
    if (over_ || under_way_ >= kUnderWayMax || !may_go_on(now)) return moved;
    over_ = !past_.step();
    moved = true;
  }
  hand_over();
  return moved;
}

// False when something still waits.
bool Replay::hand_over() {
  while (!waiting_.empty()) {
    const Waiting& first = waiting_.front();
    std::function<void()> acknowledged;
    if (first.sample) {
      acknowledged = [self = std::weak_ptr{self_}, seq = first.seq] {
        if (const auto replay = self.lock()) (*replay)->acknowledge(seq);
      };
    }
    if (!publish_(first.topic, first.payload, std::move(acknowledged))) return false;
    under_way_ += first.sample ? 1 : 0;
    waiting_.pop_front();
  }
  return true;
}

void Replay::acknowledge(std::int64_t seq) {
  --under_way_;
  acknowledged_[static_cast<std::size_t>(seq)] = true;
  while (backlog_.done < backlog_.total && acknowledged_[static_cast<std::size_t>(backlog_.done)]) {
    ++backlog_.done;
  }
}

void Replay::take_stored(telemetry::BootId boot, std::int64_t upto, Instant now) {
  if (boot != backlog_.boot || upto < 0) return;
  if (!stored_ || upto > stored_->upto) stored_ = Stored{upto, now};
}

bool Replay::may_go_on(Instant now) const {
  if (!stored_ || now - stored_->at > kStoredSilence) return true;
  return backlog_.done - stored_->upto < kUnstoredMax;
}

bool Replay::same_as_before() const {
  return past_.broker().samples() == backlog_.total && past_.broker().digest() == backlog_.digest;
}

}  // namespace idast::sim
