#pragma once
#include <cstdint>
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

// What storing takes, and how long the disk lasts (docs/storage.md).
struct Storage {
  std::int64_t database_bytes = 0;         // Its log included.
  std::int64_t disk_free_bytes = 0;        // Of the disk that it is on.
  int keep_raw_days = 0;                   // 0: for ever.
  double raw_window_bytes = 0;             // What so many days take.
  std::optional<double> bytes_a_day = {};  // Nothing until a whole day was seen.
  std::optional<double> days_left = {};    // Nothing when nothing is known, or nothing grows.
};

// What the endpoints stand on. `reader` belongs to the thread that runs them; any thread may call
// the functions, of which only measure() and storage() may wait.
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
  // Nothing: the database does not say; may be empty.
  std::function<std::optional<Storage>()> storage = {};
};

Routes make_routes(const Foundations& foundations);

// OpenAPI 3.1 of the whole service, printed from the table above and the telemetry schema.
std::string openapi_json();

}  // namespace idast::api
