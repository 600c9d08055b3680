#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "server/archive/archive.h"

// One file of the archive, byte by byte. One thread each.
namespace idast::archive {

// SHA-256 (FIPS 180-4), by OpenSSL.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::string_view bytes);
  // 64 hexadecimal digits; once.
  std::string take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Lines into a compressed file that appears under its name when it is whole: written beside it,
// synced, renamed, and the folder synced. Without publish() nothing is left.
class FileWriter {
 public:
  static Result<std::unique_ptr<FileWriter>> create(const std::filesystem::path& file);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  Result<void> line(std::string_view text);
  // No more lines: all of it is on disk under unfinished(). The file's sum.
  Result<std::string> finish();
  // Gives it its name; after finish().
  Result<void> publish();
  const std::filesystem::path& unfinished() const;

 private:
  struct State;
  explicit FileWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Reads a compressed file by lines, a piece at a time.
class LineReading {
 public:
  static Result<std::unique_ptr<LineReading>> open(const std::filesystem::path& file);
  ~LineReading();
  LineReading(const LineReading&) = delete;
  LineReading& operator=(const LineReading&) = delete;

  // The lines that end in the next 128 kB of the file, some milliseconds of work; false from `line`
  // stops. `bytes` sees what stands in the file. False: it is read to its end, or was stopped.
  Result<bool> step(const std::function<bool(std::string_view line)>& line,
                    const std::function<void(std::string_view bytes)>& bytes);

 private:
  struct State;
  explicit LineReading(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Appends to a small file and syncs it; what a torn write left behind the last newline goes first.
Result<void> append_line(const std::filesystem::path& file, std::string_view line);

std::string header_line(const Header& header);
std::string entry_line(const Entry& entry);
std::string end_line(std::int64_t samples);

}  // namespace idast::archive
