#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/random.h"
#include "core/base/time.h"
#include "core/node/receiver.h"
#include "core/node/transmitter.h"
#include "core/ports/ports.h"
#include "sim/live/body.h"
#include "sim/live/body_errors.h"
#include "sim/live/identity.h"
#include "sim/plant/plant.h"
#include "sim/radio/air.h"
#include "sim/sky/sky.h"

// One tracker of the twin, whole: a body under a sky, the air, and the very nodes that the boards
// run. Driven; it knows no broker, no disk and no clock. Everything follows from its settings and
// the steps it is given: the same settings and steps give the same bytes.
namespace idast::sim {

// Whose time the samples carry. utc: the receiver has the sky's time of day and tells it to the
// transmitter, as the boards do. uptime: the sky runs on another day or at another speed, which the
// server must not take for now; the receiver has no clock, and the transmitter a clock chip of its
// own.
enum class Stamps : std::uint8_t { utc, uptime };

struct PairSettings {
  Identity identity;
  control::Law law = control::Law::hybrid;
  BodyErrors errors;
  Stamps stamps = Stamps::utc;
  UtcMillis start;               // the sky's time when both boards start
  telemetry::BootId boot;        // new at every start
  Millis sample_every{350};      // in the sky's time
  WattHours energy;              // counter at the start
  std::optional<double> charge;  // of the battery at the start, 0..1
  AirParameters air = kGoodAir;
};

// Lets a running node change hands: from the quick, silent past to the live broker and the disk.
class BrokerSwitch final : public ports::Broker {
 public:
  explicit BrokerSwitch(ports::Broker& to) : to_{&to} {}
  void turn(ports::Broker& to) {
    to_ = &to;
    for (const std::string& topic : topics_) to_->subscribe(topic);
  }
  bool connected() const override { return to_->connected(); }
  std::expected<ports::Ticket, ports::PublishError> publish(std::string_view topic,
                                                            std::string_view payload, int qos,
                                                            bool retain) override {
    return to_->publish(topic, payload, qos, retain);
  }
  void subscribe(std::string_view topic) override {
    topics_.emplace_back(topic);
    to_->subscribe(topic);
  }
  std::optional<Incoming> receive() override { return to_->receive(); }

 private:
  ports::Broker* to_;
  std::vector<std::string> topics_;
};

class FilesSwitch final : public ports::Files {
 public:
  explicit FilesSwitch(ports::Files& to) : to_{&to} {}
  void turn(ports::Files& to) { to_ = &to; }
  std::expected<void, ports::FileError> append(std::string_view name,
                                               std::string_view text) override {
    return to_->append(name, text);
  }
  std::expected<void, ports::FileError> replace(std::string_view name,
                                                std::string_view text) override {
    return to_->replace(name, text);
  }
  std::expected<std::size_t, ports::FileError> read(std::string_view name, std::size_t offset,
                                                    std::span<char> buffer) override {
    return to_->read(name, offset, buffer);
  }
  std::expected<std::size_t, ports::FileError> size_bytes(std::string_view name) override {
    return to_->size_bytes(name);
  }
  std::expected<void, ports::FileError> rename(std::string_view from,
                                               std::string_view to) override {
    return to_->rename(from, to);
  }
  std::expected<void, ports::FileError> remove(std::string_view name) override {
    return to_->remove(name);
  }

 private:
  ports::Files* to_;
};

class Pair {
 public:
  // `sky` and the ports must outlive the pair. Both boards start in its first step.
  // Each board has files of its own.
  Pair(const PairSettings& settings, const Sky& sky, ports::Broker& broker, ports::Files& files,
       ports::Files& transmitter_files, ports::Log& log);
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  // Lets time pass: `sky` for the tracker and its transmitter, `board` for the receiver. Both are
  // the same unless the sky runs at another speed.
  void step(Millis sky, Millis board);

  // Somebody sets the tracker up anew: its body errs in another way, and its transmitter starts
  // knowing nothing of it. The battery and the energy counter stay.
  void set_up_anew(const BodyErrors& errors);

  // The sky's time of day jumps (a recorded day begins anew); no time passes for anybody.
  void set_sky(UtcMillis utc) { sky_utc_ = utc; }

  UtcMillis sky_utc() const { return sky_utc_; }
  node::Transmitter& transmitter() { return *transmitter_; }
  node::Receiver& receiver() { return *receiver_; }
  const Plant& plant() const { return plant_; }
  const Air& air() const { return air_; }
  const PairSettings& settings() const { return settings_; }
  BrokerSwitch& broker() { return broker_; }
  FilesSwitch& files() { return files_; }
  FilesSwitch& transmitter_files() { return transmitter_files_; }

 private:
  struct BoardClock final : ports::Clock {
    Instant time;
    std::optional<UtcMillis> utc_now;
    Instant now() const override { return time; }
    std::optional<UtcMillis> utc() const override { return utc_now; }
  };

  void set_clocks();
  void start_transmitter();

  PairSettings settings_;
  const Sky& sky_;
  BrokerSwitch broker_;
  FilesSwitch files_, transmitter_files_;
  ports::Log& log_;
  UtcMillis sky_utc_;
  Plant plant_;
  Body body_;
  Air air_;
  BoardClock transmitter_clock_, receiver_clock_;
  std::uint32_t transmitter_boot_ = 0;
  std::unique_ptr<node::Transmitter> transmitter_;
  std::unique_ptr<node::Receiver> receiver_;
};

}  // namespace idast::sim
