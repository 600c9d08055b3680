#include "sim/live/live_tracker.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/base/json_reader.h"
#include "core/node/history.h"
#include "core/node/learned.h"
#include "core/node/settings.h"
#include "core/telemetry/json.h"

namespace idast::sim {

LiveTracker::LiveTracker(boost::asio::io_context& io, const LiveTrackerSettings& settings,
                         std::unique_ptr<Sky> sky, telemetry::BootId boot, UtcMillis now,
                         LiveTrackerEvents events, ports::Log& log)
    : settings_{settings},
      sky_{std::move(sky)},
      log_{log},
      folder_{settings.folder},
      transmitter_folder_{settings.folder / "transmitter"} {
  plan(boot, now);
  connect(io, std::move(events));
}

Millis LiveTracker::sample_every() const {
  const double every = static_cast<double>(kLiveSampleEvery.count()) * settings_.speed;
  return Millis{std::max<std::int64_t>(1, std::llround(every))};
}

// Decides which past this start has, and makes the boards that live through it.
void LiveTracker::plan(telemetry::BootId boot, UtcMillis now) {
  const bool with_us = settings_.stamps == Stamps::utc;
  const auto known = with_us ? load_delivered(folder_) : std::nullopt;
  if (known) delivered_ = *known;
  if (with_us) {
    for (Backlog& backlog : load_backlogs(folder_)) {
      if (backlog.done == backlog.total) {  // the last stop came between the end and its note
        forget(folder_, backlog);
        continue;
      }
      backlog_total_ += backlog.total;
      backlogs_.push_back(std::move(backlog));
    }
  }
  planned_.boot = boot;
  planned_.law = settings_.law;
  planned_.to = now - settings_.phase;
  planned_.energy = delivered_.energy;
  planned_.charge = delivered_.charge;
  planned_.errors = delivered_.errors;
  planned_.settings = whole(folder_, node::kSettingsFile);
  planned_.learned = whole(transmitter_folder_, node::kLearnedFile);
  if (with_us && settings_.fill > Millis{0}) {
    planned_.from = planned_.to - settings_.fill;
    if (known) planned_.from = std::clamp(known->until, planned_.from, planned_.to);
    past_ = std::make_unique<Past>(settings_.identity, *sky_, planned_, log_);
    return;
  }
  // With uptime stamps nothing is remembered, and what another body taught is no use.
  if (!with_us || planned_.errors != settings_.errors) {
    static_cast<void>(transmitter_folder_.remove(node::kLearnedFile));
  }
  PairSettings pair;
  pair.identity = settings_.identity;
  pair.law = settings_.law;
  pair.errors = settings_.errors;
  pair.stamps = settings_.stamps;
  pair.start = with_us ? planned_.to : settings_.sky_start;
  pair.boot = boot;
  pair.sample_every = sample_every();
  pair.energy = planned_.energy;
  if (known) pair.charge = planned_.charge;
  pair_ = std::make_unique<Pair>(pair, *sky_, nobody_, folder_, transmitter_folder_, log_);
}

void LiveTracker::connect(boost::asio::io_context& io, LiveTrackerEvents events) {
  const node::Receiver& receiver = past_ ? past_->pair().receiver() : pair_->receiver();
  mqtt::Options options = settings_.broker;
  options.client_id = settings_.identity.device_id;
  // A command must not wait in the broker for a device that was away.
  options.clean_session = true;
  options.will = mqtt::Will{.topic = std::string{receiver.status_topic().view()},
                            .payload = std::string{receiver.offline_status().view()},
                            .qos = 1,
                            .retain = true};
  options.outgoing_max = SessionBroker::kOutgoingMax;
  options.jitter_seed = settings_.identity.seed;
  SessionBroker::Events wanted;
  wanted.connected = std::move(events.connected);
  wanted.disconnected = std::move(events.disconnected);
  wanted.stored = [this](std::string_view payload) { take_stored(payload); };
  wanted.delivered = [this](UtcMillis time) {
    live_delivered_ = true;
    delivered_changed_ = true;
    delivered_ = {std::max(delivered_.until, time), pair_->transmitter().energy(),
                  pair_->plant().truth().charge, settings_.errors};
  };
  broker_ = std::make_unique<SessionBroker>(io, std::move(options), settings_.identity.device_id,
                                            std::move(wanted));
  broker_->start();
}

void LiveTracker::begin() {
  if (past_) {
    planned_.total = past_->broker().samples();
    planned_.digest = past_->broker().digest();
    if (planned_.total > 0) {
      if (!save(folder_, planned_)) {
        log_.write(ports::Level::warn, "twin.backlog_not_kept", "a restart would not finish it");
      }
      backlog_total_ += planned_.total;
      backlogs_.push_back(planned_);
    }
    // From now on this stretch is the backlog's: another start must not make it up again.
    delivered_ = {planned_.to, past_->pair().transmitter().energy(),
                  past_->pair().plant().truth().charge, settings_.errors};
    delivered_changed_ = true;
    remember();
    keep_history();
    keep_learned();
    pair_ = past_->release();
    pair_->files().turn(folder_);
    pair_->transmitter_files().turn(transmitter_folder_);
    pair_->receiver().entrust();
    if (planned_.errors != settings_.errors) pair_->set_up_anew(settings_.errors);
    pair_->transmitter().sample_every(sample_every());
  }
  pair_->broker().turn(*broker_);
  past_.reset();
  live_ = true;
}

// The rows of the past were kept in memory: one append instead of thousands.
void LiveTracker::keep_history() {
  std::string rows = past_->files().files[std::string{node::kHistoryFile}];
  if (!rows.starts_with(node::kHistoryHeader)) return;
  if (folder_.size_bytes(node::kHistoryFile).value_or(0) > 0) {
    rows.erase(0, node::kHistoryHeader.size());
  }
  if (!folder_.append(node::kHistoryFile, rows)) {
    log_.write(ports::Level::warn, "twin.history_not_kept", node::kHistoryFile);
  }
}

// What the transmitter learned on the way through the past; whether a set-up lets it go is decided
// after that.
void LiveTracker::keep_learned() {
  const std::string learned = whole(past_->transmitter_files(), node::kLearnedFile);
  if (!learned.empty() && !transmitter_folder_.replace(node::kLearnedFile, learned)) {
    log_.write(ports::Level::warn, "twin.learned_not_kept", node::kLearnedFile);
  }
}

void LiveTracker::advance(UtcMillis utc, Millis running) {
  if (settings_.stamps == Stamps::utc) return advance_with_us(utc);
  advance_alone(running);
}

void LiveTracker::step(Millis sky, Millis board) {
  broker_->set_time(pair_->sky_utc() + sky);
  pair_->step(sky, board);
}

void LiveTracker::advance_with_us(UtcMillis utc) {
  const Millis lag = utc - pair_->sky_utc();
  if (lag < -kLagCoarse || lag > kLagJump) return pair_->set_sky(utc);  // our clock was set
  while (true) {
    const Millis left = utc - pair_->sky_utc();
    Millis lasting = kLiveStep;
    if (left > kLagCoarse) lasting = std::min(left, kPastStep);
    if (left > kLagCoarser) lasting = kPastSampleEvery;
    if (left < lasting) return;
    step(lasting, lasting);
  }
}

void LiveTracker::advance_alone(Millis running) {
  if (running - board_ran_ > kLagCoarse) board_ran_ = running - kLagCoarse;  // we slept: so did it
  while (running - board_ran_ >= kLiveStep) {
    board_ran_ += kLiveStep;
    const double sky_due = static_cast<double>(board_ran_.count()) * settings_.speed;
    const Millis sky = Millis{std::llround(sky_due)} - sky_ran_;
    sky_ran_ += sky;
    const int steps = std::clamp(static_cast<int>(std::ceil(settings_.speed)), 1, kSkyStepsMax);
    for (int i = 0; i < steps; ++i) {
      const Millis part = sky * (i + 1) / steps - sky * i / steps;
      step(part, i == 0 ? kLiveStep : Millis{0});
    }
    if (settings_.sky_end && pair_->sky_utc() > *settings_.sky_end) {
      pair_->set_sky(settings_.sky_start);
    }
  }
}

bool LiveTracker::pump(int steps, Instant now) {
  now_ = now;
  if (!live_ || !live_delivered_ || backlogs_.empty() || !broker_->connected()) return false;
  if (!replay_) start_replay();
  const bool moved = replay_->pump(steps, now);
  if (replay_->finished()) finish_replay();
  pair_->receiver().show_backfill(backlogs_.empty() ? std::nullopt : std::optional{backfill()});
  return moved;
}

void LiveTracker::start_replay() {
  const Backlog& backlog = backlogs_.front();
  backlog_saved_ = backlog.done;
  replay_ = std::make_unique<Replay>(
      settings_.identity, *sky_, backlog,
      [this](std::string_view topic, std::string_view payload, std::function<void()> acknowledged) {
        if (broker_->outgoing() >= kOutgoingForLive) return false;
        return broker_->publish_past(topic, payload, std::move(acknowledged));
      },
      log_);
}

void LiveTracker::finish_replay() {
  if (!replay_->same_as_before()) {
    log_.write(ports::Level::warn, "twin.backlog_differs",
               "a backlog of another version was made again, not byte for byte");
  }
  forget(folder_, replay_->backlog());
  backlog_finished_ += replay_->backlog().total;
  replay_.reset();
  backlogs_.pop_front();
}

node::Backfill LiveTracker::backfill() const {
  std::int64_t done = backlog_finished_;
  for (const Backlog& backlog : backlogs_) done += backlog.done;
  if (replay_) done += replay_->backlog().done - backlogs_.front().done;
  return {.done = done, .total = backlog_total_};
}

void LiveTracker::take_stored(std::string_view payload) {
  if (!replay_) return;
  const auto document = JsonDocument::parse(payload);
  if (!document) return;
  const auto boot = document->root()["boot"].text<16>();
  const auto upto = document->root()["upto"].integer();
  if (!boot || !upto) return;
  const auto ours = replay_->backlog().boot;
  if (boot->view() == telemetry::to_text(ours).view()) replay_->take_stored(ours, *upto, now_);
}

void LiveTracker::remember() {
  if (settings_.stamps != Stamps::utc) return;
  if (delivered_changed_ && save(folder_, delivered_)) delivered_changed_ = false;
  if (!replay_ || replay_->backlog().done == backlog_saved_) return;
  if (save(folder_, replay_->backlog())) backlog_saved_ = replay_->backlog().done;
}

void LiveTracker::stop(std::function<void()> done) {
  const node::Receiver& receiver = past_ ? past_->pair().receiver() : pair_->receiver();
  broker_->stop(receiver.offline_status().view(), [this, done = std::move(done)] {
    remember();
    done();
  });
}

}  // namespace idast::sim
