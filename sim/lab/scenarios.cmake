# Builds the scenarios into idast_sim_lab, one raw string each.
file(GLOB scenario_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sim/lab/scenarios/*.toml)
list(SORT scenario_files)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${scenario_files})
set(scenario_entries "")
foreach(scenario_file ${scenario_files})
  get_filename_component(scenario_name ${scenario_file} NAME_WE)
  file(READ ${scenario_file} scenario_text)
  string(APPEND scenario_entries "    {\"${scenario_name}\", R\"toml(${scenario_text})toml\"},\n")
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/scenarios.cpp @ONLY CONTENT
"#include <array>

#include \"sim/lab/scenario.h\"

namespace idast::sim {
namespace {
constexpr auto kTexts = std::to_array<ScenarioText>({
@scenario_entries@});
}  // namespace

std::span<const ScenarioText> scenario_texts() { return kTexts; }

}  // namespace idast::sim
")
target_sources(idast_sim_lab PRIVATE ${PROJECT_BINARY_DIR}/scenarios.cpp)
