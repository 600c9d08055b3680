#pragma once
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "server/store/sqlite_backup.h"

// A folder of whole copies of the database, idast-20261122-235959.db by the UTC second in which
// they were begun. Only files of that name are ever counted or removed. No clock; any thread, one
// at a time in a folder.
namespace idast::app {

struct Backup {
  std::filesystem::path path;
  UtcMillis begun;
  std::uint64_t bytes = 0;
};

// The oldest first; none when there is no such folder.
std::vector<Backup> list_backups(const std::filesystem::path& folder);

// A copy of `database`, checked page by page before it has its name; made when it is missing, the
// folder is its owner's alone. What an earlier copy that was killed left is removed first. The name
// is a later one than that of every copy there is, also when the clock went back. `progress` as in
// copy_database(); its false gives up. The error is one sentence, and then nothing new is there.
std::expected<Backup, std::string> make_backup(const std::filesystem::path& database,
                                               const std::filesystem::path& folder, UtcMillis now,
                                               const store::CopyProgress& progress);

// How long until the next one, when they are made `every` so often; none is there: at once. One
// that is of the future, by a clock that was wrong then or is now, does not put the next off.
Millis backup_due_in(std::optional<UtcMillis> newest, Millis every, UtcMillis now);

// Removes the oldest until `keep` are left; how many those were.
std::size_t remove_old_backups(const std::filesystem::path& folder, std::size_t keep);

}  // namespace idast::app
