#include "server/store/sqlite_boots.h"

#include <vector>

namespace idast::store {
namespace {

// No board was on for that long: no boot that still sends can have started before.
constexpr std::int64_t kUptimeMaxMs = 10LL * 365 * 86'400'000;

struct Boot {
  std::int64_t id;
  std::int64_t device;
};

Result<std::vector<Boot>> boots_after(Connection& connection, std::int64_t now_ms) {
  auto rows = connection.prepare(
      "SELECT id, device FROM boot WHERE started_ms > ?1 ORDER BY device, started_ms, id");
  if (!rows) return std::unexpected{rows.error()};
  rows->bind(1, now_ms);
  std::vector<Boot> boots;
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return boots;
    boots.push_back({rows->integer(0), rows->integer(1)});
  }
}

}  // namespace

Result<void> put_boots_before(Connection& connection, UtcMillis now) {
  const auto boots = boots_after(connection, now.unix_ms());
  if (!boots) return std::unexpected{boots.error()};
  if (boots->empty()) return {};
  auto transaction = Transaction::begin(connection);
  if (!transaction) return std::unexpected{transaction.error()};
  // In their order: each finds the one before it among those that are not after `now`.
  auto move = connection.prepare(
      "UPDATE boot SET started_ms = 1 + coalesce((SELECT max(started_ms) FROM boot AS other WHERE "
      "other.device = ?2 AND other.started_ms <= ?3), ?4) WHERE id = ?1");
  if (!move) return std::unexpected{move.error()};
  for (const Boot& boot : *boots) {
    auto& row = move->bind(1, boot.id).bind(2, boot.device).bind(3, now.unix_ms());
    if (auto done = row.bind(4, now.unix_ms() - kUptimeMaxMs).run(); !done) return done;
  }
  return transaction->commit();
}

}  // namespace idast::store
