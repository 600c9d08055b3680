#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/state.h"
#include "core/base/time.h"
#include "core/control/hybrid.h"
#include "core/control/light.h"
#include "core/control/mount.h"
#include "core/control/wish.h"
#include "core/sun/sun.h"
#include "core/units/units.h"

// Tracker: the decision where the panel shall point. Each step is arithmetic on its inputs and on
// what earlier steps left behind: no clock, no pin, no log, no heap. One owner, one thread.
//
// In every step, in this order: mode (stop, manual, stow) and law choose a wish; wind stow and a
// weak battery overrule it; limits and rate are applied last, whatever was wished. Stop outranks
// all of them because it never moves anything.
namespace idast::control {

enum class Law : std::uint8_t { naive, ephemeris, hybrid };
std::string_view to_text(Law law);
std::optional<Law> law_from(std::string_view text);

enum class Mode : std::uint8_t { automatic, manual, stow, stop };

// The fielded law's figures.
struct NaiveSettings {
  Millis loop{60};          // one step of the law per loop
  float smoothing = 0.15f;  // weight of the newest reading in the moving average, per loop
  int dead_band_min = 60;   // counts
  float dead_band_share =
      0.08f;                // of the brightest, where that is above share_above and gives more
  int share_above = 500;    // counts
  int steady_above = 1000;  // counts; 3500 for bare sensors on 10 kΩ, 1000 for the reference head
  // Counts of the brightest sensor below which nothing can be told; 60 for bare sensors on 10 kΩ.
  // The reference head's reach the converter's linear range (0.15 V, 186 counts) one after the
  // other: until all can be read, the first of them is not where the light is.
  int dark_below = 300;
  Degrees step = degrees(1.f);  // per loop
};

struct EphemerisSettings {
  Degrees hysteresis = degrees(0.4f);     // move when the panel is this far from the sun,
  Millis lead{std::chrono::seconds{90}};  // to where the sun will be by then
  Degrees night_below = degrees(-0.5f);   // apparent elevation: park below,
  Degrees night_above = degrees(0.f);     // wake above
};

struct WindSettings {
  bool anemometer = false;                                // one is fitted and must be heard
  MetresPerSecond stow_at = metres_per_second(15.f);      // stow at and above,
  MetresPerSecond leave_below = metres_per_second(12.f);  // leave below,
  Millis leave_after{std::chrono::minutes{10}};           // for this long without a break
  Millis silent_after{std::chrono::seconds{60}};          // silence for this long is a storm
};

struct Settings {
  Law law = Law::ephemeris;
  Mount mount;
  std::optional<sun::Place> place = std::nullopt;
  NaiveSettings naive;
  EphemerisSettings ephemeris;
  HybridSettings hybrid;
  WindSettings wind;
  DegreesPerSecond rate_max = degrees_per_second(60.f);  // how fast a target may move
  Millis settle{std::chrono::seconds{1}};                // motors stay on this long after a move
  Percent battery_hold_below = percent(8.f);             // no tracking moves below this charge
  Percent battery_release_above = percent(15.f);
};

// How long manual may last; longer wishes are cut to it.
constexpr Millis kManualForDefault = std::chrono::seconds{600};
constexpr Millis kManualForMax = std::chrono::hours{24};

// What a person wants. For `manual` either servo angles (an absent one stays where it is) or a
// direction of the panel; neither means "hold as you are".
struct Command {
  Mode mode = Mode::automatic;
  std::optional<Degrees> pan = std::nullopt;
  std::optional<Degrees> tilt = std::nullopt;
  std::optional<Direction> direction = std::nullopt;
  Millis manual_for = kManualForDefault;
};

// not_a_number: an angle is nan or infinite. out_of_range: a servo angle outside 0..180, an
// elevation outside 0..90, an azimuth outside -360..360. duration: manual_for is not positive.
// conflict: servo angles and a direction at once, or a target without mode manual.
enum class Refusal : std::uint8_t { not_a_number, out_of_range, duration, conflict };
std::string_view to_text(Refusal refusal);

// Whether a tracker takes a command: the same on the board that hears it and on the one that moves.
std::expected<void, Refusal> judged(const Command& command);

// A step that comes later than this after the one before moves the target no further: at 60°/s one
// step is at most 30°.
constexpr Millis kRateElapsedMax = std::chrono::seconds{1};

struct Inputs {
  Instant now{};  // monotonic; going back is treated as standing still
  std::optional<UtcMillis> utc =
      std::nullopt;  // absent until the clock is known to be right; outside 1990-2150 as absent
  std::optional<Light> light = std::nullopt;
  std::optional<MetresPerSecond> wind = std::nullopt;
  std::optional<Watts> panel_power = std::nullopt;  // for laws that learn from it
  std::optional<Celsius> panel_temperature = std::nullopt;
  std::optional<Percent> battery = std::nullopt;  // state of charge
};

// The counts the law works with, and what it makes of them. horizontal = left - right, average =
// (left + right) / 2, vertical = top - average.
struct LightErrors {
  Light light;  // smoothed and rounded; reported with the errors so that a row adds up
  int horizontal = 0;
  int vertical = 0;
  int average = 0;
};

struct Outputs {
  Pose target;             // servo angles, inside the limits, moving no faster than the rate
  Pose goal;               // where target is moving to
  bool motors_on = false;  // false: the servos get no pulses and hold by friction
  State state = State::acquire;
  Reason reason = Reason::start;
  bool manual = false;
  bool steady = false;      // Locked: pointing as well as the law can tell
  bool wind_guard = false;  // an anemometer is configured, so wind will stow the panel
  Direction panel;          // where the normal points in pose `target`, trim included
  std::optional<Direction> sun = std::nullopt;  // apparent; absent without clock or site
  std::optional<Degrees> trim_azimuth =
      std::nullopt;  // mount error learned; absent for laws that learn none
  std::optional<Degrees> trim_elevation = std::nullopt;
  std::optional<LightErrors> light = std::nullopt;  // absent without a light reading
};

class Tracker {
 public:
  // Starts with motors off in `pose` (where the servos were last, or neutral).
  explicit Tracker(const Settings& settings, const Pose& pose = {});

  Outputs step(const Inputs& inputs);

  // Takes a command, if judged() does, at `now`; it works from the next step on. Manual ends by
  // itself after manual_for (cut to kManualForMax) and returns to automatic; stow and stop last
  // until another mode.
  std::expected<void, Refusal> obey(const Command& command, Instant now);

  // New settings (a site by command, a law by choice). Mode, pose and wind memory stay.
  void configure(const Settings& settings);
  const Settings& settings() const { return settings_; }
  Mode mode() const { return mode_; }
  const Hybrid& hybrid() const { return hybrid_; }

  // What hybrid knows by now; the other laws know nothing (sweeps == 0).
  Learned learned() const { return hybrid_.learned(); }
  // Goes on from what an earlier start had learned. Call before the first step. False, and nothing
  // is taken, when it is not believable.
  bool recall(const Learned& learned) { return hybrid_.recall(learned); }

 private:
  struct Smoothed {
    float top = 0.f;
    float left = 0.f;
    float right = 0.f;
    std::optional<float> bottom;
  };

  void advance_time(Instant now);
  void watch_wind(const Inputs& inputs);
  void watch_battery(const Inputs& inputs);
  void smooth(const Inputs& inputs);
  void find_sun(const Inputs& inputs);
  Wish wish(const Inputs& inputs);
  Wish by_command() const;
  Wish by_light();
  Wish by_sun(const Inputs& inputs);
  Wish by_hybrid(const Inputs& inputs);
  Pose stepped_towards_light(const LightErrors& errors, int dead_band) const;
  Wish hold(State state, Reason reason) const;
  Pose rate_limited(const Pose& wanted) const;
  void carry_out(const Wish& wish);
  Outputs outputs(const Wish& wish) const;
  std::optional<LightErrors> light_errors() const;

  Settings settings_;
  bool settings_sound_ = false;
  Pose pose_;                 // the last target
  Pose going_to_;             // what it is moving to
  std::optional<Pose> goal_;  // where by_sun is going; reached over several steps

  bool started_ = false;
  Instant now_;
  Millis elapsed_{0};  // since the step before
  std::optional<Instant> moved_at_;

  Mode mode_ = Mode::automatic;
  Command command_;
  Instant manual_until_;

  Instant wind_heard_at_;
  Instant wind_high_at_;  // the last moment that was not below leave_below
  bool wind_stowed_ = false;
  Reason wind_reason_ = Reason::wind_high;
  bool battery_held_ = false;

  std::optional<Smoothed> smoothed_;
  Millis since_loop_{0};
  bool loop_due_ = false;
  bool locked_ = false;

  std::optional<UtcMillis> sun_at_;  // the instant of sun_
  std::optional<Direction> sun_;
  std::optional<Direction> sun_soon_;  // Hybrid::kSoon later
  bool night_ = false;
  Hybrid hybrid_;
};

}  // namespace idast::control
