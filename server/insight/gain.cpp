#include "server/insight/gain.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "core/base/calendar.h"
#include "core/base/require.h"
#include "server/insight/recorded.h"

namespace idast::insight {
namespace {

constexpr Millis kMinute = std::chrono::minutes{1};
constexpr Millis kHour = std::chrono::hours{1};

Why why_none(const Recorded& recorded, const Yield& yield, bool any_here) {
  if (yield.gain) return Why::none;
  if (!any_here) return Why::no_samples;
  if (!recorded.any_power) return Why::no_power;
  if (!recorded.any_direction) return Why::no_direction;
  if (yield.off_mpp > 1.0 - kCoverageMin) return Why::off_mpp;
  // Above the horizon something weighs, and too little of it is compared.
  if (yield.daylight && yield.coverage < kCoverageMin) return Why::little_covered;
  return Why::night;
}

double total(const std::vector<double>& parts, std::size_t first, std::size_t last) {
  const auto begin = parts.begin();
  return std::accumulate(begin + static_cast<std::ptrdiff_t>(first),
                         begin + static_cast<std::ptrdiff_t>(last), 0.0);
}

// Costs known and the period over: what is left, and whether it is worth the trouble.
void judge(GainRow& row, bool over) {
  const Yield& yield = row.yield;
  if (!yield.gain || !over) return;
  const double fixed = yield.fixed.in(watt_hours);
  double cost_share = 0.0;
  if (row.motion_wh && row.electronics_wh) {
    cost_share = (*row.motion_wh + *row.electronics_wh) * yield.coverage / fixed;
    row.net_gain = *yield.gain - cost_share;
  }
  // Without the costs it can only be said that there is nothing to pay them from.
  if (*yield.gain_high - cost_share < 0.0) {
    row.verdict = Verdict::not_paying;
  } else if (row.net_gain) {
    row.verdict = *yield.gain_low - cost_share > 0.0 ? Verdict::paying : Verdict::unclear;
  }
}

GainRow row_of(const Recorded& recorded, const Estimates& estimates, std::size_t first,
               std::size_t last, bool over) {
  GainRow row{.start = recorded.minutes[first].at - kMinute / 2,
              .yield = sum(estimates, first, last)};
  double energy = 0.0;
  bool any_power = false, any_here = false;
  for (std::size_t i = first; i < last; ++i) {
    const Minute& minute = recorded.minutes[i];
    any_here = any_here || minute.power || minute.elevation || minute.panel_temperature ||
               minute.battery_charge;
    if (!minute.power) continue;
    any_power = true;
    energy += static_cast<double>(minute.power->in(watts)) / 60.0;
  }
  if (any_power) row.energy_wh = energy;
  if (recorded.any_motion) row.motion_wh = total(recorded.motion_wh, first, last);
  if (recorded.any_electronics) row.electronics_wh = total(recorded.electronics_wh, first, last);
  row.why = why_none(recorded, row.yield, any_here);
  judge(row, over);
  return row;
}

Curve curve_of(const Recorded& recorded, const Estimates& estimates) {
  Curve curve;
  const auto step = static_cast<std::size_t>(kCurveStep / kMinute);
  for (std::size_t first = 0; first < recorded.minutes.size(); first += step) {
    const std::size_t last = std::min(first + step, recorded.minutes.size());
    double fixed = 0.0, ideal = 0.0;
    int minutes = 0;
    for (std::size_t i = first; i < last; ++i) {
      if (!is_compared(estimates.use[i])) continue;
      fixed += static_cast<double>(estimates.powers[0][i].fixed.in(watts));
      ideal += static_cast<double>(estimates.powers[0][i].ideal.in(watts));
      ++minutes;
    }
    if (minutes == 0) continue;
    curve.times.push_back(recorded.minutes[first].at - kMinute / 2);
    curve.fixed_w.push_back(fixed / minutes);
    curve.ideal_w.push_back(ideal / minutes);
  }
  return curve;
}

// The finished days with a gain as one.
std::optional<GainRow> summary_of(const std::vector<GainRow>& days) {
  GainRow all{.start = days.front().start};
  double weight = 0.0, low = 0.0, high = 0.0, coverage = 0.0, costs = 0.0, net_fixed = 0.0;
  double net_tracked = 0.0;
  bool costs_known = true;
  for (const GainRow& day : days) {
    const double fixed = day.yield.fixed.in(watt_hours);
    weight += fixed;
    low += fixed * *day.yield.gain_low;
    high += fixed * *day.yield.gain_high;
    coverage += fixed * day.yield.coverage;
    all.yield.tracked += day.yield.tracked;
    all.yield.fixed += day.yield.fixed;
    all.yield.ideal += day.yield.ideal;
    all.yield.off_mpp += fixed * day.yield.off_mpp;
    all.yield.off_mpp_minutes += day.yield.off_mpp_minutes;
    all.energy_wh = all.energy_wh.value_or(0.0) + day.energy_wh.value_or(0.0);
    costs_known = costs_known && day.motion_wh && day.electronics_wh;
    if (!costs_known) continue;
    all.motion_wh = all.motion_wh.value_or(0.0) + *day.motion_wh;
    all.electronics_wh = all.electronics_wh.value_or(0.0) + *day.electronics_wh;
    costs += (*day.motion_wh + *day.electronics_wh) * day.yield.coverage;
    net_fixed += fixed;
    net_tracked += day.yield.tracked.in(watt_hours);
  }
  if (weight <= 0.0) return std::nullopt;
  all.yield.coverage = coverage / weight;
  all.yield.off_mpp /= weight;
  all.yield.gain = all.yield.tracked / all.yield.fixed - 1.0;
  all.yield.gain_low = low / weight;
  all.yield.gain_high = high / weight;
  double cost_share = 0.0;
  if (costs_known) {
    cost_share = costs / net_fixed;
    all.net_gain = (net_tracked - costs) / net_fixed - 1.0;
  } else {
    all.motion_wh.reset();
    all.electronics_wh.reset();
  }
  if (*all.yield.gain_high < cost_share) {
    all.verdict = Verdict::not_paying;
  } else if (costs_known) {
    all.verdict = *all.yield.gain_low > cost_share ? Verdict::paying : Verdict::unclear;
  }
  return all;
}

}  // namespace

std::string_view to_text(Why why) {
  constexpr std::array<std::string_view, 8> kNames{
      "",      "no_samples", "no_power",       "no_direction",
      "night", "off_mpp",    "little_covered", "pending"};
  return kNames[static_cast<std::size_t>(why)];
}

std::string_view to_text(Verdict verdict) {
  constexpr std::array<std::string_view, 3> kNames{"paying", "not_paying", "unclear"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::optional<Ledger::Day> Ledger::kept(const Key& key, UtcMillis now) const {
  Lock lock{mutex_};
  const auto found = days_.find(key);
  if (found == days_.end()) return std::nullopt;
  const Day& day = found->second;
  const Millis age = now - day.read_at;
  // Read by a clock that has been set back since: it may have called today over.
  if (age < Millis{0} || age > (day.over ? kPastKeptFor : kTodayKeptFor)) return std::nullopt;
  return day;
}

void Ledger::keep(const Key& key, const Day& day) {
  Lock lock{mutex_};
  if (days_.size() >= kDaysKeptMax) {
    const auto oldest =
        std::ranges::min_element(days_, {}, [](const auto& entry) { return entry.second.read_at; });
    days_.erase(oldest);
  }
  days_.insert_or_assign(key, day);
}

std::vector<float> Ledger::rating_factors(const std::string& device, UtcMillis before) const {
  std::vector<float> factors;
  Lock lock{mutex_};
  for (auto it = days_.lower_bound({device, UtcMillis{INT64_MIN}});
       it != days_.end() && it->first.first == device; ++it) {
    const Millis age = before - it->first.second;
    if (age < Millis{0} || age > kRatingDays * std::chrono::hours{24}) continue;
    if (it->second.rating_factor) factors.push_back(*it->second.rating_factor);
  }
  return factors;
}

store::Result<Ledger::Day> Ledger::read(store::Reader& reader, const Station& station,
                                        const GainQuery& query, std::size_t day) const {
  const UtcMillis from = query.days[day];
  const UtcMillis to = std::min(query.days[day + 1], query.now);
  const auto recorded = read_recorded(reader, query.device, from, to);
  if (!recorded) return std::unexpected{recorded.error()};
  Day result{.read_at = query.now, .over = query.days[day + 1] <= query.now};
  const std::size_t count = recorded->minutes.size();
  if (count == 0) return result;
  if (result.over) result.rating_factor = rating_factor(recorded->minutes, station);

  const Rating rating = rating_of(rating_factors(query.device, query.now));
  Station rated = station;
  rated.nominal = station.nominal * rating.factor;
  rated.nominal_deviation = rating.deviation;
  const Estimates estimates = estimate(recorded->minutes, rated);
  result.rows.push_back(row_of(*recorded, estimates, 0, count, result.over));
  const auto hour = static_cast<std::size_t>(kHour / kMinute);
  for (std::size_t first = 0; first < count; first += hour) {
    const std::size_t last = std::min(first + hour, count);
    result.rows.push_back(row_of(*recorded, estimates, first, last, last == first + hour));
  }
  result.curve = curve_of(*recorded, estimates);
  return result;
}

store::Result<Gains> Ledger::gains(store::Reader& reader, const Station& station,
                                   const GainQuery& query) {
  require(query.days.size() >= query.first + 2, "insight: a day has a beginning and an end");
  Gains gains;
  std::size_t reads = 0;
  std::vector<GainRow> over;
  // The newest first: they are asked for most, and old ones may wait.
  for (std::size_t left = query.days.size() - 1; left > 0; --left) {
    const std::size_t i = left - 1;
    const bool wanted = i >= query.first;
    if (query.days[i] >= query.now) continue;
    const Key key{query.device, query.days[i]};
    std::optional<Day> day = kept(key, query.now);
    if (!day && reads < kDaysReadMax) {
      ++reads;
      auto read_day = read(reader, station, query, i);
      if (!read_day) return std::unexpected{read_day.error()};
      keep(key, *read_day);
      day = std::move(*read_day);
    }
    if (!wanted) continue;
    if (!day || day->rows.empty()) {
      gains.rows.push_back({.start = query.days[i], .why = day ? Why::no_samples : Why::pending});
      continue;
    }
    if (gains.curve.times.empty() && i + 2 == query.days.size()) gains.curve = day->curve;
    if (day->over && day->rows.front().yield.gain) over.push_back(day->rows.front());
    if (!query.by_hour) gains.rows.push_back(day->rows.front());
    if (query.by_hour)
      gains.rows.insert(gains.rows.end(), day->rows.rbegin(), day->rows.rend() - 1);
  }
  std::ranges::reverse(gains.rows);
  std::ranges::reverse(over);
  gains.summary_days = static_cast<int>(over.size());
  if (!over.empty()) gains.summary = summary_of(over);
  const auto factors = rating_factors(query.device, query.now);
  gains.rating = rating_of(factors);
  gains.rating_days = static_cast<int>(factors.size());
  return gains;
}

namespace {

void append(std::string_view name, std::optional<double> value, int decimals, std::string& out) {
  if (value && std::isfinite(*value)) {
    out += fmt::format(R"("{}":{:.{}f},)", name, *value, decimals);
  } else {
    out += fmt::format(R"("{}":null,)", name);
  }
}

void append_word(std::string_view name, std::string_view word, std::string& out) {
  out +=
      word.empty() ? fmt::format(R"("{}":null,)", name) : fmt::format(R"("{}":"{}",)", name, word);
}

void append_row(const GainRow& row, std::string& out) {
  const Yield& yield = row.yield;
  const bool compared = yield.coverage > 0.0;
  const auto estimated = [&](WattHours energy) {
    return compared ? std::optional{energy.in(watt_hours)} : std::nullopt;
  };
  out += fmt::format(R"({{"start":"{}",)", to_iso(row.start).view());
  append("energy_wh", row.energy_wh, 3, out);
  append("tracked_wh", estimated(yield.tracked), 3, out);
  append("fixed_wh", estimated(yield.fixed), 3, out);
  append("ideal_wh", estimated(yield.ideal), 3, out);
  append("gain", yield.gain, 4, out);
  append("gain_low", yield.gain_low, 4, out);
  append("gain_high", yield.gain_high, 4, out);
  append("net_gain", row.net_gain, 4, out);
  append("motion_wh", row.motion_wh, 4, out);
  append("electronics_wh", row.electronics_wh, 4, out);
  append("coverage", yield.coverage, 4, out);
  append("off_mpp", yield.off_mpp, 4, out);
  append_word("verdict", row.verdict ? to_text(*row.verdict) : "", out);
  append_word("why", to_text(row.why), out);
  out.back() = '}';
}

template <class T, class Print>
void append_list(std::string_view name, const std::vector<T>& items, Print print,
                 std::string& out) {
  out += fmt::format(R"(,"{}":[)", name);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    out += print(items[i]);
  }
  out += ']';
}

}  // namespace

std::string to_json(const Gains& gains, bool by_hour) {
  std::string out =
      fmt::format(R"({{"estimated":true,"period":"{}","rows":[)", by_hour ? "hour" : "day");
  for (const GainRow& row : gains.rows) {
    if (&row != &gains.rows.front()) out += ',';
    append_row(row, out);
  }
  out += fmt::format(R"(],"summary_days":{},"summary":)", gains.summary_days);
  if (gains.summary) append_row(*gains.summary, out);
  if (!gains.summary) out += "null";
  out += fmt::format(R"(,"curve":{{"step_ms":{})", kCurveStep.count());
  append_list(
      "t", gains.curve.times, [](UtcMillis at) { return fmt::format("{}", at.unix_ms()); }, out);
  const auto power = [](double watts) { return fmt::format("{:.3f}", watts); };
  append_list("fixed_w", gains.curve.fixed_w, power, out);
  append_list("ideal_w", gains.curve.ideal_w, power, out);
  out += fmt::format(R"(}},"rating":{{"factor":{:.3f},"deviation":{:.3f},"clear_days":{}}}}})",
                     gains.rating.factor, gains.rating.deviation, gains.rating_days);
  return out;
}

}  // namespace idast::insight
