#include "core/node/transmitter.h"

#include <algorithm>

#include "core/telemetry/codec.h"

namespace idast::node {
namespace {

// The next instant of a regular series; when it has been missed, the series begins again.
Instant next_due(Instant due, Millis period, Instant now) {
  const Instant next = due + period;
  return next > now ? next : now + period;
}

bool is_servo_pose(const control::Pose& pose) {
  const auto inside = [](Degrees angle) {  // false for what is not a number
    return angle >= degrees(0.f) && angle <= degrees(180.f);
  };
  return inside(pose.pan) && inside(pose.tilt);
}

control::Inputs inputs_of(const ports::Readings& readings, Instant now,
                          std::optional<UtcMillis> utc) {
  control::Inputs inputs;
  inputs.now = now;
  inputs.utc = utc;
  if (readings.top && readings.left && readings.right) {
    inputs.light = control::Light{.top = *readings.top,
                                  .left = *readings.left,
                                  .right = *readings.right,
                                  .bottom = readings.bottom};
  }
  inputs.wind = readings.wind;
  inputs.panel_power = measured_power(readings);
  inputs.panel_temperature = readings.panel_temperature;
  if (const auto charge = battery_charge(readings)) inputs.battery = charge->value;
  return inputs;
}

}  // namespace

void HeardClock::hear(UtcMillis utc, Instant now) {
  const Millis ahead = Millis{utc.unix_ms()} - now.since_start();
  if (!believed_) {
    believed_ = Estimate{ahead, now};
    return;
  }
  const Millis drift = (now - believed_->since) * kDriftPerMille / 1000;
  const Millis least = believed_->ahead - drift;
  if (ahead >= least) {
    believed_ = Estimate{ahead, now};
    doubted_.reset();
    return;
  }
  if (!doubted_ || std::chrono::abs(ahead - doubted_->ahead) > kAgree) {
    doubted_ = Estimate{ahead, now};
    return;
  }
  if (now - doubted_->since < kDoubtFor) return;
  believed_ = Estimate{ahead, now};
  doubted_.reset();
}

std::optional<UtcMillis> HeardClock::at(Instant now) const {
  if (!believed_) return std::nullopt;
  return UtcMillis{(believed_->ahead + now.since_start()).count()};
}

Transmitter::Transmitter(const TransmitterSettings& settings, const TransmitterPorts& ports)
    : settings_{settings},
      ports_{ports},
      tracker_{settings.control, settings.pose},
      reporter_{settings.energy},
      link_{ports.radio, settings.self, settings.receiver, settings.boot} {
  ports_.motors.off();
  recall_learned();
}

void Transmitter::recall_learned() {
  sweeps_kept_ = 0;
  const auto kept = load_learned(ports_.files);
  std::optional<LearnedError> refused;
  if (!kept) {
    refused = kept.error();
  } else if (kept->mount != tracker_.settings().mount.kind) {
    refused = LearnedError::other_mount;
  } else if (kept->panel != tracker_.settings().hybrid.head.panel_nominal) {
    refused = LearnedError::other_panel;
  } else if (!tracker_.recall(kept->learned)) {
    refused = LearnedError::not_believable;
  }
  if (!refused) {
    sweeps_kept_ = kept->learned.sweeps;
    return;
  }
  // No file is the first day; another mount or panel is a person's choice.
  if (*refused == LearnedError::absent || *refused == LearnedError::other_mount ||
      *refused == LearnedError::other_panel) {
    return;
  }
  ++counts_.learned_refused;
  ports_.log.write(ports::Level::warn, "node.learned_refused", to_text(*refused));
}

void Transmitter::keep_learned(Instant now) {
  const std::uint32_t sweeps = tracker_.hybrid().calibration().sweeps();
  if (sweeps == 0 || sweeps == sweeps_kept_ || now < learned_due_) return;
  learned_due_ = now + kLearnedEvery;
  const auto saved =
      save_learned(ports_.files, {.mount = tracker_.settings().mount.kind,
                                  .panel = tracker_.settings().hybrid.head.panel_nominal,
                                  .learned = tracker_.learned()});
  if (saved) {
    sweeps_kept_ = sweeps;
    ++counts_.learned_written;
    return;
  }
  ++counts_.learned_failed;
  ports_.log.write(ports::Level::warn, "node.learned_not_kept", kLearnedFile);
}

void Transmitter::sample_every(Millis period) {
  require(period > Millis{0}, "Transmitter: a period is longer than nothing");
  settings_.sample_every = period;
  sample_due_ = std::min(sample_due_, control_due_ + period);
}

void Transmitter::step(Instant now) {
  hear(now);
  if (now < control_due_) return;
  control_due_ = next_due(control_due_, settings_.control_every, now);
  control_step(now);
}

void Transmitter::control_step(Instant now) {
  const ports::Readings readings = ports_.sensors.read();
  outputs_ = tracker_.step(inputs_of(readings, now, utc(now)));
  drive(outputs_);
  keep_learned(now);
  reporter_.integrate(readings, now);
  if (now >= sample_due_) {
    sample_due_ = next_due(sample_due_, settings_.sample_every, now);
    send_sample(readings);
  }
  if (readings.phone != phone_ || now >= phone_due_) send_phone(readings.phone, now);
}

void Transmitter::drive(const control::Outputs& outputs) {
  if (!outputs.motors_on) return ports_.motors.off();
  if (!is_servo_pose(outputs.target)) {
    ports_.motors.off();
    ++counts_.targets_unsound;
    return;
  }
  ports_.motors.move({.tilt = outputs.target.tilt, .pan = outputs.target.pan});
}

void Transmitter::hear(Instant now) {
  link_.begin_step();
  while (const auto heard = link_.next()) {
    if (heard->boot_is_new) {
      // A new boot numbers its orders anew, and may have learned the right time.
      answered_.reset();
      heard_clock_.forget();
    }
    take(heard->frame, now);
  }
}

void Transmitter::take(const wire::Frame& frame, Instant now) {
  switch (frame.type) {
    case wire::FrameType::time:
      if (const auto time = read_time(frame.payload)) {
        heard_clock_.hear(*time, now);
        return;
      }
      break;
    case wire::FrameType::site:
      if (const auto site = read_site(frame.payload)) return settle_at(*site);
      break;
    case wire::FrameType::command:
      if (const auto order = read_order(frame.payload)) return obey(*order, now);
      break;
    case wire::FrameType::sample:
    case wire::FrameType::phone:
    case wire::FrameType::answer:
      break;  // ours to send, not to hear
  }
  link_.refuse();
}

void Transmitter::settle_at(const Site& site) {
  control::Settings settings = tracker_.settings();
  const bool same_mount = !site.mount || *site.mount == settings.mount.kind;
  Watts& panel = settings.hybrid.head.panel_nominal;
  const bool same_panel = !site.panel || *site.panel == panel;
  const auto& place = settings.place;
  const bool same_place = place && place->latitude == site.place.latitude &&
                          place->longitude == site.place.longitude &&
                          place->altitude == site.place.altitude;
  if (same_place && same_mount && same_panel) return;
  settings.place = site.place;
  settings.mount.kind = site.mount.value_or(settings.mount.kind);
  panel = site.panel.value_or(panel);
  tracker_.configure(settings);
  // Of this mount and this panel, if they are the file's.
  if (!same_mount || !same_panel) recall_learned();
}

void Transmitter::obey(const Order& order, Instant now) {
  const bool stop = order.motion && order.motion->mode == control::Mode::stop;
  if (!answered_ || answered_->number != order.number) {
    answered_ = carry_out(order, now);
    const bool done = answered_->outcome == Outcome::applied;
    if (done && stop) ports_.motors.off();  // not at the next control step: now
    ++(done ? counts_.orders_done : counts_.orders_refused);
    ports_.log.write(ports::Level::info, "node.order", done ? "applied" : to_text(answered_->why));
  }
  link_.send(wire::FrameType::answer, print(*answered_).view());
}

Answer Transmitter::carry_out(const Order& order, Instant now) {
  Answer answer{.number = order.number, .outcome = Outcome::rejected, .why = Why::none};
  if (order.expires) {
    const auto time = utc(now);
    if (!time) {
      answer.why = Why::no_clock;
      return answer;
    }
    if (*time >= *order.expires) return {order.number, Outcome::expired, Why::past_expiry};
  }
  if (order.motion) {
    const auto obeyed = tracker_.obey(*order.motion, now);
    if (!obeyed) {
      answer.why = why_of(obeyed.error());
      return answer;
    }
  }
  if (order.site) settle_at(*order.site);
  restart_wanted_ = restart_wanted_ || order.restart;
  answer.outcome = Outcome::applied;
  return answer;
}

void Transmitter::send_sample(const ports::Readings& readings) {
  link_.send(wire::FrameType::sample, telemetry::encode(reporter_.sample(readings, outputs_)));
}

void Transmitter::send_phone(const Phone& phone, Instant now) {
  phone_ = phone;
  phone_due_ = now + settings_.phone_every;
  link_.send(wire::FrameType::phone, print(phone).view());
}

std::optional<UtcMillis> Transmitter::utc(Instant now) const {
  if (const auto own = ports_.clock.utc()) return own;
  return heard_clock_.at(now);
}

}  // namespace idast::node
