#pragma once
#include "core/ports/ports.h"
#include "sim/plant/plant.h"

namespace idast::sim {

// A plant as a transmitter sees it: its sensors, noise and all, and its motors. What the motors are
// told waits in commands() for whoever steps the plant, which must outlive this.
class Body final : public ports::Sensors, public ports::Motors {
 public:
  explicit Body(const Plant& plant) : plant_{plant} {}
  ports::Readings read() override;
  void move(ports::ServoAngles target) override;
  void off() override { commands_.motors_on = false; }
  const PlantCommands& commands() const { return commands_; }

 private:
  const Plant& plant_;
  PlantCommands commands_;
};

}  // namespace idast::sim
