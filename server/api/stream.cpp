#include "server/api/stream.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "server/api/url.h"
#include "server/devices/registry.h"

namespace idast::api {
namespace {

// Calls f with every non-empty item of a comma-separated list, until it returns false.
template <class F>
bool each_item(std::string_view list, F&& f) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    if (!item.empty() && !f(item)) return false;
  }
  return true;
}

}  // namespace

std::expected<telemetry::KeySet, ApiError> parse_fields(std::string_view list) {
  telemetry::KeySet fields;
  std::string unknown;
  const bool known = each_item(list, [&](std::string_view item) {
    for (std::size_t i = 0; i < telemetry::kFieldCount; ++i) {
      if (telemetry::kFieldInfo[i].column != item) continue;
      fields.add(i);
      return true;
    }
    unknown = item;
    return false;
  });
  if (!known) {
    return std::unexpected{
        ApiError{400, "unknown_field", "there is no column \"" + unknown + "\"", "fields"}};
  }
  return fields;
}

std::expected<StreamRequest, ApiError> parse_stream(const std::vector<Parameter>& parameters,
                                                    std::string_view last_event) {
  const Request request{.path = std::string{kStreamPath}, .parameters = parameters};
  StreamRequest asked;
  asked.filter.fields = telemetry::kEveryField;
  if (const auto list = request.parameter("fields")) {
    auto fields = parse_fields(*list);
    if (!fields) return std::unexpected{std::move(fields.error())};
    asked.filter.fields = *fields;
  }
  if (const auto list = request.parameter("devices")) {
    const bool good = each_item(*list, [&](std::string_view id) {
      asked.filter.devices.emplace(id);
      return devices::is_id(id) && asked.filter.devices.size() <= live::kFilterDevicesMax;
    });
    if (!good) {
      return std::unexpected{ApiError{400, "bad_devices",
                                      "devices are at most 64 ids of A-Z a-z 0-9 _ . -, "
                                      "separated by commas",
                                      "devices"}};
    }
  }
  const auto id = parse_count(last_event, 0, std::numeric_limits<std::int64_t>::max());
  if (id) asked.last_event = static_cast<live::EventId>(*id);
  return asked;
}

}  // namespace idast::api
