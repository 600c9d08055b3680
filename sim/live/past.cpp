#include "sim/live/past.h"

#include <algorithm>

#include "core/node/learned.h"
#include "core/node/settings.h"

namespace idast::sim {
namespace {

PairSettings settings_of(const Identity& identity, const Backlog& backlog) {
  PairSettings settings;
  settings.identity = identity;
  settings.law = backlog.law;
  settings.errors = backlog.errors;
  settings.stamps = Stamps::utc;
  settings.start = backlog.from;
  settings.boot = backlog.boot;
  settings.sample_every = kPastSampleEvery;
  settings.energy = backlog.energy;
  settings.charge = backlog.charge;
  return settings;
}

}  // namespace

std::expected<ports::Ticket, ports::PublishError> PastBroker::publish(std::string_view topic,
                                                                      std::string_view payload, int,
                                                                      bool) {
  const bool sample = topic.ends_with("/telemetry");
  if (!sample && !topic.ends_with("/history")) return ports::Ticket{0};
  for (const std::string_view text : {topic, payload}) {
    for (const char c : text) {
      digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    }
  }
  if (take) take({topic, payload, samples_, sample});
  if (sample) ++samples_;
  return ports::Ticket{0};
}

Past::Past(const Identity& identity, const Sky& sky, const Backlog& backlog, ports::Log& log)
    : to_{backlog.to} {
  if (!backlog.settings.empty()) {
    files_.files[std::string{node::kSettingsFile}] = backlog.settings;
  }
  if (!backlog.learned.empty()) {
    transmitter_files_.files[std::string{node::kLearnedFile}] = backlog.learned;
  }
  pair_ = std::make_unique<Pair>(settings_of(identity, backlog), sky, broker_, files_,
                                 transmitter_files_, log);
}

bool Past::step() {
  const Millis left = to_ - pair_->sky_utc();
  if (left <= Millis{0}) return false;
  const bool night = pair_->transmitter().outputs().state == State::night;
  const Millis lasting = std::min(left, night ? kPastStepAtNight : kPastStep);
  pair_->step(lasting, lasting);
  pair_->receiver().entrust();  // who makes the past delivers it
  return true;
}

}  // namespace idast::sim
