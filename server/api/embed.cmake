# Embeds the page, dashboard/dist, into idast_api. Without it the program builds all the same, and
# says at "/" how to build it.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(page ${PROJECT_SOURCE_DIR}/dashboard/dist)
set(page_source ${PROJECT_BINARY_DIR}/page.cpp)
file(GLOB_RECURSE page_files CONFIGURE_DEPENDS ${page}/*)
add_custom_command(OUTPUT ${page_source}
  COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/server/api/embed.py ${page} ${page_source}
  DEPENDS ${PROJECT_SOURCE_DIR}/server/api/embed.py ${page_files}
  COMMENT "Embedding the page")
target_sources(idast_api PRIVATE ${page_source})
# The page is longer than the strings that every C++ compiler must take; ours take it.
set_source_files_properties(${CMAKE_BINARY_DIR}/page.cpp PROPERTIES COMPILE_OPTIONS -Wno-overlength-strings)
