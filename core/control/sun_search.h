#pragma once
#include <cstddef>
#include <optional>

#include "core/control/calibration.h"

// Where the sun must be, from the light alone: directions are tried until one, with its best beam
// and sky, explains what a sweep's poses showed. For a tracker without a clock, or with one that
// the light contradicts. Cut into pieces like Calibration; one owner, no heap.
namespace idast::control {

// The light that explains a sweep best.
struct Explained {
  double beam = 0.0;  // W/m²
  double sky = 0.0;
  double misfit = 0.0;  // relative, root mean square of the readings; infinite: no light does
};
// With the poses and the sun as the looks have them: beam and sky are linear, so the best pair has
// a closed form.
Explained explain(const Body& body, const Terms& terms, const Sweep& sweep);

struct FoundSun {
  Vector direction;  // true
  Explained seen;
};

class SunSearch {
 public:
  // Starts over the whole sky, or within `around` (a few tens of degrees) when that is given.
  void begin(const Body& body, const Terms& terms, const Sweep& sweep,
             std::optional<Vector> around = std::nullopt);
  bool busy() const { return step_deg_ > 0.0; }
  // Tries up to `pieces` directions; the sun when that finished the work. None found: misfit is
  // infinite.
  std::optional<FoundSun> advance(int pieces);

 private:
  void consider(const Vector& direction);

  Body body_;
  Terms terms_{};
  Sweep sweep_;
  FoundSun best_;
  bool on_grid_ = false;
  std::size_t next_ = 0;
  double step_deg_ = 0.0;  // of the pattern around best_; 0: idle
  bool moved_ = false;
};

}  // namespace idast::control
