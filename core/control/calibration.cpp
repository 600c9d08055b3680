#include "core/control/calibration.h"

#include <algorithm>
#include <cmath>

#include "core/sun/panel.h"

namespace idast::control {
namespace {

constexpr std::size_t kBeam = kTerms;
constexpr std::size_t kDrift = kTerms + 1;
constexpr std::size_t kSkyLight = kTerms + 2;
constexpr double kLightUnit = 300.0;  // W/m² per unit of beam and sky in the fit
constexpr double kLightMin = 0.01;    // W/m²; keeps the logarithm finite
constexpr double kSweepUnit = 10.0;   // seconds per unit of drift

// What the model leaves out, relative, for a light sensor and for the panel's power, and the share
// of a beam's loss in the glass that circumsolar light, counted as beam, does not have.
constexpr double kLightNoise = 0.0015;
constexpr double kPowerNoise = 0.0015;
constexpr double kGlassNoise = 0.08;
// A servo stops short of its target by chance: uniform over half the dead band.
constexpr double kPoseNoise = 0.072;  // degrees, each axis
constexpr double kHuber = 3.0;        // deviations beyond which a reading loses weight

// A sweep whose first and last pose, the same, differ by more than this saw a cloud.
constexpr double kSteady = 0.03;
// Mount terms are learned in a beam that is strong and more than half of the light.
constexpr double kBeamMin = 250.0;
constexpr double kBeamShareMin = 0.5;
// A sweep needs this much; a glance every channel, two of which beam and sky use up.
constexpr std::size_t kLooksMin = 3, kReadingsMin = 12, kGlanceReadingsMin = kChannels;
constexpr double kMisfitMax = 2.5;
constexpr double kGlanceMisfitMax = 3.5;  // of one degree of freedom
constexpr int kRoundsMax = 14;
constexpr double kDampingFirst = 1e-3;
constexpr double kDampingMax = 1e6;
constexpr double kConverged = 1e-4;  // of the cost, in one round
// A mount that stands further off than this was set up wrongly: not to be trimmed, but said.
constexpr double kTrimMax = 10.0;  // degrees
// Learned values further from the first day's than this many of its deviations are not believed.
constexpr double kBelievable = 6.0;

// Deviations on the first day. A fitter with compass and spirit level gets within these; sensors
// and panels are within their data sheets. Gains also share a common part (all sensors are of one
// batch), and so do the gammas.
constexpr double kYaw = 4.0, kTiltZero = 2.5, kLean = 0.7;  // degrees
constexpr double kGain = 0.06, kGainShared = 0.15;          // of ln R
constexpr double kGamma = 0.008, kGammaShared = 0.035;
constexpr double kScale = 0.08, kAlbedo = 0.06, kHorizon = 0.08, kCant = 0.5;

// What one day without a sweep adds to the variances, as deviations.
constexpr double kMountPerDay = 0.1, kGainPerDay = 0.02, kScalePerDay = 0.03;

bool is_mount(std::size_t term) { return term < kMountTerms; }
bool is_gain(std::size_t term) {
  return term >= static_cast<std::size_t>(Term::gain_top) &&
         term <= static_cast<std::size_t>(Term::gain_right);
}
bool is_gamma(std::size_t term) {
  return term >= static_cast<std::size_t>(Term::gamma_top) &&
         term <= static_cast<std::size_t>(Term::gamma_right);
}

double first_day(std::size_t term) {
  switch (static_cast<Term>(term)) {
    case Term::yaw:
      return kYaw;
    case Term::tilt_zero:
      return kTiltZero;
    case Term::lean_east:
    case Term::lean_north:
      return kLean;
    case Term::gain_top:
    case Term::gain_left:
    case Term::gain_right:
      return std::hypot(kGain, kGainShared);
    case Term::gamma_top:
    case Term::gamma_left:
    case Term::gamma_right:
      return std::hypot(kGamma, kGammaShared);
    case Term::power_scale:
      return kScale;
    case Term::albedo:
      return kAlbedo;
    case Term::horizon:
      return kHorizon;
    case Term::cant_top:
    case Term::cant_left:
    case Term::cant_right:
      return kCant;
  }
  return 1.0;
}

// Cholesky factor of a symmetric positive matrix, in its lower half. False when it is not positive.
template <class Matrix>
bool factorize(Matrix& matrix) {
  const std::size_t size = matrix.size();
  for (std::size_t j = 0; j < size; ++j) {
    for (std::size_t i = j; i < size; ++i) {
      double sum = matrix[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= matrix[i][k] * matrix[j][k];
      if (i == j) {
        if (!(sum > 0.0)) return false;
        matrix[j][j] = std::sqrt(sum);
      } else {
        matrix[i][j] = sum / matrix[j][j];
      }
    }
  }
  return true;
}

template <class Matrix, class Column>
void solve(const Matrix& factor, Column& column) {
  const std::size_t size = factor.size();
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < i; ++k) column[i] -= factor[i][k] * column[k];
    column[i] /= factor[i][i];
  }
  for (std::size_t i = size; i-- > 0;) {
    for (std::size_t k = i + 1; k < size; ++k) column[i] -= factor[k][i] * column[k];
    column[i] /= factor[i][i];
  }
}

// The inverse, by columns. False when the matrix is not positive.
template <class Matrix>
bool invert(Matrix& matrix) {
  Matrix factor = matrix;
  if (!factorize(factor)) return false;
  for (std::size_t j = 0; j < matrix.size(); ++j) {
    auto column = matrix[j];
    column.fill(0.0);
    column[j] = 1.0;
    solve(factor, column);
    matrix[j] = column;  // symmetric: a column is a row
  }
  return true;
}

double huber(double residual) {
  const double size = std::abs(residual);
  return size <= kHuber ? residual * residual : kHuber * (2.0 * size - kHuber);
}
double huber_weight(double residual) {
  const double size = std::abs(residual);
  return size <= kHuber ? 1.0 : kHuber / size;
}

}  // namespace

Calibration::Calibration(const Mount& mount, const HeadSettings& head)
    : body_{mount, head}, prior_mean_{Body::nominal(head)} {
  for (std::size_t i = 0; i < kTerms; ++i) scale_[i] = first_day(i);
  forget();
}

void Calibration::forget() {
  terms_ = prior_mean_;
  sweeps_ = 0;
  phase_ = Phase::idle;
  misfits_ = 0;
  set_prior();
}

void Calibration::set_prior() {
  for (std::size_t i = 0; i < kTerms; ++i) {
    for (std::size_t j = 0; j < kTerms; ++j) {
      double shared = 0.0;
      if (is_gain(i) && is_gain(j)) shared = kGainShared * kGainShared;
      if (is_gamma(i) && is_gamma(j)) shared = kGammaShared * kGammaShared;
      covariance_[i][j] = i == j ? scale_[i] * scale_[i] : shared;
    }
  }
}

double Calibration::deviation(Term term) const {
  const auto i = static_cast<std::size_t>(term);
  return std::sqrt(std::max(0.0, covariance_[i][i]));
}

double Calibration::pointing_deviation_deg(const InnerAngles& inner) const {
  constexpr double kStep = 0.1;  // degrees
  const Vector here = body_.panel(terms_, inner).normal;
  std::array<Vector, kMountTerms> slope;
  for (std::size_t i = 0; i < kMountTerms; ++i) {
    Terms moved = terms_;
    moved[i] += kStep;
    const Vector there = body_.panel(moved, inner).normal;
    slope[i] = (there + here * -1.0) * (1.0 / (kStep * kRadiansPerDegree));
  }
  double variance = 0.0;
  for (std::size_t i = 0; i < kMountTerms; ++i) {
    for (std::size_t j = 0; j < kMountTerms; ++j) {
      variance += covariance_[i][j] * dot(slope[i], slope[j]);
    }
  }
  return std::sqrt(std::max(0.0, variance));
}

void Calibration::age(double hours) {
  const double days = hours / 24.0;
  for (std::size_t i = 0; i < kTerms; ++i) {
    double per_day = 0.0;
    if (is_mount(i)) per_day = kMountPerDay;
    if (is_gain(i)) per_day = kGainPerDay;
    if (static_cast<Term>(i) == Term::power_scale) per_day = kScalePerDay;
    const double most = scale_[i] * scale_[i];
    covariance_[i][i] = std::min(most, covariance_[i][i] + per_day * per_day * days);
  }
}

bool Calibration::recall(const Terms& terms, const Terms& deviations, std::uint32_t sweeps) {
  for (std::size_t i = 0; i < kTerms; ++i) {
    const double off = std::abs(terms[i] - prior_mean_[i]) / scale_[i];
    if (!(off <= kBelievable) || !(deviations[i] > 0.0)) return false;
  }
  forget();
  terms_ = terms;
  for (std::size_t i = 0; i < kTerms; ++i) {
    covariance_[i].fill(0.0);
    const double deviation = std::min(deviations[i], scale_[i]);
    covariance_[i][i] = deviation * deviation;
  }
  sweeps_ = sweeps;
  return true;
}

void Calibration::begin(const Sweep& sweep) {
  sweep_ = sweep;
  for (std::size_t k = 0; k < sweep.size; ++k) sweep_measured_[k] = sweep.looks[k].noise;
  wide_ = false;
  phase_ = Phase::start;
}

std::optional<Learning> Calibration::advance(int pieces) {
  for (; pieces > 0 && phase_ != Phase::idle; --pieces) {
    switch (phase_) {
      case Phase::idle:
        break;
      case Phase::start: {
        const auto refused = start_fit();
        if (!refused) break;
        phase_ = Phase::idle;
        return refused;
      }
      case Phase::slopes:
        add_slopes(sweep_.looks[next_look_]);
        if (++next_look_ == sweep_.size) phase_ = Phase::solve;
        break;
      case Phase::solve:
        solve_step();
        break;
      case Phase::score:
        score_trial();
        break;
      case Phase::finish: {
        const auto verdict = finish();
        if (verdict) return verdict;
        break;
      }
    }
  }
  return std::nullopt;
}

// Beam and sky that explain all readings best, terms given: linear in both, relative weights.
bool Calibration::fit_sky(const Terms& terms, double& beam, double& sky) const {
  double aa = 0.0, ab = 0.0, bb = 0.0, ay = 0.0, by = 0.0;
  for (std::size_t k = 0; k < sweep_.size; ++k) {
    const Look& look = sweep_.looks[k];
    const Shares shares = body_.shares(terms, look.inner, look.sun);
    for (std::size_t i = 0; i < kChannels; ++i) {
      if (!look.sight[i]) continue;
      const double light = body_.light(terms, i, *look.sight[i]);
      const double a = shares.beam[i] / light;
      const double b = shares.sky[i] / light;
      aa += a * a;
      ab += a * b;
      bb += b * b;
      ay += a;
      by += b;
    }
  }
  const double determinant = aa * bb - ab * ab;
  if (!(determinant > 1e-12 * aa * bb)) return false;
  beam = std::max(kLightMin, (bb * ay - ab * by) / determinant);
  sky = std::max(kLightMin, (aa * by - ab * ay) / determinant);
  return true;
}

std::optional<Learning> Calibration::start_fit() {
  std::size_t readings = 0;
  for (std::size_t k = 0; k < sweep_.size; ++k) {
    for (const auto& reading : sweep_.looks[k].sight) readings += reading ? 1 : 0;
  }
  const bool enough = is_glance() ? readings >= kGlanceReadingsMin
                                  : sweep_.size >= kLooksMin && readings >= kReadingsMin;
  if (!enough) return Learning::too_few;
  const Look& first = sweep_.looks[0];
  const Look& last = sweep_.looks[sweep_.size - 1];
  for (std::size_t i = 0; i < kChannels; ++i) {
    if (!first.sight[i] || !last.sight[i]) continue;
    const double change =
        std::log(body_.light(terms_, i, *last.sight[i]) / body_.light(terms_, i, *first.sight[i]));
    if (!(std::abs(change) <= kSteady)) return Learning::unsteady;
  }
  return begin_from(terms_, covariance_) ? std::nullopt : std::optional{Learning::misfit};
}

bool Calibration::begin_from(const Terms& mean, const Covariance& covariance) {
  double beam = 0.0;
  double sky = 0.0;
  if (!fit_sky(mean, beam, sky)) return false;
  mount_free_ = beam > kBeamMin && beam > kBeamShareMin * (beam + sky);
  mean_ = mean;
  information_ = covariance;
  for (std::size_t i = 0; i < kTerms; ++i) {
    for (std::size_t j = 0; j < kTerms; ++j) {
      information_[i][j] /= scale_[i] * scale_[j];
      // Terms that stand still teach the others nothing.
      if (!mount_free_ && is_mount(i) != is_mount(j)) information_[i][j] = 0.0;
    }
  }
  if (!invert(information_)) return false;
  state_.fill(0.0);
  state_[kBeam] = beam / kLightUnit;
  state_[kSkyLight] = (sweep_.sky ? sweep_.sky->mean : sky) / kLightUnit;
  weigh_looks();
  cost_ = cost_of(state_);
  damping_ = kDampingFirst;
  rounds_ = 0;
  begin_round();
  return true;
}

// Adds to the measured noise of each reading what the pose and the model leave uncertain.
void Calibration::weigh_looks() {
  for (std::size_t k = 0; k < sweep_.size; ++k) {
    Look& look = sweep_.looks[k];
    const auto here = predict(look, state_);
    Look panned = look;
    panned.inner.p += kPoseNoise;
    Look tilted = look;
    tilted.inner.t += kPoseNoise;
    const auto by_pan = predict(panned, state_);
    const auto by_tilt = predict(tilted, state_);
    const double incidence = dot(look.sun, body_.panel(mean_, look.inner).normal);
    for (std::size_t i = 0; i < kChannels; ++i) {
      const bool power = i == kPowerChannel;
      const double model =
          power ? std::hypot(kPowerNoise, kGlassNoise * (1.0 - sun::incidence_factor(incidence)))
                : kLightNoise;
      const double pose = std::hypot(by_pan[i] - here[i], by_tilt[i] - here[i]);
      look.noise[i] = std::hypot(sweep_measured_[k][i], std::hypot(model, pose));
    }
  }
}

void Calibration::begin_round() {
  for (auto& row : normal_) row.fill(0.0);
  gradient_.fill(0.0);
  for (std::size_t i = 0; i < kTerms; ++i) {
    for (std::size_t j = 0; j < kTerms; ++j) {
      normal_[i][j] = information_[i][j];
      gradient_[i] -= information_[i][j] * state_[j];
    }
  }
  // Drift is unknown within a few percent per sweep; beam and sky are free.
  constexpr double kDriftDeviation = 0.05;
  normal_[kDrift][kDrift] = 1.0 / (kDriftDeviation * kDriftDeviation);
  gradient_[kDrift] = -state_[kDrift] * normal_[kDrift][kDrift];
  if (sweep_.sky) {
    const double unit = kLightUnit / sweep_.sky->deviation;
    normal_[kSkyLight][kSkyLight] = unit * unit;
    gradient_[kSkyLight] = (sweep_.sky->mean / kLightUnit - state_[kSkyLight]) * unit * unit;
  }
  next_look_ = 0;
  phase_ = Phase::slopes;
}

Terms Calibration::terms_of(const State& state) const {
  Terms terms = mean_;
  for (std::size_t i = 0; i < kTerms; ++i) terms[i] += state[i] * scale_[i];
  return terms;
}

std::array<double, kChannels> Calibration::predict(const Look& look, const State& state) const {
  const Terms terms = terms_of(state);
  const Shares shares = body_.shares(terms, look.inner, look.sun);
  const double beam = kLightUnit * state[kBeam] * (1.0 + state[kDrift] * look.seconds / kSweepUnit);
  const double sky = kLightUnit * state[kSkyLight];
  std::array<double, kChannels> readings{};
  for (std::size_t i = 0; i < kChannels; ++i) {
    const double light = std::max(kLightMin, shares.beam[i] * beam + shares.sky[i] * sky);
    readings[i] = body_.reading(terms, i, light);
  }
  return readings;
}

double Calibration::cost_of(const State& state) {
  double cost = 0.0;
  for (std::size_t i = 0; i < kTerms; ++i) {
    for (std::size_t j = 0; j < kTerms; ++j) cost += state[i] * information_[i][j] * state[j];
  }
  if (sweep_.sky) {
    const double off = (kLightUnit * state[kSkyLight] - sweep_.sky->mean) / sweep_.sky->deviation;
    cost += off * off;
  }
  double readings_cost = 0.0;
  int readings = 0;
  for (std::size_t k = 0; k < sweep_.size; ++k) {
    const Look& look = sweep_.looks[k];
    const auto predicted = predict(look, state);
    for (std::size_t i = 0; i < kChannels; ++i) {
      if (!look.sight[i]) continue;
      readings_cost += huber((*look.sight[i] - predicted[i]) / look.noise[i]);
      ++readings;
    }
  }
  constexpr int kFreeSky = 3;
  trial_misfit_ = std::sqrt((readings_cost + cost) / std::max(1, readings - kFreeSky));
  return cost + readings_cost;
}

void Calibration::add_slopes(const Look& look) {
  constexpr double kStep = 0.02;  // of a first-day deviation
  const auto here = predict(look, state_);
  std::array<std::array<double, kChannels>, kUnknowns> slope{};
  for (std::size_t j = 0; j < kUnknowns; ++j) {
    if (!mount_free_ && is_mount(j)) continue;
    State moved = state_;
    moved[j] += kStep;
    const auto there = predict(look, moved);
    for (std::size_t i = 0; i < kChannels; ++i) slope[j][i] = (there[i] - here[i]) / kStep;
  }
  for (std::size_t i = 0; i < kChannels; ++i) {
    if (!look.sight[i]) continue;
    const double noise = look.noise[i];
    const double residual = (*look.sight[i] - here[i]) / noise;
    const double weight = huber_weight(residual);
    for (std::size_t a = 0; a < kUnknowns; ++a) {
      const double left = weight * slope[a][i] / noise;
      gradient_[a] += left * residual;
      for (std::size_t b = 0; b <= a; ++b) normal_[a][b] += left * slope[b][i] / noise;
    }
  }
}

void Calibration::solve_step() {
  for (std::size_t a = 0; a < kUnknowns; ++a) {
    for (std::size_t b = a + 1; b < kUnknowns; ++b) normal_[a][b] = normal_[b][a];
  }
  Square damped = normal_;
  for (std::size_t a = 0; a < kUnknowns; ++a) damped[a][a] *= 1.0 + damping_;
  State step = gradient_;
  if (!mount_free_) {
    for (std::size_t a = 0; a < kMountTerms; ++a) {
      damped[a].fill(0.0);
      for (auto& row : damped) row[a] = 0.0;
      damped[a][a] = 1.0;
      step[a] = 0.0;
    }
  }
  if (!factorize(damped)) {
    phase_ = Phase::finish;
    return;
  }
  solve(damped, step);
  trial_ = state_;
  for (std::size_t a = 0; a < kUnknowns; ++a) trial_[a] += step[a];
  trial_[kBeam] = std::max(trial_[kBeam], 0.0);
  trial_[kSkyLight] = std::max(trial_[kSkyLight], 0.0);
  phase_ = Phase::score;
}

void Calibration::score_trial() {
  const double cost = cost_of(trial_);
  ++rounds_;
  const bool better = cost < cost_;
  const bool converged = better && cost_ - cost < kConverged * cost_;
  if (better) {
    state_ = trial_;
    cost_ = cost;
    misfit_ = trial_misfit_;
    damping_ *= 0.1;
  } else {
    damping_ = std::max(damping_, 1e-4) * 10.0;
  }
  if (converged || rounds_ >= kRoundsMax || damping_ > kDampingMax) {
    phase_ = Phase::finish;
  } else if (better) {
    begin_round();
  } else {
    phase_ = Phase::solve;  // the slopes are still those of state_
  }
}

std::optional<Learning> Calibration::finish() {
  phase_ = Phase::idle;
  const bool fits =
      std::isfinite(misfit_) && misfit_ < (is_glance() ? kGlanceMisfitMax : kMisfitMax);
  if (!fits) {
    // Seen twice, it is not a cloud: begin again with the first day's doubt.
    constexpr int kMisfitsBeforeDoubt = 2;
    if (is_glance()) return Learning::misfit;
    ++misfits_;
    if (wide_ || misfits_ < kMisfitsBeforeDoubt) return Learning::misfit;
    wide_ = true;
    const Covariance known = covariance_;
    set_prior();
    const Covariance doubt = covariance_;
    covariance_ = known;
    if (!begin_from(prior_mean_, doubt)) return Learning::misfit;
    return std::nullopt;
  }
  Square known = normal_;
  if (!invert(known)) return Learning::misfit;
  const Terms learned = terms_of(state_);
  for (std::size_t i = 0; i < kTerms; ++i) {
    const double most = is_mount(i) ? kTrimMax : kBelievable * scale_[i];
    if (!(std::abs(learned[i] - prior_mean_[i]) <= most)) {
      ++misfits_;
      return Learning::misfit;
    }
  }
  for (std::size_t i = 0; i < kTerms; ++i) {
    for (std::size_t j = 0; j < kTerms; ++j) {
      const bool frozen = !mount_free_ && (is_mount(i) || is_mount(j));
      if (!frozen) covariance_[i][j] = known[i][j] * scale_[i] * scale_[j];
      if (frozen && is_mount(i) != is_mount(j)) covariance_[i][j] = 0.0;
    }
  }
  terms_ = learned;
  if (is_glance()) return Learning::learned;
  beam_ = kLightUnit * state_[kBeam];
  sky_ = kLightUnit * state_[kSkyLight];
  misfits_ = 0;
  ++sweeps_;
  return Learning::learned;
}

}  // namespace idast::control
