#include "core/node/message.h"

#include <algorithm>
#include <cmath>

namespace idast::node {
namespace {

constexpr double kPlaceScale = 1e7;  // a centimetre on the ground
constexpr double kAngleScale = 1e4;
constexpr double kAltitudeScale = 1e3;
constexpr double kPanelScale = 1e3;
constexpr float kAltitudeMax = 9000.f;  // the highest ground is 8849 m, the lowest -430 m

enum Part : std::uint8_t {
  kMotion = 1,
  kPan = 2,
  kTilt = 4,
  kDirection = 8,
  kSite = 16,
  kRestart = 32,
  kExpires = 64,
};
constexpr std::uint8_t kPartsKnown = 127;

std::int32_t fixed(Degrees angle, double scale) {
  return static_cast<std::int32_t>(std::lround(static_cast<double>(angle.in(degrees)) * scale));
}
Degrees angle_of(std::int32_t value, double scale) {
  return degrees(static_cast<float>(static_cast<double>(value) / scale));
}

void write_site(ByteWriter& out, const Site& site) {
  out.write(fixed(site.place.latitude, kPlaceScale));
  out.write(fixed(site.place.longitude, kPlaceScale));
  const auto altitude = static_cast<double>(site.place.altitude.in(metres)) * kAltitudeScale;
  out.write(static_cast<std::int32_t>(std::lround(altitude)));
  out.write(static_cast<std::uint8_t>(site.mount ? 1 + static_cast<int>(*site.mount) : 0));
  const Watts panel = site.panel.value_or(watts(0.f));
  const auto milliwatts = std::lround(static_cast<double>(panel.in(watts)) * kPanelScale);
  out.write(static_cast<std::uint32_t>(milliwatts));
}

std::optional<Site> take_site(ByteReader& in) {
  Site site;
  site.place.latitude = angle_of(in.read<std::int32_t>(), kPlaceScale);
  site.place.longitude = angle_of(in.read<std::int32_t>(), kPlaceScale);
  const auto millimetres = static_cast<double>(in.read<std::int32_t>());
  site.place.altitude = metres(static_cast<float>(millimetres / kAltitudeScale));
  const auto mount = in.read<std::uint8_t>();
  const auto milliwatts = static_cast<double>(in.read<std::uint32_t>());
  const Watts panel = watts(static_cast<float>(milliwatts / kPanelScale));
  if (std::abs(site.place.latitude.in(degrees)) > 90.f) return std::nullopt;
  if (std::abs(site.place.longitude.in(degrees)) > 180.f) return std::nullopt;
  if (std::abs(site.place.altitude.in(metres)) > kAltitudeMax) return std::nullopt;
  if (mount > 2) return std::nullopt;
  if (milliwatts > 0.0 && (panel < kPanelMin || panel > kPanelMax)) return std::nullopt;
  if (mount != 0) site.mount = static_cast<control::MountKind>(mount - 1);
  if (milliwatts > 0.0) site.panel = panel;
  return site;
}

template <class Write>
Payload payload(Write&& write) {
  Payload made;
  ByteWriter out{made.bytes};
  write(out);
  made.size = out.view().size();
  return made;
}

std::uint8_t parts_of(const Order& order) {
  unsigned parts = 0;
  if (order.motion) {
    parts |= kMotion;
    if (order.motion->pan) parts |= kPan;
    if (order.motion->tilt) parts |= kTilt;
    if (order.motion->direction) parts |= kDirection;
  }
  if (order.site) parts |= kSite;
  if (order.restart) parts |= kRestart;
  if (order.expires) parts |= kExpires;
  return static_cast<std::uint8_t>(parts);
}

}  // namespace

std::string_view to_text(Why why) {
  constexpr std::array<std::string_view, kWhyCount> kWords{
      "",           "not_json", "bad_value",   "nothing_to_do", "not_a_number", "out_of_range",
      "duration",   "conflict", "past_expiry", "no_clock",      "busy",         "no_answer",
      "unsupported"};
  return kWords[static_cast<std::size_t>(why)];
}

Why why_of(control::Refusal refusal) {
  return static_cast<Why>(static_cast<int>(Why::not_a_number) + static_cast<int>(refusal));
}
static_assert(static_cast<int>(Why::conflict) - static_cast<int>(Why::not_a_number) ==
              static_cast<int>(control::Refusal::conflict));

Payload print(UtcMillis utc) {
  return payload([&](ByteWriter& out) { out.write(utc.unix_ms()); });
}

Payload print(const Site& site) {
  return payload([&](ByteWriter& out) { write_site(out, site); });
}

Payload print(const Order& order) {
  return payload([&](ByteWriter& out) {
    const control::Command motion = order.motion.value_or(control::Command{});
    const control::Direction none{.azimuth = degrees(0.f), .elevation = degrees(0.f)};
    const control::Direction direction = motion.direction.value_or(none);
    out.write(order.number).write(order.expires.value_or(UtcMillis{}).unix_ms());
    out.write(parts_of(order)).write(static_cast<std::uint8_t>(motion.mode));
    out.write(fixed(motion.pan.value_or(degrees(0.f)), kAngleScale));
    out.write(fixed(motion.tilt.value_or(degrees(0.f)), kAngleScale));
    out.write(fixed(direction.azimuth, kAngleScale));
    out.write(fixed(direction.elevation, kAngleScale));
    const auto manual_for = order.motion ? motion.manual_for.count() : 0;
    out.write(static_cast<std::uint32_t>(manual_for));
    write_site(out, order.site.value_or(Site{}));
  });
}

Payload print(const Answer& answer) {
  return payload([&](ByteWriter& out) {
    out.write(answer.number);
    out.write(static_cast<std::uint8_t>(answer.outcome));
    out.write(static_cast<std::uint8_t>(answer.why));
  });
}

Payload print(const Phone& phone) {
  return payload([&](ByteWriter& out) {
    const std::string_view text = phone.view();
    out.write(static_cast<std::uint8_t>(text.size())).write(std::as_bytes(std::span{text}));
  });
}

bool is_label(std::string_view text) {
  const bool plain = std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  return plain && is_utf8(text);
}

std::optional<UtcMillis> read_time(Bytes bytes) {
  ByteReader in{bytes};
  const UtcMillis utc{in.read<std::int64_t>()};
  if (in.failed() || in.left() != 0) return std::nullopt;
  return utc;
}

std::optional<Site> read_site(Bytes bytes) {
  ByteReader in{bytes};
  const auto site = take_site(in);
  if (in.failed() || in.left() != 0) return std::nullopt;
  return site;
}

std::optional<Order> read_order(Bytes bytes) {
  ByteReader in{bytes};
  Order order;
  order.number = in.read<std::uint32_t>();
  const UtcMillis expires{in.read<std::int64_t>()};
  const auto parts = in.read<std::uint8_t>();
  const auto mode = in.read<std::uint8_t>();
  control::Command motion;
  const Degrees pan = angle_of(in.read<std::int32_t>(), kAngleScale);
  const Degrees tilt = angle_of(in.read<std::int32_t>(), kAngleScale);
  control::Direction direction;
  direction.azimuth = angle_of(in.read<std::int32_t>(), kAngleScale);
  direction.elevation = angle_of(in.read<std::int32_t>(), kAngleScale);
  motion.manual_for = Millis{in.read<std::uint32_t>()};
  const auto site = take_site(in);
  if (in.failed() || in.left() != 0 || !site) return std::nullopt;
  if (parts > kPartsKnown || mode > static_cast<int>(control::Mode::stop)) return std::nullopt;

  motion.mode = static_cast<control::Mode>(mode);
  if ((parts & kPan) != 0) motion.pan = pan;
  if ((parts & kTilt) != 0) motion.tilt = tilt;
  if ((parts & kDirection) != 0) motion.direction = direction;
  if ((parts & kMotion) != 0) order.motion = motion;
  if ((parts & kSite) != 0) order.site = site;
  if ((parts & kExpires) != 0) order.expires = expires;
  order.restart = (parts & kRestart) != 0;
  return order;
}

std::optional<Answer> read_answer(Bytes bytes) {
  ByteReader in{bytes};
  Answer answer;
  answer.number = in.read<std::uint32_t>();
  const auto outcome = in.read<std::uint8_t>();
  const auto why = in.read<std::uint8_t>();
  if (in.failed() || in.left() != 0) return std::nullopt;
  if (outcome > static_cast<int>(Outcome::expired) || why >= kWhyCount) return std::nullopt;
  answer.outcome = static_cast<Outcome>(outcome);
  answer.why = static_cast<Why>(why);
  return answer;
}

std::optional<Phone> read_phone(Bytes bytes) {
  ByteReader in{bytes};
  const Bytes text = in.take(in.read<std::uint8_t>());
  if (in.failed() || in.left() != 0) return std::nullopt;
  Phone phone;
  if (!phone.assign({reinterpret_cast<const char*>(text.data()), text.size()})) return std::nullopt;
  if (!is_label(phone.view())) return std::nullopt;
  return phone;
}

}  // namespace idast::node
