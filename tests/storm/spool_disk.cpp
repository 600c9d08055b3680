#include "tests/storm/spool_disk.h"

#include <algorithm>

#include "server/spool/entry.h"

namespace idast::storm {

using spool::DiskError;
using spool::DiskResult;

DiskResult<std::vector<spool::Disk::File>> SpoolDisk::list() {
  std::vector<File> files;
  for (const auto& [name, bytes] : files_) files.push_back({name, bytes.size()});
  return files;
}

DiskResult<void> SpoolDisk::append(const std::string& name, std::string_view bytes) {
  ++writes_;
  if (full_) {
    files_[name] += bytes.substr(0, bytes.size() * (writes_ % 4) / 4);
    return std::unexpected{DiskError::full};
  }
  files_[name] += bytes;
  return {};
}

DiskResult<void> SpoolDisk::cut(const std::string& name, std::uint64_t bytes) {
  const auto file = files_.find(name);
  if (file == files_.end()) return std::unexpected{DiskError::failed};
  file->second.resize(std::min<std::size_t>(file->second.size(), bytes));
  return {};
}

DiskResult<std::size_t> SpoolDisk::read(const std::string& name, std::uint64_t offset,
                                        std::span<char> out) {
  const auto file = files_.find(name);
  if (file == files_.end()) return std::unexpected{DiskError::failed};
  if (offset >= file->second.size()) return 0;
  return file->second.copy(out.data(), out.size(), offset);
}

DiskResult<void> SpoolDisk::rename(const std::string& from, const std::string& to) {
  const auto file = files_.find(from);
  if (file == files_.end()) return std::unexpected{DiskError::failed};
  let_go(from);
  auto bytes = std::move(file->second);
  files_.erase(file);
  files_[to] = std::move(bytes);
  return {};
}

void SpoolDisk::remove(const std::string& name) {
  if (!files_.contains(name)) return;
  let_go(name);
  files_.erase(name);
}

void SpoolDisk::let_go(const std::string& name) {
  if (!name.ends_with(".spool")) return;
  std::string_view rest = files_[name];
  while (const auto entry = spool::decode(rest)) {
    ledger_.let_go(entry->entry.topic, entry->entry.payload);
    rest.remove_prefix(entry->bytes);
    if (rest.empty()) return;
  }
}

}  // namespace idast::storm
