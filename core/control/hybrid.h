#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "core/base/time.h"
#include "core/control/body.h"
#include "core/control/calibration.h"
#include "core/control/jam_search.h"
#include "core/control/light.h"
#include "core/control/mount.h"
#include "core/control/servo_play.h"
#include "core/control/skylight.h"
#include "core/control/sun_search.h"
#include "core/control/sweep_evidence.h"
#include "core/control/sweep_plan.h"
#include "core/control/wish.h"
#include "core/units/units.h"

// The hybrid law: the ephemeris says where the sun is, the light says how the mount stands and what
// the sky is worth.
//
//   acquire  no clock or no site, or the light contradicts them: the sun is searched for by light
//            and followed from sweep to sweep
//   track    points at the sun through the learned mount; sweeps now and then (reason calibrating)
//   diffuse  the sky is worth more than the sun's direction: leans towards the zenith as it pays
//   night    the sun is down: flat
//   fault    the panel, or one axis, does not go where it is sent: held still, tried again later
//
// manual, stow and stop belong to Tracker, which then calls interrupt(). The method and its figures
// are explained in docs/tracking.md. Arithmetic, no clock, no heap; one owner.
namespace idast::control {

struct HybridSettings {
  HeadSettings head;
  PlaySettings play;
  Degrees step = degrees(0.22f);    // move an axis when it is this far from where it should be,
  Degrees lead = degrees(0.20f);    // to this far ahead of the sun, at most
  Degrees step_dim = degrees(2.f);  // the same when there is no beam worth the move
  Degrees night_below = degrees(-0.5f);
  Degrees night_above = degrees(0.f);
  float diffuse_enter = 0.04f;  // leave the sun when the best tilt gains more than this,
  float diffuse_leave = 0.02f;  // return when it gains less
  Millis dwell{std::chrono::seconds{8}};
  Degrees sweep_above = degrees(3.f);           // no sweep with the sun lower than this
  Degrees sweep_aside = degrees(40.f);          // of a sweep that learns from little,
  Degrees sweep_aside_later = degrees(35.f);    // of one that adds to it,
  Degrees sweep_aside_settled = degrees(15.f);  // and of one that checks what is known
  Degrees settled = degrees(0.22f);  // expected pointing error below which sweeps become rare
  Millis sweep_soon{std::chrono::seconds{150}};  // while it is more than twice that,
  Millis sweep_later{std::chrono::minutes{30}};  // more than that,
  Millis sweep_seldom{std::chrono::hours{3}};    // and below
  Millis sweep_dull{std::chrono::minutes{45}};   // without a beam
  Millis glance_every{std::chrono::minutes{5}};  // while following a strong beam
  Millis look_settle{240};                       // after arriving at a sweep's pose,
  Millis look_read{480};                         // and how long it is read
  Percent curtailed_above = percent(94.f);       // battery charge: the panel's power says nothing
  friend bool operator==(const HybridSettings&, const HybridSettings&) = default;
};

// What the hybrid law has learned of its mount and sensors: kept over a restart (core/node writes
// it to a file, the lab hands it on). A plain value; one that is not believable is not taken.
struct Learned {
  Terms value{};
  Terms deviation{};         // standard deviation of each
  std::uint32_t sweeps = 0;  // 0: nothing learned yet
};

class Hybrid {
 public:
  struct Inputs {
    Instant now;
    Millis elapsed{0};
    std::optional<Direction> sun;       // apparent; absent without clock or site
    std::optional<Direction> sun_soon;  // kSoon later
    Pose target;                        // what the servos were last told
    std::optional<Light> light;
    std::optional<Watts> panel_power;
    std::optional<Celsius> panel_temperature;
    std::optional<Percent> battery;
    bool guarded = false;               // wind will stow the panel
    Reason sunless = Reason::no_clock;  // why there is no sun
  };
  static constexpr Millis kSoon = std::chrono::minutes{3};

  Hybrid(const HybridSettings& settings, const Mount& mount);

  Wish step(const Inputs& inputs);
  // Another law or mode has the panel: what was under way is dropped, what was learned stays.
  void interrupt(const Pose& target);

  Learned learned() const;
  bool recall(const Learned& learned);

  // For the sample and for people: trim, where the panel is believed to look, the light.
  std::optional<Degrees> trim_azimuth() const;
  std::optional<Degrees> trim_elevation() const;
  Direction panel_direction() const;
  const std::optional<SkyLight>& skylight() const { return light_now_; }
  // The inner angles at which the panel is believed to stand.
  InnerAngles standing() const;
  const Calibration& calibration() const { return calibration_; }

 private:
  // Poses of a sweep, reached one after the other; each is read once it has settled.
  struct Sweeping {
    bool on = false;
    bool searching = false;  // for the sun itself
    bool ring = false;       // searching around a sun that was found
    SweepPlan plan;
    std::size_t next = 0;
    Pose pose{};  // of the look under way
    bool arrived = false;
    Instant arrived_at;
    Instant began_at;
    LookMean mean;
    Sweep seen;
  };
  // A look while the panel follows the sun.
  struct Glancing {
    std::optional<Instant> began_at;
    std::optional<Instant> done_at;
    LookMean mean;
    bool judged = true;
    int misfits = 0;  // in a row
    int since_sweep = 0;
  };

  // After a sweep that told too little.
  static constexpr Millis kAfterTooFew = std::chrono::minutes{5};

  void sense(const Inputs& inputs);
  void estimate_light(const Inputs& inputs, const Vector& sun);
  bool beam_is_strong() const;
  bool beam_is_calm() const;
  void learn(const Inputs& inputs);
  void judge(Learning verdict, const Inputs& inputs);
  void judge_jam(const FoundJam& found);
  void judge_found(const FoundSun& found, const Inputs& inputs);
  bool searches() const { return search_.busy() || jam_search_.busy(); }
  bool sweep_due(const Inputs& inputs, const Direction& sun) const;
  Millis sweep_interval() const;
  void begin_sweep(const Inputs& inputs, const Vector& sun);
  void begin_search(const Inputs& inputs);
  void begin_ring(const Inputs& inputs, const Vector& found);
  void begin_looks(const Inputs& inputs);
  void begin_look();
  void end_look(const Inputs& inputs);
  void end_sweep(const Inputs& inputs);
  Wish sweep_step(const Inputs& inputs);
  void glance(const Inputs& inputs, const Vector& sun);
  void judge_glance(Learning verdict);
  void forget_old_light(const Inputs& inputs);
  void watch_light(const Inputs& inputs);
  void watch_readings(const Inputs& inputs, const Vector& sun);
  void watch_night(const Inputs& inputs);
  bool sees_light() const;
  void doubt(std::optional<Vector> found);
  void stop_moving(const Inputs& inputs);
  Wish by_light(const Inputs& inputs, Reason reason);
  Wish by_sun(const Inputs& inputs, const Vector& sun);
  Wish point(const Inputs& inputs, const Vector& sun, const Vector& soon);
  Wish lean(const Inputs& inputs, const Vector& sun);
  Wish night();
  bool diffuse_pays(const Vector& sun) const;
  bool earns(const Vector& looks, const Vector& wanted, const Vector& sun) const;
  Pose standing_pose() const;
  Reason sun_reason(const Inputs& inputs) const;

  HybridSettings settings_;
  Mount mount_;
  Calibration calibration_;
  SunSearch search_;
  JamSearch jam_search_;
  ServoPlay pan_, tilt_;

  Sight sight_;                        // of this step
  std::optional<SkyLight> light_now_;  // smoothed
  bool light_is_fresh_ = false;        // estimated in this step
  Instant light_at_;                   // when it last was
  double beam_slow_ = 0.0;             // the beam of the last quarter of a minute
  bool saturated_ = false;             // every light sensor
  Pose last_target_;

  std::optional<Pose> goal_;  // where the axes are going
  Sweeping sweeping_;
  Glancing glancing_;
  int beam_sweeps_ = 0;                   // that moved the mount terms,
  std::optional<Instant> beam_swept_at_;  // the last of them
  std::optional<Instant> swept_at_;       // the last sweep that was learned from
  bool recalled_ = false;                 // what is known comes from before a restart
  std::optional<Instant> sweep_not_before_;
  int unsteady_ = 0;  // sweeps in a row that saw the light change
  int misfits_ = 0;   // sweeps in a row that no body explained
  std::optional<Instant> aged_at_;
  Millis fit_credit_{0};

  bool diffuse_ = false;
  std::optional<Instant> diffuse_since_;  // of the last change
  bool night_ = false;

  std::optional<Vector> found_;       // the sun found by light,
  std::optional<Instant> found_at_;   // by a ring; unset: only roughly
  std::optional<Instant> odd_since_;  // the channels have not agreed
  std::optional<Instant> search_at_;  // not before
  bool doubted_ = false;              // clock or place contradict the light
  int agreements_ = 0;                // of light and ephemeris since then
  std::optional<Instant> stuck_until_;
  // Of an axis that stood still over the last sweep; infinite when that was not asked.
  double jam_misfit_ = std::numeric_limits<double>::infinity();
  std::array<bool, kLights> excluded_{};  // stuck: not fitted any more
  std::array<Millis, kLights> unread_{};  // for so long no reading where one is expected
  std::optional<Instant> bright_since_;   // by night
};

}  // namespace idast::control
