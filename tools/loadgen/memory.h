#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"

// What one simulated tracker remembers of what it sent, and when it sends again: Identity of
// CONTRACT §1. It forgets only what `stored` covers, and sends again what is not covered after a
// reconnect, and after 10 s without progress, doubling the pause each time in vain.
//
// Driven: no clock, no thread.
namespace idast::loadgen {

inline constexpr Millis kPatience{10'000};
inline constexpr Millis kPatienceMax{320'000};

class Memory {
 public:
  // When a sample was taken.
  struct Taken {
    UtcMillis at;
    Millis uptime{0};
  };

  // A new sample; its seq.
  std::int64_t take(Taken taken, Instant now) {
    if (unconfirmed_.empty()) progress_at_ = now;
    unconfirmed_.push_back(taken);
    return upto_ + static_cast<std::int64_t>(unconfirmed_.size());
  }
  // It could not be sent now.
  void put_off(std::int64_t seq) {
    if (!resending()) resend_next_ = seq;
    resend_end_ = seq + 1;
  }
  // The broker took it over (PUBACK).
  void acknowledged(std::int64_t seq) {
    const auto place = static_cast<std::size_t>(seq);
    if (acknowledged_.size() <= place) acknowledged_.resize(place + 1);
    acknowledged_[place] = true;
  }
  // `stored` said so. A server that fell back behind its own word is counted and not believed.
  void stored(std::int64_t upto, Instant now) {
    fell_back_ += upto < upto_ ? 1 : 0;
    if (upto <= upto_ || upto > newest()) return;
    unconfirmed_.erase(unconfirmed_.begin(), unconfirmed_.begin() + (upto - upto_));
    upto_ = upto;
    progress_at_ = now;
    patience_ = kPatience;
  }
  void reconnected() { resend_all(); }
  // Call it now and then.
  void look_at(Instant now) {
    if (unconfirmed_.empty() || now < progress_at_ + patience_) return;
    progress_at_ = now;
    patience_ = std::min(2 * patience_, kPatienceMax);
    resend_all();
  }
  // The next sample to send again; nothing: none waits.
  std::optional<std::int64_t> next_to_resend() {
    resend_next_ = std::max(resend_next_, upto_ + 1);
    if (!resending()) return std::nullopt;
    return resend_next_;
  }
  // It was sent again.
  void resent() { ++resend_next_; }
  Taken taken(std::int64_t seq) const {
    return unconfirmed_[static_cast<std::size_t>(seq - upto_ - 1)];
  }

  std::int64_t upto() const { return upto_; }
  // The newest sample taken; -1: none.
  std::int64_t newest() const { return upto_ + static_cast<std::int64_t>(unconfirmed_.size()); }
  bool everything_stored() const { return unconfirmed_.empty(); }
  std::uint64_t fell_back() const { return fell_back_; }
  // Every seq that the broker took over: "0-41,43-44", or "-".
  std::string acknowledged_ranges() const;

 private:
  bool resending() const { return resend_next_ < resend_end_; }
  void resend_all() {
    resend_next_ = upto_ + 1;
    resend_end_ = newest() + 1;
  }

  std::int64_t upto_ = -1;
  std::deque<Taken> unconfirmed_;  // upto_ + 1 and on.
  std::vector<bool> acknowledged_;
  std::int64_t resend_next_ = 0;
  std::int64_t resend_end_ = 0;
  Instant progress_at_;
  Millis patience_ = kPatience;
  std::uint64_t fell_back_ = 0;
};

inline std::string Memory::acknowledged_ranges() const {
  std::string text;
  for (std::size_t i = 0; i < acknowledged_.size(); ++i) {
    if (!acknowledged_[i]) continue;
    const std::size_t first = i;
    while (i + 1 < acknowledged_.size() && acknowledged_[i + 1]) ++i;
    if (!text.empty()) text.push_back(',');
    text.append(std::to_string(first)).append("-").append(std::to_string(i));
  }
  return text.empty() ? "-" : text;
}

}  // namespace idast::loadgen
