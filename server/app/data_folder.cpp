#include "server/app/data_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/hex.h"

namespace idast::app {
namespace {

constexpr std::size_t kIdDigits = 16;

std::string random_id() {
  std::random_device source;
  std::string id = "idast";
  for (std::size_t i = 0; i < kIdDigits; ++i) id.push_back(kHexDigits[source() & 15u]);
  return id;
}

bool is_client_id(const std::string& text) {
  return !text.empty() && text.size() <= 23 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

// Written beside and renamed: after a power cut the file is whole or absent.
bool write_whole(const std::filesystem::path& path, const std::string& text) {
  const std::string beside = path.string() + ".new";
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = ::fsync(file) == 0;
  ::close(file);
  return written && synced && ::rename(beside.c_str(), path.c_str()) == 0;
}

}  // namespace

std::expected<DataFolder, std::string> DataFolder::open(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  const std::string where = "--data " + path.string() + ": ";
  if (error) return std::unexpected{where + error.message()};
  const int lock = ::open((path / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return std::unexpected{where + std::strerror(errno)};
  DataFolder folder{lock};
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return std::unexpected{where + "another idast serve is using this folder"};
  }
  const std::filesystem::path file = path / "mqtt-client-id";
  std::ifstream in{file};
  std::getline(in, folder.client_id_);
  if (is_client_id(folder.client_id_)) return folder;
  folder.client_id_ = random_id();
  if (!write_whole(file, folder.client_id_ + "\n")) {
    return std::unexpected{where + "cannot write mqtt-client-id: " + std::strerror(errno)};
  }
  return folder;
}

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : lock_{std::exchange(other.lock_, -1)}, client_id_{std::move(other.client_id_)} {}

}  // namespace idast::app
