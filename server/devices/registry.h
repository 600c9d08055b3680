#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/sun/sun.h"
#include "core/telemetry/factors.h"
#include "core/units/units.h"

// Who the trackers are and where they stand. Until they are provisioned, sites and devices come
// from the configuration. Immutable after make(); any thread may read.
namespace idast::devices {

// A place with its time zone and tariff.
struct Site {
  std::string id;
  std::string name;
  sun::Place place{};
  std::string time_zone = "UTC";  // A name of the IANA time zone database.
  std::string currency = "PHP";   // ISO 4217.
  double price_per_kwh = telemetry::kGridPriceDefault;
  double grid_factor = telemetry::kGridFactorDefault;  // kg CO₂ per kWh.
  Watts panel = watts(10.f);                           // Rated power of one tracker's panel.
};

struct Device {
  std::string id;
  std::string name;
  std::string site{};   // A site's id; empty: shown in UTC, with the defaults and no sky.
  std::string mount{};  // "az_el" or "tilt_tilt"; empty: not said.
};

constexpr std::size_t kSitesMax = 1'000;
constexpr std::size_t kDevicesMax = 4'096;
constexpr std::size_t kNameBytesMax = 64;
constexpr double kPriceBelow = 1'000;      // CONTRACT §1: 0 < price < 1000.
constexpr double kGridFactorBelow = 10.0;  // The dirtiest grids are near 1.5 kg/kWh.
constexpr float kPanelWattsBelow = 1e6f;   // One tracker.

// True for 1-64 characters of A-Z a-z 0-9 _ . -
bool is_id(std::string_view id);

enum class SkyError : std::uint8_t { no_site, bad_day };

// The sun over one site-local day: every ten minutes from its start to its end, both included, so
// that a curve closes, by SPA (core/sun/spa.h). Elevation with refraction. A polar day or night has
// no sunrise or sunset.
struct Sky {
  std::optional<UtcMillis> sunrise{}, sunset{};
  std::vector<UtcMillis> times{};
  std::vector<Degrees> azimuths{}, elevations{};
};

class Registry {
 public:
  Registry() = default;
  // The error is one sentence for the person who wrote the configuration.
  static std::expected<Registry, std::string> make(std::vector<Site> sites,
                                                   std::vector<Device> devices);

  const std::vector<Site>& sites() const { return sites_; }
  const std::vector<Device>& devices() const { return devices_; }
  // Null when it is not configured.
  const Device* find(std::string_view device) const;
  // Null when the device is not configured, or has no site.
  const Site* site_of(std::string_view device) const;
  // The device's site's, or UTC.
  std::string time_zone_of(std::string_view device) const;

  // Whether the sun's upper limb is above the horizon; absent without a site.
  std::optional<bool> sun_is_up(std::string_view device, UtcMillis now) const;
  // `day` is YYYY-MM-DD in the site's time zone; absent: the day that `now` falls on there.
  std::expected<Sky, SkyError> sky(std::string_view device, std::optional<std::string_view> day,
                                   UtcMillis now) const;

 private:
  std::vector<Site> sites_;
  std::vector<Device> devices_;  // Ascending by id.
};

// SITE := {"id","name","lat","lon","time_zone","currency","price_per_kwh","grid_factor","panel_w"}
std::string to_json(const Site& site);

}  // namespace idast::devices
