#include "sim/lab/plant_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <type_traits>

#include <toml++/toml.h>

namespace idast::sim {
namespace {

constexpr double kHuge = 1e6;

// One value of a file as a number, whatever it is in the struct.
template <class Unit>
double to_number(Quantity<Unit> value) {
  return static_cast<double>(value.in(Unit{}));
}
double to_number(float value) { return static_cast<double>(value); }
double to_number(Millis value) { return static_cast<double>(value.count()); }

template <class Unit>
void from_number(double number, Quantity<Unit>& out) {
  out = Unit{}(static_cast<typename Unit::rep>(number));
}
void from_number(double number, float& out) { out = static_cast<float>(number); }
void from_number(double number, Millis& out) { out = Millis{static_cast<std::int64_t>(number)}; }

// Keys end in their unit.
template <class Unit>
std::string key_of(std::string_view name, Quantity<Unit>) {
  return std::string{name} + "_" + std::string{Unit::suffix};
}
std::string key_of(std::string_view name, float) { return std::string{name}; }
std::string key_of(std::string_view name, Millis) { return std::string{name} + "_ms"; }

using Words = std::span<const std::string_view>;
constexpr std::array<std::string_view, 2> kMountKinds{"az_el", "tilt_tilt"};
constexpr std::array<std::string_view, 2> kProfiles{"fielded", "reference"};
constexpr std::array<std::string_view, 2> kGeometries{"canted", "walled"};

// Visits every key of a file, in the order in which one is printed. visit.section(name),
// visit.number(name, value, min, max), visit.flag(name, value), visit.choice(name, value, words),
// visit.direction(name, value).
template <class Visit>
void for_each_axis_key(control::Axis& axis, const std::string& name, Visit& visit) {
  visit.number(name + "_min", axis.min, 0.0, 180.0);
  visit.number(name + "_max", axis.max, 0.0, 180.0);
  visit.number(name + "_neutral", axis.neutral, -360.0, 360.0);
  visit.direction(name + "_direction", axis.direction);
}

template <class Visit>
void for_each_light_key(LightParameters& light, Visit& visit) {
  visit.section("light");
  visit.choice("profile", light.profile, kProfiles);
  visit.choice("geometry", light.geometry, kGeometries);
  visit.number("resistance_10_lux", light.resistance_10_lux, 100.0, kHuge);
  visit.number("gamma", light.gamma, 0.1, 2.0);
  visit.number("resistance_dark", light.resistance_dark, 1000.0, 1e9);
  visit.number("lag_brighter", light.lag_brighter, 0.0, 60'000.0);
  visit.number("lag_darker", light.lag_darker, 0.0, 60'000.0);
  visit.number("cant", light.cant, 0.0, 89.0);
  visit.number("lux_per_wm2", light.lux_per_wm2, 1.0, 1000.0);
  visit.number("mismatch", light.mismatch, 0.0, 0.9);
  visit.number("gamma_spread", light.gamma_spread, 0.0, 0.1);
  visit.number("cant_spread", light.cant_spread, 0.0, 20.0);
  visit.number("wall_height", light.wall_height, 0.0, 100.0);
  visit.number("wall_leaves", light.wall_leaves, 0.0, 1.0);
  visit.flag("bottom", light.bottom);
  visit.number("sampled_share", light.sampled_share, 0.0, 1.0);
  visit.number("supply", light.supply, 1.0, 5.0);
  visit.number("adc_floor", light.adc_floor, 0.0, 5.0);
  visit.number("adc_ceiling", light.adc_ceiling, 0.1, 5.0);
  visit.number("adc_full", light.adc_full, 0.1, 5.0);
  visit.number("adc_noise_counts", light.adc_noise_counts, 0.0, 500.0);
}

template <class Visit>
void for_each_power_key(PlantParameters& plant, Visit& visit) {
  visit.section("panel");
  PanelParameters& panel = plant.panel;
  visit.number("nominal", panel.nominal, 0.1, kHuge);
  visit.number("temperature_coefficient", panel.temperature_coefficient, -0.02, 0.0);
  visit.number("faiman_u0", panel.faiman_u0, 1.0, 200.0);
  visit.number("faiman_u1", panel.faiman_u1, 0.0, 100.0);
  visit.number("thermal_lag", panel.thermal_lag, 0.0, 3.6e6);
  visit.number("voltage", panel.voltage, 1.0, 1000.0);
  visit.number("voltage_coefficient", panel.voltage_coefficient, -0.02, 0.0);
  visit.number("refractive_index", panel.refractive_index, 1.0, 3.0);
  visit.number("extinction_per_metre", panel.extinction_per_metre, 0.0, 100.0);
  visit.number("glass_metres", panel.glass_metres, 0.0, 0.1);
  visit.section("battery");
  BatteryParameters& battery = plant.battery;
  visit.number("empty", battery.empty, 0.5, 1000.0);
  visit.number("full", battery.full, 0.5, 1000.0);
  visit.number("resistance", battery.resistance, 0.0, 100.0);
  visit.number("charge_efficiency", battery.charge_efficiency, 0.1, 1.0);
  visit.section("electronics");
  ElectronicsParameters& boards = plant.electronics;
  visit.number("awake", boards.awake, 0.0, 100.0);
  visit.number("light_sleep", boards.light_sleep, 0.0, 100.0);
  visit.number("awake_share", boards.awake_share, 0.0, 1.0);
  visit.number("sample_joules", boards.sample_joules, 0.0, 100.0);
  visit.number("sample_every", boards.sample_every, 10.0, 8.64e7);
  visit.flag("sleeps_at_night", boards.sleeps_at_night);
  visit.number("night_sleep", boards.night_sleep, 0.0, 100.0);
  visit.number("sample_every_at_night", boards.sample_every_at_night, 10.0, 8.64e7);
}

template <class Visit>
void for_each_key(PlantParameters& plant, Visit& visit) {
  visit.section("mount");
  visit.choice("kind", plant.mount.kind, kMountKinds);
  for_each_axis_key(plant.mount.pan, "pan", visit);
  for_each_axis_key(plant.mount.tilt, "tilt", visit);
  visit.section("errors");
  visit.number("yaw", plant.yaw_error, -180.0, 180.0);
  visit.number("tilt", plant.tilt_error, -90.0, 90.0);
  visit.number("base_lean", plant.base_lean, 0.0, 45.0);
  visit.section("sky");
  visit.number("albedo", plant.sky.albedo, 0.0, 1.0);
  visit.number("horizon_brightening", plant.sky.horizon_brightening, 0.0, 1.0);
  for_each_light_key(plant.light, visit);
  visit.section("servo");
  visit.number("speed", plant.servo.speed, 0.0, 10'000.0);
  visit.number("dead_band", plant.servo.dead_band, 0.0, 20.0);
  visit.number("backlash", plant.servo.backlash, 0.0, 20.0);
  visit.number("moving", plant.servo.moving, 0.0, 1000.0);
  visit.number("holding", plant.servo.holding, 0.0, 1000.0);
  visit.number("start_joules", plant.servo.start_joules, 0.0, 1000.0);
  for_each_power_key(plant, visit);
  visit.section("meter");
  visit.flag("anemometer", plant.anemometer);
  visit.flag("power_sensor", plant.power_sensor);
  visit.number("voltage_noise", plant.meter.voltage_noise, 0.0, 10.0);
  visit.number("current_noise", plant.meter.current_noise, 0.0, 10.0);
  visit.number("temperature_noise", plant.meter.temperature_noise, 0.0, 50.0);
  visit.number("wind_noise", plant.meter.wind_noise, 0.0, 20.0);
}

std::string short_number(double value) {
  std::array<char, 40> buffer;
  // Structs hold floats: their shortest digits are what a person would have written.
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                 static_cast<float>(value), std::chars_format::fixed)
                       .ptr;
  return {buffer.data(), end};
}

class Reader {
 public:
  Reader(const toml::table& root, std::string_view name) : root_{root}, name_{name} {}

  void section(std::string_view name) {
    close_section();
    section_ = name;
    sections_.emplace(name);
    const toml::node* const node = root_.get(name);
    table_ = node == nullptr ? nullptr : node->as_table();
    if (node != nullptr && table_ == nullptr) complain(*node, "", "is not a table");
  }

  template <class Value>
  void number(std::string_view name, Value& out, double min, double max) {
    const std::string key = key_of(name, out);
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    const auto value = node->is_number() ? node->value<double>() : std::nullopt;
    if (!value || !std::isfinite(*value)) return complain(*node, key, "is not a number");
    if (*value < min || *value > max) {
      return complain(*node, key,
                      "is not between " + short_number(min) + " and " + short_number(max));
    }
    from_number(*value + 0.0, out);  // of both zeros the one without a sign
  }

  void flag(std::string_view key, bool& out) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<bool>();
    if (!value) return complain(*node, key, "is neither true nor false");
    out = *value;
  }

  void direction(std::string_view key, int& out) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::int64_t>();
    if (!value || (*value != 1 && *value != -1)) return complain(*node, key, "is neither 1 nor -1");
    out = static_cast<int>(*value);
  }

  template <class Choice>
  void choice(std::string_view key, Choice& out, Words words) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::string_view>();
    for (std::size_t i = 0; value && i < words.size(); ++i) {
      if (*value != words[i]) continue;
      out = static_cast<Choice>(i);
      return;
    }
    std::string list;
    for (const std::string_view word : words) {
      list += (list.empty() ? "" : " or ") + std::string{word};
    }
    complain(*node, key, "is not " + list);
  }

  // After the last key: what was wrong first in the file, unknown keys included.
  std::optional<PlantFileError> finish() {
    close_section();
    for (const auto& [key, node] : root_) {
      if (sections_.contains(key.str())) continue;
      section_ = key.str();
      complain(node, "", "is unknown");
    }
    return error_;
  }

 private:
  // All keys of the section have been asked for by now.
  void close_section() {
    if (table_ != nullptr) {
      for (const auto& [key, node] : *table_) {
        if (!keys_.contains(key.str())) complain(node, key.str(), "is unknown");
      }
    }
    table_ = nullptr;
    keys_.clear();
  }
  const toml::node* find(std::string_view key) {
    keys_.emplace(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }
  void complain(const toml::node& node, std::string_view key, std::string_view words) {
    const std::size_t line = node.source().begin.line;
    if (error_ && error_->line <= line) return;
    const std::string place = key.empty() ? section_ : section_ + "." + std::string{key};
    error_ = {.line = line,
              .message = name_ + ": line " + std::to_string(line) + ": " + place + " " +
                         std::string{words}};
  }

  const toml::table& root_;
  std::string name_;
  std::string section_;
  const toml::table* table_ = nullptr;
  std::set<std::string, std::less<>> keys_;
  std::set<std::string, std::less<>> sections_;
  std::optional<PlantFileError> error_;
};

class Printer {
 public:
  void section(std::string_view name) { out_ << "[" << name << "]\n"; }
  template <class Value>
  void number(std::string_view name, Value& value, double, double) {
    out_ << key_of(name, value) << " = " << short_number(to_number(value)) << "\n";
  }
  void flag(std::string_view key, bool value) {
    out_ << key << " = " << (value ? "true" : "false") << "\n";
  }
  void direction(std::string_view key, int value) { out_ << key << " = " << value << "\n"; }
  template <class Choice>
  void choice(std::string_view key, Choice value, Words words) {
    out_ << key << " = \"" << words[static_cast<std::size_t>(value)] << "\"\n";
  }
  std::string text() const { return out_.str(); }

 private:
  std::ostringstream out_;
};

// Plants need little of TOML: a comment, [section], or key = value with a number, a word in quotes,
// true or false. On some of the rest the TOML library asserts, or is undefined without asserts (a
// key of "[=", a list that a brace ends, letters beyond ASCII), so only these shapes reach it.
class PlainLine {
 public:
  explicit PlainLine(std::string_view line) : rest_{line} {}

  bool holds() {
    blanks();
    if (take('[')) return word(kName) && take(']') && ends();
    if (!rest_.empty() && kName.contains(rest_.front())) {
      if (!word(kName)) return false;
      blanks();
      if (!take('=')) return false;
      blanks();
      if (!(take('"') ? word(kValue) && take('"') : word(kValue))) return false;
    }
    return ends();
  }

 private:
  static constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyz_0123456789";
  static constexpr std::string_view kValue = "abcdefghijklmnopqrstuvwxyz_0123456789+-.E";

  void blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r"), rest_.size())); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view letters) {
    const std::size_t length = std::min(rest_.find_first_not_of(letters), rest_.size());
    rest_.remove_prefix(length);
    return length > 0;
  }
  bool ends() {
    blanks();
    return rest_.empty() || rest_.starts_with('#');
  }

  std::string_view rest_;
};

bool is_plain_line(std::string_view line) { return PlainLine{line}.holds(); }

// The first line that is not plain; 0: none.
std::size_t odd_line(std::string_view text) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    if (!is_plain_line(text.substr(0, end))) return number;
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return 0;
}

PlantFileError failure(std::string_view name, std::size_t line, std::string_view words) {
  std::string message{name};
  if (line > 0) message += ": line " + std::to_string(line);
  return {.line = line, .message = message + ": " + std::string{words}};
}

}  // namespace

PlantParameters default_plant() {
  PlantParameters plant;
  plant.light.mismatch = 0.f;
  return plant;
}

std::expected<PlantParameters, PlantFileError> parse_plant(std::string_view text,
                                                           std::string_view name) {
  if (text.size() > kPlantBytesMax) {
    return std::unexpected{failure(name, 0, "is larger than a plant can be")};
  }
  if (const std::size_t line = odd_line(text)) {
    return std::unexpected{failure(name, line, "is neither [section] nor key = value")};
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return std::unexpected{failure(name, error.source().begin.line, error.description())};
  }
  PlantParameters plant = default_plant();
  Reader reader{parsed.table(), name};
  for_each_key(plant, reader);
  if (auto error = reader.finish()) return std::unexpected{std::move(*error)};
  if (!control::is_sound(plant.mount)) {
    return std::unexpected{failure(name, 0, "mount: a servo's least angle is above its greatest")};
  }
  if (!(plant.light.adc_floor < plant.light.adc_ceiling &&
        plant.light.adc_ceiling < plant.light.adc_full)) {
    return std::unexpected{failure(name, 0, "light: adc_floor, adc_ceiling, adc_full must rise")};
  }
  return plant;
}

std::expected<PlantParameters, PlantFileError> read_plant(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return std::unexpected{failure(path, 0, "cannot be read")};
  std::string text(kPlantBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return std::unexpected{failure(path, 0, "cannot be read")};
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_plant(text, path);
}

std::string print_plant(const PlantParameters& plant) {
  PlantParameters copy = plant;
  Printer printer;
  for_each_key(copy, printer);
  return printer.text();
}

}  // namespace idast::sim
