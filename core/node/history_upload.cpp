#include "core/node/history_upload.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace idast::node {
namespace {

constexpr std::int64_t kDatedFrom = 1'000'000'000;  // seconds; below it is uptime (CONTRACT §1)

std::string_view file_name(bool old) { return old ? kHistoryFileOld : kHistoryFile; }

}  // namespace

HistoryUpload::HistoryUpload(ports::Files& files) : files_{files} {
  std::array<char, 32> buffer;
  sure_ = {.old = true, .offset = 0};
  if (const auto size = files_.read(kHistoryMarkFile, 0, buffer)) {
    std::string_view text{buffer.data(), *size};
    const bool old = text.starts_with("old ");
    if ((old || text.starts_with("now ")) && text.ends_with('\n')) {
      std::size_t offset = 0;
      const auto [end, error] = std::from_chars(text.data() + 4, text.data() + text.size(), offset);
      if (error == std::errc{} && *end == '\n') sure_ = {.old = old, .offset = offset};
    }
  }
  // Judged now, before the next append: a file that lost its end must not grow past the mark again.
  place_ = sure_ = sound(sure_);
}

std::size_t HistoryUpload::size(bool old) { return files_.size_bytes(file_name(old)).value_or(0); }

// Since the place was kept, the file may have become the old one.
HistoryUpload::Place HistoryUpload::sound(Place place) {
  if (!place.old && place.offset > size(false)) place.old = true;
  if (place.old && place.offset > size(true)) place.offset = 0;
  if (place.old && place.offset == size(true)) place = {.old = false, .offset = 0};
  return place;
}

bool HistoryUpload::at_end() {
  place_ = sound(place_);
  return !place_.old && place_.offset == size(false);
}

void HistoryUpload::before_append() {
  was_at_end_ = at_end();
  if (!must_rotate(files_)) return;
  // What is now the old file goes; what is not yet sent of it goes with it. First the mark, then
  // the file: between the two a cut repeats rows.
  const auto turned = [](Place place) {
    return place.old ? Place{.old = true, .offset = 0} : Place{.old = true, .offset = place.offset};
  };
  place_ = turned(sound(place_));
  if (check_) check_->place = turned(sound(check_->place));
  // Offsets of the file to come mean something else: its size alone would not tell for long.
  keep(turned(sound(sure_)));
  line_.reset();
}

void HistoryUpload::appended(bool published) {
  if (published && was_at_end_) place_ = {.old = false, .offset = size(false)};
  nothing_left_ = published && was_at_end_;
  line_.reset();
}

void HistoryUpload::entrust() {
  place_ = sure_ = {.old = false, .offset = size(false)};
  if (check_) check_->place = place_;
  nothing_left_ = true;
  line_.reset();
}

void HistoryUpload::connected(Instant now) {
  place_ = sound(sure_);
  nothing_left_ = false;
  line_.reset();
  check_ = Check{place_, now};
}

void HistoryUpload::disconnected() { check_.reset(); }

std::optional<HistoryUpload::Line> HistoryUpload::read(Place place) {
  std::array<char, kHistoryRowBytesMax> buffer;
  const auto read = files_.read(file_name(place.old), place.offset, buffer);
  if (!read || *read == 0) return std::nullopt;
  const std::string_view text{buffer.data(), *read};
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos && *read < buffer.size()) {
    // The end of the file, torn: the next append ends it.
    return Line{.row = std::nullopt, .after = {place.old, place.offset + *read}};
  }
  const std::size_t length = std::min(end, text.size());
  Line line{.row = read_csv(text.substr(0, length)),
            .after = {place.old, place.offset + std::min(length + 1, *read)}};
  const bool header = text.substr(0, length) == kHistoryHeader.substr(0, kHistoryHeader.size() - 1);
  if (!line.row && !header && length > 0) ++unreadable_;
  if (line.row && line.row->timestamp_ms < kDatedFrom * 1000) {
    ++undated_;
    line.row.reset();
  }
  return line;
}

std::optional<HistoryRow> HistoryUpload::next() {
  constexpr int kLinesAtOnce = 16;  // what need not be said must not hold up the loop
  if (nothing_left_) return std::nullopt;
  for (int i = 0; i < kLinesAtOnce && !line_; ++i) {
    nothing_left_ = at_end();
    if (nothing_left_) return std::nullopt;
    auto line = read(place_);
    if (!line) return std::nullopt;
    if (line->row) {
      line_ = line;
    } else {
      place_ = line->after;
    }
  }
  return line_ ? line_->row : std::nullopt;
}

void HistoryUpload::taken() {
  if (!line_) return;
  place_ = line_->after;
  line_.reset();
}

void HistoryUpload::step(Instant now) {
  if (!check_ || now - check_->at < kHistorySureAfter) return;
  if (check_->place != sure_) keep(check_->place);
  check_ = Check{place_, now};
}

void HistoryUpload::keep(Place place) {
  sure_ = place;
  std::array<char, 32> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  out.text(place.old ? "old " : "now ");
  out.integer(static_cast<std::int64_t>(place.offset)).character('\n');
  if (!files_.replace(kHistoryMarkFile, out.view())) ++marks_failed_;
}

}  // namespace idast::node
