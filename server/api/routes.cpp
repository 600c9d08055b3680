#include "server/api/routes.h"

namespace idast::api {
namespace {

constexpr std::string_view kCaptured = "{id}";

std::vector<std::string_view> split(std::string_view pattern) {
  std::vector<std::string_view> segments;
  pattern.remove_prefix(1);
  while (true) {
    const std::size_t slash = pattern.find('/');
    segments.push_back(pattern.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    pattern.remove_prefix(slash + 1);
  }
}

std::optional<std::string> match_one(const std::vector<std::string_view>& pattern,
                                     const std::vector<std::string>& segments) {
  if (pattern.size() != segments.size()) return std::nullopt;
  std::string id;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == kCaptured) {
      id = segments[i];
      continue;
    }
    if (pattern[i] != segments[i]) return std::nullopt;
  }
  return id;
}

}  // namespace

Routes::Routes(std::vector<Route> routes) : routes_{std::move(routes)} {
  for (const Route& route : routes_) segments_.push_back(split(route.pattern));
}

std::optional<Match> Routes::match(const Target& target) const {
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (auto id = match_one(segments_[i], target.segments)) return Match{i, std::move(*id)};
  }
  return std::nullopt;
}

}  // namespace idast::api
