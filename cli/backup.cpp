#include "cli/backup.h"

#include <cerrno>
#include <cstring>
#include <ostream>

#include <unistd.h>

#include "cli/lab_progress.h"
#include "cli/whole_file.h"
#include "server/app/backup_folder.h"
#include "server/app/data_folder.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_backup.h"

namespace idast::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kFailure = 1;
constexpr int kFaultsShown = 5;
constexpr const char* kParts[] = {"", "-wal", "-shm", "-journal"};

std::string size_of(const fs::path& path) {
  std::error_code ignored;
  const auto bytes = fs::file_size(path, ignored);
  if (ignored) return "0 kB";
  if (bytes < 10'000'000) return std::to_string(bytes / 1'000) + " kB";
  return std::to_string(bytes / 1'000'000) + " MB";
}

int failed(std::ostream& err, const char* command, const std::string& words) {
  err << "idast " << command << ": " << words << "\n";
  return kFailure;
}

// One sentence when the copy must not be put in the place of anything.
std::expected<void, std::string> check_copy(const std::string& copy, const std::string& name) {
  const auto faults = store::integrity_faults(copy, kFaultsShown);
  if (!faults) return std::unexpected{name + ": " + faults.error().words};
  if (!faults->empty()) {
    return std::unexpected{name + " is damaged, and nothing was changed: " + faults->front() +
                           "; try an older backup"};
  }
  // Brings an older one up to date, and refuses a newer one.
  auto opened = store::open_sqlite(copy);
  if (!opened) return std::unexpected{name + ": " + opened.error().words};
  opened->reset();
  auto settled = store::settle_database(copy);
  if (!settled) return std::unexpected{name + ": " + settled.error().words};
  return {};
}

// What is restored: the file, or of a folder the newest of the copies that a server made.
std::expected<std::string, std::string> file_of(const RestoreOptions& options) {
  std::error_code ignored;
  if (fs::is_directory(options.file, ignored)) {
    const auto copies = app::list_backups(options.file);
    if (!copies.empty()) return copies.back().path.string();
    return std::unexpected{"there is no copy idast-….db in " + options.file};
  }
  if (!fs::is_regular_file(options.file, ignored)) {
    return std::unexpected{"there is no file " + options.file};
  }
  if (fs::equivalent(options.file, options.database, ignored)) {
    return std::unexpected{options.file + " is the database itself"};
  }
  return options.file;
}

std::expected<void, std::string> take_place(const std::string& copy, const std::string& database) {
  auto done = store::publish_copy(copy, database);
  if (!done) return std::unexpected{done.error().words};
  return {};
}

// The parts of the old database get names of their own; the file alone when its log could be moved
// into it, else with its log beside it, which belongs to it.
std::expected<void, std::string> set_aside(const std::string& database, const std::string& kept) {
  std::error_code ignored;
  if (!fs::exists(database, ignored)) return {};
  // A database that is too broken for that is kept as it is.
  [[maybe_unused]] const auto settled = store::settle_database(database);
  for (const char* part : kParts) {
    if (!fs::exists(database + part, ignored)) continue;
    if (::rename((database + part).c_str(), (kept + part).c_str()) != 0) {
      return std::unexpected{database + part + ": " + std::strerror(errno)};
    }
  }
  return {};
}

}  // namespace

int run_backup(const BackupOptions& options, std::ostream& out, std::ostream& err) {
  if (auto may = may_write(options.file, options.force); !may) {
    return failed(err, "backup", may.error());
  }
  const std::string unfinished = unfinished_name(options.file);
  store::remove_copy(unfinished);
  {
    LabProgress bar{{1.0}, err, options.terminal};
    const auto copied =
        store::copy_database(options.database.string(), unfinished, [&](double share) {
          bar.report(0, share);
          return true;
        });
    if (!copied) return failed(err, "backup", copied.error().words);
  }
  if (auto done = store::publish_copy(unfinished, options.file); !done) {
    store::remove_copy(unfinished);
    return failed(err, "backup", done.error().words);
  }
  out << options.file << ": " << size_of(options.file) << ", a copy of "
      << options.database.string() << "\n";
  return 0;
}

int run_restore(const RestoreOptions& options, std::ostream& out, std::ostream& err) {
  const auto chosen = file_of(options);
  if (!chosen) return failed(err, "restore", chosen.error());
  const std::string& from = *chosen;
  const auto folder = app::DataFolder::open(options.data);
  if (!folder) {
    return failed(err, "restore", folder.error() + "; stop it before its database is replaced");
  }
  const std::string database = options.database.string();
  const std::string copy = unfinished_name(database);
  store::remove_copy(copy);
  {
    LabProgress bar{{1.0}, err, options.terminal};
    const auto copied = store::copy_database(from, copy, [&](double share) {
      bar.report(0, share);
      return true;
    });
    if (!copied) return failed(err, "restore", copied.error().words);
  }
  if (auto good = check_copy(copy, from); !good) {
    store::remove_copy(copy);
    return failed(err, "restore", good.error());
  }
  const std::string kept = database + ".replaced-" + options.stamp;
  std::error_code ignored;
  const bool replaces = fs::exists(database, ignored);
  auto done = set_aside(database, kept);
  if (done) done = take_place(copy, database);
  if (!done) {
    return failed(err, "restore",
                  done.error() + "; the replaced database is " + kept + ", the new one " + copy);
  }
  out << database << ": restored from " << from << "\n";
  if (replaces) out << "the database that was there is kept as " << kept << "\n";
  return 0;
}

}  // namespace idast::cli
