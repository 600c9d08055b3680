#include "server/store/sqlite_thinned.h"

#include <utility>

#include "server/store/packing.h"

namespace idast::store {
namespace {

constexpr std::int64_t kSlotMillis = 10'000;

}  // namespace

Result<std::vector<ThinnedDay>> thinned_days(const std::string& path) {
  auto connection = Connection::open(path, Connection::Mode::read_only);
  if (!connection) return std::unexpected{connection.error()};
  auto rows = connection->prepare("SELECT day, samples FROM thinned ORDER BY day");
  if (!rows) return std::unexpected{rows.error()};
  std::vector<ThinnedDay> days;
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return days;
    days.push_back({rows->integer(0), rows->integer(1)});
  }
}

Result<ThinnedRows> ThinnedRows::open(const std::string& path) {
  auto connection = Connection::open(path, Connection::Mode::read_only);
  if (!connection) return std::unexpected{connection.error()};
  auto find = connection->prepare(
      "SELECT 1 FROM sample WHERE device = (SELECT id FROM device WHERE name = ?1) AND boot IS "
      "NULL AND ts_ms >= ?2 AND ts_ms < ?3 AND rests >> " +
      std::to_string(kThinnedBit) + " <> 0 LIMIT 1");
  if (!find) return std::unexpected{find.error()};
  return ThinnedRows{std::move(*connection), std::move(*find)};
}

Result<bool> ThinnedRows::stand_for(std::string_view device, UtcMillis ts) {
  const std::int64_t ts_ms = ts.unix_ms();
  const std::int64_t into_slot = (ts_ms % kSlotMillis + kSlotMillis) % kSlotMillis;
  find_.bind(1, device).bind(2, ts_ms).bind(3, ts_ms - into_slot + kSlotMillis);
  const auto found = find_.step();
  if (found && *found) find_.reset();
  return found;
}

}  // namespace idast::store
