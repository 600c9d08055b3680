#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/store/store.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite's C interface with owners and values instead of codes. One connection and its statements
// belong to one thread.
namespace idast::store {

// How long a statement waits for a lock that another process holds before it is `unavailable`.
inline constexpr int kBusyTimeoutMs = 2'000;

// What an SQLite result code means to the rest of the house.
StoreErrorKind kind_of(int code, int system_error);

class Statement {
 public:
  // Parameters count from 1, columns from 0, as in SQLite. Text must live until the next step().
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, std::optional<std::int64_t> value);
  Statement& bind_null(int parameter);
  Statement& bind_blob(int parameter, std::string_view bytes);

  // True: a row is there. False: done, and ready for the next run.
  Result<bool> step();
  // step() for a statement without rows.
  Result<void> run();
  // Ends a run before its last row.
  void reset();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::optional<std::int64_t> number(int column) const;  // Nothing for NULL.
  std::string_view text(int column) const;               // Valid until the next step() or reset().
  std::string_view blob(int column) const;               // The same.

 private:
  friend class Connection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(sqlite3* database, sqlite3_stmt* statement)
      : database_{database}, statement_{statement} {}

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Connection {
 public:
  enum class Mode : std::uint8_t { read_write_create, read_only };

  // `location` is a path, or a file: URI.
  static Result<Connection> open(const std::string& location, Mode mode);

  Result<void> execute(const std::string& sql);
  // `sql` is ours, never from outside: a syntax error is a bug.
  Result<Statement> prepare(const std::string& sql);
  // The first column of the first row, if there is a row and it is not NULL.
  Result<std::optional<std::int64_t>> integer(const std::string& sql);
  // From now on COMMIT only appends to the write-ahead log; checkpoint() moves it into the
  // database.
  void keep_log();
  // Pages in the log after the last COMMIT, once keep_log() was called.
  int log_pages() const { return *log_pages_; }
  // Moves what no reader needs any more, without waiting for anyone. Failing harms nothing: the log
  // stays, and the next one moves more.
  void checkpoint();

  // Rows that the last INSERT, UPDATE or DELETE changed.
  std::int64_t changes() const;
  std::int64_t last_row_id() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Connection(sqlite3* database) : database_{database} {}

  std::unique_ptr<int> log_pages_ = std::make_unique<int>(0);  // SQLite keeps its address.
  std::unique_ptr<sqlite3, Close> database_;
};

// BEGIN IMMEDIATE … COMMIT; rolled back unless commit() succeeded.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_{&connection} {}
  Connection* connection_;
};

}  // namespace idast::store
