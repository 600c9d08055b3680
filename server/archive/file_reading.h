#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/archive/archive.h"
#include "server/archive/archive_file.h"

// One file of the archive, read and checked a few milliseconds at a time. One thread each.
namespace idast::archive {

class FileReading {
 public:
  // Whether to go on. Without one every entry is only checked.
  using Take = std::function<bool(Entry&& entry)>;

  static Result<FileReading> open(const std::filesystem::path& file, Take take = {});

  // False: done, and header() says whether all that was read is sound.
  Result<bool> step();
  // The header alone is wanted.
  void stop_after_header() { stopped_ = true; }

  // The error is what a file can say against itself.
  Result<Header> header() const;
  std::int64_t samples() const { return samples_; }
  std::int64_t bytes() const { return bytes_; }
  // Of the bytes that were read; once, behind the last step.
  std::string sum() { return sum_->take(); }

 private:
  FileReading(std::filesystem::path file, Take take, std::unique_ptr<LineReading> lines);
  bool line(std::string_view line);
  bool sound(bool is_so, std::string words);

  std::filesystem::path file_;
  Take take_;
  std::unique_ptr<LineReading> lines_;
  std::unique_ptr<Sha256> sum_ = std::make_unique<Sha256>();
  std::optional<Header> header_;
  std::optional<std::string> words_;
  std::int64_t samples_ = 0;
  std::int64_t bytes_ = 0;
  bool ended_ = false;
  bool stopped_ = false;
};

}  // namespace idast::archive
