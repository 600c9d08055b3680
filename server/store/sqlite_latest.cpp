#include "server/store/sqlite_latest.h"

#include "server/store/sqlite_connection.h"

namespace idast::store {
namespace {

Result<void> run_each(Connection& connection, const std::string& sql, const PlainLatest& rows) {
  if (rows.empty()) return {};
  auto update = connection.prepare(sql);
  if (!update) return std::unexpected{update.error()};
  for (const auto& [device, row] : rows) {
    if (auto done = update->bind(1, std::string_view{device}).bind(2, row).run(); !done) {
      return done;
    }
  }
  return {};
}

}  // namespace

Result<PlainLatest> plain_latest(const std::string& path) {
  auto connection = Connection::open(path, Connection::Mode::read_only);
  if (!connection) return std::unexpected{connection.error()};
  auto rows =
      connection->prepare("SELECT name, plain_sample FROM device WHERE plain_sample IS NOT NULL");
  if (!rows) return std::unexpected{rows.error()};
  PlainLatest found;
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return found;
    found.emplace(rows->text(0), rows->integer(1));
  }
}

Result<void> set_plain_latest(const std::string& path, const PlainLatest& before,
                              const PlainLatest& certain) {
  if (before.empty() && certain.empty()) return {};
  auto connection = Connection::open(path, Connection::Mode::read_write_create);
  if (!connection) return std::unexpected{connection.error()};
  auto transaction = Transaction::begin(*connection);
  if (!transaction) return std::unexpected{transaction.error()};
  auto done = run_each(*connection,
                       "UPDATE device SET plain_sample = ?2 WHERE name = ?1 AND "
                       "(SELECT ts_ms + received_rest FROM sample WHERE id = ?2) > "
                       "(SELECT ts_ms + received_rest FROM sample WHERE id = plain_sample)",
                       before);
  if (done) {
    done = run_each(*connection, "UPDATE device SET plain_sample = ?2 WHERE name = ?1", certain);
  }
  if (!done) return done;
  return transaction->commit();
}

}  // namespace idast::store
