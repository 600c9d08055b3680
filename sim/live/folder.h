#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "core/ports/ports.h"

// Where a tracker of the twin keeps its files: a folder of the disk, or memory.
namespace idast::sim {

// A real folder, made when missing. One owner, one thread. A name is a plain file name.
class Folder final : public ports::Files {
 public:
  // Throws std::filesystem::filesystem_error when the folder cannot be made: a start-up error.
  explicit Folder(std::filesystem::path path);

  std::expected<void, ports::FileError> append(std::string_view name,
                                               std::string_view text) override;
  // Written beside, flushed, and put in its place: whole or not at all.
  std::expected<void, ports::FileError> replace(std::string_view name,
                                                std::string_view text) override;
  std::expected<std::size_t, ports::FileError> read(std::string_view name, std::size_t offset,
                                                    std::span<char> buffer) override;
  std::expected<std::size_t, ports::FileError> size_bytes(std::string_view name) override;
  std::expected<void, ports::FileError> rename(std::string_view from, std::string_view to) override;
  std::expected<void, ports::FileError> remove(std::string_view name) override;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path of(std::string_view name) const { return path_ / name; }
  std::filesystem::path path_;
};

class MemoryFiles final : public ports::Files {
 public:
  std::map<std::string, std::string, std::less<>> files;

  std::expected<void, ports::FileError> append(std::string_view name,
                                               std::string_view text) override;
  std::expected<void, ports::FileError> replace(std::string_view name,
                                                std::string_view text) override;
  std::expected<std::size_t, ports::FileError> read(std::string_view name, std::size_t offset,
                                                    std::span<char> buffer) override;
  std::expected<std::size_t, ports::FileError> size_bytes(std::string_view name) override;
  std::expected<void, ports::FileError> rename(std::string_view from, std::string_view to) override;
  std::expected<void, ports::FileError> remove(std::string_view name) override;
};

// The whole of a small file; empty when it is not there.
std::string whole(ports::Files& files, std::string_view name);

}  // namespace idast::sim
