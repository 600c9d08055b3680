#pragma once
#include <cstdint>
#include <vector>

#include "core/sun/clear_sky.h"
#include "sim/lab/boards.h"
#include "sim/lab/ideal.h"
#include "sim/lab/lab.h"

// Where the light of a run went. One owner, one thread.
namespace idast::sim {

constexpr Millis kStamp = std::chrono::minutes{1};

// The Linke turbidity of the air over a run, from its clearest tenth of minutes with the sun above
// 10° (the haze that GHI speaks of, core/sun/clear_sky.h); kTurbidityAssumed where even these were
// cloudy. 1.5..7.
float turbidity(const Sky& sky, UtcMillis from, UtcMillis to);
constexpr float kTurbidityAssumed = 3.5f;

// What every law is measured against, stamp by stamp, and the sums over the counted stamps.
class Ledger {
 public:
  // `sky` is asked now and not kept.
  Ledger(const Sky& sky, UtcMillis from, UtcMillis to, const LabOptions& options);

  // Begins a stamp: the references' light.
  void begin(const Conditions& now, const SkyDome& dome);
  // Ends it: the law's own light and power.
  void end(const PlaneLight& light, Watts power, const control::Direction& panel);

  // Of the stamp begun last.
  bool counted() const { return counted_; }
  const OracleLight& oracle() const { return oracle_; }
  LabMinute& minute() { return minute_; }

  // servo_wh and electronics_wh stand in the figures by now, if the law has them.
  void report(LabResult& result);

 private:
  control::Direction fixed_;
  IdealPanel fixed_panel_;
  sun::ClearSky cloudless_;
  SkyModel model_;
  bool keep_;
  bool counted_ = false;
  std::int64_t gaps_ = 0;
  OracleLight oracle_;
  LabMinute minute_;
  double poa_ = 0.0;
  double poa_oracle_ = 0.0;
  double poa_fixed_ = 0.0;
  double poa_cloudless_ = 0.0;
  double harvest_ = 0.0;
  double harvest_fixed_ = 0.0;
  std::vector<LabMinute> minutes_;
};

// Splits what the oracle caught and the panel did not (LightLosses says how).
class Attribution {
 public:
  explicit Attribution(const control::Mount& mount) : mount_{mount} {}

  void take(const SkyDome& dome, const Conditions& now, const OracleLight& oracle,
            const Boards& boards);
  const LightLosses& losses() const { return losses_; }

 private:
  control::Mount mount_;
  LightLosses losses_;
};

}  // namespace idast::sim
