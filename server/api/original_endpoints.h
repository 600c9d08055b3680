#pragma once
#include "server/api/request.h"
#include "server/devices/registry.h"
#include "server/live/board.h"
#include "server/query/history.h"

// The routes of the fielded back end, kept for ever. Each belongs to one thread, as its Reader
// does.
namespace idast::api {

constexpr std::int64_t kRowsDefault = 5'000;
constexpr std::int64_t kRowsMax = 20'000;
// A piece of a long answer: enough rows to make a query worth its while, little enough for many
// slow readers at once.
constexpr std::size_t kPieceBytes = 256 * 1024;

struct GetHealth {  // GET /health
  Outcome operator()(const Request&) const;
  store::Reader& reader;
  std::function<std::optional<std::string>()> store_trouble;
};

struct GetLatest {  // GET /api/latest
  Outcome operator()(const Request& request) const;
  store::Reader& reader;
  const live::Board& board;
};

struct GetTelemetry {  // GET /api/telemetry
  Outcome operator()(const Request& request) const;
  store::Reader& reader;
};

struct GetHistory {  // GET /api/history.csv
  Outcome operator()(const Request& request) const;
  store::Reader& reader;
  const devices::Registry& registry;
};

struct GetDeviceList {  // GET /api/devices
  Outcome operator()(const Request&) const;
  store::Reader& reader;
};

// ROW of a device's newest sample, or null; with its id once it is committed. The database is asked
// only for an id that a commit did not tell: of a sample that was stored before it came.
std::string latest_row(const live::View& view, store::Reader& reader);

// The database's trouble as an answer: 503, in its own words.
ApiError unavailable(const store::StoreError& error);
// The time in parameter `name`, or `otherwise` when it is not given.
std::expected<UtcMillis, ApiError> time_of(const Request& request, std::string_view name,
                                           UtcMillis otherwise);
// The whole number in parameter `name`, 1..high, or `otherwise` when it is not given.
std::expected<std::int64_t, ApiError> count_of(const Request& request, std::string_view name,
                                               std::int64_t high, std::int64_t otherwise);

}  // namespace idast::api
