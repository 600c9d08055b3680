#include "server/archive/file_reading.h"

#include <charconv>
#include <system_error>
#include <utility>

namespace idast::archive {
namespace {

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

}  // namespace

Result<FileReading> FileReading::open(const std::filesystem::path& file, Take take) {
  auto lines = LineReading::open(file);
  if (!lines) return std::unexpected{lines.error()};
  return FileReading{file, std::move(take), std::move(*lines)};
}

FileReading::FileReading(std::filesystem::path file, Take take, std::unique_ptr<LineReading> lines)
    : file_{std::move(file)}, take_{std::move(take)}, lines_{std::move(lines)} {}

Result<bool> FileReading::step() {
  return lines_->step([this](std::string_view text) { return line(text); },
                      [this](std::string_view bytes) {
                        sum_->add(bytes);
                        bytes_ += static_cast<std::int64_t>(bytes.size());
                      });
}

bool FileReading::line(std::string_view line) {
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
  if (!take_ || take_(std::move(*entry))) return true;
  stopped_ = true;
  return false;
}

bool FileReading::sound(bool is_so, std::string words) {
  if (!is_so) words_ = std::move(words);
  return is_so;
}

Result<Header> FileReading::header() const {
  if (words_) return damaged(file_.string() + ": " + *words_);
  if (!header_) return damaged(file_.string() + ": it is empty");
  if (!ended_ && !stopped_) return damaged(file_.string() + ": it has no end");
  return *header_;
}

}  // namespace idast::archive
