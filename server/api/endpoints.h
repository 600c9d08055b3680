#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/api/metrics.h"
#include "server/api/routes.h"
#include "server/devices/registry.h"
#include "server/insight/gain.h"
#include "server/live/board.h"
#include "server/query/history.h"

// Every endpoint in one table.
namespace idast::api {

// What the endpoints stand on. `reader` belongs to the thread that runs them; any thread may call
// the functions, of which only measure() may wait.
struct Foundations {
  store::Reader& reader;
  const live::Board& board;
  const devices::Registry& registry;
  insight::Ledger& ledger;  // One for all threads.
  // What keeps the database from taking samples, in its own words.
  std::function<std::optional<std::string>()> store_trouble;
  std::function<std::vector<std::string>()> not_ready;  // One sentence for each reason.
  // Messages that are durable, but not in the database yet; may be empty.
  std::function<std::uint64_t()> spool_waiting_bytes = {};
  std::function<void(Metrics&)> measure;
};

Routes make_routes(const Foundations& foundations);

// OpenAPI 3.1 of the whole service, printed from the table above and the telemetry schema.
std::string openapi_json();

}  // namespace idast::api
