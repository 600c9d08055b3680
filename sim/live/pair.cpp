#include "sim/live/pair.h"

namespace idast::sim {
namespace {

// Both boards of a pair, told apart by the highest byte.
wire::SenderId sender(std::uint64_t seed, std::uint32_t role) {
  return {static_cast<std::uint32_t>(seed & 0xffffffu) | role << 24};
}

PlantParameters plant_parameters(const PairSettings& settings) {
  PlantParameters parameters;
  parameters.longitude = settings.identity.site.place.longitude;
  parameters.panel.nominal = settings.identity.site.panel;
  parameters.yaw_error = settings.errors.yaw;
  parameters.tilt_error = settings.errors.tilt;
  parameters.light.mismatch = settings.errors.ldr_mismatch;
  if (settings.charge) parameters.battery.start = static_cast<float>(*settings.charge);
  return parameters;
}

node::TransmitterSettings transmitter_settings(const PairSettings& settings, const Plant& plant) {
  node::TransmitterSettings made;
  made.self = sender(settings.identity.seed, 1);
  made.receiver = sender(settings.identity.seed, 2);
  made.control.law = settings.law;
  made.control.mount = plant.parameters().mount;
  made.control.hybrid.head.panel_nominal = plant.parameters().panel.nominal;
  made.control.wind.anemometer = plant.parameters().anemometer;
  made.pose = plant.parameters().start;
  made.sample_every = settings.sample_every;
  made.energy = settings.energy;
  return made;
}

node::ReceiverSettings receiver_settings(const PairSettings& settings) {
  node::ReceiverSettings made;
  made.device_id = FixedText<64>{std::string_view{settings.identity.device_id}};
  made.self = sender(settings.identity.seed, 2);
  made.transmitter = sender(settings.identity.seed, 1);
  made.boot = settings.boot;
  made.mode = "sim";
  made.factors = settings.identity.site.factors;
  made.site = node::Site{.place = settings.identity.site.place,
                         .mount = std::nullopt,
                         .panel = settings.identity.site.panel};
  made.board.wifi_connected = true;
  made.board.wifi_ssid = "twin";
  made.board.address = "127.0.0.1";
  made.board.firmware = "twin";
  made.can_restart = false;  // there is no board to restart
  return made;
}

}  // namespace

Pair::Pair(const PairSettings& settings, const Sky& sky, ports::Broker& broker, ports::Files& files,
           ports::Files& transmitter_files, ports::Log& log)
    : settings_{settings},
      sky_{sky},
      broker_{broker},
      files_{files},
      transmitter_files_{transmitter_files},
      log_{log},
      sky_utc_{settings.start},
      plant_{plant_parameters(settings), settings.identity.seed},
      body_{plant_},
      air_{settings.air, settings.identity.seed ^ settings.boot.bits} {
  set_clocks();
  start_transmitter();
  receiver_ = std::make_unique<node::Receiver>(
      receiver_settings(settings),
      node::ReceiverPorts{air_.second(), broker_, files_, receiver_clock_, log_});
}

void Pair::start_transmitter() {
  node::TransmitterSettings made = transmitter_settings(settings_, plant_);
  made.boot = transmitter_boot_++;
  transmitter_ = std::make_unique<node::Transmitter>(
      made, node::TransmitterPorts{body_, body_, air_.first(), transmitter_files_,
                                   transmitter_clock_, log_});
}

void Pair::set_up_anew(const BodyErrors& errors) {
  settings_.errors = errors;
  settings_.charge = plant_.truth().charge;
  settings_.energy = transmitter_->energy();
  plant_ = Plant{plant_parameters(settings_), settings_.identity.seed};
  static_cast<void>(transmitter_files_.remove(node::kLearnedFile));  // absent is as good
  start_transmitter();
}

void Pair::set_clocks() {
  if (settings_.stamps == Stamps::utc) {
    receiver_clock_.utc_now = sky_utc_;
  } else {
    transmitter_clock_.utc_now = sky_utc_;
  }
}

void Pair::step(Millis sky, Millis board) {
  sky_utc_ = sky_utc_ + sky;
  transmitter_clock_.time = transmitter_clock_.time + sky;
  receiver_clock_.time = receiver_clock_.time + board;
  set_clocks();
  plant_.step(sky, sky_.at(sky_utc_), body_.commands());
  transmitter_->step(transmitter_clock_.time);
  receiver_->step(receiver_clock_.time);
}

}  // namespace idast::sim
