#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/control/body.h"

// Learning the body from sweeps: a sweep looks in several directions within seconds, so that the
// sky stays the same and only the pose changes. Gains and mount error look alike in one pose; in
// several poses they do not. All readings of a sweep are fitted together by Gauss-Newton with
// Levenberg's damping and Huber's weights; what was known before is the prior, and what is known
// after is the next prior.
//
// A sweep of one pose is a glance: with the sensors known, it costs no light and says how the mount
// stands at this place of the sun.
//
// The work is cut into small pieces (one pose's derivatives, or one solution) so that a board does
// some in each control step. One owner, one thread, no heap.
namespace idast::control {

// One pose of a sweep, averaged.
struct Look {
  InnerAngles inner;   // where the servos should stand, play of the gears considered
  Vector sun;          // true direction, length 1
  double seconds = 0;  // since the sweep's middle
  Sight sight;
  std::array<double, kChannels> noise{};  // standard deviation of each reading, as measured
};
constexpr std::size_t kLooksMax = 8;

struct Sweep {
  // What is known of the sky's light before, W/m²: a glance can hardly tell it from a tilt.
  struct Known {
    double mean = 0.0;
    double deviation = 0.0;
  };
  std::optional<Known> sky;
  std::array<Look, kLooksMax> looks;
  std::size_t size = 0;
  bool add(const Look& look) {
    if (size == kLooksMax) return false;
    looks[size++] = look;
    return true;
  }
};

enum class Learning : std::uint8_t {
  learned,
  unsteady,  // the light changed between the first and the last pose, which are the same
  too_few,   // not enough readings inside the sensors' range
  misfit,    // no body explains what was seen
};

class Calibration {
 public:
  Calibration(const Mount& mount, const HeadSettings& head);

  const Body& body() const { return body_; }
  const Terms& terms() const { return terms_; }
  double deviation(Term term) const;
  // Expected pointing error at a sun direction, degrees, as far as the mount terms' deviations
  // tell.
  double pointing_deviation_deg(const InnerAngles& inner) const;
  std::uint32_t sweeps() const { return sweeps_; }

  // Starts to learn from a sweep. Mount terms move only when the beam proves strong.
  void begin(const Sweep& sweep);
  bool busy() const { return phase_ != Phase::idle; }
  // Does up to `pieces` pieces; the verdict when that finished the work.
  std::optional<Learning> advance(int pieces);

  // Of the last sweep fitted: beam and sky, W/m²; and the misfit (1: as expected).
  double beam() const { return beam_; }
  double sky() const { return sky_; }
  double misfit() const { return misfit_; }
  // Whether the beam was strong enough to move the mount terms.
  bool moved_mount() const { return mount_free_; }

  // Something else explains the last misfit: it is no reason to doubt what is known.
  void excuse() { misfits_ = 0; }
  // What is known fades: sensors age, mounts come loose.
  void age(double hours);
  // Doubts everything again, as on the first day.
  void forget();

  // Restores what an earlier start had learned. False, and nothing is taken, when it is not
  // believable: a value that is no number, or further from nominal than kBelievable deviations.
  bool recall(const Terms& terms, const Terms& deviations, std::uint32_t sweeps);

 private:
  static constexpr std::size_t kSky = 3;  // beam, its drift, sky: unknown in every sweep
  static constexpr std::size_t kUnknowns = kTerms + kSky;
  using State = std::array<double, kUnknowns>;
  using Square = std::array<std::array<double, kUnknowns>, kUnknowns>;
  using Covariance = std::array<std::array<double, kTerms>, kTerms>;
  enum class Phase : std::uint8_t { idle, start, slopes, solve, score, finish };

  bool is_glance() const { return sweep_.size == 1; }
  void set_prior();
  std::optional<Learning> start_fit();
  bool begin_from(const Terms& mean, const Covariance& covariance);
  void begin_round();
  bool fit_sky(const Terms& terms, double& beam, double& sky) const;
  void add_slopes(const Look& look);
  void solve_step();
  void score_trial();
  std::optional<Learning> finish();
  double cost_of(const State& state);
  Terms terms_of(const State& state) const;
  std::array<double, kChannels> predict(const Look& look, const State& state) const;
  void weigh_looks();

  Body body_;
  Terms prior_mean_{};       // on the first day
  Terms terms_{};            // now
  Covariance covariance_{};  // of terms_
  std::uint32_t sweeps_ = 0;

  // The fit under way. Terms are counted from mean_ in their first-day deviations.
  Sweep sweep_;
  std::array<std::array<double, kChannels>, kLooksMax> sweep_measured_{};  // its noise as given
  Phase phase_ = Phase::idle;
  Terms scale_{};
  Terms mean_{};
  Covariance information_{};
  bool mount_free_ = false;
  bool wide_ = false;  // fitting from the first day's doubt after misfits
  int misfits_ = 0;    // in a row
  State state_{};
  State trial_{};
  Square normal_{};
  State gradient_{};
  double damping_ = 0.0;
  double cost_ = 0.0;
  std::size_t next_look_ = 0;
  int rounds_ = 0;
  double beam_ = 0.0;
  double sky_ = 0.0;
  double misfit_ = 0.0;
  double trial_misfit_ = 0.0;
};

}  // namespace idast::control
