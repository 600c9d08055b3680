#include <algorithm>
#include <cmath>
#include <limits>

#include "core/control/hybrid.h"
#include "core/control/numbers.h"

// When the hybrid law looks around, and how it goes about it.
namespace idast::control {
namespace {

// Times `settled`: the expected error beyond which sweeps follow one another.
constexpr double kDoubtful = 1.6;
// The first sweeps in a beam follow one another: the day's pointing stands on them.
constexpr int kBeamSweepsFirst = 4;
// How well the sky's light of the last sweep in a beam is known in a later glance, W/m² and share;
// each hour doubts it as much again.
constexpr double kSkyKnown = 5.0, kSkyKnownShare = 0.25;

}  // namespace

bool Hybrid::sweep_due(const Inputs& inputs, const Direction& sun) const {
  if (calibration_.busy() || searches()) return false;
  if (sun.elevation < settings_.sweep_above) return false;
  if (goal_ && inputs.target != *goal_) return false;
  const auto seen = std::count_if(sight_.begin(), sight_.end(),
                                  [](const auto& reading) { return reading.has_value(); });
  constexpr int kChannelsMin = 3;
  if (seen < kChannelsMin || !beam_is_calm()) return false;
  if (sweep_not_before_ && inputs.now < *sweep_not_before_) return false;
  if (!swept_at_) return true;
  return inputs.now - *swept_at_ >= sweep_interval();
}

// How long what was learned serves, from how well the panel is believed to point just now.
Millis Hybrid::sweep_interval() const {
  const double expected = calibration_.pointing_deviation_deg(standing());
  const double settled = in_degrees(settings_.settled);
  if (!beam_is_strong()) {
    // Without a beam only the sensors are learned, and soon enough.
    constexpr std::uint32_t kDullSweepsFirst = 3;
    return calibration_.sweeps() < kDullSweepsFirst ? settings_.sweep_dull : settings_.sweep_seldom;
  }
  const bool new_here = beam_sweeps_ < kBeamSweepsFirst;
  if (new_here || expected > kDoubtful * settled) return settings_.sweep_soon;
  return expected > settled ? settings_.sweep_later : settings_.sweep_seldom;
}

void Hybrid::begin_looks(const Inputs& inputs) {
  sweeping_.on = true;
  sweeping_.next = 0;
  sweeping_.began_at = inputs.now;
  sweeping_.seen = {};
  goal_.reset();
  begin_look();
}

void Hybrid::begin_look() {
  sweeping_.arrived = false;
  sweeping_.mean = {};
  const Vector& wanted = sweeping_.plan.wanted[sweeping_.next];
  sweeping_.pose = calibration_.body().aim_at(calibration_.terms(), wanted, standing_pose()).pose;
}

void Hybrid::begin_sweep(const Inputs& inputs, const Vector& sun) {
  const double expected = calibration_.pointing_deviation_deg(standing());
  const double settled = in_degrees(settings_.settled);
  Degrees wide = settings_.sweep_aside;
  if (beam_sweeps_ >= kBeamSweepsFirst && expected <= kDoubtful * settled) {
    wide = expected > settled ? settings_.sweep_aside_later : settings_.sweep_aside_settled;
  }
  // Flat tells gains from gammas; it costs most light, so only the first sweep has it.
  const bool with_flat = calibration_.sweeps() == 0;
  sweeping_.plan = sweep_around_sun(sun, in_degrees(wide), with_flat);
  sweeping_.searching = false;
  sweeping_.ring = false;
  begin_looks(inputs);
}

void Hybrid::begin_search(const Inputs& inputs) {
  sweeping_.plan = sweep_whole_sky(in_degrees(mount_.heading));
  sweeping_.searching = true;
  sweeping_.ring = false;
  begin_looks(inputs);
}

void Hybrid::begin_ring(const Inputs& inputs, const Vector& found) {
  sweeping_.plan = ring_around(found);
  sweeping_.searching = true;
  sweeping_.ring = true;
  begin_looks(inputs);
}

Wish Hybrid::sweep_step(const Inputs& inputs) {
  if (inputs.target == sweeping_.pose && !sweeping_.arrived) {
    sweeping_.arrived = true;
    sweeping_.arrived_at = inputs.now - inputs.elapsed;  // the target was there a step ago
  }
  if (sweeping_.arrived) {
    const Millis here = inputs.now - sweeping_.arrived_at;
    if (here >= settings_.look_settle) sweeping_.mean.add(sight_);
    if (here >= settings_.look_settle + settings_.look_read && !sweeping_.mean.empty()) {
      end_look(inputs);
    }
  }
  constexpr Millis kSweepMax = std::chrono::minutes{3};  // a caller that hardly steps
  if (inputs.now - sweeping_.began_at > kSweepMax) {
    sweeping_.on = false;
    sweep_not_before_ = inputs.now + kAfterTooFew;
  }
  return {.pose = sweeping_.pose,
          .state = sweeping_.searching ? State::acquire : State::track,
          .reason = sweeping_.searching ? Reason::searching : Reason::calibrating};
}

void Hybrid::end_look(const Inputs& inputs) {
  Look look;
  look.inner = standing();
  look.sun = inputs.sun ? vector_of(*inputs.sun) : kZenith;
  look.seconds = in_seconds(inputs.now - sweeping_.began_at);
  sweeping_.mean.put_into(look, settings_.head);
  sweeping_.seen.add(look);
  if (++sweeping_.next < sweeping_.plan.size) {
    begin_look();
    return;
  }
  sweeping_.on = false;
  end_sweep(inputs);
}

void Hybrid::end_sweep(const Inputs& inputs) {
  const double middle = in_seconds(inputs.now - sweeping_.began_at) / 2.0;
  for (std::size_t k = 0; k < sweeping_.seen.size; ++k) {
    sweeping_.seen.looks[k].seconds -= middle;
  }
  if (!sweeping_.searching) {
    calibration_.begin(sweeping_.seen);
    return;
  }
  jam_misfit_ = std::numeric_limits<double>::infinity();
  std::optional<Vector> around;
  if (sweeping_.ring) around = found_;
  search_.begin(calibration_.body(), calibration_.terms(), sweeping_.seen, around);
}

// Between sweeps the panel already looks at the sun: what it reads there is worth learning from.
void Hybrid::glance(const Inputs& inputs, const Vector& sun) {
  const bool due = !glancing_.done_at || inputs.now - *glancing_.done_at >= settings_.glance_every;
  const bool still = goal_ && inputs.target == *goal_ && inputs.target == last_target_;
  if (!due || !still || diffuse_ || !beam_is_strong() || !beam_is_calm() || !beam_swept_at_ ||
      calibration_.busy() || searches()) {
    glancing_.began_at.reset();
    return;
  }
  if (!glancing_.began_at) {
    glancing_.began_at = inputs.now;
    glancing_.mean = {};
  }
  if (inputs.now - *glancing_.began_at >= settings_.look_settle) glancing_.mean.add(sight_);
  if (inputs.now - *glancing_.began_at < settings_.look_settle + 2 * settings_.look_read) return;
  glancing_.began_at.reset();
  glancing_.done_at = inputs.now;
  Look look{.inner = standing(), .sun = sun, .seconds = 0.0, .sight = {}, .noise = {}};
  glancing_.mean.put_into(look, settings_.head);
  Sweep alone;
  const double hours = in_hours(inputs.now - *beam_swept_at_);
  // All glances since a sweep share its error of the sky: together they must not outweigh it.
  ++glancing_.since_sweep;
  const double known = kSkyKnown + kSkyKnownShare * calibration_.sky();
  alone.sky = {.mean = calibration_.sky(),
               .deviation = known * std::sqrt(glancing_.since_sweep) * (1.0 + hours)};
  alone.add(look);
  glancing_.judged = false;
  calibration_.begin(alone);
}

}  // namespace idast::control
