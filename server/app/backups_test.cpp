#include "server/app/backups.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/app/backup_folder.h"
#include "server/store/folder_test.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_connection.h"

using namespace idast;
using namespace idast::app;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

using store::Folder;

namespace {

constexpr UtcMillis kNow{1'795'392'000'000};  // 2026-11-23 00:00:00 UTC.
constexpr const char* kNameNow = "idast-20261123-000000.db";

// A database of several pieces of a copy.
std::string make_database(const Folder& folder) {
  const std::string path = folder.file("idast.db");
  value_of(store::open_sqlite(path)).reset();
  auto connection =
      value_of(store::Connection::open(path, store::Connection::Mode::read_write_create));
  value_of(connection.execute(
      "CREATE TABLE filler AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
      "WHERE i < 16000) SELECT i, randomblob(600) AS bytes FROM n"));
  return path;
}

bool go_on(double) { return true; }

std::expected<Backup, std::string> make(const std::string& database, const fs::path& folder,
                                        UtcMillis now) {
  return make_backup(database, folder, now, go_on);
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& there : fs::directory_iterator{folder}) {
    names.insert(there.path().filename().string());
  }
  return names;
}

void write(const fs::path& path, const std::string& text) { std::ofstream{path} << text; }

// Begins a copy in a process of its own, which is killed after `pieces` of it. False: it was done
// before.
bool killed_after(int pieces, const std::string& database, const fs::path& folder) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int done = 0;
    const auto made = make_backup(database, folder, kNow, [&](double) {
      if (++done == pieces) std::raise(SIGKILL);
      return true;
    });
    std::_Exit(made ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status);
}

}  // namespace

TEST_CASE("a copy that is killed after any piece leaves nothing that looks whole, and no remains") {
  const Folder folder;
  const std::string database = make_database(folder);
  const fs::path copies = folder.path / "backups";
  int pieces = 1;
  for (; killed_after(pieces, database, copies); ++pieces) {
    CHECK(list_backups(copies).empty());
    CHECK_FALSE(names_in(copies).empty());
    REQUIRE(pieces < 1'000);
  }
  CHECK(pieces >= 3);
  CHECK(names_in(copies) == std::set<std::string>{kNameNow});
  CHECK(value_of(store::integrity_faults((copies / kNameNow).string(), 1)).empty());
  value_of(store::open_sqlite((copies / kNameNow).string()));
}

TEST_CASE("a copy that is given up leaves nothing at all") {
  const Folder folder;
  const std::string database = make_database(folder);
  const auto stopped =
      make_backup(database, folder.path / "backups", kNow, [](double) { return false; });
  REQUIRE_FALSE(stopped.has_value());
  CHECK(names_in(folder.path / "backups").empty());
}

TEST_CASE("the oldest copies go, and nothing that is not a copy") {
  const Folder folder;
  const std::string database = make_database(folder);
  const std::set<std::string> foreign{"notes.txt", "idast-2026.db", "idast-20261199-000000.db",
                                      "idast-20261101-000000.db.txt", "Xdast-20261101-000000.db"};
  for (const std::string& name : foreign) write(folder.path / name, "mine");
  for (const char* day : {"01", "02", "03"}) {
    write(folder.path / ("idast-202611" + std::string{day} + "-120000.db"), "old");
  }
  const auto made = make(database, folder.path, kNow);
  REQUIRE(made.has_value());
  CHECK(made->bytes == fs::file_size(made->path));
  CHECK(list_backups(folder.path).size() == 4);
  CHECK(remove_old_backups(folder.path, 2) == 2);
  const auto left = list_backups(folder.path);
  REQUIRE(left.size() == 2);
  CHECK(left[0].path.filename() == "idast-20261103-120000.db");
  CHECK(left[1].path == made->path);
  CHECK(left[1].begun == kNow);
  const auto names = names_in(folder.path);
  for (const std::string& name : foreign) CHECK(names.contains(name));
}

TEST_CASE("of a damaged database there is no copy, and the old ones stay") {
  const Folder folder;
  const std::string database = make_database(folder);
  const fs::path copies = folder.path / "backups";
  REQUIRE(make(database, copies, kNow).has_value());
  {
    std::fstream file{database, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(static_cast<std::streamoff>(fs::file_size(database) / 2));
    file << std::string(8'192, 'x');
  }
  const auto made = make(database, copies, kNow + 24h);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().find("verify") != std::string::npos);
  CHECK(names_in(copies) == std::set<std::string>{kNameNow});
}

TEST_CASE("a clock that goes back does not make the new copy the oldest") {
  const Folder folder;
  const std::string database = make_database(folder);
  REQUIRE(make(database, folder.path, kNow).has_value());
  const auto second = make(database, folder.path, kNow - 1h);
  REQUIRE(second.has_value());
  CHECK(second->begun == kNow + 1s);
  CHECK(list_backups(folder.path).back().path == second->path);
}

TEST_CASE("the next copy is due when the newest is old enough, or cannot be of now") {
  CHECK(backup_due_in(std::nullopt, 24h, kNow) == 0ms);
  CHECK(backup_due_in(kNow - 1h, 24h, kNow) == 23h);
  CHECK(backup_due_in(kNow - 100h, 24h, kNow) == 0ms);
  CHECK(backup_due_in(kNow + 8'760h, 24h, kNow) == 0ms);
}

TEST_CASE("a server's own thread copies at once when there is no copy yet, and counts what fails") {
  const Folder folder;
  const std::string database = make_database(folder);
  const Log log{LogFormat::text};
  {
    Backups backups{{database, folder.path / "backups", 1h, 1}, log};
    while (backups.figures().made + backups.figures().failures == 0) std::this_thread::yield();
    const auto figures = backups.figures();
    CHECK(figures.made == 1);
    REQUIRE(figures.newest.has_value());
    CHECK(figures.newest->bytes > 4'000'000);
    CHECK(list_backups(folder.path / "backups").size() == 1);
  }
  write(folder.path / "file", "in the way");
  Backups failing{{database, folder.path / "file", 1h, 1}, log};
  while (failing.figures().made + failing.figures().failures == 0) std::this_thread::yield();
  CHECK(failing.figures().failures == 1);
  CHECK_FALSE(failing.figures().newest.has_value());
}
