#include "sim/lab/drawing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "core/base/text.h"
#include "core/sun/clear_sky.h"
#include "sim/lab/ideal.h"

namespace idast::sim {
namespace {

constexpr double kWidth = 480.0;
constexpr double kLeft = 46.0;
constexpr double kRight = 470.0;
constexpr double kRadians = std::numbers::pi / 180.0;

using Minutes = std::vector<LabMinute>;

std::string number(double value) { return decimal(value, 1); }
std::string quoted(std::string_view text) { return "\"" + std::string{text} + "\""; }

std::string open_picture(double height, std::string_view kind, std::string_view label,
                         std::string_view attributes = {}) {
  return "<svg viewBox=\"0 0 " + number(kWidth) + " " + number(height) +
         "\" class=" + quoted("picture " + std::string{kind}) +
         " role=\"img\" aria-label=" + quoted(label) + std::string{attributes} + ">\n";
}

std::string text_at(double x, double y, std::string_view classes, std::string_view text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" class=" + quoted(classes) + ">" +
         escaped(text) + "</text>\n";
}

std::string line_to(double x1, double y1, double x2, double y2, std::string_view classes) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) +
         "\" y2=\"" + number(y2) + "\" class=" + quoted(classes) + "/>\n";
}

// A bar with words that appear on pointing at it.
std::string bar(double x, double y, double width, double height, std::string_view classes,
                std::string_view words) {
  return "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(width) +
         "\" height=\"" + number(height) + "\" class=" + quoted(classes) + "><title>" +
         escaped(words) + "</title></rect>\n";
}

// A line through points, broken where it is lifted.
class Pen {
 public:
  void to(double x, double y) {
    path_ += (down_ ? "L" : "M") + number(x) + " " + number(y);
    down_ = true;
  }
  void lift() { down_ = false; }
  std::string path(std::string_view classes) const {
    return path_.empty() ? "" : "<path d=" + quoted(path_) + " class=" + quoted(classes) + "/>\n";
  }

 private:
  std::string path_;
  bool down_ = false;
};

const Minutes* minutes_of(const ReportDay& day) {
  const LawRun* run = closest_look(day);
  if (run == nullptr && !day.runs.empty()) run = &day.runs.front();
  return run == nullptr || run->result.minutes.empty() ? nullptr : &run->result.minutes;
}

bool is_day(const LabMinute& minute) { return minute.sky.sun.elevation > degrees(0.f); }

// From the first minute of sun to the last, in hours by the sun of the place.
class TimeAxis {
 public:
  TimeAxis(const Minutes& minutes, const sun::Place& place)
      : east_hours_{static_cast<double>(place.longitude.in(degrees)) / 15.0} {
    const auto first = std::ranges::find_if(minutes, is_day);
    const auto last = std::find_if(minutes.rbegin(), minutes.rend(), is_day);
    const bool any = first != minutes.end();
    from_ = hours(any ? first->sky.at : minutes.front().sky.at);
    to_ = std::max(hours(any ? last->sky.at : minutes.back().sky.at), from_ + 1.0 / 60.0);
  }

  double x(UtcMillis at) const { return x_of(hours(at)); }

  std::string grid(double top, double bottom) const {
    constexpr std::array<double, 5> kSteps{1.0, 3.0, 6.0, 12.0, 24.0};
    constexpr double kLinesMax = 9.0;
    double step = kSteps.back();
    for (const double candidate : kSteps) {
      if ((to_ - from_) / candidate > kLinesMax) continue;
      step = candidate;
      break;
    }
    std::string out;
    for (double hour = std::ceil(from_ / step) * step; hour <= to_; hour += step) {
      const double of_day = hour - std::floor(hour / 24.0) * 24.0;
      out += line_to(x_of(hour), top, x_of(hour), bottom, "grid");
      out += text_at(x_of(hour), bottom + 17.0, "tick middle", decimal(of_day, 0) + " h");
    }
    return out;
  }

  // What a page's script needs to find the minute under the pointer.
  std::string attributes() const {
    return " data-from=\"" + decimal(from_, 4) + "\" data-to=\"" + decimal(to_, 4) + "\"";
  }

 private:
  double hours(UtcMillis at) const {
    return static_cast<double>(at.unix_ms()) / 3.6e6 + east_hours_;
  }
  double x_of(double hour) const {
    return kLeft + (kRight - kLeft) * (hour - from_) / (to_ - from_);
  }

  double east_hours_;
  double from_ = 0.0;
  double to_ = 1.0;
};

std::string clock_of(UtcMillis at, const sun::Place& place) {
  const double hour = static_cast<double>(at.unix_ms()) / 3.6e6 +
                      static_cast<double>(place.longitude.in(degrees)) / 15.0;
  const int minute =
      static_cast<int>(std::floor(hour * 60.0 + 0.5) - std::floor(hour / 24.0) * 1440.0);
  std::array<char, 16> buffer;
  const int length =
      std::snprintf(buffer.data(), buffer.size(), "%02d:%02d", minute / 60 % 24, minute % 60);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

std::string law_class(LabLaw law) { return "law-" + std::string{to_text(law)}; }

double watts_of(Irradiance light) { return static_cast<double>(light.in(watts_per_square_metre)); }

// Names with their colours in a row.
std::string legend(double y, const std::vector<std::pair<std::string, std::string>>& entries) {
  constexpr double kSign = 16.0;
  constexpr double kLetter = 8.6;
  constexpr double kApart = 18.0;
  std::string out;
  double x = kLeft;
  for (const auto& [name, classes] : entries) {
    out += line_to(x, y - 4.0, x + kSign, y - 4.0, "curve " + classes);
    out += text_at(x + kSign + 5.0, y, "tick", name);
    x += kSign + 5.0 + kLetter * static_cast<double>(name.size()) + kApart;
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> moving_laws(const ReportDay& day) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const LawRun& run : day.runs) {
    if (board_law(run.law)) entries.emplace_back(to_text(run.law), law_class(run.law));
  }
  return entries;
}

// The sky seen from below with north up and east to the right, as on a map.
struct DomePlace {
  double x, y;
};
DomePlace on_dome(const control::Direction& direction) {
  constexpr double kX = 240.0, kY = 214.0, kRadius = 176.0;
  const double out =
      kRadius *
      std::clamp((90.0 - static_cast<double>(direction.elevation.in(degrees))) / 90.0, 0.0, 1.0);
  const double azimuth = static_cast<double>(direction.azimuth.in(degrees)) * kRadians;
  return {kX + out * std::sin(azimuth), kY - out * std::cos(azimuth)};
}

std::string dome_grid() {
  const DomePlace middle = on_dome({degrees(0.f), degrees(90.f)});
  std::string out;
  for (const float elevation : {0.f, 30.f, 60.f}) {
    const DomePlace top = on_dome({degrees(0.f), degrees(elevation)});
    out += "<circle cx=\"" + number(middle.x) + "\" cy=\"" + number(middle.y) + "\" r=\"" +
           number(middle.y - top.y) + "\" class=\"grid ring\"/>\n";
    if (elevation > 0.f) {
      out += text_at(top.x + 4.0, top.y - 4.0, "tick",
                     decimal(static_cast<double>(elevation), 0) + "°");
    }
  }
  constexpr std::array<std::string_view, 4> kWinds{"N", "E", "S", "W"};
  for (std::size_t i = 0; i < kWinds.size(); ++i) {
    const Degrees azimuth = degrees(90.f * static_cast<float>(i));
    const DomePlace edge = on_dome({azimuth, degrees(0.f)});
    out += line_to(middle.x, middle.y, edge.x, edge.y, "grid");
    const double further = 1.08;
    out += text_at(middle.x + (edge.x - middle.x) * further,
                   middle.y + (edge.y - middle.y) * further + 5.0, "tick middle", kWinds[i]);
  }
  return out;
}

// What a perfect tracker would have caught through air of this turbidity, Wh/m², over the minutes
// that count.
double cloudless(const Minutes& minutes, const sun::Place& place, float turbidity) {
  const sun::ClearSky clear{place.altitude, turbidity};
  double sum = 0.0;
  for (const LabMinute& minute : minutes) {
    if (minute.sky.sun.elevation <= kCountedAbove || minute.sky.in_gap) continue;
    Conditions now = minute.sky;
    const sun::SkyLight light = clear.at(now.at, now.sun.elevation);
    now.ghi = light.ghi;
    now.dni = light.dni;
    now.dhi = light.dhi;
    sum += watts_of(oracle_light(SkyDome{now}, now.sun).light.total()) / 60.0;
  }
  return sum;
}

// The same for air as clear as the day itself proves: a cloudless sky gives no less than was seen.
double cloudless(const Minutes& minutes, const sun::Place& place, double seen) {
  constexpr float kUsual = 3.5f;     // as ModelledSkyParameters,
  constexpr float kClearest = 1.5f;  // and the least that is found, on high mountains
  constexpr float kStep = 0.25f;
  double sum = 0.0;
  for (float turbidity = kUsual; turbidity >= kClearest && sum < seen; turbidity -= kStep) {
    sum = cloudless(minutes, place, turbidity);
  }
  return sum;
}

struct Flow {
  std::string label;
  double wh;      // of a loss: what is taken away
  bool is_total;  // stands on the ground; else hangs from what was left
  std::string_view about;
};

std::vector<Flow> flows(const ReportDay& day, const LawRun& run) {
  const LabResult& result = run.result;
  const Figures& figures = result.figures;
  const double poa = figures.poa_wh_m2;
  const double yield = poa > 0.0 ? figures.harvest_wh / poa : 0.0;
  const double offered = cloudless(result.minutes, day.place, result.poa_oracle_wh_m2);
  const LightLosses& lost = result.losses;
  std::vector<Flow> flows{{"no clouds", offered * yield, true,
                           "what this panel would make of a cloudless day, always at its best"}};
  const auto lose = [&](std::string label, double light, std::string_view about) {
    flows.push_back({std::move(label), light * yield, false, about});
  };
  lose("clouds", offered - result.poa_oracle_wh_m2, "and haze: what no tracker can get back");
  lose("diffuse", lost.diffuse, "the sun's direction, or the tilt chosen, was not the best one");
  lose("limits", lost.limits, "the servos do not reach the sun");
  lose("dead band", lost.dead_band, "waiting for a move that is worth it, and sweeps");
  lose("mount", lost.mount, "the panel does not stand where the law believes");
  lose("stow", lost.stow, "flat for the wind");
  lose("waiting", lost.waiting, "no clock, a fault, or night by the law's judgement");
  flows.push_back({"harvest", figures.harvest_wh, true, "what the panel made"});
  flows.push_back({"motion", figures.servo_wh.value_or(0.0), false, "moving and holding"});
  flows.push_back({"electronics", figures.electronics_wh.value_or(0.0), false, "day and night"});
  flows.push_back(
      {"left over",
       figures.harvest_wh - figures.servo_wh.value_or(0.0) - figures.electronics_wh.value_or(0.0),
       true, "for the battery"});
  return flows;
}

constexpr std::string_view kStyle = R"(
.picture{--ink:#1c2733;--quiet:#5b6875;--grid:#d9dfe5;--ghi:#c98a00;--dni:#d9480f;--dhi:#2b7fc4;
--naive:#d9480f;--ephemeris:#2b6fc4;--hybrid:#0b8a5f;--fixed:#7a8794;--flat:#a3aeb8;
--single_axis:#8250c4;--oracle:#c98a00;--loss:#d0564a;--gain:#0b8a5f;
--acquire:#8250c4;--track:#0b8a5f;--diffuse:#4ba3dd;--stow:#d9480f;--night:#5f6c7b;--manual:#c98a00;
--fault:#c2255c;display:block;width:100%;height:auto;font:13px system-ui,sans-serif}
@media (prefers-color-scheme:dark){.picture{--ink:#e6ebf0;--quiet:#9aa7b4;--grid:#333e4a;
--ghi:#f0b429;--dni:#ff8a5c;--dhi:#6db9f2;--naive:#ff8a5c;--ephemeris:#74aef5;--hybrid:#3ecf9a;
--fixed:#93a0ad;--flat:#6f7b87;--single_axis:#b794f6;--oracle:#f0b429;--loss:#f0857a;--gain:#3ecf9a;
--acquire:#b794f6;--track:#2fae82;--diffuse:#5aaee6;--stow:#ff8a5c;--night:#56626f;--manual:#f0b429;
--fault:#f0649a}}
@media print{.picture{--ink:#1c2733;--quiet:#5b6875;--grid:#d9dfe5}}
.picture text{fill:var(--ink)}.picture .tick{fill:var(--quiet);font-size:12px}
.picture .middle{text-anchor:middle}.picture .end{text-anchor:end}.picture .strong{font-weight:650}
.picture .grid{stroke:var(--grid);stroke-width:1}.picture .ring{fill:none}
.picture path,.picture .curve{fill:none;stroke:var(--ink);stroke-width:1.6;stroke-linejoin:round}
.picture .area{fill:var(--ghi);stroke:none;opacity:.16}
.picture .ghi{stroke:var(--ghi)}.picture .dni{stroke:var(--dni)}.picture .dhi{stroke:var(--dhi)}
.picture .law-naive{stroke:var(--naive)}.picture .law-ephemeris{stroke:var(--ephemeris)}
.picture .law-hybrid{stroke:var(--hybrid)}
.picture .sun{stroke:var(--oracle);stroke-width:5;opacity:.55;stroke-linecap:round}
.picture rect{stroke:none}.picture rect.law-naive{fill:var(--naive)}
.picture rect.law-ephemeris{fill:var(--ephemeris)}.picture rect.law-hybrid{fill:var(--hybrid)}
.picture rect.law-fixed{fill:var(--fixed)}.picture rect.law-flat{fill:var(--flat)}
.picture rect.law-single_axis{fill:var(--single_axis)}.picture rect.law-oracle{fill:var(--oracle)}
.picture .acquire{fill:var(--acquire)}.picture .track{fill:var(--track)}
.picture .diffuse{fill:var(--diffuse)}.picture .stow{fill:var(--stow)}
.picture .night{fill:var(--night)}.picture .manual{fill:var(--manual)}
.picture .fault{fill:var(--fault)}.picture .loss{fill:var(--loss)}.picture .back{fill:var(--gain)}
.picture .total{fill:var(--hybrid)}.picture .offer{fill:var(--oracle)}
.picture .mark{stroke:var(--ink);stroke-width:1.4;stroke-dasharray:4 3}
@media (max-width:600px){.picture{font-size:16px}.picture .tick{font-size:15px}}
)";

}  // namespace

const LawRun* closest_look(const ReportDay& day) {
  const LawRun* found = nullptr;
  for (const LawRun& run : day.runs) {
    if (!board_law(run.law)) continue;
    if (run.law == LabLaw::hybrid) return &run;
    if (found == nullptr) found = &run;
  }
  return found;
}

std::string draw_irradiance(const ReportDay& day) {
  constexpr double kTop = 10.0, kBottom = 210.0, kHeight = 256.0;
  const Minutes* minutes = minutes_of(day);
  if (minutes == nullptr) return {};
  const TimeAxis time{*minutes, day.place};
  double most = 1000.0;
  for (const LabMinute& minute : *minutes) {
    most = std::max({most, watts_of(minute.sky.ghi), watts_of(minute.sky.dni)});
  }
  const auto y = [&](double watts) { return kBottom - (kBottom - kTop) * watts / most; };
  std::string out = open_picture(kHeight, "time", "Irradiance over the day", time.attributes());
  for (double watts = 0.0; watts <= most; watts += 250.0) {
    out += line_to(kLeft, y(watts), kRight, y(watts), "grid");
    out += text_at(kLeft - 6.0, y(watts) + 4.0, "tick end", decimal(watts, 0));
  }
  out += time.grid(kTop, kBottom);
  Pen global, direct, diffuse, area;
  for (const LabMinute& minute : *minutes) {
    if (!is_day(minute)) {
      for (Pen* pen : {&global, &direct, &diffuse}) pen->lift();
      continue;
    }
    const double x = time.x(minute.sky.at);
    global.to(x, y(watts_of(minute.sky.ghi)));
    direct.to(x, y(watts_of(minute.sky.dni)));
    diffuse.to(x, y(watts_of(minute.sky.dhi)));
  }
  out += global.path("curve ghi") + direct.path("curve dni") + diffuse.path("curve dhi");
  out += legend(kHeight - 8.0, {{"GHI", "ghi"}, {"DNI", "dni"}, {"DHI", "dhi"}});
  return out + "</svg>\n";
}

std::string draw_capture(const ReportDay& day) {
  constexpr double kRow = 30.0, kNames = 100.0, kFull = 334.0;
  const double height = kRow * static_cast<double>(day.runs.size()) + 8.0;
  std::string out = open_picture(height, "bars", "Capture by law");
  double y = 4.0;
  for (const LawRun& run : day.runs) {
    const Figures& figures = run.result.figures;
    const double capture = figures.capture.value_or(0.0);
    const auto share = [](std::optional<double> value, int decimals) {
      return value ? decimal(*value * 100.0, decimals) + " %" : std::string{"–"};
    };
    const bool closest = &run == closest_look(day);
    out += text_at(kNames - 8.0, y + 18.0, closest ? "end strong" : "end", to_text(run.law));
    out += bar(kNames, y + 4.0, std::clamp(capture, 0.0, 1.1) * (kFull - kNames), kRow - 10.0,
               law_class(run.law),
               std::string{to_text(run.law)} + ": " + decimal(figures.poa_wh_m2, 0) + " Wh/m², " +
                   share(figures.capture, 2) + " of the oracle's");
    out +=
        text_at(kWidth - 64.0, y + 18.0, closest ? "end strong" : "end", share(figures.capture, 1));
    const auto gain = figures.gain_over_fixed;
    const std::string sign = gain && *gain >= 0.0 ? "+" : "";
    out += text_at(kWidth - 4.0, y + 18.0, "tick end", gain ? sign + share(gain, 1) : "–");
    y += kRow;
  }
  return out + "</svg>\n";
}

std::string draw_pointing(const ReportDay& day) {
  constexpr double kTop = 10.0, kBottom = 210.0, kHeight = 256.0;
  constexpr double kLeast = 0.05, kMost = 90.0;
  const Minutes* minutes = minutes_of(day);
  if (minutes == nullptr) return {};
  const TimeAxis time{*minutes, day.place};
  const auto y = [&](double off) {
    const double share =
        std::log(std::clamp(off, kLeast, kMost) / kLeast) / std::log(kMost / kLeast);
    return kBottom - (kBottom - kTop) * share;
  };
  std::string out = open_picture(kHeight, "time", "Pointing error over the day", time.attributes());
  for (const double off : {0.1, 0.3, 1.0, 3.0, 10.0, 30.0}) {
    out += line_to(kLeft, y(off), kRight, y(off), "grid");
    out += text_at(kLeft - 6.0, y(off) + 4.0, "tick end", decimal(off, off < 1.0 ? 1 : 0) + "°");
  }
  out += time.grid(kTop, kBottom);
  for (const LawRun& run : day.runs) {
    if (!board_law(run.law)) continue;
    Pen pen;
    for (const LabMinute& minute : run.result.minutes) {
      const bool aims = minute.state != State::diffuse && minute.state != State::stow;
      if (aims && minute.error_deg && minute.sky.dni > kPointingDniMin &&
          minute.sky.sun.elevation > kPointingElevationMin) {
        pen.to(time.x(minute.sky.at), y(static_cast<double>(*minute.error_deg)));
      } else {
        pen.lift();
      }
    }
    out += pen.path("curve " + law_class(run.law));
  }
  out += legend(kHeight - 8.0, moving_laws(day));
  return out + "</svg>\n";
}

std::string draw_dome(const ReportDay& day) {
  constexpr double kHeight = 440.0;
  const LawRun* run = closest_look(day);
  if (run == nullptr || run->result.minutes.empty()) return {};
  std::string out = open_picture(kHeight, "dome", "The sky from above, with sun and panel");
  out += dome_grid();
  Pen sun, panel;
  std::optional<control::Direction> before;
  for (const LabMinute& minute : run->result.minutes) {
    if (!is_day(minute)) {
      sun.lift();
      panel.lift();
      continue;
    }
    const DomePlace at = on_dome({minute.sky.sun.azimuth, minute.sky.sun.elevation});
    sun.to(at.x, at.y);
    // A leap between two minutes is a move, not a path.
    constexpr Degrees kLeap = degrees(30.f);
    if (before && control::angle_between(*before, minute.panel) > kLeap) panel.lift();
    before = minute.panel;
    const DomePlace looks = on_dome(minute.panel);
    panel.to(looks.x, looks.y);
  }
  out += sun.path("curve sun") + panel.path("curve " + law_class(run->law));
  out += legend(
      kHeight - 8.0,
      {{"sun", "sun"}, {"panel (" + std::string{to_text(run->law)} + ")", law_class(run->law)}});
  return out + "</svg>\n";
}

std::string draw_states(const ReportDay& day) {
  constexpr double kRow = 44.0, kRibbon = 20.0;
  const Minutes* minutes = minutes_of(day);
  const auto laws = moving_laws(day);
  if (minutes == nullptr || laws.empty()) return {};
  const TimeAxis time{*minutes, day.place};
  const double bottom = kRow * static_cast<double>(laws.size()) + 4.0;
  std::string out = open_picture(bottom + 22.0, "time", "States over the day", time.attributes());
  out += time.grid(0.0, bottom);
  double y = 0.0;
  for (const LawRun& run : day.runs) {
    if (!board_law(run.law)) continue;
    out += text_at(kLeft, y + 14.0, "strong", to_text(run.law));
    const Minutes& all = run.result.minutes;
    for (std::size_t i = 0; i < all.size();) {
      std::size_t end = i + 1;
      while (end < all.size() && all[end].state == all[i].state &&
             all[end].reason == all[i].reason) {
        ++end;
      }
      const double from = std::max(time.x(all[i].sky.at), kLeft);
      const double to = std::min(time.x(all[end - 1].sky.at + std::chrono::minutes{1}), kRight);
      if (all[i].state && all[i].reason && to > from) {
        const std::string state{to_text(*all[i].state)};
        out +=
            bar(from, y + 20.0, to - from, kRibbon, state,
                state + ", " + std::string{to_text(*all[i].reason)} + ", " +
                    clock_of(all[i].sky.at, day.place) + ", " + std::to_string(end - i) + " min");
      }
      i = end;
    }
    y += kRow;
  }
  return out + "</svg>\n";
}

std::string draw_losses(const ReportDay& day) {
  constexpr double kNothing = 0.005;  // Wh: what would print as 0.00
  constexpr double kSeen = 1.5;       // the least width of a bar
  constexpr double kRow = 25.0, kNames = 106.0, kFull = 386.0;
  const LawRun* run = closest_look(day);
  if (run == nullptr || run->result.minutes.empty()) return {};
  const auto all = flows(day, *run);
  double most = run->result.harvest_fixed_wh;
  for (const Flow& flow : all) most = std::max(most, flow.is_total ? flow.wh : 0.0);
  if (!(most > 0.0)) return {};
  const auto x = [&](double wh) {
    return kNames + (kFull - kNames) * std::clamp(wh / most, 0.0, 1.0);
  };
  const double bottom = kRow * static_cast<double>(all.size()) + 4.0;
  std::string out = open_picture(bottom + 26.0, "bars", "Where the watt-hours went");
  double y = 2.0;
  double left = 0.0;
  for (const Flow& flow : all) {
    const bool total = flow.is_total;
    const bool nothing = std::abs(flow.wh) < kNothing;
    const bool back = flow.wh < 0.0;
    const double from = total ? 0.0 : std::min(left, left - flow.wh);
    const double to = total ? flow.wh : std::max(left, left - flow.wh);
    std::string_view kind = &flow == &all.front() ? "offer" : "total";
    if (!total) kind = back ? "back" : "loss";
    const std::string_view sign = total || nothing ? "" : back ? "+" : "−";
    const std::string value = std::string{sign} + decimal(std::abs(flow.wh), 2) + " Wh";
    out += text_at(kNames - 8.0, y + 16.0, total ? "end strong" : "end", flow.label);
    if (!nothing) {
      out += bar(x(from), y + 3.0, std::max(kSeen, x(to) - x(from)), kRow - 8.0, kind,
                 flow.label + ": " + value + ", " + std::string{flow.about});
    }
    out += text_at(kWidth - 2.0, y + 16.0, total ? "end strong" : "end", value);
    left = total ? flow.wh : left - flow.wh;
    y += kRow;
  }
  const double fixed = x(run->result.harvest_fixed_wh);
  out += line_to(fixed, 0.0, fixed, bottom, "mark");
  out += text_at(fixed, bottom + 16.0, "tick middle",
                 "a fixed panel: " + decimal(run->result.harvest_fixed_wh, 1) + " Wh");
  return out + "</svg>\n";
}

std::string_view picture_style() { return kStyle; }

std::string standing_alone(const std::string& picture) {
  const std::size_t end = picture.find('>');
  if (end == std::string::npos) return {};
  return picture.substr(0, end) + " xmlns=\"http://www.w3.org/2000/svg\"><style>" +
         std::string{kStyle} + "</style>" + picture.substr(end + 1);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    const char c = text[at];
    if (length > 1) {
      out += text.substr(at, length);
    } else if (length == 0 || static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      out += '?';
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else {
      out += c;
    }
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

std::string decimal(std::optional<double> value, int decimals) {
  if (!value || !std::isfinite(*value)) return "–";
  std::array<char, 64> buffer;
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, *value);
  std::string out{buffer.data(), std::min(static_cast<std::size_t>(length), buffer.size() - 1)};
  return out.find_first_not_of("-0.") == std::string::npos && out.front() == '-' ? out.substr(1)
                                                                                 : out;
}

}  // namespace idast::sim
