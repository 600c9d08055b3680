#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "server/insight/yield.h"
#include "server/store/store.h"

// The gain ledger: what a tracker gained over a fixed panel, by days, hours and as a curve, from
// its stored samples (yield.h has the model). Everything is an estimate.
namespace idast::insight {

// Why a period has no gain.
enum class Why : std::uint8_t {
  none,
  no_samples,      // nothing stored
  no_power,        // no power sensor (power_actual_w)
  no_direction,    // the device does not say where the panel points (azimuth_deg, elevation_deg)
  night,           // or too little light to compare
  off_mpp,         // most of the light fell while the battery took less than the panel could give
  little_covered,  // most of the light fell while nothing was stored
  pending,         // not worked out yet: ask again (kDaysReadMax)
};
std::string_view to_text(Why why);

// Whether tracking earns what it costs.
enum class Verdict : std::uint8_t { paying, not_paying, unclear };
std::string_view to_text(Verdict verdict);

struct GainRow {
  UtcMillis start;
  Why why = Why::none;
  std::optional<double> energy_wh = {};  // measured, over all stored minutes
  Yield yield = {};  // tracked, fixed, ideal: estimates over the compared minutes
  std::optional<double> motion_wh = {}, electronics_wh = {};  // by their counters, nights too
  // (tracked - motion - electronics) / fixed - 1, costs taken for the compared share of the light.
  // Absent without both counters, or before the period is over: costs run by night as well.
  std::optional<double> net_gain = {};
  std::optional<Verdict> verdict = {};  // by the net gain and the gain's band
};

// Mean powers of one day in steps of kCurveStep, where there is an estimate.
struct Curve {
  std::vector<UtcMillis> times;  // beginnings of the steps
  std::vector<double> fixed_w, ideal_w;
};
constexpr Millis kCurveStep = std::chrono::minutes{10};

struct Gains {
  std::vector<GainRow> rows;
  // Over the days of the range that are over and have a gain, as one row; start is the first one's.
  // Its band is that of their errors all alike, which sums of days do not average out.
  std::optional<GainRow> summary;
  int summary_days = 0;
  Curve curve;  // of the last day
  Rating rating;
  int rating_days = 0;  // clear days that it stands on
};

struct GainQuery {
  std::string device;
  // Beginnings of local days, and the end of the last. The rows begin with day `first`; the days
  // before it only tell the panel's rating.
  std::vector<UtcMillis> days;
  std::size_t first = 0;
  bool by_hour = false;  // rows are hours from each day's beginning on
  UtcMillis now;
};

// A day costs one reading of its samples; what is past is kept, so that asking again is cheap.
constexpr std::size_t kDaysMax = 31;     // of a query
constexpr std::size_t kHourDaysMax = 2;  // of a query by hours
// Days read for one answer; more wait for the next. The rest of a month follows in four answers.
constexpr std::size_t kDaysReadMax = 8;
// Days of all devices, about 4 KB each.
constexpr std::size_t kDaysKeptMax = 1'024;
// A past day is read anew after this, because late samples may have come; today soon.
constexpr Millis kPastKeptFor = std::chrono::hours{2};
constexpr Millis kTodayKeptFor = std::chrono::minutes{1};
// The rating stands on clear days among this many before.
constexpr std::size_t kRatingDays = 14;

// One for all threads; each call reads through the caller's Reader.
class Ledger {
 public:
  store::Result<Gains> gains(store::Reader& reader, const Station& station, const GainQuery& query);

 private:
  struct Day {
    UtcMillis read_at;
    bool over = false;
    std::vector<GainRow> rows = {};  // the day, then its hours
    Curve curve = {};
    std::optional<float> rating_factor = {};
  };
  using Key = std::pair<std::string, UtcMillis>;

  std::optional<Day> kept(const Key& key, UtcMillis now) const;
  void keep(const Key& key, const Day& day);
  std::vector<float> rating_factors(const std::string& device, UtcMillis before) const;
  store::Result<Day> read(store::Reader& reader, const Station& station, const GainQuery& query,
                          std::size_t day) const;

  mutable Mutex mutex_;
  std::map<Key, Day> days_ GUARDED_BY(mutex_);
};

// {"estimated":true,"period","rows":[…],"summary":…,"curve":{…},"rating":{…}}
std::string to_json(const Gains& gains, bool by_hour);

}  // namespace idast::insight
