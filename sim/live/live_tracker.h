#pragma once
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "core/base/time.h"
#include "core/node/status.h"
#include "mqtt/session.h"
#include "sim/live/folder.h"
#include "sim/live/memory.h"
#include "sim/live/pair.h"
#include "sim/live/past.h"
#include "sim/live/replay.h"
#include "sim/live/session_broker.h"
#include "sim/sky/sky.h"

// One tracker of the twin on a broker: its live pair, its memory on disk and its backlogs.
//
// A start begins where the last one's delivered samples end (or `fill` ago, the first time): that
// past is simulated quickly, the same boards then go on living, and the past is made once more
// behind them to be delivered. So live samples and backlog are one boot with one line of numbers.
//
// Threads: the io_context's for everything, except that the Past may be stepped on another one
// before begin().
namespace idast::sim {

struct LiveTrackerSettings {
  Identity identity;
  control::Law law = control::Law::hybrid;
  BodyErrors errors;                 // other than at the last start: the tracker is set up anew
  Stamps stamps = Stamps::utc;       // with uptime stamps nothing is made up and nothing remembered
  double speed = 1.0;                // of the sky; other than 1 only with uptime stamps
  UtcMillis sky_start;               // with uptime stamps; otherwise the sky's time is ours
  std::optional<UtcMillis> sky_end;  // there the sky begins again
  Millis fill{0};                    // how much of the past a first start makes up; 0: none ever
  Millis phase{0};  // samples of many trackers shall not come at one instant; 0-350 ms
  std::filesystem::path folder;
  mqtt::Options broker;  // client id, session and will are the tracker's own
};

struct LiveTrackerEvents {
  std::function<void()> connected;
  std::function<void(const mqtt::DisconnectReason&)> disconnected;
};

class LiveTracker {
 public:
  // `boot` is drawn by the caller. Throws std::filesystem::filesystem_error when the folder cannot
  // be made. Connects at once.
  LiveTracker(boost::asio::io_context& io, const LiveTrackerSettings& settings,
              std::unique_ptr<Sky> sky, telemetry::BootId boot, UtcMillis now,
              LiveTrackerEvents events, ports::Log& log);

  // To be stepped until it is over, before begin(); null when there is nothing to make up.
  Past* past() { return past_.get(); }
  void begin();

  // Lets time pass: until `utc`, our time of day; `running` is the time since begin().
  void advance(UtcMillis utc, Millis running);

  // Hands over some of the backlog; false when there was nothing to do.
  bool pump(int steps, Instant now);
  // Over all backlogs, finished ones included.
  node::Backfill backfill() const;

  // Writes down how far it got.
  void remember();
  // Says offline, disconnects, remembers; `done` comes later.
  void stop(std::function<void()> done);

  const Identity& identity() const { return settings_.identity; }
  // Until when it has lived, in the sky's time. After begin().
  UtcMillis reached() const { return pair_->sky_utc(); }

 private:
  static constexpr Millis kLiveStep{60};
  // A machine that slept, or was busy: the missing time passes in longer steps.
  static constexpr Millis kLagCoarse = std::chrono::seconds{5};
  static constexpr Millis kLagCoarser = std::chrono::minutes{10};
  static constexpr Millis kLagJump = std::chrono::hours{24};
  static constexpr int kSkyStepsMax = 10;  // in one step of the boards
  static constexpr std::size_t kOutgoingForLive = 300;

  Millis sample_every() const;
  void plan(telemetry::BootId boot, UtcMillis now);
  void connect(boost::asio::io_context& io, LiveTrackerEvents events);
  void keep_history();
  void keep_learned();
  void step(Millis sky, Millis board);
  void advance_with_us(UtcMillis utc);
  void advance_alone(Millis running);
  void take_stored(std::string_view payload);
  void start_replay();
  void finish_replay();

  LiveTrackerSettings settings_;
  std::unique_ptr<Sky> sky_;
  ports::Log& log_;
  Folder folder_, transmitter_folder_;
  PastBroker nobody_;  // until the connection stands
  std::unique_ptr<SessionBroker> broker_;
  std::unique_ptr<Past> past_;
  Backlog planned_;  // what past_ simulates
  std::unique_ptr<Pair> pair_;
  bool live_ = false;
  Millis board_ran_{0}, sky_ran_{0};

  std::deque<Backlog> backlogs_;  // oldest first; the front one may be in replay_
  std::unique_ptr<Replay> replay_;
  std::int64_t backlog_total_ = 0;  // of all of them, finished ones too
  std::int64_t backlog_finished_ = 0;
  std::int64_t backlog_saved_ = 0;  // `done` of the front one, as on disk
  Instant now_;                     // of the last pump()

  Delivered delivered_;
  bool delivered_changed_ = false;
  // The backlog waits for a live sample: from it the server knows when this boot began.
  bool live_delivered_ = false;
};

}  // namespace idast::sim
