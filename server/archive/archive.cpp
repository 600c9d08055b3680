#include "server/archive/archive.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <system_error>

#include "core/base/hex.h"
#include "server/archive/file_reading.h"

namespace idast::archive {
namespace {

constexpr std::size_t kSumDigits = 64;
const std::string kFirst(kSumDigits, '0');
// A hundred years of days, each with a supplement, in lines of 90 bytes.
constexpr std::uintmax_t kSumsBytesMax = 8 * 1024 * 1024;

std::unexpected<Error> damaged(std::string words) {
  return std::unexpected{Error{ErrorKind::damaged, std::move(words)}};
}

std::string name_of(const Header& header) {
  const std::string part = header.part == 1 ? "" : "." + std::to_string(header.part);
  return header.day + part + ".ndjson.zst";
}

bool is_sum(std::string_view text) {
  return text.size() == kSumDigits && text.find_first_not_of(kHexDigits) == std::string_view::npos;
}

}  // namespace

Result<std::vector<Sum>> list(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kSumsName;
  std::error_code absent;
  const std::uintmax_t size = std::filesystem::file_size(file, absent);
  if (absent == std::errc::no_such_file_or_directory) return std::vector<Sum>{};
  if (absent)
    return std::unexpected{Error{ErrorKind::unreadable, file.string() + ": " + absent.message()}};
  if (size > kSumsBytesMax) return damaged(file.string() + ": it is too large to be ours");
  std::ifstream in{file, std::ios::binary};
  std::vector<Sum> sums;
  for (std::string line; std::getline(in, line);) {
    // A last line without its end was being written when the power went; it is written again.
    if (in.eof()) break;
    if (line.size() < kSumDigits + 2 || !is_sum(line.substr(0, kSumDigits)) ||
        line.substr(kSumDigits, 2) != "  " || line.find('/') != std::string::npos) {
      return damaged(file.string() + ": line " + std::to_string(sums.size() + 1) +
                     " cannot be read");
    }
    sums.push_back({line.substr(0, kSumDigits), line.substr(kSumDigits + 2)});
  }
  if (in.bad() || (sums.empty() && size > 0 && !in.eof())) {
    return std::unexpected{Error{ErrorKind::unreadable, file.string() + ": cannot be read"}};
  }
  return sums;
}

namespace {

Result<Header> read_through(Result<FileReading> file, bool header_alone) {
  if (!file) return std::unexpected{file.error()};
  if (header_alone) file->stop_after_header();
  for (;;) {
    const auto more = file->step();
    if (!more) return std::unexpected{more.error()};
    if (!*more) return file->header();
  }
}

}  // namespace

Result<Header> read(const std::filesystem::path& file,
                    const std::function<bool(Entry&& entry)>& take) {
  return read_through(FileReading::open(file, take), false);
}

Result<Header> read_header(const std::filesystem::path& file) {
  return read_through(FileReading::open(file), true);
}

namespace {

// One file against its line of SHA256SUMS and the file before it.
std::vector<std::string> faults_of(const std::filesystem::path& path, const Sum& sum,
                                   const std::string& previous, Verified& verified,
                                   const std::function<void(std::int64_t)>& read_bytes) {
  auto file = FileReading::open(path);
  if (!file) return {file.error().words};
  const std::int64_t before = verified.bytes;
  Result<bool> more = true;
  while (more && *more) {
    more = file->step();
    verified.bytes = before + file->bytes();
    read_bytes(verified.bytes);
  }
  verified.samples += file->samples();
  if (!more) return {more.error().words};
  const auto header = file->header();
  if (!header) return {header.error().words};
  std::vector<std::string> faults;
  if (file->sum() != sum.sha256) faults.push_back("its sum is not the one in SHA256SUMS");
  if (header->previous != previous) faults.push_back("it does not follow the file before it");
  if (name_of(*header) != sum.name) faults.push_back("it is the file " + name_of(*header));
  if (faults.empty()) verified.samples_of_day[header->day] += file->samples();
  return faults;
}

}  // namespace

Result<Verified> verify(const std::filesystem::path& folder, const Progress& progress) {
  const auto sums = list(folder);
  if (!sums) return std::unexpected{sums.error()};
  Verified verified;
  std::int64_t total = 0;
  std::set<std::string> named;
  for (const Sum& sum : *sums) {
    std::error_code absent;
    const auto size = std::filesystem::file_size(folder / sum.name, absent);
    if (!absent) total += static_cast<std::int64_t>(size);
    if (!named.insert(sum.name).second) {
      verified.faults.push_back({sum.name, "SHA256SUMS names it twice"});
    }
  }
  std::string previous = kFirst;
  for (const Sum& sum : *sums) {
    const auto faults =
        faults_of(folder / sum.name, sum, previous, verified, [&](std::int64_t done) {
          if (progress) progress(done, total);
        });
    for (const std::string& words : faults) verified.faults.push_back({sum.name, words});
    previous = sum.sha256;
    ++verified.files;
  }
  std::error_code unreadable;
  for (const auto& there : std::filesystem::directory_iterator{folder, unreadable}) {
    const std::string name = there.path().filename().string();
    if (name.ends_with(".ndjson.zst") && !named.contains(name)) {
      verified.faults.push_back({name, "SHA256SUMS does not name it"});
    }
  }
  return verified;
}

}  // namespace idast::archive
