#include "server/archive/archive.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <set>
#include <system_error>

#include "server/archive/archive_file.h"

namespace idast::archive {
namespace {

constexpr std::size_t kSumDigits = 64;
const std::string kFirst(kSumDigits, '0');
// A hundred years of days, each with a supplement, in lines of 90 bytes.
constexpr std::uintmax_t kSumsBytesMax = 8 * 1024 * 1024;

std::unexpected<Error> damaged(std::string words) {
  return std::unexpected{Error{ErrorKind::damaged, std::move(words)}};
}

// Reads one line of ours from left to right: every key stands where we write it.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_{line} {}

  LineReader& word(std::string_view word) {
    sound_ = sound_ && rest_.starts_with(word);
    if (sound_) rest_.remove_prefix(word.size());
    return *this;
  }
  LineReader& number(std::int64_t& out) {
    const auto [end, code] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out);
    sound_ = sound_ && code == std::errc{};
    if (sound_) rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return *this;
  }
  LineReader& until(char mark, std::string& out) {
    const std::size_t end = rest_.find(mark);
    sound_ = sound_ && end != std::string_view::npos;
    if (!sound_) return *this;
    out = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return *this;
  }
  // Everything but the last `tail`.
  LineReader& before(std::string_view tail, std::string& out) {
    sound_ = sound_ && rest_.ends_with(tail);
    if (!sound_) return *this;
    out = rest_.substr(0, rest_.size() - tail.size());
    rest_ = {};
    return *this;
  }
  bool ended() const { return sound_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool sound_ = true;
};

std::optional<Header> header_from(std::string_view line) {
  Header header;
  std::int64_t part = 0;
  LineReader reader{line};
  reader.word(R"({"archive":1,"day":")").until('"', header.day).word(R"(","part":)").number(part);
  reader.word(R"(,"previous":")").until('"', header.previous).word(R"(","upto":)");
  reader.number(header.upto).word("}");
  header.part = static_cast<int>(part);
  // Printed again it must be the same: there is one way to write a header.
  if (!reader.ended() || header_line(header) != line) return std::nullopt;
  return header;
}

std::optional<Entry> entry_from(std::string_view line) {
  Entry entry;
  std::int64_t received_ms = 0;
  std::int64_t ts_ms = 0;
  LineReader reader{line};
  reader.word(R"({"device":")").until('"', entry.device).word(R"(","received":)");
  reader.number(received_ms).word(R"(,"ts":)").number(ts_ms).word(R"(,"message":)");
  reader.before("}", entry.message);
  if (!reader.ended() || !entry.message.starts_with('{') || !entry.message.ends_with('}')) {
    return std::nullopt;
  }
  entry.received = UtcMillis{received_ms};
  entry.ts = UtcMillis{ts_ms};
  return entry;
}

std::optional<std::int64_t> end_from(std::string_view line) {
  std::int64_t samples = 0;
  LineReader reader{line};
  reader.word(R"({"samples":)").number(samples).word("}");
  if (!reader.ended() || end_line(samples) != line) return std::nullopt;
  return samples;
}

// Header, entries and end of one file, line by line.
class FileReader {
 public:
  explicit FileReader(const std::function<bool(Entry&&)>& take) : take_{take} {}

  bool line(std::string_view line) {
    if (words_) return false;
    if (!header_) {
      header_ = header_from(line);
      return sound(header_.has_value(), "its first line is no header") && !stopped_;
    }
    if (ended_) return sound(false, "something stands behind its end");
    if (line.starts_with(R"({"samples":)")) {
      ended_ = true;
      return sound(end_from(line) == samples_, "it does not have the samples it says");
    }
    auto entry = entry_from(line);
    if (!sound(entry.has_value(), "line " + std::to_string(samples_ + 2) + " cannot be read")) {
      return false;
    }
    ++samples_;
    if (take_ && take_(std::move(*entry))) return true;
    stopped_ = true;
    return false;
  }

  Result<Header> result(const std::filesystem::path& file) const {
    if (words_) return damaged(file.string() + ": " + *words_);
    if (!header_) return damaged(file.string() + ": it is empty");
    if (!ended_ && !stopped_) return damaged(file.string() + ": it has no end");
    return *header_;
  }
  void stop_after_header() { stopped_ = true; }
  std::int64_t samples() const { return samples_; }

 private:
  bool sound(bool is_so, std::string words) {
    if (!is_so) words_ = std::move(words);
    return is_so;
  }

  const std::function<bool(Entry&&)>& take_;
  std::optional<Header> header_;
  std::optional<std::string> words_;
  std::int64_t samples_ = 0;
  bool ended_ = false;
  bool stopped_ = false;
};

std::string name_of(const Header& header) {
  const std::string part = header.part == 1 ? "" : "." + std::to_string(header.part);
  return header.day + part + ".ndjson.zst";
}

bool is_sum(std::string_view text) {
  return text.size() == kSumDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
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

Result<Header> read(const std::filesystem::path& file,
                    const std::function<bool(Entry&& entry)>& take) {
  FileReader reader{take};
  const auto done = read_lines(file, [&](std::string_view line) { return reader.line(line); });
  if (!done) return std::unexpected{done.error()};
  return reader.result(file);
}

Result<Header> read_header(const std::filesystem::path& file) {
  const std::function<bool(Entry&&)> none;
  FileReader reader{none};
  reader.stop_after_header();
  const auto done = read_lines(file, [&](std::string_view line) { return reader.line(line); });
  if (!done) return std::unexpected{done.error()};
  return reader.result(file);
}

namespace {

// One file against its line of SHA256SUMS and the file before it.
std::vector<std::string> faults_of(const std::filesystem::path& file, const Sum& sum,
                                   const std::string& previous, Verified& verified,
                                   const std::function<void(std::int64_t)>& read_bytes) {
  std::vector<std::string> faults;
  Sha256 sha;
  const std::function<bool(Entry&&)> all = [](Entry&&) { return true; };
  FileReader reader{all};
  const auto done = read_lines(
      file, [&](std::string_view line) { return reader.line(line); },
      [&](std::string_view bytes) {
        sha.add(bytes);
        verified.bytes += static_cast<std::int64_t>(bytes.size());
        read_bytes(verified.bytes);
      });
  verified.samples += reader.samples();
  if (!done) return {done.error().words};
  const auto header = reader.result(file);
  if (!header) return {header.error().words};
  if (sha.take() != sum.sha256) faults.push_back("its sum is not the one in SHA256SUMS");
  if (header->previous != previous) faults.push_back("it does not follow the file before it");
  if (name_of(*header) != sum.name) faults.push_back("it is the file " + name_of(*header));
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
