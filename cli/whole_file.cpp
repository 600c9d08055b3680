#include "cli/whole_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace idast::cli {
namespace {

std::unexpected<std::string> failed(const std::string& path) {
  return std::unexpected{path + ": " + std::strerror(errno)};
}

// The disk begins with what was written so far while the rest is made: a device-day that was all
// left to the end was waited for as long as a tenth of it takes to print.
constexpr std::int64_t kBeginBytes = 8 << 20;

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path{path}.parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

std::string unfinished_name(const std::string& path) { return path + ".unfinished"; }

std::expected<void, std::string> may_write(const std::string& path, bool force) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder_of(path), ignored)) {
    return std::unexpected{"there is no folder " + folder_of(path) + "; create it first"};
  }
  if (std::filesystem::is_directory(path, ignored)) {
    return std::unexpected{path + " is a folder; name a file in it"};
  }
  if (force || !std::filesystem::exists(path, ignored)) return {};
  return std::unexpected{path + " is there already; say --force to replace it"};
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::expected<WholeFile, std::string> WholeFile::create(const std::string& path, bool force) {
  if (auto may = may_write(path, force); !may) return std::unexpected{may.error()};
  const std::string unfinished = unfinished_name(path);
  const int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failed(unfinished);
  return WholeFile{path, file};
}

WholeFile::WholeFile(WholeFile&& other) noexcept
    : path_{std::move(other.path_)},
      file_{std::exchange(other.file_, -1)},
      written_bytes_{other.written_bytes_},
      begun_bytes_{other.begun_bytes_} {}

WholeFile::~WholeFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(unfinished_name(path_).c_str());
}

bool WholeFile::write(std::string_view text) {
  if (!write_all(file_, text)) return false;
  written_bytes_ += static_cast<std::int64_t>(text.size());
  const std::int64_t waiting = written_bytes_ - begun_bytes_;
  if (waiting < kBeginBytes) return true;
  // A hint, and no more: finish() says whether it is there.
  ::sync_file_range(file_, begun_bytes_, waiting, SYNC_FILE_RANGE_WRITE);
  begun_bytes_ = written_bytes_;
  return true;
}

std::expected<void, std::string> WholeFile::finish() {
  const std::string unfinished = unfinished_name(path_);
  if (::fsync(file_) != 0) return failed(unfinished);
  if (::rename(unfinished.c_str(), path_.c_str()) != 0) return failed(path_);
  // A name is there for good when its folder was synced.
  const std::string folder = folder_of(path_);
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = opened >= 0 && ::fsync(opened) == 0;
  if (opened >= 0) ::close(opened);
  ::close(std::exchange(file_, -1));
  if (!synced) return failed(folder);
  return {};
}

}  // namespace idast::cli
