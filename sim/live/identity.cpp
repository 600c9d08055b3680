#include "sim/live/identity.h"

#include <array>
#include <cmath>
#include <set>

#include "core/base/random.h"
#include "core/base/require.h"
#include "core/base/text.h"

namespace idast::sim {
namespace {

struct Town {
  const char* id;
  const char* name;
  float latitude, longitude, altitude;
  const char* time_zone;
  const char* currency;
  double price;        // household tariff per kWh, rounded: a demonstration, not a quotation
  double grid_factor;  // kg CO₂ per kWh, likewise
  float turbidity;     // Linke
  double clear_share, overcast_share;
};

constexpr std::array<Town, 18> kTowns{{
    {"batangas", "Batangas", 13.75f, 121.05f, 20.f, "Asia/Manila", "PHP", 12.0,
     telemetry::kGridFactorDefault, 4.0f, .35, .20},
    {"nairobi", "Nairobi", -1.29f, 36.82f, 1'795.f, "Africa/Nairobi", "KES", 28.0, 0.09, 2.8f, .45,
     .15},
    {"quito", "Quito", -0.18f, -78.47f, 2'850.f, "America/Guayaquil", "USD", 0.10, 0.17, 2.5f, .25,
     .30},
    {"honolulu", "Honolulu", 21.31f, -157.86f, 6.f, "Pacific/Honolulu", "USD", 0.42, 0.70, 3.2f,
     .45, .12},
    {"madrid", "Madrid", 40.42f, -3.70f, 657.f, "Europe/Madrid", "EUR", 0.22, 0.15, 3.0f, .50, .20},
    {"delhi", "Delhi", 28.61f, 77.21f, 216.f, "Asia/Kolkata", "INR", 7.5, 0.72, 5.0f, .45, .15},
    {"dakar", "Dakar", 14.72f, -17.47f, 22.f, "Africa/Dakar", "XOF", 110.0, 0.60, 4.5f, .50, .10},
    {"lima", "Lima", -12.05f, -77.04f, 154.f, "America/Lima", "PEN", 0.80, 0.25, 3.5f, .25, .45},
    {"perth", "Perth", -31.95f, 115.86f, 31.f, "Australia/Perth", "AUD", 0.32, 0.55, 3.0f, .55,
     .15},
    {"jakarta", "Jakarta", -6.21f, 106.85f, 8.f, "Asia/Jakarta", "IDR", 1'444.0, 0.85, 4.8f, .25,
     .25},
    {"cape-town", "Cape Town", -33.92f, 18.42f, 25.f, "Africa/Johannesburg", "ZAR", 3.4, 0.90, 3.0f,
     .50, .15},
    {"mexico-city", "Mexico City", 19.43f, -99.13f, 2'240.f, "America/Mexico_City", "MXN", 1.2,
     0.42, 3.5f, .35, .20},
    {"phoenix", "Phoenix", 33.45f, -112.07f, 331.f, "America/Phoenix", "USD", 0.15, 0.35, 3.0f, .70,
     .06},
    {"bogota", "Bogotá", 4.71f, -74.07f, 2'640.f, "America/Bogota", "COP", 800.0, 0.20, 2.8f, .20,
     .35},
    {"athens", "Athens", 37.98f, 23.73f, 70.f, "Europe/Athens", "EUR", 0.24, 0.30, 3.3f, .55, .15},
    {"osaka", "Osaka", 34.69f, 135.50f, 5.f, "Asia/Tokyo", "JPY", 31.0, 0.45, 3.6f, .35, .25},
    {"recife", "Recife", -8.05f, -34.88f, 4.f, "America/Recife", "BRL", 0.9, 0.08, 3.8f, .35, .20},
    {"dubai", "Dubai", 25.20f, 55.27f, 5.f, "Asia/Dubai", "AED", 0.30, 0.40, 5.0f, .75, .05},
}};

constexpr std::uint64_t kWeatherIndex = kTrackersMax;

std::uint64_t seed_of(std::uint64_t seed, std::uint64_t index) {
  return Random{seed}.fork(index + 1).next();
}

std::string hexadecimal(std::uint64_t number) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (int shift = 20; shift >= 0; shift -= 4) text += kDigits[(number >> shift) & 15];
  return text;
}

// Six digits are few: two of a thousand draws collide in one run of thirty. The index stands in the
// low ten bits, so that two trackers of one twin never share an id.
std::string device_id_of(std::uint64_t tracker_seed, std::uint64_t index) {
  static_assert(kTrackersMax <= 1'023);
  std::string id = "esp32-receiver-";
  id += hexadecimal((tracker_seed >> 40 << 10 | (index ^ 0x2b3)) & 0xffffff);
  return id;
}

void print_number(TextWriter& out, double value, int decimals) {
  out.decimal(std::llround(value * std::pow(10.0, decimals)), decimals);
}

void print_site(TextWriter& out, const SiteCard& site) {
  out.text("[[site]]\nid = ").json_string(site.id).text("\nname = ").json_string(site.name);
  out.text("\nlat = ");
  print_number(out, static_cast<double>(site.place.latitude.in(degrees)), 5);
  out.text("\nlon = ");
  print_number(out, static_cast<double>(site.place.longitude.in(degrees)), 5);
  out.text("\ntime_zone = ").json_string(site.time_zone);
  out.text("\ncurrency = ").json_string(site.currency).text("\nprice_per_kwh = ");
  print_number(out, site.factors.grid_price, 4);
  out.text("\ngrid_factor = ");
  print_number(out, site.factors.grid_factor, 4);
  out.text("\npanel_w = ");
  print_number(out, static_cast<double>(site.panel.in(watts)), 1);
  out.text("\n\n");
}

void print_device(TextWriter& out, const Identity& tracker) {
  out.text("[[device]]\nid = ").json_string(tracker.device_id);
  out.text("\nname = ").json_string(tracker.name);
  out.text("\nsite = ").json_string(tracker.site.id).text("\nmount = \"az_el\"\n\n");
}

}  // namespace

Identity identity(std::uint64_t seed, std::size_t index) {
  require(index < kTrackersMax, "identity: no such tracker");
  const Town& town = kTowns[index % kTowns.size()];
  const std::size_t round = index / kTowns.size();
  Identity tracker;
  tracker.sky_seed = seed_of(~seed, index % kTowns.size());
  tracker.seed = seed_of(seed, index);
  tracker.device_id = device_id_of(tracker.seed, index);
  tracker.site.id = town.id;
  tracker.site.name = town.name;
  tracker.site.place = {degrees(town.latitude), degrees(town.longitude), metres(town.altitude)};
  tracker.site.time_zone = town.time_zone;
  tracker.site.currency = town.currency;
  tracker.site.factors = {.grid_factor = town.grid_factor, .grid_price = town.price};
  tracker.name = town.name;
  tracker.name += " tracker";
  if (round > 0) {
    tracker.name += ' ';
    tracker.name += std::to_string(round + 1);
  }
  tracker.weather.linke_turbidity = town.turbidity;
  tracker.weather.clear_share = town.clear_share;
  tracker.weather.overcast_share = town.overcast_share;
  return tracker;
}

Identity weather_identity(std::uint64_t seed, const sun::Place& place, const std::string& name) {
  Identity tracker;
  tracker.seed = seed_of(seed, kWeatherIndex);
  tracker.device_id = device_id_of(tracker.seed, kWeatherIndex);
  tracker.name = name + " (recorded day)";
  tracker.site.id = "weather";
  tracker.site.name = name;
  tracker.site.place = place;
  // Nobody has said in which zone the file's place is; the sun's own hour is near enough. (In the
  // names of Etc, west is plus.)
  const long hours_east = std::lround(place.longitude.in(degrees) / 15.f);
  tracker.site.time_zone = "Etc/GMT";
  if (hours_east != 0) {
    tracker.site.time_zone += hours_east > 0 ? '-' : '+';
    tracker.site.time_zone += std::to_string(std::abs(hours_east));
  }
  tracker.site.currency = "USD";
  tracker.site.factors.grid_price = 0.15;
  return tracker;
}

std::string print_toml(const std::vector<Identity>& trackers) {
  // A block is under 400 bytes; names are ours.
  std::string buffer(trackers.size() * 2 * 512, '\0');
  TextWriter out{buffer.data(), buffer.size()};
  std::set<std::string> printed;
  for (const Identity& tracker : trackers) {
    if (printed.insert(tracker.site.id).second) print_site(out, tracker.site);
  }
  for (const Identity& tracker : trackers) print_device(out, tracker);
  require(!out.overflowed(), "print_toml: blocks longer than expected");
  return std::string{out.view()};
}

}  // namespace idast::sim
