#pragma once
#include <string>

#include "server/api/routes.h"

namespace idast::api {

// OpenAPI 3.1 of these routes and of the live stream; the columns of a row come from the telemetry
// schema. One line of JSON a path, so that a change reads well in a diff.
std::string print_openapi(const Routes& routes);

}  // namespace idast::api
