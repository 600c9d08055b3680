#pragma once
#include "sim/sky/sky.h"
#include "sim/sky/weather_file.h"

namespace idast::sim {

// The sky of a weather file: linear between its minutes. In a long gap and outside the file the
// nearest values are carried on (no light outside it) and `in_gap` is set.
class MeasuredSky final : public Sky {
 public:
  explicit MeasuredSky(WeatherFile file);

  Conditions at(UtcMillis when) const override;
  const sun::Place& place() const override { return file_.place; }

  const WeatherFile& file() const { return file_; }
  UtcMillis first() const;  // instant of the first row
  UtcMillis last() const;   // and of the last one
  // Where a replay begins: the first sunrise in the file, else its first row.
  UtcMillis replay_start() const;

 private:
  WeatherFile file_;
};

}  // namespace idast::sim
