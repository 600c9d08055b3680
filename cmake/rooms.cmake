# The rooms, in the order of the journey. layers.toml says who may include whom; the same plan, as
# link lines, stands here.
idast_room(core/base)
idast_room(core/units)
idast_room(core/sun DEPENDS idast_base idast_units)
idast_room(core/control DEPENDS idast_base idast_units idast_sun)
idast_room(core/telemetry DEPENDS idast_base idast_units)
idast_room(core/ports DEPENDS idast_base idast_units)
idast_room(mqtt DEPENDS idast_base idast_boost)
idast_room(sim/sky DEPENDS idast_base idast_units idast_sun idast_control)
idast_room(sim/plant DEPENDS idast_base idast_units idast_sun idast_control idast_sim_sky)
