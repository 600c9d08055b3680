#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/request.h"
#include "server/api/url.h"

// The table of endpoints: what is served, and what openapi.json is printed from.
namespace idast::api {

struct ParameterInfo {
  std::string_view name;
  std::string_view type;  // An OpenAPI schema object's members: "type":"integer", …
  std::string_view about;
};

enum class Where : std::uint8_t {
  worker,   // May wait for the database.
  at_once,  // Answers on the HTTP thread, also when every worker is stuck.
};

struct Route {
  std::string_view pattern;  // Segments, of which one may be {id}: /api/v1/devices/{id}
  std::string_view about;
  std::string_view answer;  // Name of the OpenAPI schema of the answer; empty: plain text.
  std::vector<ParameterInfo> parameters;
  bool original;  // Errors and CORS as the fielded back end has them.
  Where where;
  std::function<Outcome(const Request&)> endpoint;
};

struct Match {
  std::size_t index;
  std::string id;
};

// Immutable after it is built. Endpoints on it may belong to one thread.
class Routes {
 public:
  explicit Routes(std::vector<Route> routes);
  std::optional<Match> match(const Target& target) const;
  const Route& operator[](std::size_t index) const { return routes_[index]; }
  std::size_t size() const { return routes_.size(); }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string_view>> segments_;
};

}  // namespace idast::api
