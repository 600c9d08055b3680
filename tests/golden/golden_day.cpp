#include "tests/golden/golden_day.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/base/calendar.h"
#include "sim/sky/modelled_sky.h"

namespace idast::tests {
namespace {

constexpr std::string_view kHead = "time,state,reason,pan,tilt,trim_azimuth,trim_elevation,moves";
constexpr std::size_t kColumns = 8;
constexpr std::array<std::string_view, 3> kWeatherWords{"clear", "broken", "overcast"};

// From before dawn to the middle of the morning of 2 April at 40° north, 105° west.
constexpr std::string_view kFrom = "2025-04-02T12:15:00Z";
constexpr Millis kLasts = std::chrono::hours{5};
constexpr std::uint64_t kSeed = 7;

sim::ModelledSky sky_of(Weather weather) {
  sim::ModelledSkyParameters parameters;
  parameters.squall_share = 0.0;
  parameters.clear_share = weather == Weather::clear ? 1.0 : 0.0;
  parameters.overcast_share = weather == Weather::overcast ? 1.0 : 0.0;
  return {{degrees(40.f), degrees(-105.f), metres(1'500.f)}, kSeed, parameters};
}

sim::LabOptions options() {
  sim::LabOptions made;
  made.seed = kSeed;
  made.step = Millis{1'000};
  sim::PlantParameters& plant = made.plant;
  plant.mount.heading = degrees(180.f);
  plant.yaw_error = degrees(4.f);
  plant.tilt_error = degrees(-2.f);
  plant.light.mismatch = 0.1f;
  plant.light.adc_noise_counts = 0.f;
  plant.meter.voltage_noise = volts(0.f);
  plant.meter.current_noise = amperes(0.f);
  plant.meter.temperature_noise = celsius(0.f);
  plant.meter.wind_noise = metres_per_second(0.f);
  return made;
}

std::string number(float value, int decimals) {
  std::array<char, 32> text;
  // Not "-0.0".
  const double scale = std::pow(10.0, decimals);
  const double rounded = std::round(static_cast<double>(value) * scale) / scale + 0.0;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), rounded,
                                 std::chars_format::fixed, decimals);
  return {text.data(), end.ptr};
}

std::string number(const std::optional<Degrees>& angle, int decimals) {
  return angle ? number(angle->in(degrees), decimals) : "";
}

std::string time_of(UtcMillis at) { return std::string{to_iso(at).view().substr(11, 5)}; }

std::string row_of(UtcMillis at, const Answer& answer) {
  return time_of(at) + "," + std::string{to_text(answer.state)} + "," +
         std::string{to_text(answer.reason)} + "," + number(answer.pose.pan, 1) + "," +
         number(answer.pose.tilt, 1) + "," + number(answer.trim_azimuth, 2) + "," +
         number(answer.trim_elevation, 2) + "," + std::to_string(answer.moves);
}

// Up to the next `end`; the rest stays in `text`.
std::string_view take_until(std::string_view& text, char end) {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return part;
}

std::optional<double> number_in(std::string_view text) {
  double value = 0.0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

bool near(std::string_view wanted, const std::optional<Degrees>& angle, Degrees off) {
  const auto value = number_in(wanted);
  if (!value || !angle) return wanted.empty() && !angle;
  return std::abs(*value - static_cast<double>(angle->in(degrees))) <=
         static_cast<double>(off.in(degrees));
}

bool matches(std::string_view row, UtcMillis at, const Answer& answer, double moves_share) {
  std::array<std::string_view, kColumns> cells;
  for (std::string_view& cell : cells) cell = take_until(row, ',');
  const auto moves = number_in(cells[7]);
  return cells[0] == time_of(at) && cells[1] == to_text(answer.state) &&
         cells[2] == to_text(answer.reason) && near(cells[3], answer.pose.pan, kPoseOff) &&
         near(cells[4], answer.pose.tilt, kPoseOff) &&
         near(cells[5], answer.trim_azimuth, kTrimOff) &&
         near(cells[6], answer.trim_elevation, kTrimOff) && moves &&
         std::abs(*moves - answer.moves) <= kMovesOffLeast + moves_share * *moves;
}

}  // namespace

std::string file_name(const GoldenDay& day) {
  return std::string{kWeatherWords[static_cast<std::size_t>(day.weather)]} + "_" +
         std::string{sim::to_text(day.law)} + ".csv";
}

std::vector<Stamp> run(const GoldenDay& day) {
  const sim::ModelledSky sky = sky_of(day.weather);
  const UtcMillis from = utc_from_iso(kFrom).value_or(UtcMillis{});
  std::vector<Stamp> stamps;
  for (Millis after{0}; after <= kLasts; after += kEvery) stamps.push_back({from + after, {}, {}});
  std::optional<control::Pose> before;
  bool was_moving = false;
  int moves = 0;
  const auto watch = [&](const sim::LabMoment& moment) {
    const control::Outputs& out = moment.out;
    const bool moving = before && out.target != *before;
    moves += moving && !was_moving ? 1 : 0;
    was_moving = moving;
    before = out.target;
    const auto nearest = (moment.at - from + kEvery / 2) / kEvery;
    if (nearest < 0 || static_cast<std::size_t>(nearest) >= stamps.size()) return;
    Stamp& stamp = stamps[static_cast<std::size_t>(nearest)];
    if (std::chrono::abs(moment.at - stamp.at) > kAround) return;
    stamp.around.push_back({.state = out.state,
                            .reason = out.reason,
                            .pose = out.target,
                            .trim_azimuth = out.trim_azimuth,
                            .trim_elevation = out.trim_elevation,
                            .moves = moves});
    if (moment.at == stamp.at) stamp.answer = stamp.around.back();
  };
  sim::run_lab(sky, from, from + kLasts, day.law, options(), watch);
  return stamps;
}

std::string print(const std::vector<Stamp>& stamps, std::string_view why) {
  std::string text = "# why: " + std::string{why} + "\n" + std::string{kHead} + "\n";
  for (const Stamp& stamp : stamps) text += row_of(stamp.at, stamp.answer) + "\n";
  return text;
}

std::optional<std::string> difference(const GoldenDay& day, std::string_view reference,
                                      const std::vector<Stamp>& stamps) {
  if (!take_until(reference, '\n').starts_with("# why: ")) return "it does not say why";
  if (take_until(reference, '\n') != kHead) return "its columns are not " + std::string{kHead};
  for (const Stamp& stamp : stamps) {
    const std::string_view row = take_until(reference, '\n');
    const bool held = std::ranges::any_of(stamp.around, [&](const Answer& answer) {
      return matches(row, stamp.at, answer, moves_off(day.weather));
    });
    if (held) continue;
    return "was " + std::string{row} + "\nis  " + row_of(stamp.at, stamp.answer);
  }
  if (!reference.empty()) return "it goes on where the day has ended";
  return std::nullopt;
}

}  // namespace idast::tests
