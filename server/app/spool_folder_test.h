#pragma once
#include <atomic>
#include <string>

#include "core/base/temporary_folder_test.h"
#include "server/spool/disk.h"

namespace idast::app {

// A spool's folder that goes with the test, on a disk that is full when it is told so.
class SpoolFolder final : public spool::Disk {
 public:
  std::atomic<int> refusals{0};  // So many appends find no room.

  spool::DiskResult<std::vector<File>> list() override { return disk_.list(); }
  spool::DiskResult<void> append(const std::string& name, std::string_view bytes) override {
    if (refusals > 0) {
      --refusals;
      return std::unexpected{spool::DiskError::full};
    }
    return disk_.append(name, bytes);
  }
  spool::DiskResult<void> cut(const std::string& name, std::uint64_t bytes) override {
    return disk_.cut(name, bytes);
  }
  spool::DiskResult<std::size_t> read(const std::string& name, std::uint64_t offset,
                                      std::span<char> out) override {
    return disk_.read(name, offset, out);
  }
  spool::DiskResult<void> rename(const std::string& from, const std::string& to) override {
    return disk_.rename(from, to);
  }
  void remove(const std::string& name) override { disk_.remove(name); }

 private:
  TemporaryFolder folder_;
  spool::PosixDisk disk_{folder_.path};
};

}  // namespace idast::app
