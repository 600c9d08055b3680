#include "server/store/sqlite_connection.h"

#include <cerrno>
#include <utility>

#include <sqlite3.h>

#include "core/base/require.h"

namespace idast::store {
namespace {

std::unexpected<StoreError> failure(sqlite3* database, int code) {
  const int system_error = database == nullptr ? 0 : sqlite3_system_errno(database);
  const char* words = database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database);
  return std::unexpected{StoreError{kind_of(code, system_error), words}};
}

}  // namespace

StoreErrorKind kind_of(int code, int system_error) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return StoreErrorKind::disk_full;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return StoreErrorKind::read_only;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return StoreErrorKind::corrupt;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (system_error == ENOSPC || system_error == EDQUOT) return StoreErrorKind::disk_full;
      if (system_error == EROFS || system_error == EACCES) return StoreErrorKind::read_only;
      return StoreErrorKind::unavailable;
    default:
      return StoreErrorKind::unavailable;
  }
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, value);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL: empty text is not absent text.
  const char* bytes = text.empty() ? "" : text.data();
  sqlite3_bind_text64(statement_.get(), parameter, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int parameter, std::optional<std::int64_t> value) {
  return value ? bind(parameter, *value) : bind_null(parameter);
}

Statement& Statement::bind_null(int parameter) {
  sqlite3_bind_null(statement_.get(), parameter);
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view bytes) {
  const char* first = bytes.empty() ? "" : bytes.data();
  sqlite3_bind_blob64(statement_.get(), parameter, first, bytes.size(), SQLITE_STATIC);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_.get());
    return false;
  }
  auto error = failure(database_, code);
  sqlite3_reset(statement_.get());
  return error;
}

Result<void> Statement::run() {
  const auto row = step();
  if (!row) return std::unexpected{row.error()};
  if (*row) reset();
  return {};
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<std::int64_t> Statement::number(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::string_view Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Connection::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<Connection> Connection::open(const std::string& location, Mode mode) {
  // SQLite counts its memory under a lock at every allocation, some sixty a sample. Nobody asks it.
  [[maybe_unused]] static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  // Each connection has one thread, so SQLite's own mutexes are not needed.
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI |
      (mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(location.c_str(), &database, flags, nullptr);
  Connection connection{database};
  if (code != SQLITE_OK) {
    auto error = failure(database, code);
    error.error().words = "cannot open the database " + location + ": " + error.error().words;
    return error;
  }
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  return connection;
}

Result<void> Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(database_.get(), code);
  return {};
}

Result<Statement> Connection::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.c_str(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return failure(database_.get(), code);
  return Statement{database_.get(), statement};
}

Result<std::optional<std::int64_t>> Connection::integer(const std::string& sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected{statement.error()};
  const auto row = statement->step();
  if (!row) return std::unexpected{row.error()};
  if (!*row || statement->is_null(0)) return std::nullopt;
  return statement->integer(0);
}

void Connection::keep_log() {
  sqlite3_wal_hook(
      database_.get(),
      [](void* pages, sqlite3*, const char*, int now) {
        *static_cast<int*>(pages) = now;
        return SQLITE_OK;
      },
      log_pages_.get());
}

void Connection::checkpoint() {
  sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

std::int64_t Connection::changes() const { return sqlite3_changes64(database_.get()); }
std::int64_t Connection::last_row_id() const { return sqlite3_last_insert_rowid(database_.get()); }

Result<Transaction> Transaction::begin(Connection& connection) {
  if (auto begun = connection.execute("BEGIN IMMEDIATE"); !begun) {
    return std::unexpected{begun.error()};
  }
  return Transaction{connection};
}

Transaction::Transaction(Transaction&& other) noexcept
    : connection_{std::exchange(other.connection_, nullptr)} {}

Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  // An error inside a transaction may have rolled it back already; then this is refused, and there
  // is nothing left to do either way.
  [[maybe_unused]] const auto rolled_back = connection_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
  require(connection_ != nullptr, "Transaction: committed twice");
  auto done = connection_->execute("COMMIT");
  if (done) connection_ = nullptr;
  return done;
}

}  // namespace idast::store
