#include "server/app/backup_folder.h"

#include <algorithm>
#include <string_view>
#include <system_error>

#include "core/base/calendar.h"

namespace idast::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPattern = "idast-00000000-000000.db";  // A 0 is a digit.
constexpr std::string_view kUnfinished = ".unfinished";
constexpr int kFaultsMax = 5;
// What the database itself may need while it is copied.
constexpr std::uint64_t kRoomLeftBytes = 64'000'000;

std::string name_of(UtcMillis begun) {
  const auto iso = to_iso(begun);  // 2026-11-22T23:59:59.000Z
  std::string name = "idast-";
  for (const char c : iso.view().substr(0, 19)) {
    if (c == 'T') name.push_back('-');
    if (c >= '0' && c <= '9') name.push_back(c);
  }
  return name + ".db";
}

std::optional<UtcMillis> begun_of(std::string_view name) {
  const bool ours = std::ranges::equal(name, kPattern, [](char c, char like) {
    return like == '0' ? c >= '0' && c <= '9' : c == like;
  });
  if (!ours) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (const char c : name.substr(at, digits)) value = 10 * value + (c - '0');
    return value;
  };
  return utc_from({.year = number(6, 4),
                   .month = number(10, 2),
                   .day = number(12, 2),
                   .hour = number(15, 2),
                   .minute = number(17, 2),
                   .second = number(19, 2)});
}

// SQLite's own files lie beside the unfinished one.
void remove_unfinished(const fs::path& folder) {
  std::vector<fs::path> left;
  std::error_code ignored;
  for (const auto& there : fs::directory_iterator{folder, ignored}) {
    const std::string name = there.path().filename().string();
    const std::string_view after =
        std::string_view{name}.substr(std::min(name.size(), kPattern.size()));
    if (begun_of(name.substr(0, kPattern.size())) && after.starts_with(kUnfinished)) {
      left.push_back(there.path());
    }
  }
  for (const fs::path& path : left) fs::remove(path, ignored);
}

std::string in_mb(std::uint64_t bytes) { return std::to_string(bytes / 1'000'000) + " MB"; }

// A copy that fills the disk would stop the server that it is made for.
std::expected<void, std::string> check_room(const fs::path& database, const fs::path& folder) {
  std::error_code unknown;
  const std::uint64_t bytes = fs::file_size(database, unknown);
  if (unknown) return std::unexpected{database.string() + ": " + unknown.message()};
  std::error_code no_log;
  const std::uint64_t log_bytes = fs::file_size(database.string() + "-wal", no_log);
  const std::uint64_t needed = bytes + (no_log ? 0 : log_bytes) + kRoomLeftBytes;
  const auto space = fs::space(folder, unknown);
  if (unknown) return std::unexpected{folder.string() + ": " + unknown.message()};
  if (space.available >= needed) return {};
  return std::unexpected{folder.string() + " has " + in_mb(space.available) +
                         " of room, and a copy needs " + in_mb(needed)};
}

std::expected<void, std::string> copy_and_check(const fs::path& database, const std::string& copy,
                                                const store::CopyProgress& progress) {
  const auto copied = store::copy_database(database.string(), copy, progress);
  if (!copied) return std::unexpected{copied.error().words};
  const auto faults = store::integrity_faults(copy, kFaultsMax, [&] { return progress(1); });
  if (!faults) return std::unexpected{faults.error().words};
  if (faults->empty()) return {};
  return std::unexpected{"the copy is damaged, and so may the database be (`idast verify`): " +
                         faults->front()};
}

}  // namespace

std::vector<Backup> list_backups(const fs::path& folder) {
  std::vector<Backup> backups;
  std::error_code ignored;
  for (const auto& there : fs::directory_iterator{folder, ignored}) {
    const auto begun = begun_of(there.path().filename().string());
    if (!begun || !there.is_regular_file(ignored)) continue;
    backups.push_back({there.path(), *begun, there.file_size(ignored)});
  }
  std::ranges::sort(backups, {}, &Backup::begun);
  return backups;
}

std::expected<Backup, std::string> make_backup(const fs::path& database, const fs::path& folder,
                                               UtcMillis now, const store::CopyProgress& progress) {
  std::error_code failed;
  if (fs::create_directories(folder, failed)) {
    fs::permissions(folder, fs::perms::owner_all, failed);
  }
  if (failed) return std::unexpected{folder.string() + ": " + failed.message()};
  remove_unfinished(folder);
  if (auto room = check_room(database, folder); !room) return std::unexpected{room.error()};
  const auto before = list_backups(folder);
  if (!before.empty()) now = std::max(now, before.back().begun + std::chrono::seconds{1});
  Backup backup{.path = folder / name_of(now), .begun = now};
  const std::string unfinished = backup.path.string() + std::string{kUnfinished};
  auto made = copy_and_check(database, unfinished, progress);
  if (made) {
    const auto published = store::publish_copy(unfinished, backup.path.string());
    if (!published) made = std::unexpected{published.error().words};
  }
  if (!made) {
    store::remove_copy(unfinished);
    return std::unexpected{made.error()};
  }
  backup.bytes = fs::file_size(backup.path, failed);
  return backup;
}

Millis backup_due_in(std::optional<UtcMillis> newest, Millis every, UtcMillis now) {
  if (!newest || now < *newest) return Millis{0};
  return std::max(Millis{0}, every - (now - *newest));
}

std::size_t remove_old_backups(const fs::path& folder, std::size_t keep) {
  const auto backups = list_backups(folder);
  std::size_t removed = 0;
  for (std::size_t i = 0; i + keep < backups.size(); ++i) {
    std::error_code failed;
    if (fs::remove(backups[i].path, failed)) ++removed;
  }
  return removed;
}

}  // namespace idast::app
