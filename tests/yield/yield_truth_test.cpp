#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "server/insight/yield.h"
#include "sim/sky/measured_sky.h"
#include "sim/sky/modelled_sky.h"
#include "tests/yield/recorded_day.h"

// The gain that the server reads out of a tracker's own samples, against what only the simulation
// knows. The server is not told altitude, haze, true rating, mount errors or the ground.
using namespace idast;
using namespace idast::tests;
using namespace std::chrono_literals;

namespace {

constexpr double kMeanErrorMax = 4.0;  // points of gain
constexpr double kErrorMax = 10.0;
constexpr double kInsideMin = 0.9;  // share of days with the truth inside the stated band
constexpr Millis kStep{20'000};

struct Day {
  std::string name;
  const sim::Sky* sky;
  UtcMillis from, to;
};

// Everything that was judged: how far off, and how often inside the band.
class Score {
 public:
  void add(double gain, double true_gain, double low, double high) {
    const double error = 100.0 * std::abs(gain - true_gain);
    sum_ += error;
    width_ += 50.0 * (high - low);
    worst_ = std::max(worst_, error);
    inside_ += low <= true_gain && true_gain <= high ? 1 : 0;
    ++days_;
  }
  void add_silent() { ++silent_; }
  int silent() const { return silent_; }
  void print(const char* name) const {
    std::printf(
        "%-12s %3d days: mean error %.2f points, worst %.2f, inside the band %d, half %.2f, silent "
        "%d\n",
        name, days_, mean(), worst_, inside_, width_ / days_, silent_);
  }
  double mean() const { return sum_ / days_; }
  double worst() const { return worst_; }
  double inside() const { return static_cast<double>(inside_) / days_; }
  int days() const { return days_; }

 private:
  double sum_ = 0.0, width_ = 0.0, worst_ = 0.0;
  int days_ = 0, inside_ = 0, silent_ = 0;
};

std::vector<sim::MeasuredSky> measured_skies() {
  std::vector<sim::MeasuredSky> skies;
  for (const char* name : {"slv16001.csv", "srrl20120517.csv", "psu17010.csv"}) {
    auto file =
        sim::read_weather(std::string{IDAST_SOURCE_DIR} + "/../shared/reference/weather/" + name);
    if (!file) {
      std::printf("SKIPPED: reference/weather/%s is not here\n", name);
      continue;
    }
    skies.emplace_back(std::move(*file));
  }
  return skies;
}

constexpr int kModelledDays = 24;

// Days through a year, over latitudes and haze.
std::vector<sim::ModelledSky> modelled_skies() {
  std::vector<sim::ModelledSky> skies;
  constexpr float kLatitudes[] = {13.75f, 40.f, -33.f, 52.f, 0.f, 25.f};
  for (int i = 0; i < kModelledDays; ++i) {
    skies.emplace_back(
        sun::Place{degrees(kLatitudes[i % 6]), degrees(0.f), metres(100.f)},
        static_cast<std::uint64_t>(i + 1),
        sim::ModelledSkyParameters{.linke_turbidity = 2.5f + 0.5f * static_cast<float>(i % 5)});
  }
  return skies;
}

UtcMillis modelled_start(std::size_t i) {
  return UtcMillis{1'704'067'200'000} + 15 * 24h * static_cast<int>(i);
}

sim::PlantParameters plain_body() {
  sim::PlantParameters body;
  body.battery.capacity = watt_hours(1e6);  // never full
  body.battery.start = 0.5f;
  return body;
}

insight::Station station_at(const sun::Place& place) {
  return {.place = {.latitude = place.latitude, .longitude = place.longitude}};
}

struct Truth {
  const char* name;
  std::function<void(sim::PlantParameters&)> change;
};

void judge(const sim::Sky& sky, UtcMillis from, UtcMillis to, const Truth& truth,
           const std::function<void(insight::Minute&)>& lose, Score& score, Score* also = nullptr) {
  for (const control::Law law : {control::Law::naive, control::Law::ephemeris}) {
    sim::PlantParameters body = plain_body();
    body.longitude = sky.place().longitude;
    truth.change(body);
    RecordedDay day = record_day(sky, from, to, law, body, 3, kStep);
    for (insight::Minute& minute : day.minutes) lose(minute);
    const auto estimates = insight::estimate(day.minutes, station_at(sky.place()));
    const insight::Yield yield = insight::sum(estimates, 0, day.minutes.size());
    if (!yield.gain) {
      score.add_silent();
      if (also != nullptr) also->add_silent();
      continue;
    }
    CHECK(std::abs(*yield.light_gain - day.poa_gain()) < kErrorMax / 100.0);
    score.add(*yield.gain, day.gain(), *yield.gain_low, *yield.gain_high);
    if (also != nullptr) {
      also->add(*yield.gain, day.gain(), *yield.gain_low, *yield.gain_high);
    }
  }
}

void check(const Score& score) {
  CHECK(score.mean() <= kMeanErrorMax);
  CHECK(score.worst() <= kErrorMax);
  CHECK(score.inside() >= kInsideMin);
}

}  // namespace

TEST_CASE("on measured and modelled days the gain is right to a point, and the band says how far") {
  Score score;
  const Truth plain{"plain", [](sim::PlantParameters&) {}};
  for (const auto& sky : measured_skies()) {
    judge(sky, sky.first(), sky.last(), plain, [](insight::Minute&) {}, score);
  }
  const auto skies = modelled_skies();
  for (std::size_t i = 0; i < skies.size(); ++i) {
    const UtcMillis from = modelled_start(i);
    judge(skies[i], from, from + 24h, plain, [](insight::Minute&) {}, score);
  }
  score.print("as modelled");
  CHECK(score.silent() == 0);
  check(score);
  CHECK(score.mean() <= 1.5);
}

TEST_CASE("hidden errors of mount, ground, rating and thermometer stay inside the band") {
  const std::vector<Truth> truths{
      {"mount +",
       [](auto& body) { body.yaw_error = degrees(5.f), body.tilt_error = degrees(3.f); }},
      {"mount -",
       [](auto& body) { body.yaw_error = degrees(-5.f), body.tilt_error = degrees(-3.f); }},
      {"ground",
       [](auto& body) {
         body.sky = {.albedo = 0.28f, .horizon_brightening = 0.12f}, body.base_lean = degrees(1.f);
       }},
      {"rating", [](auto& body) { body.panel.nominal = watts(9.3f); }},
      {"no tempC", [](auto&) {}},
  };
  const auto measured = measured_skies();
  const auto skies = modelled_skies();
  Score all;
  for (const Truth& truth : truths) {
    Score score;
    const bool cold = std::string_view{truth.name} == "no tempC";
    const auto lose = [&](insight::Minute& minute) {
      if (cold) minute.panel_temperature.reset();
    };
    const auto both = [&](const sim::Sky& sky, UtcMillis from, UtcMillis to) {
      judge(sky, from, to, truth, lose, score, &all);
    };
    for (const auto& sky : measured) both(sky, sky.first(), sky.last());
    for (std::size_t i = 1; i < skies.size(); i += 5) {
      both(skies[i], modelled_start(i), modelled_start(i) + 24h);
    }
    score.print(truth.name);
    CHECK(score.mean() <= kMeanErrorMax);
    CHECK(score.worst() <= kErrorMax);
  }
  check(all);
  CHECK(all.silent() == 0);
}

TEST_CASE("a full battery hides light from the power, not from the estimate") {
  const Truth full{"full", [](sim::PlantParameters& body) {
                     body.battery.capacity = watt_hours(40.0);
                     body.battery.start = 0.7f;
                     body.load.phones_per_day = 1.0;
                   }};
  const auto skies = modelled_skies();
  Score score;
  int off = 0;
  for (std::size_t i = 2; i < skies.size(); i += 3) {
    const UtcMillis from = modelled_start(i);
    judge(skies[i], from, from + 24h, full, [](insight::Minute&) {}, score);
    sim::PlantParameters body = plain_body();
    full.change(body);
    const RecordedDay day =
        record_day(skies[i], from, from + 24h, control::Law::ephemeris, body, 3, kStep);
    const auto estimates = insight::estimate(day.minutes, station_at(skies[i].place()));
    off += insight::sum(estimates, 0, day.minutes.size()).off_mpp_minutes;
  }
  score.print("battery full");
  CHECK(score.silent() <= 4);
  CHECK(off > 500);
  check(score);
}

TEST_CASE("a clear day tells a panel's true rating") {
  const auto skies = modelled_skies();
  int days = 0;
  for (std::size_t i = 0; i < skies.size(); ++i) {
    const UtcMillis from = modelled_start(i);
    if (skies[i].day_of(from + 12h) != sim::ModelledSky::Day::clear) continue;
    sim::PlantParameters body = plain_body();
    body.panel.nominal = watts(9.f);
    const RecordedDay day =
        record_day(skies[i], from, from + 24h, control::Law::ephemeris, body, 3, kStep);
    const auto factor = insight::rating_factor(day.minutes, station_at(skies[i].place()));
    if (!factor) continue;
    ++days;
    CHECK(std::abs(*factor - 0.9f) < 0.08f);
  }
  CHECK(days >= 5);
}
