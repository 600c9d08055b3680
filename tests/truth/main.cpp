// truth: one tracker of the twin lives through two days in seconds and knows what it really made.
// Its radio loses one frame in ten, its receiver is restarted twice, its broker is cut off for ten
// minutes, and one message in ten comes again, later and in any order. At the end it prints the
// truth, which no sensor and no message has seen, as one JSON object.
//
//   truth --mqtt URL --device ID --longitude DEGREES --from MS --midnight MS --to MS
//
// It stops at "outage", "mend" and "watch" (a line each on standard output) until it reads a line.

#include <algorithm>
#include <cstdio>
#include <deque>
#include <iostream>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "core/base/random.h"
#include "core/node/receiver.h"
#include "core/node/transmitter.h"
#include "mqtt/session.h"
#include "sim/live/body.h"
#include "sim/live/folder.h"
#include "sim/plant/plant.h"
#include "sim/radio/air.h"
#include "sim/sky/modelled_sky.h"
#include "tools/command_line/command_line.h"

namespace {

using namespace idast;
using namespace std::chrono_literals;

using Steady = std::chrono::steady_clock;

constexpr Millis kStep{1'000};
constexpr Millis kSampleEvery{10'000};
constexpr Millis kRestart = 30s;  // How long a receiver is away.
constexpr Millis kOutage = std::chrono::minutes{10};
constexpr Millis kWatched = std::chrono::minutes{30};  // Played while the page is open.
constexpr double kFrameLoss = 0.1;
constexpr double kRedelivered = 0.1;   // Of the messages, later and at any place.
constexpr std::size_t kShuffled = 60;  // Messages that change places: ten minutes of them.
constexpr std::size_t kRememberedMax = 4'000;
constexpr std::size_t kOutgoingMax = 1'000;
constexpr double kCounterAtStart = 1250.5;  // Wh: the tracker is not new.
constexpr std::chrono::seconds kWaitMax{30};
// One second is how long a receiver's first sample takes when nothing is lost.
constexpr Millis kFirstWords = 10s;
constexpr std::chrono::seconds kBootsApart{5};

struct Plan {
  std::string url, device;
  double longitude = 0;
  std::int64_t from_ms = 0, midnight_ms = 0, to_ms = 0;
  std::uint64_t seed = 1;
};

struct SilentLog final : ports::Log {
  void write(ports::Level, std::string_view, std::string_view) override {}
};

struct BoardClock final : ports::Clock {
  Instant time;
  std::optional<UtcMillis> utc_now;
  Instant now() const override { return time; }
  std::optional<UtcMillis> utc() const override { return utc_now; }
};

// The receiver's broker. What it takes goes out at once and in order; now and then some of the past
// comes again, shuffled.
class Post final : public ports::Broker {
 public:
  Post(boost::asio::io_context& io, mqtt::Options options, std::uint64_t seed)
      : io_{io}, session_{io, std::move(options), {}}, chance_{seed} {
    session_.start();
  }

  bool connected() const override { return session_.connected(); }
  std::expected<ports::Ticket, ports::PublishError> publish(std::string_view topic,
                                                            std::string_view payload, int,
                                                            bool) override {
    if (!connected()) return std::unexpected{ports::PublishError::offline};
    remembered_.push_back({std::string{topic}, std::string{payload}});
    if (remembered_.size() > kRememberedMax) remembered_.pop_front();
    send(remembered_.back());
    if (++published_ % kShuffled == 0) redeliver();
    return ports::Ticket{0};
  }
  void subscribe(std::string_view) override {}
  std::optional<Incoming> receive() override { return std::nullopt; }

  template <class Condition>
  void until(const char* what, Condition condition) {
    const auto give_up = Steady::now() + kWaitMax;
    while (!condition()) {
      io_.run_for(std::chrono::milliseconds{1});
      if (Steady::now() < give_up) continue;
      std::fprintf(stderr, "truth: not within %d s: %s\n", static_cast<int>(kWaitMax.count()),
                   what);
      std::exit(1);
    }
    io_.poll();
  }
  void until_connected(bool wanted) {
    until("a change of the connection", [&] { return session_.connected() == wanted; });
  }
  // Everything is with the broker.
  void drain() {
    redeliver();
    until("the last acknowledgement", [&] { return session_.counters().outgoing == 0; });
  }
  std::uint64_t published() const { return published_; }
  std::uint64_t redelivered() const { return redelivered_; }

 private:
  struct Message {
    std::string topic, payload;
  };

  void redeliver() {
    for (std::size_t i = 0; i < kShuffled; ++i) {
      if (remembered_.empty() || chance_.unit() >= kRedelivered) continue;
      send(remembered_[chance_.next() % remembered_.size()]);
      ++redelivered_;
    }
  }
  void send(const Message& message) {
    until("room for a message", [&] { return session_.counters().outgoing < kOutgoingMax; });
    const bool taken = session_.publish(message.topic, message.payload, 1, false).has_value();
    require(taken, "the session takes what fits");
  }

  boost::asio::io_context& io_;
  mqtt::Session session_;
  Random chance_;
  std::deque<Message> remembered_;
  std::uint64_t published_ = 0, redelivered_ = 0;
};

class Life {
 public:
  Life(const Plan& plan, Post& post)
      : plan_{plan},
        post_{post},
        place_{.latitude = degrees(13.f), .longitude = degrees(static_cast<float>(plan.longitude))},
        sky_{place_, plan.seed},
        plant_{plant_parameters(), plan.seed},
        body_{plant_},
        air_{{.loss = kFrameLoss}, plan.seed},
        now_{plan.from_ms},
        boots_{plan.seed} {
    node::TransmitterSettings settings;
    settings.self = kTransmitter;
    settings.receiver = kReceiver;
    settings.control.law = control::Law::ephemeris;
    settings.control.mount = plant_.parameters().mount;
    settings.pose = plant_.parameters().start;
    settings.sample_every = kSampleEvery;
    settings.energy = watt_hours(kCounterAtStart);
    transmitter_ = std::make_unique<node::Transmitter>(
        settings,
        node::TransmitterPorts{body_, body_, air_.first(), files_, transmitter_clock_, log_});
    start_receiver();
  }

  void live_until(UtcMillis end) {
    while (now_ < end) step();
  }
  void live_for(Millis time) { live_until(now_ + time); }

  // The receiver's power goes; what the radio holds meanwhile is lost with it. Boots are told apart
  // by when the server first hears them, and it hears hours in a second: each waits for its turn,
  // and speaks as soon as a real one would.
  void restart_receiver() {
    receiver_.reset();
    live_for(kRestart);
    std::array<std::byte, sim::Air::kFrameBytesMax> buffer{};
    while (air_.second().receive(buffer)) {
    }
    post_.until("the server hears boots apart",
                [&] { return Steady::now() - receiver_heard_ > kBootsApart; });
    start_receiver();
    transmitter_->sample_every(kStep);
    live_for(kFirstWords);
    transmitter_->sample_every(kSampleEvery);
  }

  double made() const { return plant_.truth().panel_energy.in(watt_hours); }
  const sim::Air& air() const { return air_; }

 private:
  static constexpr wire::SenderId kTransmitter{1};
  static constexpr wire::SenderId kReceiver{2};

  sim::PlantParameters plant_parameters() const {
    sim::PlantParameters parameters;
    parameters.longitude = place_.longitude;
    return parameters;
  }

  void start_receiver() {
    node::ReceiverSettings settings;
    settings.device_id = FixedText<64>{std::string_view{plan_.device}};
    settings.self = kReceiver;
    settings.transmitter = kTransmitter;
    settings.radio_boot = radio_boot_++;
    settings.boot = {boots_.next()};
    settings.mode = "sim";
    settings.site = node::Site{.place = place_, .mount = std::nullopt};
    receiver_ = std::make_unique<node::Receiver>(
        settings, node::ReceiverPorts{air_.second(), post_, files_, receiver_clock_, log_});
    receiver_started_ = now_;
    receiver_heard_ = Steady::now();
  }

  void step() {
    now_ = now_ + kStep;
    transmitter_clock_.time = transmitter_clock_.time + kStep;
    receiver_clock_.utc_now = now_;
    plant_.step(kStep, sky_.at(now_), body_.commands());
    transmitter_->step(transmitter_clock_.time);
    if (!receiver_) return;
    receiver_clock_.time = Instant{now_ - receiver_started_};
    receiver_->step(receiver_clock_.time);
    // As a board without a memory: energy is a counter and must come out right all the same. What
    // the memory does is held by core/node, the storm and tests/crash.
    receiver_->entrust();
  }

  const Plan& plan_;
  Post& post_;
  sun::Place place_;
  sim::ModelledSky sky_;
  sim::Plant plant_;
  sim::Body body_;
  sim::Air air_;
  UtcMillis now_;
  Random boots_;
  SilentLog log_;
  sim::MemoryFiles files_;
  BoardClock transmitter_clock_, receiver_clock_;
  std::unique_ptr<node::Transmitter> transmitter_;
  std::unique_ptr<node::Receiver> receiver_;
  UtcMillis receiver_started_;
  Steady::time_point receiver_heard_;
  std::uint32_t radio_boot_ = 0;
};

void stop_at(const char* word) {
  std::cout << word << std::endl;
  std::string line;
  if (!std::getline(std::cin, line)) std::exit(1);
}

void run(const Plan& plan, Post& post) {
  const UtcMillis midnight{plan.midnight_ms};
  const UtcMillis end{plan.to_ms};
  post.until_connected(true);
  Life life{plan, post};
  life.live_until(midnight - 10h);
  life.restart_receiver();
  life.live_until(midnight);
  const double yesterday = life.made();
  life.live_until(midnight + 9h);
  life.restart_receiver();
  life.live_until(midnight + 11h);

  post.drain();
  stop_at("outage");
  post.until_connected(false);
  life.live_for(kOutage);
  stop_at("mend");
  post.until_connected(true);

  life.live_until(end - kWatched);
  post.drain();
  stop_at("watch");
  life.live_until(end);
  post.drain();
  const sim::AirCounts& air = life.air().from_first();
  std::printf(R"({"yesterday_wh":%.6f,"today_wh":%.6f,"counter_wh":%.6f,"published":%llu,)"
              R"("redelivered":%llu,"frames_sent":%llu,"frames_lost":%llu})"
              "\n",
              yesterday, life.made() - yesterday, kCounterAtStart + life.made(),
              static_cast<unsigned long long>(post.published()),
              static_cast<unsigned long long>(post.redelivered()),
              static_cast<unsigned long long>(air.sent), static_cast<unsigned long long>(air.lost));
}

}  // namespace

int main(int argc, char** argv) {
  Plan plan;
  command_line::Program program{"truth",
                                "Two days of a tracker in seconds, and what it really made."};
  program.add_option("--mqtt", plan.url, "mqtt://host:port").required();
  program.add_option("--device", plan.device, "The tracker's id").required();
  program.add_option("--longitude", plan.longitude, "Where it stands, degrees east").required();
  program.add_option("--from", plan.from_ms, "The first midnight, Unix ms").required();
  program.add_option("--midnight", plan.midnight_ms, "The second one").required();
  program.add_option("--to", plan.to_ms, "Now; after 12:00 of the second day").required();
  program.add_option("--seed", plan.seed, "Of clouds, noise, losses and orders");
  if (const auto code = program.parse(argc, argv)) return *code;
  const auto endpoint = mqtt::parse_url(plan.url);
  if (!endpoint) {
    std::fprintf(stderr, "truth: --mqtt: %s\n", endpoint.error().c_str());
    return command_line::kUsage;
  }
  boost::asio::io_context io{1};
  mqtt::Options options;
  options.host = endpoint->host;
  options.port = endpoint->port;
  options.client_id = plan.device;
  options.outgoing_max = kOutgoingMax + kShuffled;
  options.reconnect_delay_max = std::chrono::milliseconds{200};
  Post post{io, std::move(options), plan.seed};
  run(plan, post);
  return 0;
}
