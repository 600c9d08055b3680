#include "server/spool/disk.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace idast::spool {
namespace {

std::unexpected<DiskError> failure() {
  const bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
  return std::unexpected{full ? DiskError::full : DiskError::failed};
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_{number} {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  bool open() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

DiskResult<std::vector<Disk::File>> PosixDisk::list() {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return std::unexpected{DiskError::failed};
  std::vector<File> files;
  for (std::filesystem::directory_iterator at{folder_, error}, end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    const auto bytes = at->file_size(gone);
    if (!gone) files.push_back({at->path().filename().string(), bytes});
  }
  if (error) return std::unexpected{DiskError::failed};
  std::ranges::sort(files, {}, &File::name);
  return files;
}

DiskResult<void> PosixDisk::append(const std::string& name, std::string_view bytes) {
  const std::string path = path_of(name);
  struct stat before{};
  const bool is_new = ::stat(path.c_str(), &before) != 0;
  const Descriptor file{::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)};
  if (!file.open()) return failure();
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure();
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fdatasync(file.number()) != 0) return failure();
  if (is_new) return sync_folder();
  return {};
}

// A new name is durable only with its folder.
DiskResult<void> PosixDisk::sync_folder() {
  const Descriptor folder{::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder.open() || ::fsync(folder.number()) != 0) return failure();
  return {};
}

DiskResult<void> PosixDisk::cut(const std::string& name, std::uint64_t bytes) {
  if (::truncate(path_of(name).c_str(), static_cast<off_t>(bytes)) != 0) return failure();
  return {};
}

DiskResult<std::size_t> PosixDisk::read(const std::string& name, std::uint64_t offset,
                                        std::span<char> out) {
  const Descriptor file{::open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.open()) return failure();
  std::size_t total = 0;
  while (total < out.size()) {
    const ssize_t count = ::pread(file.number(), out.data() + total, out.size() - total,
                                  static_cast<off_t>(offset + total));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure();
    if (count == 0) break;
    total += static_cast<std::size_t>(count);
  }
  return total;
}

DiskResult<void> PosixDisk::rename(const std::string& from, const std::string& to) {
  if (::rename(path_of(from).c_str(), path_of(to).c_str()) != 0) return failure();
  return {};
}

void PosixDisk::remove(const std::string& name) { ::unlink(path_of(name).c_str()); }

}  // namespace idast::spool
