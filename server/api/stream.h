#pragma once
#include <expected>
#include <optional>
#include <string_view>
#include <vector>

#include "server/api/request.h"
#include "server/live/hub.h"

// GET /api/v1/stream?devices=a,b&fields=power_w,… with the header Last-Event-ID. Pure.
namespace idast::api {

constexpr std::string_view kStreamPath = "/api/v1/stream";

struct StreamRequest {
  live::Filter filter;
  std::optional<live::EventId> last_event;
};

// Without `devices`: all; without `fields`: every column. A Last-Event-ID that is not a number of
// ours is as good as none.
std::expected<StreamRequest, ApiError> parse_stream(const std::vector<Parameter>& parameters,
                                                    std::string_view last_event);

// The columns named in a comma-separated list; the error names the one that does not exist.
std::expected<telemetry::KeySet, ApiError> parse_fields(std::string_view list);

}  // namespace idast::api
