#include "tests/storm/device.h"

#include <cmath>

#include "core/base/require.h"
#include "core/node/boot_counter.h"

namespace idast::storm {
namespace {

wire::SenderId sender(std::size_t number, std::uint32_t role) {
  return {static_cast<std::uint32_t>(number + 1) | role << 24};
}

std::uint32_t next_boot(ports::Files& files) {
  const auto boot = node::count_boot(files);
  require(boot.has_value(), "storm: a board can count its starts");
  return *boot;
}

}  // namespace

Device::Device(std::size_t number, std::uint64_t seed, ports::Broker& broker, Ledger& ledger,
               ports::Files* receiver_files)
    : id_{"esp32-receiver-00000" + std::to_string(number)},
      random_{Random{seed}.fork(100 + number)},
      broker_{broker},
      body_{random_.next(), ledger},
      receiver_files_{receiver_files == nullptr ? own_files_ : *receiver_files},
      air_{sim::kGoodAir, random_.next()} {
  restart_transmitter();
  restart_receiver();
}

void Device::restart_receiver() {
  node::ReceiverSettings settings;
  settings.device_id = FixedText<64>{std::string_view{id_}};
  settings.self = sender(id_.back() - '0', 2);
  settings.transmitter = sender(id_.back() - '0', 1);
  settings.radio_boot = receiver_boots_ = next_boot(receiver_files_);
  settings.boot = {random_.next()};
  settings.mode = "sim";
  node::Site site;
  site.place = {degrees(13.75f), degrees(121.05f), metres(20.f)};
  settings.site = site;
  receiver_clock_.time = {};
  receiver_.reset();
  receiver_ = std::make_unique<node::Receiver>(
      settings,
      node::ReceiverPorts{air_.second(), broker_, receiver_files_, receiver_clock_, log_});
}

void Device::restart_transmitter() {
  node::TransmitterSettings settings;
  settings.self = sender(id_.back() - '0', 1);
  settings.receiver = sender(id_.back() - '0', 2);
  settings.boot = next_boot(transmitter_files_);
  transmitter_clock_.time = {};
  transmitter_.reset();
  transmitter_ = std::make_unique<node::Transmitter>(
      settings, node::TransmitterPorts{body_, body_, air_.first(), transmitter_files_,
                                       transmitter_clock_, log_});
}

void Device::step(Millis lasting) {
  utc_ = utc_ + lasting;
  body_.pass(lasting);
  transmitter_clock_.time = transmitter_clock_.time + lasting;
  receiver_clock_.time = receiver_clock_.time + lasting;
  receiver_clock_.utc_now.reset();
  if (!clockless_) receiver_clock_.utc_now = utc_ + clock_error_;
  transmitter_->step(transmitter_clock_.time);
  receiver_->step(receiver_clock_.time);
}

BootKey Device::boot() const {
  return {id_, std::string{telemetry::to_text(receiver_->boot()).view()}};
}

ports::Readings Device::Body::read() {
  light_ += random_.between(-30, 30);
  light_ = std::fmin(std::fmax(light_, 200), 4'000);
  const auto count = [&] { return static_cast<std::uint16_t>(light_ + random_.between(0, 60)); };
  ports::Readings readings;
  readings.top = count();
  readings.left = count();
  readings.right = count();
  if (random_.below(500) == 0) readings.top.reset();  // a loose wire
  readings.panel_voltage = volts(static_cast<float>(random_.between(7.5, 8.5)));
  readings.panel_current = amperes(static_cast<float>(light_ / 4'000));
  power_w_ = static_cast<double>(readings.panel_voltage->in(volts)) *
             static_cast<double>(readings.panel_current->in(amperes));
  readings.panel_temperature = celsius(static_cast<float>(random_.between(30, 40)));
  readings.battery_voltage = volts(6.2f);
  readings.battery_charge = percent(60.f);
  if (random_.below(2'000) == 0) readings.battery_charge = percent(NAN);
  return readings;
}

void Device::Body::move(ports::ServoAngles target) {
  const auto inside = [](Degrees angle) {
    const float value = angle.in(degrees);
    return value >= 0.f && value <= 180.f;  // a NaN is not
  };
  if (!inside(target.pan) || !inside(target.tilt))
    ledger_.fault("a motor was sent past its limits");
  // 60 degrees a second and at most one second at once (core/control/tracker.h), and rounding.
  constexpr float kStepMax = 60.1f;
  const auto leapt = [](Degrees a, Degrees b) {
    return std::fabs(a.in(degrees)-b.in(degrees)) > kStepMax;
  };
  if (at_ && (leapt(at_->pan, target.pan) || leapt(at_->tilt, target.tilt))) {
    ledger_.fault("a motor was sent too far in one step");
  }
  at_ = target;
}

}  // namespace idast::storm
