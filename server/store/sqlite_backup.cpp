#include "server/store/sqlite_backup.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "server/store/sqlite_connection.h"

namespace idast::store {
namespace {

// 4 MB at a time: often enough for a bar to move.
constexpr int kPagesAtOnce = 1'000;

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

std::unexpected<StoreError> failed(sqlite3* database, int code, const std::string& where) {
  const int system_error = database == nullptr ? 0 : sqlite3_system_errno(database);
  return std::unexpected{
      StoreError{kind_of(code, system_error), where + ": " + sqlite3_errstr(code)}};
}

Result<Database> open_file(const std::string& path, int flags) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database{opened};
  if (code != SQLITE_OK) return failed(opened, code, "cannot open " + path);
  sqlite3_busy_timeout(opened, kBusyTimeoutMs);
  return database;
}

// The file's bytes and its name are on disk.
bool sync_file(const std::string& path) {
  const auto sync = [](const std::string& name, int flags) {
    const int file = ::open(name.c_str(), flags | O_CLOEXEC);
    const bool done = file >= 0 && ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    return done;
  };
  const auto folder = std::filesystem::path{path}.parent_path();
  return sync(path, O_RDONLY) &&
         sync(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
}

Result<void> copy_pages(sqlite3* from, sqlite3* to, const CopyProgress& progress) {
  sqlite3_backup* const copy = sqlite3_backup_init(to, "main", from, "main");
  if (copy == nullptr) return failed(to, sqlite3_errcode(to), "cannot copy");
  int code = SQLITE_OK;
  while (code == SQLITE_OK) {
    code = sqlite3_backup_step(copy, kPagesAtOnce);
    const int all = sqlite3_backup_pagecount(copy);
    if (all > 0) progress(1.0 - static_cast<double>(sqlite3_backup_remaining(copy)) / all);
  }
  const int finished = sqlite3_backup_finish(copy);
  if (code == SQLITE_DONE && finished == SQLITE_OK) return {};
  return failed(to, code == SQLITE_DONE ? finished : code, "cannot copy");
}

Result<void> copy_open(const std::string& from, const std::string& to,
                       const CopyProgress& progress) {
  auto source = open_file(from, SQLITE_OPEN_READONLY);
  if (!source) return std::unexpected{source.error()};
  // One snapshot for the whole copy: else every commit of a server would begin it anew.
  const int begun = sqlite3_exec(source->get(), "BEGIN; SELECT count(*) FROM migration", nullptr,
                                 nullptr, nullptr);
  if ((begun & 0xff) == SQLITE_ERROR) {
    return std::unexpected{
        StoreError{StoreErrorKind::corrupt, from + " is not a database of IDAST"}};
  }
  if (begun != SQLITE_OK) return failed(source->get(), begun, "cannot read " + from);
  auto target = open_file(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!target) return std::unexpected{target.error()};
  if (auto copied = copy_pages(source->get(), target->get(), progress); !copied) return copied;
  // A copy without a log can be read from any place, also one that cannot be written to.
  const int plain =
      sqlite3_exec(target->get(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
  if (plain != SQLITE_OK) return failed(target->get(), plain, "cannot finish " + to);
  return {};
}

}  // namespace

Result<void> copy_database(const std::string& from, const std::string& to,
                           const CopyProgress& progress) {
  auto copied = copy_open(from, to, progress);
  if (copied && !sync_file(to)) {
    copied = std::unexpected{StoreError{kind_of(SQLITE_IOERR, errno),
                                        "cannot write " + to + ": " + std::strerror(errno)}};
  }
  if (copied) return copied;
  std::error_code ignored;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    std::filesystem::remove(to + suffix, ignored);
  }
  return copied;
}

Result<std::vector<std::string>> integrity_faults(const std::string& path, int limit) {
  auto connection = Connection::open(path, Connection::Mode::read_only);
  if (!connection) return std::unexpected{connection.error()};
  auto rows = connection->prepare("PRAGMA integrity_check(" + std::to_string(limit) + ")");
  if (!rows) return std::unexpected{rows.error()};
  std::vector<std::string> faults;
  for (;;) {
    const auto row = rows->step();
    // A page so broken that the check itself ends.
    if (!row && row.error().kind == StoreErrorKind::corrupt) faults.push_back(row.error().words);
    if (!row && row.error().kind != StoreErrorKind::corrupt) return std::unexpected{row.error()};
    if (!row || !*row) return faults;
    if (rows->text(0) != "ok") faults.emplace_back(rows->text(0));
  }
}

Result<void> settle_database(const std::string& path) {
  auto connection = Connection::open(path, Connection::Mode::read_write_create);
  if (!connection) return std::unexpected{connection.error()};
  // The last connection to close takes the log along; this makes sure that it can.
  const auto busy = connection->integer("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!busy) return std::unexpected{busy.error()};
  if (*busy == 0) return {};
  return std::unexpected{
      StoreError{StoreErrorKind::unavailable, path + " is in use by another program; close it"}};
}

}  // namespace idast::store
