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
// Of SQLite's machine; some 10 ms.
constexpr int kStepsBetweenQuestions = 1'000'000;

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

std::unexpected<StoreError> system_error(const std::string& path) {
  const int cause = errno;
  return std::unexpected{StoreError{kind_of(SQLITE_IOERR, cause),
                                    "cannot write " + path + ": " + std::strerror(cause)}};
}

bool sync_name(const std::string& name, int flags) {
  const int file = ::open(name.c_str(), flags | O_CLOEXEC);
  const bool done = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  return done;
}

// A name is there for good when its folder was synced.
bool sync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path{path}.parent_path();
  return sync_name(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
}

Result<void> copy_pages(sqlite3* from, sqlite3* to, const CopyProgress& progress) {
  sqlite3_backup* const copy = sqlite3_backup_init(to, "main", from, "main");
  if (copy == nullptr) return failed(to, sqlite3_errcode(to), "cannot copy");
  int code = SQLITE_OK;
  while (code == SQLITE_OK) {
    code = sqlite3_backup_step(copy, kPagesAtOnce);
    const int all = sqlite3_backup_pagecount(copy);
    const double share = 1.0 - static_cast<double>(sqlite3_backup_remaining(copy)) / all;
    const bool sound = code == SQLITE_OK || code == SQLITE_DONE;
    if (sound && all > 0 && !progress(share)) code = SQLITE_INTERRUPT;
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
  auto target = open_file(to, SQLITE_OPEN_READWRITE);
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
  // Samples are nobody else's business.
  const int made = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0) return system_error(to);
  ::close(made);
  auto copied = copy_open(from, to, progress);
  if (copied && !(sync_name(to, O_RDONLY) && sync_folder_of(to))) copied = system_error(to);
  if (!copied) remove_copy(to);
  return copied;
}

Result<void> publish_copy(const std::string& from, const std::string& to) {
  if (!sync_name(from, O_RDONLY)) return system_error(from);
  if (::rename(from.c_str(), to.c_str()) != 0 || !sync_folder_of(to)) return system_error(to);
  return {};
}

void remove_copy(const std::string& path) {
  std::error_code ignored;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    std::filesystem::remove(path + suffix, ignored);
  }
}

Result<std::vector<std::string>> integrity_faults(const std::string& path, int limit,
                                                  const std::function<bool()>& go_on) {
  auto database = open_file(path, SQLITE_OPEN_READONLY);
  if (!database) return std::unexpected{database.error()};
  if (go_on) {
    sqlite3_progress_handler(
        database->get(), kStepsBetweenQuestions,
        [](void* asked) { return (*static_cast<const std::function<bool()>*>(asked))() ? 0 : 1; },
        const_cast<std::function<bool()>*>(&go_on));
  }
  std::vector<std::string> faults;
  const int code = sqlite3_exec(
      database->get(), ("PRAGMA integrity_check(" + std::to_string(limit) + ")").c_str(),
      [](void* found, int, char** values, char**) {
        const std::string_view words = values[0] == nullptr ? "" : values[0];
        if (words != "ok") static_cast<std::vector<std::string>*>(found)->emplace_back(words);
        return 0;
      },
      &faults, nullptr);
  if (code == SQLITE_OK) return faults;
  // A page so broken that the check itself ends.
  if (kind_of(code, 0) != StoreErrorKind::corrupt) {
    return failed(database->get(), code, "cannot check " + path);
  }
  faults.emplace_back(sqlite3_errmsg(database->get()));
  return faults;
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
