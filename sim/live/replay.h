#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/live/memory.h"
#include "sim/live/past.h"

namespace idast::sim {

// Delivers a backlog: makes the past again and hands over what is not yet delivered, as fast as it
// is taken. Driven by pump() and by acknowledgements; one thread.
class Replay {
 public:
  // Under way at once, and what is known to be with the broker but not yet stored by the server: a
  // backlog must not push the live samples to the end of a long queue.
  static constexpr std::int64_t kUnderWayMax = 200;
  static constexpr std::int64_t kUnstoredMax = 4'000;
  // A server that says nothing new for this long is not there; then only the broker sets the pace.
  static constexpr Millis kStoredSilence = std::chrono::seconds{10};

  // False when there is no room; `acknowledged` may come at any later time, once, or never.
  using Publish = std::function<bool(std::string_view topic, std::string_view payload,
                                     std::function<void()> acknowledged)>;

  Replay(const Identity& identity, const Sky& sky, const Backlog& backlog, Publish publish,
         ports::Log& log);
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  // Hands over what there is room for; at most `steps` steps of the past. False when nothing could
  // be done.
  bool pump(int steps, Instant now);
  void take_stored(telemetry::BootId boot, std::int64_t upto, Instant now);

  bool finished() const { return over_ && waiting_.empty() && under_way_ == 0; }
  // After finished(): whether the past was made again byte for byte. Another version of the twin
  // may make another past; the same one never does.
  bool same_as_before() const;
  const Backlog& backlog() const { return backlog_; }

 private:
  struct Waiting {
    std::string topic, payload;
    std::int64_t seq;
    bool sample;
  };

  void take(const PastBroker::Message& message);
  bool hand_over();
  void acknowledge(std::int64_t seq);
  bool may_go_on(Instant now) const;

  Backlog backlog_;
  Publish publish_;
  Past past_;
  bool over_ = false;
  std::deque<Waiting> waiting_;     // made, and not taken over by the session
  std::int64_t under_way_ = 0;      // samples taken over, not acknowledged
  std::vector<bool> acknowledged_;  // by seq

  struct Stored {
    std::int64_t upto = -1;
    Instant at;
  };
  std::optional<Stored> stored_;
  // Acknowledgements may come after this object is gone.
  std::shared_ptr<Replay*> self_ = std::make_shared<Replay*>(this);
};

}  // namespace idast::sim
