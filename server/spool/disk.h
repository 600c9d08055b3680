#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What the spool needs of a file system: one folder of files. A test gives one that fails.
namespace idast::spool {

enum class DiskError : std::uint8_t {
  full,    // ENOSPC, EDQUOT, EFBIG: there may be room later.
  failed,  // Everything else. What was written since the last success may be gone.
};
template <class T>
using DiskResult = std::expected<T, DiskError>;

// One caller at a time.
class Disk {
 public:
  struct File {
    std::string name;
    std::uint64_t bytes = 0;
  };

  virtual ~Disk() = default;
  // Every file of the folder, in the order of their names.
  virtual DiskResult<std::vector<File>> list() = 0;
  // At the end of the file, which is made when there is none. Durable when it returns; after an
  // error any part of it may stand there.
  virtual DiskResult<void> append(const std::string& name, std::string_view bytes) = 0;
  // Shortens the file.
  virtual DiskResult<void> cut(const std::string& name, std::uint64_t bytes) = 0;
  // How many bytes were read; fewer than asked for only at the end of the file.
  virtual DiskResult<std::size_t> read(const std::string& name, std::uint64_t offset,
                                       std::span<char> out) = 0;
  virtual DiskResult<void> rename(const std::string& from, const std::string& to) = 0;
  virtual void remove(const std::string& name) = 0;
};

class PosixDisk final : public Disk {
 public:
  // The folder is made when it is missing, at the first need.
  explicit PosixDisk(std::filesystem::path folder) : folder_{std::move(folder)} {}

  DiskResult<std::vector<File>> list() override;
  DiskResult<void> append(const std::string& name, std::string_view bytes) override;
  DiskResult<void> cut(const std::string& name, std::uint64_t bytes) override;
  DiskResult<std::size_t> read(const std::string& name, std::uint64_t offset,
                               std::span<char> out) override;
  DiskResult<void> rename(const std::string& from, const std::string& to) override;
  void remove(const std::string& name) override;

 private:
  std::string path_of(const std::string& name) const { return (folder_ / name).string(); }
  DiskResult<void> sync_folder();

  std::filesystem::path folder_;
};

}  // namespace idast::spool
