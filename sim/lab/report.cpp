#include "sim/lab/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace idast::sim {
namespace {

double watts_of(Irradiance light) { return static_cast<double>(light.in(watts_per_square_metre)); }

std::string percent_of(std::optional<double> share, int decimals) {
  return share ? decimal(*share * 100.0, decimals) + " %" : "–";
}

std::string signed_percent(std::optional<double> share) {
  return (share && *share >= 0.0 ? "+" : "") + percent_of(share, 1);
}

std::string tag(std::string_view name, std::string_view inner) {
  return "<" + std::string{name} + ">" + std::string{inner} + "</" + std::string{name} + ">";
}

std::string angle(Degrees value, std::string_view positive, std::string_view negative) {
  const double number = static_cast<double>(value.in(degrees));
  return decimal(std::abs(number), 2) + "° " + std::string{number < 0.0 ? negative : positive};
}

std::string card(std::string_view title, std::string_view about, const std::string& picture) {
  if (picture.empty()) return {};
  return "<figure><figcaption>" + tag("b", escaped(title)) + " " + escaped(about) +
         "</figcaption>\n" + picture + "</figure>\n";
}

std::string table(const ReportDay& day) {
  std::string rows =
      "<tr><th>law</th><th>caught</th><th>of the oracle</th><th>over fixed</th>"
      "<th>error, mean</th><th>95 %</th><th>moves</th><th>motion</th><th>electronics</th>"
      "<th>harvest</th><th>net gain</th></tr>\n";
  for (const LawRun& run : day.runs) {
    const Figures& figures = run.result.figures;
    const auto cell = [](const std::string& text) { return tag("td", text); };
    const auto with_unit = [&](std::optional<double> value, int decimals, std::string_view unit) {
      return cell(decimal(value, decimals) + (value ? std::string{unit} : ""));
    };
    rows += "<tr>" + tag("th", escaped(to_text(run.law)));
    rows += with_unit(figures.poa_wh_m2, 0, " Wh/m²") + cell(percent_of(figures.capture, 2));
    rows += cell(signed_percent(figures.gain_over_fixed));
    rows +=
        with_unit(figures.pointing_mean_deg, 2, "°") + with_unit(figures.pointing_p95_deg, 2, "°");
    rows += cell(figures.moves ? std::to_string(*figures.moves) : "–");
    rows += with_unit(figures.servo_wh, 2, " Wh") + with_unit(figures.electronics_wh, 2, " Wh");
    rows += with_unit(figures.harvest_wh, 1, " Wh") + cell(signed_percent(figures.net_gain));
    rows += "</tr>\n";
  }
  return "<div class=\"wide\"><table>\n" + rows + "</table></div>\n";
}

// How long each law spent in which state and why, as a list; whole minutes.
std::string state_list(const ReportDay& day) {
  std::string out;
  for (const LawRun& run : day.runs) {
    if (!board_law(run.law)) continue;
    std::map<std::pair<State, Reason>, int> spent;
    for (const LabMinute& minute : run.result.minutes) {
      const bool up = minute.sky.sun.elevation > degrees(0.f);
      if (up && minute.state && minute.reason) ++spent[{*minute.state, *minute.reason}];
    }
    std::string words;
    for (const auto& [what, minutes] : spent) {
      words += words.empty() ? "" : ", ";
      words += "<i class=\"sign " + std::string{to_text(what.first)} + "\"></i>" +
               std::string{to_text(what.first)} + " (" + std::string{to_text(what.second)} + ") " +
               std::to_string(minutes) + " min";
    }
    out += tag("li", tag("b", to_text(run.law)) + ": " + words) + "\n";
  }
  return out.empty() ? out : "<ul class=\"states\">\n" + out + "</ul>\n";
}

// The numbers behind the pictures, for the script: a list an axis, a value a minute.
std::string numbers(const ReportDay& day) {
  if (day.runs.empty() || day.runs.front().result.minutes.empty()) return {};
  const auto list = [](const std::vector<LabMinute>& minutes, auto value) {
    std::string out;
    for (const LabMinute& minute : minutes) {
      out += out.empty() ? "" : ",";
      out += value(minute);
    }
    return "[" + out + "]";
  };
  const auto& minutes = day.runs.front().result.minutes;
  const double first = static_cast<double>(minutes.front().sky.at.unix_ms()) / 3.6e6 +
                       static_cast<double>(day.place.longitude.in(degrees)) / 15.0;
  std::string out = "{\"first\":" + decimal(first, 4);
  const auto light = [&](std::string_view name, auto value) {
    out += ",\"" + std::string{name} + "\":" + list(minutes, [&](const LabMinute& m) {
             return decimal(watts_of(value(m)), 0);
           });
  };
  light("GHI", [](const LabMinute& m) { return m.sky.ghi; });
  light("DNI", [](const LabMinute& m) { return m.sky.dni; });
  light("DHI", [](const LabMinute& m) { return m.sky.dhi; });
  out += ",\"laws\":{";
  bool is_first = true;
  for (const LawRun& run : day.runs) {
    if (!board_law(run.law)) continue;
    out += (is_first ? "\"" : ",\"") + std::string{to_text(run.law)} + "\":{\"error\":";
    is_first = false;
    out += list(run.result.minutes, [](const LabMinute& m) {
      return m.error_deg ? decimal(static_cast<double>(*m.error_deg), 1) : std::string{"null"};
    });
    out += ",\"state\":" + list(run.result.minutes, [](const LabMinute& m) {
             return m.state ? std::to_string(static_cast<int>(*m.state)) : std::string{"null"};
           });
    out += "}";
  }
  return "<script type=\"application/json\" class=\"numbers\">" + out + "}}</script>\n";
}

std::string section(const ReportDay& day) {
  std::string out = "<section>\n<h2>" + escaped(headline(day)) + "</h2>\n";
  const std::string file = day.name.substr(day.name.find_last_of('/') + 1);
  out += "<p class=\"quiet\">" + escaped(file) + " · " + escaped(day.day) + " · " +
         angle(day.place.latitude, "N", "S") + ", " + angle(day.place.longitude, "E", "W") +
         "</p>\n";
  const std::string ledger = ledger_sentence(day);
  if (!ledger.empty()) out += "<p class=\"ledger\">" + escaped(ledger) + "</p>\n";
  out += "<p class=\"readout quiet\" aria-live=\"polite\"></p>\n<div class=\"cards\">\n";
  out += card("The day's light.",
              "W/m² on flat ground (GHI, DHI) and towards the sun (DNI); hours by "
              "the sun.",
              draw_irradiance(day));
  out += card("Capture by law.",
              "Of what a panel could catch that takes the best tilt each minute; right: more than "
              "a fixed one.",
              draw_capture(day));
  out += card("Pointing error.", "While the sun casts shadows and the law aims at it; log scale.",
              draw_pointing(day));
  out += card("States.", "What each law was doing.", draw_states(day));
  out += card("Where the watt-hours went.",
              "From a cloudless sky to what is left over; light counted at the panel's average "
              "yield of the day.",
              draw_losses(day));
  out += card("Sun and panel.", "The sky as on a map: north up, the zenith in the middle.",
              draw_dome(day));
  out += "</div>\n" + state_list(day) + table(day) + numbers(day);
  return out + "</section>\n";
}

constexpr std::string_view kPageStyle = R"(
:root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--text:#1c2733;--soft:#5b6875;--rim:#dde3e8;
--accent:#0b8a5f}
@media (prefers-color-scheme:dark){:root{--page:#12181f;--card:#1a222b;--text:#e6ebf0;--soft:#9aa7b4;
--rim:#2c3742;--accent:#3ecf9a}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:15px;font-weight:600;color:var(--accent);margin:0 0 4px}
h2{font-size:clamp(21px,3.2vw,30px);line-height:1.25;font-weight:680;margin:22px 0 4px;
max-width:32em;text-wrap:balance}
p{margin:6px 0}.quiet{color:var(--soft);font-size:14px}
.ledger{max-width:48em}.readout{min-height:1.5em;font-variant-numeric:tabular-nums}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:16px;
margin:8px 0 16px}
figure{margin:0;background:var(--card);border:1px solid var(--rim);border-radius:12px;padding:14px 16px}
figcaption{font-size:14px;color:var(--soft);margin-bottom:10px}figcaption b{color:var(--text)}
section+section{border-top:1px solid var(--rim);margin-top:36px;padding-top:8px}
.states{list-style:none;padding:0;margin:0 0 16px;font-size:14px}.states li{margin:4px 0}
.sign{display:inline-block;width:11px;height:11px;border-radius:3px;margin:0 4px 0 2px}
i.acquire{background:#8250c4}i.track{background:#0b8a5f}i.diffuse{background:#4ba3dd}
i.stow{background:#d9480f}i.night{background:#5f6c7b}i.manual{background:#c98a00}
i.fault{background:#c2255c}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}
th,td{padding:5px 12px 5px 0;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rim)}
th:first-child{text-align:left}tr:first-child th{color:var(--soft);font-weight:500}
@media print{:root{--page:#fff;--card:#fff;--text:#000;--soft:#444;--rim:#ccc}body{font-size:11pt}
main{max-width:none;padding:0}figure{break-inside:avoid}section{break-before:page}
section:first-of-type{break-before:auto}.readout{display:none}
.cards{grid-template-columns:1fr 1fr;gap:8px}}
@media (max-width:600px){main{padding:18px 10px 40px}figure{padding:12px 8px}
figcaption{padding:0 4px}}
)";

// No character of it that XML would take for markup.
constexpr std::string_view kScript = R"(
for (const section of document.querySelectorAll("section")) {
  const source = section.querySelector(".numbers");
  if (!source) continue;
  const numbers = JSON.parse(source.textContent);
  const readout = section.querySelector(".readout");
  const states = ["acquire", "track", "diffuse", "stow", "night", "manual", "fault"];
  const charts = [...section.querySelectorAll("svg.time")];
  const marks = charts.map(chart => {
    const mark = document.createElementNS(chart.namespaceURI, "line");
    mark.setAttribute("class", "mark");
    mark.setAttribute("y2", chart.viewBox.baseVal.height - 46);
    mark.style.display = "none";
    chart.append(mark);
    return mark;
  });
  const show = (chart, event) => {
    const box = chart.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * 480;
    const share = Math.max(0, Math.min(1, (x - 46) / (470 - 46)));
    const from = Number(chart.dataset.from), to = Number(chart.dataset.to);
    const hour = from + share * (to - from);
    const last = numbers.GHI.length - 1;
    const at = Math.max(0, Math.min(last, Math.round((hour - numbers.first) * 60)));
    const minute = Math.round(hour * 60) % 1440;
    const clock = String(Math.floor(minute / 60)).padStart(2, "0") + ":" +
      String(minute % 60).padStart(2, "0");
    const laws = Object.entries(numbers.laws).map(([name, law]) =>
      name + " " + (states[law.state[at]] ?? "") +
      (law.error[at] === null ? "" : " " + law.error[at] + "° off the sun"));
    readout.textContent = [clock, "GHI " + numbers.GHI[at] + ", DNI " + numbers.DNI[at] +
      ", DHI " + numbers.DHI[at] + " W/m²", ...laws].join(" · ");
    for (const mark of marks) {
      const where = 46 + share * (470 - 46);
      mark.setAttribute("x1", where);
      mark.setAttribute("x2", where);
      mark.style.display = "";
    }
  };
  const hide = () => {
    for (const mark of marks) mark.style.display = "none";
    readout.textContent = "";
  };
  for (const chart of charts) {
    chart.addEventListener("pointermove", event => show(chart, event));
    chart.addEventListener("pointerleave", hide);
  }
}
)";

}  // namespace

std::string_view to_text(DayKind kind) {
  constexpr std::array<std::string_view, 4> kNames{"clear", "broken", "hazy", "overcast"};
  return kNames[static_cast<std::size_t>(kind)];
}

DayKind kind_of(const std::vector<LabMinute>& minutes) {
  double global = 0.0, diffuse = 0.0, changes = 0.0;
  const LabMinute* before = nullptr;
  for (const LabMinute& minute : minutes) {
    if (minute.sky.sun.elevation <= kPointingElevationMin || minute.sky.in_gap) continue;
    global += watts_of(minute.sky.ghi);
    diffuse += watts_of(minute.sky.dhi);
    if (before != nullptr)
      changes += std::abs(watts_of(minute.sky.ghi) - watts_of(before->sky.ghi));
    before = &minute;
  }
  constexpr double kOvercast = 0.9, kHazy = 0.6;  // diffuse share of the day's irradiation
  constexpr double kBroken = 0.03;                // change in a minute, of the mean
  if (!(global > 0.0) || diffuse > kOvercast * global) return DayKind::overcast;
  if (changes > kBroken * global) return DayKind::broken;
  return diffuse > kHazy * global ? DayKind::hazy : DayKind::clear;
}

std::string headline(const ReportDay& day) {
  if (day.runs.empty()) return "Nothing was run.";
  const LawRun* closest = closest_look(day);
  const LawRun& first = closest == nullptr ? day.runs.front() : *closest;
  const auto& minutes = first.result.minutes;
  std::string out = minutes.empty() ? "Over this time "
                                    : "On this " + std::string{to_text(kind_of(minutes))} + " day ";
  out += std::string{to_text(first.law)} + " caught " +
         percent_of(first.result.figures.capture, 1) + " of what any panel could";
  for (const LawRun& run : day.runs) {
    const bool other = &run != &first && board_law(run.law);
    if (other)
      out += "; " + std::string{to_text(run.law)} + " " + percent_of(run.result.figures.capture, 1);
  }
  return out + ".";
}

std::string ledger_sentence(const ReportDay& day) {
  const LawRun* run = closest_look(day);
  if (run == nullptr || !run->result.figures.net_gain) return {};
  const Figures& figures = run->result.figures;
  const LabResult& result = run->result;
  const double motion = figures.servo_wh.value_or(0.0);
  const double electronics = figures.electronics_wh.value_or(0.0);
  const double left = figures.harvest_wh - motion - electronics;
  std::string out = "The panel made " + decimal(figures.harvest_wh, 1) + " Wh; " +
                    decimal(motion, 2) + " Wh went into moving and holding it and " +
                    decimal(electronics, 1) + " Wh into the electronics, which leaves " +
                    decimal(left, 1) + " Wh. A fixed panel without either would have made " +
                    decimal(result.harvest_fixed_wh, 1) + " Wh. ";
  if (*figures.net_gain > 0.0)
    return out + "Tracking pays: " + signed_percent(figures.net_gain) + ".";
  out += "Tracking is not paying here: " + signed_percent(figures.net_gain) + ". ";
  const double spare = figures.harvest_wh - motion - result.harvest_fixed_wh;
  if (spare > 0.0) {
    return out + "It would with electronics that use less than " + decimal(spare, 1) + " Wh.";
  }
  return out + "Nor would it with electronics that use nothing.";
}

std::string report_page(std::span<const ReportDay> days, std::span<const std::string> body) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<title>Solar tracking: the lab's report</title>\n<style>";
  out +=
      std::string{kPageStyle} + std::string{picture_style()} + "</style>\n</head>\n<body><main>\n";
  out += "<header><h1>IDAST lab report</h1></header>\n";
  for (const ReportDay& day : days) out += section(day);
  out += "<footer class=\"quiet\">";
  for (const std::string& line : body) out += tag("p", escaped(line));
  out += tag("p",
             "Hours are by the sun of the place. The oracle is a panel that each minute takes the "
             "best tilt between flat and the sun, without mount, motors or limits. Naive, "
             "ephemeris and hybrid are the boards' own code, fed with noisy readings.");
  out += "</footer>\n</main>\n<script>" + std::string{kScript} + "</script>\n</body>\n</html>\n";
  return out;
}

}  // namespace idast::sim
