#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/random.h"
#include "core/node/receiver.h"
#include "core/node/transmitter.h"
#include "sim/live/folder.h"
#include "sim/radio/air.h"
#include "tests/storm/ledger.h"

// One tracker in a storm: the boards' own nodes, with readings that tremble, motors that watch what
// they are told, and an air that can be spoilt.
namespace idast::storm {

class Device {
 public:
  // `receiver_files`: the receiver's, instead of files of its own that never fail.
  Device(std::size_t number, std::uint64_t seed, ports::Broker& broker, Ledger& ledger,
         ports::Files* receiver_files = nullptr);

  void step(Millis lasting);
  void spoil(const sim::AirParameters& air) { air_.change(air); }
  void set_clock(Millis by) { clock_error_ += by; }
  void forget_time(bool forgets) { clockless_ = forgets; }
  void restart_receiver();
  void restart_transmitter();

  const std::string& id() const { return id_; }
  const node::Receiver& receiver() const { return *receiver_; }
  BootKey boot() const;
  // How often the receiver has started, as it counts it.
  std::uint32_t receiver_boots() const { return receiver_boots_; }
  // What the panel gave, Wh: each reading stands until the next.
  double made_wh() const { return body_.made_wh(); }

 private:
  struct NodeClock final : ports::Clock {
    Instant time;
    std::optional<UtcMillis> utc_now;
    Instant now() const override { return time; }
    std::optional<UtcMillis> utc() const override { return utc_now; }
  };
  // Sensors and motors.
  class Body final : public ports::Sensors, public ports::Motors {
   public:
    Body(std::uint64_t seed, Ledger& ledger) : random_{seed}, ledger_{ledger} {}
    ports::Readings read() override;
    void move(ports::ServoAngles target) override;
    void off() override { at_.reset(); }
    void pass(Millis lasting) { made_ws_ += power_w_ * static_cast<double>(lasting.count()) / 1e3; }
    double made_wh() const { return made_ws_ / 3'600; }

   private:
    Random random_;
    Ledger& ledger_;
    std::optional<ports::ServoAngles> at_;
    double light_ = 2'400;
    double power_w_ = 0;
    double made_ws_ = 0;
  };
  struct Quiet final : ports::Log {
    void write(ports::Level, std::string_view, std::string_view) override {}
  };

  std::string id_;
  Random random_;
  ports::Broker& broker_;
  Body body_;
  Quiet log_;
  sim::MemoryFiles own_files_, transmitter_files_;
  ports::Files& receiver_files_;
  NodeClock receiver_clock_, transmitter_clock_;
  UtcMillis utc_{1'750'478'400'000};  // 2025-06-21T04:00:00Z, noon at Batangas
  Millis clock_error_{0};
  bool clockless_ = false;
  std::uint32_t receiver_boots_ = 0;
  sim::Air air_;
  std::unique_ptr<node::Transmitter> transmitter_;
  std::unique_ptr<node::Receiver> receiver_;
};

}  // namespace idast::storm
