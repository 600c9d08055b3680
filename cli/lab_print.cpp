#include "cli/lab_print.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <string_view>

#include "core/base/calendar.h"
#include "core/base/text.h"
#include "sim/lab/ideal.h"

namespace idast::cli {
namespace {

std::string fixed(double value, int decimals) {
  std::array<char, 48> buffer;
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kEscapedMax = 6;  // \u001f
  std::string buffer(text.size() * kEscapedMax + 2, '\0');
  TextWriter writer{buffer.data(), buffer.size()};
  return std::string{writer.json_string(text).view()};
}

// One key and its value, in print order.
class Object {
 public:
  explicit Object(std::ostream& out) : out_{out} { out_ << "{"; }
  void text(std::string_view key, std::string_view value) { name(key) << quoted(value); }
  void number(std::string_view key, std::optional<double> value, int decimals) {
    const bool is_number = value && std::isfinite(*value);
    name(key) << (is_number ? fixed(*value, decimals) : "null");
  }
  void count(std::string_view key, std::optional<std::int64_t> value) {
    name(key) << (value ? std::to_string(*value) : "null");
  }
  void end() { out_ << "}"; }

 private:
  std::ostream& name(std::string_view key) {
    out_ << (first_ ? "" : ",") << '"' << key << "\":";
    first_ = false;
    return out_;
  }
  std::ostream& out_;
  bool first_ = true;
};

void print_entry(const LabEntry& entry, std::ostream& out) {
  constexpr int kEnergy = 4;
  constexpr int kShare = 6;
  constexpr int kAngle = 4;
  constexpr int kSeconds = 2;
  const sim::Figures& figures = entry.result.figures;
  Object object{out};
  object.text("file", entry.file);
  object.text("law", sim::to_text(entry.law));
  object.text("day", entry.day);
  object.number("poa_wh_m2", figures.poa_wh_m2, kEnergy);
  object.number("capture", figures.capture, kShare);
  object.number("gain_over_fixed", figures.gain_over_fixed, kShare);
  object.number("net_gain", figures.net_gain, kShare);
  object.number("pointing_mean_deg", figures.pointing_mean_deg, kAngle);
  object.number("pointing_p95_deg", figures.pointing_p95_deg, kAngle);
  object.number("pointing_before_trim_mean_deg", figures.pointing_before_trim_mean_deg, kAngle);
  object.count("pointing_minutes", figures.pointing_minutes);
  object.count("pointing_excluded_minutes", figures.pointing_excluded_minutes);
  object.number("trim_end_deg", figures.trim_end_deg, kAngle);
  object.count("moves", figures.moves);
  object.number("servo_wh", figures.servo_wh, kEnergy);
  object.number("electronics_wh", figures.electronics_wh, kEnergy);
  object.number("harvest_wh", figures.harvest_wh, kEnergy);
  object.count("stow_minutes", figures.stow_minutes);
  object.number("stow_seconds_max", figures.stow_seconds_max, kSeconds);
  object.number("reacquire_clock_s", figures.reacquire_clock_s, kSeconds);
  object.number("reacquire_no_clock_s", figures.reacquire_no_clock_s, kSeconds);
  object.end();
}

std::string padded(const std::string& text, std::size_t width) {
  return std::string(text.size() < width ? width - text.size() : 1, ' ') + text;
}

std::string cell(std::optional<double> value, int decimals, std::size_t width) {
  return padded(value ? fixed(*value, decimals) : "-", width);
}

}  // namespace

void print_lab_json(const std::vector<LabEntry>& entries, std::ostream& out) {
  out << "{\"schema\":1,\"results\":[";
  for (std::size_t i = 0; i < entries.size(); ++i) {
    out << (i == 0 ? "\n" : ",\n");
    print_entry(entries[i], out);
  }
  out << "\n]}\n";
}

void print_lab_table(const std::vector<LabEntry>& entries, std::ostream& out) {
  std::string_view file;
  for (const LabEntry& entry : entries) {
    if (entry.file != file) {
      file = entry.file;
      out << file << ", " << entry.day
          << "\n  law           Wh/m²  captured  over fixed  net gain  error°  95 %   moves  "
             "harvest  servos  boards Wh\n";
    }
    const sim::Figures& figures = entry.result.figures;
    const std::string law{sim::to_text(entry.law)};
    out << "  " << law << std::string(12 - law.size(), ' ') << cell(figures.poa_wh_m2, 1, 7)
        << cell(figures.capture, 4, 10) << cell(figures.gain_over_fixed, 4, 12)
        << cell(figures.net_gain, 4, 10) << cell(figures.pointing_mean_deg, 2, 8)
        << cell(figures.pointing_p95_deg, 2, 6)
        << padded(figures.moves ? std::to_string(*figures.moves) : "-", 8)
        << cell(figures.harvest_wh, 2, 9) << cell(figures.servo_wh, 3, 8)
        << cell(figures.electronics_wh, 2, 8) << "\n";
    if (figures.net_gain && *figures.net_gain < 0.0 && figures.moves.value_or(0) > 0) {
      out << "               tracking is not paying here: a fixed panel keeps more\n";
    }
  }
}

void print_trace_header(std::ostream& out) {
  out << "time,sun_azimuth_deg,sun_elevation_deg,panel_azimuth_deg,panel_elevation_deg,"
         "believed_azimuth_deg,believed_elevation_deg,error_deg,state,reason,steady,motors_on,"
         "target_pan_deg,target_tilt_deg,shaft_pan_deg,shaft_tilt_deg,trim_azimuth_deg,"
         "trim_elevation_deg,ghi_wm2,dni_wm2,dhi_wm2,beam_wm2,sky_wm2,ground_wm2,poa_wm2,"
         "oracle_wm2,oracle_elevation_deg,panel_power_w,cell_c,wind_ms,top,left,right\n";
}

void print_trace_row(const sim::LabMoment& moment, const sim::SkyModel& model, std::ostream& out) {
  const sim::Conditions& sky = moment.sky;
  const control::Outputs& out_of_law = moment.out;
  const sim::Truth& truth = moment.truth;
  const sim::SkyDome dome{sky, model};
  const sim::OracleLight oracle = sim::oracle_light(dome, sky.sun);
  const auto angle = [&](Degrees value) {
    out << ',' << fixed(static_cast<double>(value.in(degrees)), 3);
  };
  const auto light = [&](Irradiance value) {
    out << ',' << fixed(static_cast<double>(value.in(watts_per_square_metre)), 2);
  };
  out << to_iso(moment.at).view();
  angle(sky.sun.azimuth);
  angle(sky.sun.elevation);
  angle(truth.normal.azimuth);
  angle(truth.normal.elevation);
  angle(out_of_law.panel.azimuth);
  angle(out_of_law.panel.elevation);
  angle(degrees(moment.error_deg));
  out << ',' << to_text(out_of_law.state) << ',' << to_text(out_of_law.reason) << ','
      << out_of_law.steady << ',' << out_of_law.motors_on;
  angle(out_of_law.target.pan);
  angle(out_of_law.target.tilt);
  angle(truth.servo.pan);
  angle(truth.servo.tilt);
  for (const auto& trim : {out_of_law.trim_azimuth, out_of_law.trim_elevation}) {
    if (trim) {
      angle(*trim);
    } else {
      out << ',';
    }
  }
  light(sky.ghi);
  light(sky.dni);
  light(sky.dhi);
  light(truth.light.beam);
  light(truth.light.diffuse);
  light(truth.light.ground);
  light(truth.light.total());
  light(oracle.light.total());
  angle(oracle.normal.elevation);
  out << ',' << fixed(static_cast<double>(truth.panel_power.in(watts)), 4) << ','
      << fixed(static_cast<double>(truth.cell_temperature.in(celsius)), 2) << ','
      << fixed(static_cast<double>(sky.wind.in(metres_per_second)), 2) << ','
      << moment.readings.light.top << ',' << moment.readings.light.left << ','
      << moment.readings.light.right << '\n';
}

}  // namespace idast::cli
