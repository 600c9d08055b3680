#pragma once
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sim/plant/plant.h"

// Bodies as TOML files: sim/lab/plants holds some, and reference.toml names every key with its
// meaning and source. A key that is absent keeps the value of sim/plant/plant.h, but the light
// sensors' mismatch, which is 0 (hidden errors are asked for); one that is unknown, of the wrong
// kind or out of its range is an error that names the key and the line.
//
//   [mount]       kind, servo ranges, neutrals and directions: what the law believes
//   [errors]      what it does not know: yaw, tilt, lean
//   [sky]         the ground and the horizon, as they truly are
//   [light] [servo] [panel] [battery] [electronics] [meter]    the structs of plant.h
//
// Keys end in their unit. What the lab sets itself has no key: heading, start, phones, the
// battery's size and charge (lab.h).
namespace idast::sim {

// The plant of the lab when no file says otherwise.
PlantParameters default_plant();

// A file larger than this is no plant.
constexpr std::size_t kPlantBytesMax = 65'536;

struct PlantFileError {
  std::size_t line;     // 1-based; 0 when it is not about a line
  std::string message;  // for a person; names file, line and key
};
std::expected<PlantParameters, PlantFileError> parse_plant(std::string_view text,
                                                           std::string_view name);
std::expected<PlantParameters, PlantFileError> read_plant(const std::string& path);

// Every key with its value, as parse_plant reads it: "[light]\nprofile = \"reference\"\n…".
std::string print_plant(const PlantParameters& plant);

}  // namespace idast::sim
