#pragma once
#include <array>
#include <optional>

#include "sim/sky/sky.h"

// A sky read in small steps forward. Where a sky works anew for every instant (the sun alone takes
// a microsecond), this asks it once a second and draws lines between: the sun stays within 0.001°
// of its place, except within a degree of the zenith (0.01°). One owner, one thread.
namespace idast::sim {

class SkyReader {
 public:
  explicit SkyReader(const Sky& sky) : sky_{sky} {}

  // Exact at whole seconds.
  Conditions at(UtcMillis when);

 private:
  const Sky& sky_;  // outlives the reader
  std::optional<Conditions> before_;
  std::optional<Conditions> after_;
};

}  // namespace idast::sim
