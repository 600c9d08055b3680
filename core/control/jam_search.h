#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/control/sun_search.h"

// Whether one axis stood still during a sweep that should have moved it: for either axis, angles
// are tried at which it may stand until one, with its best beam and sky, explains what the poses
// showed. Cut into pieces like Calibration; one owner, no heap.
namespace idast::control {

struct FoundJam {
  enum class Axis : std::uint8_t { pan, tilt };
  Axis axis = Axis::pan;
  double angle = 0.0;  // inner (mount.h), degrees
  Explained seen;
};

class JamSearch {
 public:
  void begin(const Body& body, const Terms& terms, const Sweep& sweep);
  bool busy() const { return step_deg_ > 0.0; }
  // Tries up to `pieces` angles; the best explanation when that finished the work. An axis that the
  // sweep hardly moved explains nothing: misfit is infinite when neither moved.
  std::optional<FoundJam> advance(int pieces);

 private:
  struct Range {
    double low = 0.0;
    double high = 0.0;
    bool swept = false;
  };
  void consider(double angle);
  void begin_axis();
  Range& range() { return ranges_[static_cast<std::size_t>(axis_)]; }

  Body body_;
  Terms terms_{};
  Sweep sweep_;
  std::array<Range, 2> ranges_{};
  FoundJam::Axis axis_ = FoundJam::Axis::pan;
  FoundJam best_;        // of both axes
  double here_ = 0.0;    // the best angle of this axis,
  double misfit_ = 0.0;  // and what is left then
  double next_ = 0.0;    // of the grid
  bool on_grid_ = false;
  double step_deg_ = 0.0;  // of the pattern around here_; 0: idle
};

}  // namespace idast::control
