#include "sim/sky/sky.h"

namespace idast::sim {

UnitVector unit_vector(const control::Direction& direction) {
  return sun::unit_vector(direction.azimuth, direction.elevation);
}

SkyDome::SkyDome(const Conditions& conditions, const SkyModel& model)
    : sun::SkyDome{conditions.at,
                   {.ghi = conditions.ghi, .dni = conditions.dni, .dhi = conditions.dhi},
                   conditions.sun,
                   model} {}

PlaneLight plane_light(const Conditions& conditions, const control::Direction& normal,
                       const SkyModel& model) {
  return SkyDome{conditions, model}.on(unit_vector(normal));
}

}  // namespace idast::sim
