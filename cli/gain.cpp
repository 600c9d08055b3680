#include "cli/gain.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <expected>
#include <iostream>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "cli/days.h"
#include "core/base/calendar.h"
#include "core/telemetry/row.h"
#include "server/insight/gain.h"
#include "sim/lab/lab.h"
#include "sim/sky/modelled_sky.h"
#include "tools/command_line/command_line.h"

namespace idast::cli {
namespace {

constexpr int kFailure = 1;
constexpr int kDaysMax = 366;
constexpr Millis kMinute = std::chrono::minutes{1};
constexpr Millis kDay = std::chrono::hours{24};

float narrow(double value) { return static_cast<float>(value); }

struct Period : Days {
  std::string day;  // the date, by the sun of the site
};

std::string date_of(UtcMillis at, const sun::Place& place) {
  return std::string{to_iso(solar(at, place)).view().substr(0, 10)};
}

std::vector<Period> synthetic(const GainOptions& options) {
  const sun::Place place{.latitude = degrees(narrow(options.latitude.value_or(0.0))),
                         .longitude = degrees(narrow(options.longitude.value_or(0.0)))};
  const auto sky = std::make_shared<const sim::ModelledSky>(place, options.seed);
  const UtcMillis first = utc_from_iso(options.synthetic_from).value_or(UtcMillis{});
  const Millis east = std::chrono::floor<std::chrono::minutes>(solar(first, place) - first);
  std::vector<Period> periods;
  for (int day = 0; day < options.synthetic_days.value_or(0); ++day) {
    const UtcMillis from = first - east + kDay * day;
    periods.push_back({{.name = "synthetic", .sky = sky, .from = from, .to = from + kDay - kMinute},
                       date_of(from + kDay / 2, place)});
  }
  return periods;
}

std::string date_of(const Days& days) {
  return date_of(days.from + (days.to - days.from) / 2, days.sky->place());
}

// Means over a minute, as the server's buckets are. A device samples evenly in time; the lab takes
// short steps while motors run and long ones while they rest, so each reading counts as long as its
// step, with the direction that the panel was told to have meanwhile. A plain mean would be one of
// the motion alone.
class MinuteMeans {
 public:
  void add(const sim::LabMoment& moment) {
    const UtcMillis minute{moment.at.unix_ms() - moment.at.unix_ms() % kMinute.count()};
    if (minute != minute_) close(minute);
    const sim::Readings& seen = moment.readings;
    const Before before = before_.value_or(Before{moment.at - Millis{1}, moment.out.panel});
    const auto lasted = static_cast<double>((moment.at - before.at).count());
    before_ = Before{moment.at, moment.out.panel};
    lasted_ += lasted;
    if (seen.panel_voltage && seen.panel_current) {
      const Watts power = *seen.panel_voltage * *seen.panel_current;
      power_ += lasted * static_cast<double>(power.in(watts));
      voltage_ += lasted * static_cast<double>(seen.panel_voltage->in(volts));
      measured_ += lasted;
    }
    temperature_ += lasted * static_cast<double>(seen.panel_temperature.in(celsius));
    if (seen.wind) wind_ += lasted * static_cast<double>(seen.wind->in(metres_per_second));
    has_wind_ = has_wind_ || seen.wind;
    azimuth_.add(static_cast<double>(before.panel.azimuth.in(degrees)), lasted);
    elevation_.add(static_cast<double>(before.panel.elevation.in(degrees)), lasted);
    charge_ += lasted * static_cast<double>(seen.battery_charge.in(percent));
    light_[0] += lasted * seen.light.top;
    light_[1] += lasted * seen.light.left;
    light_[2] += lasted * seen.light.right;
  }
  std::vector<insight::Minute> take() {
    close({});
    return std::move(minutes_);
  }

 private:
  struct Before {
    UtcMillis at;
    control::Direction panel;
  };
  // As server/insight reads buckets: readings on both sides of north are north.
  struct Angle {
    double sum = 0.0, low = 1e9, high = -1e9;
    void add(double value, double weight) {
      sum += weight * value;
      low = std::min(low, value);
      high = std::max(high, value);
    }
    double mean(double weights) const { return high - low > 180.0 ? 0.0 : sum / weights; }
    Degrees least() const { return degrees(narrow(low)); }
    Degrees most() const { return degrees(narrow(high)); }
  };

  void close(UtcMillis next) {
    if (lasted_ > 0.0) {
      const auto mean = [&](double sum) { return narrow(sum / lasted_); };
      insight::Minute minute{.at = minute_ + kMinute / 2};
      if (measured_ > 0.0) {
        minute.power = watts(narrow(power_ / measured_));
        minute.panel_voltage = volts(narrow(voltage_ / measured_));
      }
      minute.panel_temperature = celsius(mean(temperature_));
      if (has_wind_) minute.wind = metres_per_second(mean(wind_));
      minute.azimuth = degrees(narrow(azimuth_.mean(lasted_)));
      minute.elevation = degrees(narrow(elevation_.mean(lasted_)));
      minute.swing = insight::swing_of(azimuth_.least(), azimuth_.most(), elevation_.least(),
                                       elevation_.most());
      minute.battery_charge = percent(mean(charge_));
      const std::optional<double> counts[] = {light_[0] / lasted_, light_[1] / lasted_,
                                              light_[2] / lasted_};
      minute.light_index = insight::light_index(counts);
      minutes_.push_back(minute);
    }
    auto minutes = std::move(minutes_);
    const auto before = before_;
    *this = {};
    minutes_ = std::move(minutes);
    before_ = before;
    minute_ = next;
  }

  std::vector<insight::Minute> minutes_;
  UtcMillis minute_;
  std::optional<Before> before_;
  double lasted_ = 0, measured_ = 0;  // ms; with and without power
  bool has_wind_ = false;
  double power_ = 0, voltage_ = 0, temperature_ = 0, wind_ = 0, charge_ = 0;
  double light_[3] = {};
  Angle azimuth_, elevation_;
};

struct Entry {
  const Period* period = nullptr;
  sim::LabLaw law = sim::LabLaw::hybrid;
  insight::Yield yield = {};
  std::optional<double> net_gain = {};
  std::optional<double> true_gain = {}, true_light_gain = {}, true_net_gain = {};
  double true_fixed_wh = 0.0;

  bool judged() const { return yield.gain && true_gain; }
  double error() const { return 100.0 * std::abs(*yield.gain - *true_gain); }
  double light_error() const {
    return 100.0 * std::abs(yield.light_gain.value_or(0.0) - true_light_gain.value_or(0.0));
  }
  bool inside() const { return *yield.gain_low <= *true_gain && *true_gain <= *yield.gain_high; }
};

// A run longer than the model takes at once is judged by its first two days.
Entry judge(const Period& period, sim::LabLaw law, const GainOptions& options,
            const sim::PlantParameters& plant) {
  const sun::Place& place = period.sky->place();
  sim::LabOptions lab;
  lab.plant = plant;
  lab.plant.mount.heading = degrees(place.latitude < degrees(0.f) ? 0.f : 180.f);
  lab.seed = options.seed;
  lab.step = Millis{options.step_ms};
  MinuteMeans means;
  const UtcMillis to =
      std::min(period.to, period.from + kMinute * static_cast<int>(insight::kMinutesMax - 1));
  const sim::LabResult result =
      sim::run_lab(*period.sky, period.from, to, law, lab,
                   [&](const sim::LabMoment& moment) { means.add(moment); });
  const auto minutes = means.take();
  // Sites have no altitude in their configuration.
  const insight::Station station{
      .place = {.latitude = place.latitude, .longitude = place.longitude},
      .nominal = plant.panel.nominal};
  Entry entry{.period = &period, .law = law};
  const auto estimates = insight::estimate(minutes, station);
  entry.yield = insight::sum(estimates, 0, minutes.size());
  const sim::Figures& truth = result.figures;
  entry.true_fixed_wh = result.harvest_fixed_wh;
  if (result.harvest_fixed_wh > 0.0) {
    entry.true_gain = truth.harvest_wh / result.harvest_fixed_wh - 1.0;
  }
  entry.true_light_gain = truth.gain_over_fixed;
  entry.true_net_gain = truth.net_gain;
  const double fixed = entry.yield.fixed.in(watt_hours);
  if (entry.yield.gain && truth.servo_wh && truth.electronics_wh) {
    // The counters are the device's own: what it sends is what the lab counts.
    entry.net_gain = *entry.yield.gain - (*truth.servo_wh + *truth.electronics_wh) / fixed;
  }
  return entry;
}

std::vector<Entry> judge_all(const std::vector<Period>& periods, const GainOptions& options,
                             const sim::PlantParameters& plant) {
  std::vector<std::string> laws = options.laws;
  if (laws.empty()) laws = {"naive", "ephemeris", "hybrid"};
  std::vector<Entry> entries;
  for (const Period& period : periods) {
    for (const std::string& law : laws) {
      entries.push_back(
          {.period = &period, .law = sim::lab_law_from(law).value_or(sim::LabLaw::hybrid)});
    }
  }
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < entries.size(); i = next++) {
      entries[i] = judge(*entries[i].period, entries[i].law, options, plant);
    }
  };
  const std::size_t workers =
      std::min<std::size_t>(entries.size(), std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < workers; ++i) threads.emplace_back(work);
  work();
  return entries;
}

struct Summary {
  int days = 0;
  int inside = 0;
  double error = 0.0, worst = 0.0, light_error = 0.0, light_worst = 0.0;
};

Summary summary_of(const std::vector<Entry>& entries) {
  Summary summary;
  for (const Entry& entry : entries) {
    if (!entry.judged()) continue;
    ++summary.days;
    summary.inside += entry.inside() ? 1 : 0;
    summary.error += entry.error();
    summary.worst = std::max(summary.worst, entry.error());
    summary.light_error += entry.light_error();
    summary.light_worst = std::max(summary.light_worst, entry.light_error());
  }
  const int days = std::max(1, summary.days);
  summary.error /= days;
  summary.light_error /= days;
  return summary;
}

std::string number(std::optional<double> value) {
  return value && std::isfinite(*value) ? fmt::format("{:.5f}", *value) : "null";
}

void print_json(const std::vector<Entry>& entries, std::ostream& out) {
  out << R"({"schema":1,"results":[)";
  for (const Entry& entry : entries) {
    const insight::Yield& yield = entry.yield;
    std::string name;
    telemetry::print_text(entry.period->name, name);
    out << (&entry == &entries.front() ? "" : ",\n")
        << fmt::format(R"({{"file":{},"law":"{}","day":"{}",)", name, sim::to_text(entry.law),
                       entry.period->day)
        << fmt::format(R"("gain":{},"gain_low":{},"gain_high":{},"true_gain":{},"inside":{},)",
                       number(yield.gain), number(yield.gain_low), number(yield.gain_high),
                       number(entry.true_gain),
                       entry.judged() ? (entry.inside() ? "true" : "false") : "null")
        << fmt::format(R"("light_gain":{},"true_light_gain":{},"net_gain":{},"true_net_gain":{},)",
                       number(yield.light_gain), number(entry.true_light_gain),
                       number(entry.net_gain), number(entry.true_net_gain))
        << fmt::format(R"("energy_wh":{},"fixed_wh":{},"true_fixed_wh":{},"ideal_wh":{},)",
                       number(yield.tracked.in(watt_hours)), number(yield.fixed.in(watt_hours)),
                       number(entry.true_fixed_wh), number(yield.ideal.in(watt_hours)))
        << fmt::format(R"("coverage":{},"off_mpp":{}}})", number(yield.coverage),
                       number(yield.off_mpp));
  }
  const Summary all = summary_of(entries);
  out << fmt::format(
             R"(],"summary":{{"days":{},"mean_error":{:.3f},"worst_error":{:.3f},"inside":{},)"
             R"("light_mean_error":{:.3f},"light_worst_error":{:.3f}}}}})",
             all.days, all.error, all.worst,
             all.days > 0 ? number(static_cast<double>(all.inside) / all.days) : "null",
             all.light_error, all.light_worst)
      << "\n";
}

std::string percent_of(std::optional<double> share) {
  return share ? fmt::format("{:+.1f}", 100.0 * *share) : "-";
}

void print_table(const std::vector<Entry>& entries, std::ostream& out) {
  out << fmt::format("{:<28} {:<10} {:<10} {:>7} {:>17} {:>7} {:>6} {:>7} {:>7}\n", "weather",
                     "day", "law", "gain %", "band", "true", "off", "net %", "true");
  for (const Entry& entry : entries) {
    const std::string& name = entry.period->name;
    const std::size_t cut = name.size() > 28 ? name.size() - 28 : 0;
    const std::string band =
        percent_of(entry.yield.gain_low) + " .. " + percent_of(entry.yield.gain_high);
    out << fmt::format("{:<28} {:<10} {:<10} {:>7} {:>17} {:>7} {:>6} {:>7} {:>7}{}\n",
                       name.substr(cut), entry.period->day, sim::to_text(entry.law),
                       percent_of(entry.yield.gain), entry.yield.gain ? band : "-",
                       percent_of(entry.true_gain),
                       entry.judged() ? fmt::format("{:.1f}", entry.error()) : "-",
                       percent_of(entry.net_gain), percent_of(entry.true_net_gain),
                       entry.judged() && !entry.inside() ? "  outside its band" : "");
  }
  const Summary all = summary_of(entries);
  out << fmt::format("{} runs: mean error {:.2f} points, worst {:.2f}; inside the band {}\n",
                     all.days, all.error, all.worst, all.inside);
}

}  // namespace

void add_gain_options(command_line::Command& command, GainOptions& options) {
  add_day_options(command, day_options(options));
  command.add_option("--law", options.laws, "naive, ephemeris, hybrid; all by default")
      .delimiter(',')
      .one_of({"naive", "ephemeris", "hybrid"})
      .option_text("LAW,...");
  command.add_option("--step-ms", options.step_ms, "step while nothing moves; divides a minute")
      .capture_default_str();
  command.add_flag("--json", options.json, "figures as JSON on standard output");
}

std::optional<std::string> fault_of(const GainOptions& options) {
  GainOptions checked = options;  // day_options() shows what may be filled in
  if (auto fault = fault_of_days(day_options(checked), kDaysMax)) return fault;
  return fault_of_step(options.step_ms);
}

int run_gain(const GainOptions& options, std::ostream& out, std::ostream& err) {
  GainOptions asked = options;
  const DayOptions days = day_options(asked);
  std::vector<Period> periods = synthetic(options);
  for (const std::string& path : options.weather) {
    auto measured = measured_days(days, path, "idast gain", err);
    if (!measured) {
      err << "idast gain: " << measured.error().message << "\n";
      return measured.error().kind == sim::WeatherErrorKind::no_site ? command_line::kUsage
                                                                     : kFailure;
    }
    std::string day = date_of(*measured);
    periods.push_back({std::move(*measured), std::move(day)});
  }
  const auto plant = plant_of(days);
  if (!plant) {
    err << "idast gain: " << plant.error().message << "\n";
    return kFailure;
  }
  const auto entries = judge_all(periods, options, *plant);
  if (options.json) print_json(entries, out);
  if (!options.json) print_table(entries, out);
  out.flush();
  if (out) return 0;
  err << "idast gain: the result cannot be written\n";
  return kFailure;
}

}  // namespace idast::cli
