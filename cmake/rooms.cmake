# The rooms, in the order of the journey. layers.toml says who may include whom; the same plan, as
# link lines, stands here.
idast_room(core/base)
idast_room(core/units)
idast_room(core/telemetry DEPENDS idast_base idast_units)
idast_room(core/ports DEPENDS idast_base idast_units)
idast_room(core/sun DEPENDS idast_base idast_units)
idast_room(core/wire DEPENDS idast_base)
idast_room(core/control DEPENDS idast_base idast_units idast_sun)
idast_room(core/node DEPENDS idast_telemetry idast_ports idast_wire idast_control)

idast_room(mqtt DEPENDS idast_base PACKAGES idast_boost)

idast_room(sim/sky DEPENDS idast_sun idast_control)
idast_room(sim/plant DEPENDS idast_sim_sky idast_control)
idast_room(sim/radio DEPENDS idast_ports)
idast_room(sim/lab DEPENDS idast_sim_plant PACKAGES idast_toml)
include(sim/lab/scenarios.cmake)
idast_room(sim/live DEPENDS idast_node idast_sim_plant idast_sim_radio idast_mqtt PACKAGES idast_boost)

idast_room(server/ingest DEPENDS idast_telemetry PACKAGES simdjson::simdjson)
idast_room(server/store DEPENDS idast_telemetry PACKAGES SQLite::SQLite3)
idast_room(server/archive DEPENDS idast_store PACKAGES zstd::libzstd_shared OpenSSL::Crypto)
idast_room(server/spool DEPENDS idast_base)
idast_room(server/transfer DEPENDS idast_store idast_ingest PACKAGES simdjson::simdjson)
idast_room(server/live DEPENDS idast_telemetry)
idast_room(server/query DEPENDS idast_store PACKAGES date::date-tz fmt::fmt)
idast_room(server/devices DEPENDS idast_telemetry idast_sun PACKAGES date::date-tz)
idast_room(server/insight DEPENDS idast_store idast_sun PACKAGES fmt::fmt)
idast_room(server/api DEPENDS idast_query idast_live idast_devices idast_insight PACKAGES idast_boost)
if(TARGET idast_api)
  include(server/api/embed.cmake)
endif()
idast_room(server/app DEPENDS idast_api idast_archive idast_ingest idast_spool idast_mqtt PACKAGES idast_toml spdlog::spdlog)

idast_room(tools/schema DEPENDS idast_telemetry PACKAGES fmt::fmt)
idast_room(tools/command_line)
idast_room(cli DEPENDS idast_app idast_transfer idast_archive idast_sun idast_sim_live idast_sim_lab idast_insight idast_tools_schema idast_tools_command_line)
add_executable(idast cli/main.cpp)
target_link_libraries(idast PRIVATE idast_cli)
target_compile_definitions(idast PRIVATE IDAST_VERSION="${PROJECT_VERSION}")

idast_room(tests/journey DEPENDS idast_ingest idast_store idast_transfer idast_archive idast_wire idast_mqtt idast_sim_live)
idast_room(tests/yield DEPENDS idast_insight idast_sim_plant)
idast_room(tests/golden DEPENDS idast_sim_lab)
add_executable(golden_days tests/golden/main.cpp)
target_link_libraries(golden_days PRIVATE idast_tests_golden)

idast_room(tests/storm DEPENDS idast_app idast_node idast_sim_live idast_store)
add_executable(storm tests/storm/main.cpp)
target_link_libraries(storm PRIVATE idast_tests_storm idast_tools_command_line)

add_executable(loadgen tools/loadgen/main.cpp)
target_link_libraries(loadgen PRIVATE idast_mqtt idast_telemetry idast_tools_command_line)
add_executable(truth tests/truth/main.cpp)
target_link_libraries(truth PRIVATE idast_sim_live idast_tools_command_line)

add_executable(null_subscriber tools/null_subscriber/main.cpp)
target_link_libraries(null_subscriber PRIVATE idast_mqtt idast_tools_command_line)

add_executable(months bench/months/main.cpp)
target_link_libraries(months PRIVATE idast_query)

# What waits for a person or a network is not optimized in the sanitized build that every change goes
# through: Beast, CLI11 and Asio take GCC twice as long when they are.
if(IDAST_SANITIZE MATCHES undefined AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  foreach(target idast_boost idast_toml idast_api idast_tools_command_line idast_cli)
    target_compile_options(${target} PRIVATE -O0)
  endforeach()
endif()
# Beast's composed operations take twice as long again, and 1.4 GB, with this sanitizer.
if(IDAST_SANITIZE MATCHES undefined)
  set_source_files_properties(server/api/connection.cpp PROPERTIES COMPILE_OPTIONS -fno-sanitize=undefined)
endif()
