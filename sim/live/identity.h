#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/control/mount.h"
#include "core/sun/sun.h"
#include "core/telemetry/factors.h"
#include "core/units/units.h"
#include "sim/sky/modelled_sky.h"

// Who the twin's trackers are and where they stand. The same seed gives the same trackers, whatever
// their number: a server that knows them from a file knows them after a restart.
namespace idast::sim {

// What the server's configuration says of a site (CONTRACT §6).
struct SiteCard {
  std::string id;    // lower case, digits and dashes
  std::string name;  // for people
  sun::Place place;
  std::string time_zone;  // IANA
  std::string currency;   // ISO 4217
  telemetry::Factors factors;
  Watts panel = watts(10.f);
};

struct Identity {
  std::string device_id;  // esp32-receiver- and six upper-case hexadecimal digits
  std::string name;
  std::uint64_t seed = 0;  // of everything that chance decides about this tracker
  SiteCard site;
  std::uint64_t sky_seed = 0;  // of its site: neighbours see the same clouds
  ModelledSkyParameters weather;
};

// A broker takes one connection for each; the twin is a demonstration, not a load generator.
inline constexpr std::size_t kTrackersMax = 1'000;

// The tracker at `index` (0 … kTrackersMax - 1). The first three stand in Batangas, Nairobi and
// Quito, so that the sun shines on one of them at any hour; the others all over the world.
Identity identity(std::uint64_t seed, std::size_t index);

// The one that lives through a weather file at the file's place.
Identity weather_identity(std::uint64_t seed, const sun::Place& place, const std::string& name);

// Prints [[site]] and [[device]] blocks for the server's TOML file.
std::string print_toml(const std::vector<Identity>& trackers);

}  // namespace idast::sim
