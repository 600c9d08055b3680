#include "sim/live/folder.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace idast::sim {
namespace {

ports::FileError error_of(int number) {
  if (number == ENOENT) return ports::FileError::absent;
  if (number == ENOSPC || number == EDQUOT) return ports::FileError::full;
  return ports::FileError::failed;
}
std::unexpected<ports::FileError> failure() { return std::unexpected{error_of(errno)}; }

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags)
      : number_{::open(path.c_str(), flags | O_CLOEXEC, 0644)} {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  bool open() const { return number_ >= 0; }

  std::expected<void, ports::FileError> write_and_sync(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(number_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failure();
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fdatasync(number_) != 0) return failure();
    return {};
  }
  std::expected<std::size_t, ports::FileError> read(std::size_t offset, std::span<char> buffer) {
    const ssize_t got = ::pread(number_, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (got < 0) return failure();
    return static_cast<std::size_t>(got);
  }

 private:
  int number_;
};

}  // namespace

Folder::Folder(std::filesystem::path path) : path_{std::move(path)} {
  std::filesystem::create_directories(path_);
}

std::expected<void, ports::FileError> Folder::append(std::string_view name, std::string_view text) {
  Descriptor file{of(name), O_WRONLY | O_CREAT | O_APPEND};
  if (!file.open()) return failure();
  return file.write_and_sync(text);
}

std::expected<void, ports::FileError> Folder::replace(std::string_view name,
                                                      std::string_view text) {
  const std::string beside = std::string{name} + ".new";
  {
    Descriptor file{of(beside), O_WRONLY | O_CREAT | O_TRUNC};
    if (!file.open()) return failure();
    if (const auto written = file.write_and_sync(text); !written) return written;
  }
  return rename(beside, name);
}

std::expected<std::size_t, ports::FileError> Folder::read(std::string_view name, std::size_t offset,
                                                          std::span<char> buffer) {
  Descriptor file{of(name), O_RDONLY};
  if (!file.open()) return failure();
  return file.read(offset, buffer);
}

std::expected<std::size_t, ports::FileError> Folder::size_bytes(std::string_view name) {
  std::error_code error;
  const auto size = std::filesystem::file_size(of(name), error);
  if (error) return std::unexpected{error_of(error.value())};
  return static_cast<std::size_t>(size);
}

std::expected<void, ports::FileError> Folder::rename(std::string_view from, std::string_view to) {
  std::error_code error;
  std::filesystem::rename(of(from), of(to), error);
  if (error) return std::unexpected{error_of(error.value())};
  return {};
}

std::expected<void, ports::FileError> Folder::remove(std::string_view name) {
  std::error_code error;
  const bool removed = std::filesystem::remove(of(name), error);
  if (error) return std::unexpected{error_of(error.value())};
  if (!removed) return std::unexpected{ports::FileError::absent};
  return {};
}

std::expected<void, ports::FileError> MemoryFiles::append(std::string_view name,
                                                          std::string_view text) {
  files[std::string{name}] += text;
  return {};
}

std::expected<void, ports::FileError> MemoryFiles::replace(std::string_view name,
                                                           std::string_view text) {
  files[std::string{name}] = text;
  return {};
}

std::expected<std::size_t, ports::FileError> MemoryFiles::read(std::string_view name,
                                                               std::size_t offset,
                                                               std::span<char> buffer) {
  const auto found = files.find(name);
  if (found == files.end()) return std::unexpected{ports::FileError::absent};
  if (offset >= found->second.size()) return std::size_t{0};
  return found->second.copy(buffer.data(), buffer.size(), offset);
}

std::expected<std::size_t, ports::FileError> MemoryFiles::size_bytes(std::string_view name) {
  const auto found = files.find(name);
  if (found == files.end()) return std::unexpected{ports::FileError::absent};
  return found->second.size();
}

std::expected<void, ports::FileError> MemoryFiles::rename(std::string_view from,
                                                          std::string_view to) {
  const auto found = files.find(from);
  if (found == files.end()) return std::unexpected{ports::FileError::absent};
  files[std::string{to}] = std::move(found->second);
  files.erase(found);
  return {};
}

std::expected<void, ports::FileError> MemoryFiles::remove(std::string_view name) {
  const auto found = files.find(name);
  if (found == files.end()) return std::unexpected{ports::FileError::absent};
  files.erase(found);
  return {};
}

std::string whole(ports::Files& files, std::string_view name) {
  const auto size = files.size_bytes(name);
  if (!size) return {};
  std::string text(*size, '\0');
  const auto read = files.read(name, 0, text);
  text.resize(read.value_or(0));
  return text;
}

}  // namespace idast::sim
