#include "core/node/command.h"

#include <algorithm>

#include "core/base/json_reader.h"

namespace idast::node {
namespace {

// Reads optional members of one object; the first that is there and wrong spoils the whole.
class Members {
 public:
  explicit Members(JsonValue object) : object_{object} {}

  bool has(std::string_view key) const {
    const JsonValue value = object_[key];
    return value.exists() && !value.is(JsonKind::null);
  }
  std::optional<double> number(std::string_view key, double low, double high) {
    if (!has(key)) return std::nullopt;
    const auto value = object_[key].number();
    return checked(value, value && *value >= low && *value <= high);
  }
  std::optional<float> angle(std::string_view key) {
    // Anything a float can say; the tracker itself knows what it can do.
    const auto value = number(key, -1e6, 1e6);
    if (!value) return std::nullopt;
    return static_cast<float>(*value);
  }
  std::optional<UtcMillis> instant(std::string_view key) {
    if (!has(key)) return std::nullopt;
    const auto value = object_[key].integer();
    if (value && *value >= 0) return UtcMillis{*value};
    spoil();
    return std::nullopt;
  }
  std::optional<bool> boolean(std::string_view key) {
    if (!has(key)) return std::nullopt;
    const auto value = object_[key].boolean();
    return checked(value, value.has_value());
  }
  template <std::size_t N>
  std::optional<FixedText<N>> text(std::string_view key) {
    if (!has(key)) return std::nullopt;
    const auto value = object_[key].template text<N>();
    return checked(value, value && is_label(value->view()));
  }
  std::optional<JsonValue> object(std::string_view key) {
    if (!has(key)) return std::nullopt;
    return checked(std::optional{object_[key]}, object_[key].is(JsonKind::object));
  }
  void spoil() { sound_ = false; }
  bool sound() const { return sound_; }

 private:
  template <class T>
  std::optional<T> checked(std::optional<T> value, bool good) {
    if (good) return value;
    sound_ = false;
    return std::nullopt;
  }

  JsonValue object_;
  bool sound_ = true;
};

std::optional<control::Mode> mode_from(std::string_view word) {
  if (word == "auto") return control::Mode::automatic;
  if (word == "manual") return control::Mode::manual;
  if (word == "stow") return control::Mode::stow;
  if (word == "stop") return control::Mode::stop;
  return std::nullopt;
}

std::optional<control::MountKind> mount_from(std::string_view word) {
  for (const auto kind : {control::MountKind::az_el, control::MountKind::tilt_tilt}) {
    if (word == control::to_text(kind)) return kind;
  }
  return std::nullopt;
}

std::optional<control::Command> read_motion(Members& members) {
  const auto mode_word = members.text<16>("mode");
  const auto pan = members.angle("pan");
  const auto tilt = members.angle("tilt");
  const auto azimuth = members.angle("azimuthDeg");
  const auto elevation = members.angle("elevationDeg");
  const auto manual_for_s = members.number("manualForS", 0.0, 1e6);
  if (azimuth.has_value() != elevation.has_value()) members.spoil();
  if (!members.sound()) return std::nullopt;
  if (!mode_word && !pan && !tilt && !azimuth) return std::nullopt;

  control::Command motion;
  motion.mode = control::Mode::manual;
  if (mode_word) {
    const auto mode = mode_from(mode_word->view());
    if (!mode) members.spoil();
    motion.mode = mode.value_or(control::Mode::manual);
  }
  if (pan) motion.pan = degrees(*pan);
  if (tilt) motion.tilt = degrees(*tilt);
  if (azimuth && elevation) {
    motion.direction = {.azimuth = degrees(*azimuth), .elevation = degrees(*elevation)};
  }
  if (manual_for_s) motion.manual_for = Millis{static_cast<std::int64_t>(*manual_for_s * 1000.0)};
  // The wire carries it as 32 bits of milliseconds; the tracker cuts it to the same anyway.
  motion.manual_for = std::min(motion.manual_for, control::kManualForMax);
  return motion;
}

std::optional<Site> read_site(Members& members) {
  const auto object = members.object("site");
  if (!object) return std::nullopt;
  Members inner{*object};
  const auto latitude = inner.number("lat", -90.0, 90.0);
  const auto longitude = inner.number("lon", -180.0, 180.0);
  const auto altitude = inner.number("alt_m", -500.0, 9000.0);
  const auto panel = inner.number("panel_w", static_cast<double>(kPanelMin.in(watts)),
                                  static_cast<double>(kPanelMax.in(watts)));
  const auto mount_word = inner.text<16>("mount");
  const auto mount = mount_word ? mount_from(mount_word->view()) : std::nullopt;
  if (!inner.sound() || !latitude || !longitude || (mount_word && !mount)) {
    members.spoil();
    return std::nullopt;
  }
  Site site;
  site.place.latitude = degrees(static_cast<float>(*latitude));
  site.place.longitude = degrees(static_cast<float>(*longitude));
  site.place.altitude = metres(static_cast<float>(altitude.value_or(0.0)));
  site.mount = mount;
  if (panel) site.panel = watts(static_cast<float>(*panel));
  return site;
}

bool says_nothing(const Command& command) {
  return !command.for_transmitter() && !command.grid_price && !command.device_name &&
         !command.start_charging;
}

}  // namespace

std::expected<Command, CommandRefused> parse_command(std::string_view text) {
  Command command;
  const auto refused = [&](Why why) { return std::unexpected{CommandRefused{command.id, why}}; };

  const auto document = JsonDocument::parse(text);
  if (!document || !document->root().is(JsonKind::object)) return refused(Why::not_json);
  Members members{document->root()};
  command.id = members.text<CommandId::kBytesMax>("id").value_or(CommandId{});
  command.expires_at = members.instant("expiresAt");
  command.motion = read_motion(members);
  command.site = read_site(members);
  command.restart = members.boolean("restart").value_or(false);
  command.grid_price = members.number("gridPrice", 0.0, kGridPriceBelow);
  if (command.grid_price && !is_grid_price(*command.grid_price)) members.spoil();
  command.device_name = members.text<64>("deviceName");
  command.start_charging = members.boolean("startCharging");
  if (!members.sound()) return refused(Why::bad_value);
  if (says_nothing(command)) return refused(Why::nothing_to_do);

  if (command.motion) {
    // The tracker's own rule decides, here and again on the other board.
    const auto verdict = control::judged(*command.motion);
    if (!verdict) return refused(why_of(verdict.error()));
  }
  return command;
}

}  // namespace idast::node
