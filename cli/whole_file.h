#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

// A file that is there whole or not at all: written beside under another name, brought to disk and
// renamed. What was not finished is removed.
namespace idast::cli {

// Why `path` must not be written: it is there and `force` is not said, or its folder is not.
std::expected<void, std::string> may_write(const std::string& path, bool force);

// Where it is written meanwhile.
std::string unfinished_name(const std::string& path);

class WholeFile {
 public:
  static std::expected<WholeFile, std::string> create(const std::string& path, bool force);
  ~WholeFile();
  WholeFile(WholeFile&& other) noexcept;
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;
  WholeFile& operator=(WholeFile&&) = delete;

  bool write(std::string_view text);
  std::expected<void, std::string> finish();

 private:
  WholeFile(std::string path, int file) : path_{std::move(path)}, file_{file} {}
  std::string path_;
  int file_;
  std::int64_t written_bytes_ = 0;
  std::int64_t begun_bytes_ = 0;  // Of these, what the disk was asked to begin with.
};

// Writes all of it to a file descriptor; false when that cannot take it.
bool write_all(int file, std::string_view text);

}  // namespace idast::cli
