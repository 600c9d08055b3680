#include "server/devices/registry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <set>

#include <date/tz.h>

#include "core/base/text.h"
#include "core/sun/spa.h"

namespace idast::devices {
namespace {

constexpr Millis kSkyStep = std::chrono::minutes{10};
constexpr std::array<std::string_view, 2> kMounts{"az_el", "tilt_tilt"};

const date::time_zone* zone_named(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;
  }
}

bool is_currency(std::string_view text) {
  return text.size() == 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_within(double value, double low, double high) {
  return std::isfinite(value) && value >= low && value <= high;
}

// Open on both sides.
bool is_between(double value, double low, double high) {
  return std::isfinite(value) && value > low && value < high;
}

std::optional<std::string> fault_of(const Site& site) {
  const std::string who = "site \"" + site.id + "\": ";
  const double latitude = static_cast<double>(site.place.latitude.in(degrees));
  const double longitude = static_cast<double>(site.place.longitude.in(degrees));
  const double panel = static_cast<double>(site.panel.in(watts));
  if (!is_id(site.id)) return who + "id must be 1-64 characters of A-Z a-z 0-9 _ . -";
  if (site.name.size() > kNameBytesMax) return who + "name is longer than 64 bytes";
  if (!is_within(latitude, -90, 90)) return who + "lat must be between -90 and 90";
  if (!is_within(longitude, -180, 180)) return who + "lon must be between -180 and 180";
  if (zone_named(site.time_zone) == nullptr) {
    return who + "time_zone \"" + site.time_zone + "\" is not an IANA name such as Asia/Manila";
  }
  if (!is_currency(site.currency)) return who + "currency must be three capitals such as PHP";
  if (!is_between(site.price_per_kwh, 0, kPriceBelow)) {
    return who + "price_per_kwh must be above 0 and below 1000";
  }
  if (!(site.grid_factor == 0 || is_between(site.grid_factor, 0, kGridFactorBelow))) {
    return who + "grid_factor must be at least 0 and below 10 kg/kWh";
  }
  if (!is_between(panel, 0, static_cast<double>(kPanelWattsBelow))) {
    return who + "panel_w must be above 0 and below 1000000";
  }
  return std::nullopt;
}

std::optional<std::string> fault_of(const Device& device, const std::set<std::string>& sites) {
  const std::string who = "device \"" + device.id + "\": ";
  if (!is_id(device.id)) return who + "id must be 1-64 characters of A-Z a-z 0-9 _ . -";
  if (device.name.size() > kNameBytesMax) return who + "name is longer than 64 bytes";
  if (!device.site.empty() && !sites.contains(device.site)) {
    return who + "site \"" + device.site + "\" is not configured";
  }
  if (!device.mount.empty() &&
      std::find(kMounts.begin(), kMounts.end(), device.mount) == kMounts.end()) {
    return who + "mount must be az_el or tilt_tilt";
  }
  return std::nullopt;
}

date::sys_time<Millis> system_time(UtcMillis at) {
  return date::sys_time<Millis>{Millis{at.unix_ms()}};
}

// When a local day begins: midnight, or the first moment after a gap that swallows it.
UtcMillis day_start(const date::time_zone& zone, date::local_days day) {
  const auto begin = zone.to_sys(date::local_time<Millis>{day}, date::choose::earliest);
  return UtcMillis{begin.time_since_epoch().count()};
}

std::optional<date::local_days> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [](std::string_view digits) -> int {
    int value = -1;
    const auto end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, value);
    return read.ec == std::errc{} && read.ptr == end && digits[0] != '-' ? value : -1;
  };
  const int year = number(text.substr(0, 4));
  const int month = number(text.substr(5, 2));
  const int day = number(text.substr(8, 2));
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const date::year_month_day date{date::year{year}, date::month{static_cast<unsigned>(month)},
                                  date::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return date::local_days{date};
}

void append_number(TextWriter& out, auto value) {
  std::array<char, 40> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.text({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

}  // namespace

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

std::expected<Registry, std::string> Registry::make(std::vector<Site> sites,
                                                    std::vector<Device> devices) {
  if (sites.size() > kSitesMax) return std::unexpected{"more than 1000 sites"};
  if (devices.size() > kDevicesMax) return std::unexpected{"more than 4096 devices"};
  std::set<std::string> site_ids, device_ids;
  for (Site& site : sites) {
    if (auto fault = fault_of(site)) return std::unexpected{*fault};
    if (!site_ids.insert(site.id).second) {
      return std::unexpected{"site \"" + site.id + "\" stands twice in the configuration"};
    }
    if (site.name.empty()) site.name = site.id;
  }
  for (Device& device : devices) {
    if (auto fault = fault_of(device, site_ids)) return std::unexpected{*fault};
    if (!device_ids.insert(device.id).second) {
      return std::unexpected{"device \"" + device.id + "\" stands twice in the configuration"};
    }
    if (device.name.empty()) device.name = device.id;
  }
  std::sort(devices.begin(), devices.end(),
            [](const Device& a, const Device& b) { return a.id < b.id; });
  Registry registry;
  registry.sites_ = std::move(sites);
  registry.devices_ = std::move(devices);
  return registry;
}

const Device* Registry::find(std::string_view device) const {
  const auto found =
      std::lower_bound(devices_.begin(), devices_.end(), device,
                       [](const Device& a, std::string_view id) { return a.id < id; });
  return found != devices_.end() && found->id == device ? &*found : nullptr;
}

const Site* Registry::site_of(std::string_view device) const {
  const Device* const found = find(device);
  if (found == nullptr || found->site.empty()) return nullptr;
  const auto site = std::find_if(sites_.begin(), sites_.end(),
                                 [&](const Site& s) { return s.id == found->site; });
  return site != sites_.end() ? &*site : nullptr;
}

std::string Registry::time_zone_of(std::string_view device) const {
  const Site* const site = site_of(device);
  return site != nullptr ? site->time_zone : Site{}.time_zone;
}

std::optional<bool> Registry::sun_is_up(std::string_view device, UtcMillis now) const {
  const Site* const site = site_of(device);
  if (site == nullptr) return std::nullopt;
  return sun::position(now, site->place).elevation_true > sun::kHorizon;
}

std::expected<Sky, SkyError> Registry::sky(std::string_view device,
                                           std::optional<std::string_view> day,
                                           UtcMillis now) const {
  const Site* const site = site_of(device);
  if (site == nullptr) return std::unexpected{SkyError::no_site};
  const date::time_zone& zone = *date::locate_zone(site->time_zone);
  auto local_day = date::floor<date::days>(zone.to_local(system_time(now)));
  if (day) {
    const auto asked = parse_day(*day);
    if (!asked) return std::unexpected{SkyError::bad_day};
    local_day = *asked;
  }
  const UtcMillis begin = day_start(zone, local_day);
  const UtcMillis end = day_start(zone, local_day + date::days{1});

  Sky sky;
  const sun::Observer observer = sun::observer(site->place);
  sky.sunrise = sun::sunrise_spa(begin, end, observer);
  sky.sunset = sun::sunset_spa(begin, end, observer);
  for (UtcMillis at = begin; at <= end; at = at + kSkyStep) {
    const sun::PrecisePosition position = sun::position_spa(at, observer);
    sky.times.push_back(at);
    sky.azimuths.push_back(degrees(static_cast<float>(position.azimuth_deg)));
    sky.elevations.push_back(degrees(static_cast<float>(position.elevation_deg)));
  }
  return sky;
}

std::string to_json(const Site& site) {
  // Ids and names are at most 64 bytes, zones below 64; escaping makes six of one at worst.
  std::array<char, 2'048> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  out.text(R"({"id":)").json_string(site.id).text(R"(,"name":)").json_string(site.name);
  out.text(R"(,"lat":)");
  append_number(out, site.place.latitude.in(degrees));
  out.text(R"(,"lon":)");
  append_number(out, site.place.longitude.in(degrees));
  out.text(R"(,"time_zone":)").json_string(site.time_zone);
  out.text(R"(,"currency":)").json_string(site.currency);
  out.text(R"(,"price_per_kwh":)");
  append_number(out, site.price_per_kwh);
  out.text(R"(,"grid_factor":)");
  append_number(out, site.grid_factor);
  out.text(R"(,"panel_w":)");
  append_number(out, site.panel.in(watts));
  out.text("}");
  require(!out.overflowed(), "devices: a checked site fits its buffer");
  return std::string{out.view()};
}

}  // namespace idast::devices
