#pragma once
#include <cstdint>
#include <optional>

namespace idast::control {

// ADC counts 0..4095 (more counts as 4095). The sensors sit on the panel: `left` and `right` lean
// along falling and rising p of mount.h, `bottom` and `top` along falling and rising t.
struct Light {
  std::uint16_t top = 0;
  std::uint16_t left = 0;
  std::uint16_t right = 0;
  std::optional<std::uint16_t> bottom = std::nullopt;
};

}  // namespace idast::control
