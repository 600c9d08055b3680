#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/time.h"
#include "core/control/tracker.h"
#include "core/node/learned.h"
#include "core/node/message.h"
#include "core/node/radio_link.h"
#include "core/node/report.h"
#include "core/ports/ports.h"
#include "core/wire/frame.h"

// The board on the tracker, whole: sense → step → report → frame. It points the panel with the
// radio gone; the radio only tells it the time, the place and what a person wants, and takes
// samples away.
//
// Driven: the owner calls step() often (every few ms on a board); a control step is done every
// control_every. No step waits for the radio: a full queue is a lost frame, counted. One owner, one
// thread, no heap. The ports must outlive the node.
namespace idast::node {

struct TransmitterSettings {
  wire::SenderId self, receiver;
  std::uint32_t boot = 0;  // counts this board's starts: see core/wire/frame.h
  control::Settings control;
  control::Pose pose;                  // where the servos were last, or neutral
  Millis control_every{60};            // the fielded loop
  Millis sample_every{350};            // CONTRACT §1
  Millis phone_every{10'000};          // the label of the phone is repeated: frames get lost
  WattHours energy = watt_hours(0.0);  // the counter at the last stop
};

struct TransmitterPorts {
  ports::Sensors& sensors;
  ports::Motors& motors;
  ports::Radio& radio;
  ports::Files& files;        // what control has learned is kept here: see learned.h
  const ports::Clock& clock;  // its utc() is absent on a board without a clock chip
  ports::Log& log;
};

struct TransmitterCounts {
  LinkCounts radio;
  std::uint32_t orders_done = 0;
  std::uint32_t orders_refused = 0;
  std::uint32_t targets_unsound = 0;  // control asked for what no servo can do: motors off
  std::uint32_t learned_refused = 0;  // a file of what was learned that is not to be trusted
  std::uint32_t learned_written = 0;
  std::uint32_t learned_failed = 0;  // times that the file could not be written
};

// The receiver's clock as heard through the air. A frame can only be late, never early, so what
// says "earlier" is believed slowly: an order that waited somewhere must not bring along a time at
// which it would still be valid.
class HeardClock {
 public:
  void hear(UtcMillis utc, Instant now);
  void forget() { *this = {}; }
  std::optional<UtcMillis> at(Instant now) const;

 private:
  // Crystals of two boards drift apart by less than this.
  static constexpr std::int64_t kDriftPerMille = 1;
  // A clock that was set back is believed when it has said so for this long.
  static constexpr Millis kDoubtFor = std::chrono::minutes{2};
  static constexpr Millis kAgree = std::chrono::seconds{2};

  struct Estimate {
    Millis ahead;  // Unix time less our monotonic time
    Instant since;
  };
  std::optional<Estimate> believed_, doubted_;
};

class Transmitter {
 public:
  // Motors off, before anything else; then what an earlier start had learned is read.
  Transmitter(const TransmitterSettings& settings, const TransmitterPorts& ports);

  // `now` is monotonic.
  void step(Instant now);

  // How often a sample is sent from now on: 350 ms while somebody may watch, seldom otherwise.
  void sample_every(Millis period);

  const control::Tracker& tracker() const { return tracker_; }
  const control::Outputs& outputs() const { return outputs_; }
  TransmitterCounts counts() const {
    TransmitterCounts counts = counts_;
    counts.radio = link_.counts();
    return counts;
  }
  WattHours energy() const { return reporter_.energy(); }
  // A person asked for a new start; the owner does it.
  bool restart_wanted() const { return restart_wanted_; }

 private:
  void hear(Instant now);
  void take(const wire::Frame& frame, Instant now);
  void obey(const Order& order, Instant now);
  Answer carry_out(const Order& order, Instant now);
  void settle_at(const Site& site);
  void control_step(Instant now);
  void recall_learned();
  void keep_learned(Instant now);
  void drive(const control::Outputs& outputs);
  void send_sample(const ports::Readings& readings);
  void send_phone(const Phone& phone, Instant now);
  std::optional<UtcMillis> utc(Instant now) const;

  TransmitterSettings settings_;
  TransmitterPorts ports_;
  control::Tracker tracker_;
  control::Outputs outputs_;
  Reporter reporter_;
  RadioLink link_;
  TransmitterCounts counts_;

  HeardClock heard_clock_;
  std::optional<Answer> answered_;  // the last order and what became of it
  Phone phone_;
  Instant control_due_, sample_due_, phone_due_;
  std::uint32_t sweeps_kept_ = 0;  // as many are in the file
  Instant learned_due_;            // not written before
  bool restart_wanted_ = false;
};

}  // namespace idast::node
