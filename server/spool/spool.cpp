#include "server/spool/spool.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "core/base/require.h"

namespace idast::spool {
namespace {

constexpr std::string_view kOwed = ".spool";
constexpr std::string_view kDone = ".done";
constexpr std::string_view kBad = ".bad";
constexpr std::size_t kNumberDigits = 16;
// What is written at once; a batch of poison may weigh 16 MB.
constexpr std::size_t kWriteBytes = 1'048'576;

SpoolError error_of(DiskError error) {
  return error == DiskError::full ? SpoolError::disk_full : SpoolError::disk_failed;
}

std::string name_of(std::uint64_t number) {
  char text[kNumberDigits + 1];
  std::snprintf(text, sizeof text, "%016llu", static_cast<unsigned long long>(number));
  return text + std::string{kOwed};
}

// The number in front of the suffix; nothing when the file is not ours.
std::optional<std::uint64_t> number_of(std::string_view file) {
  const std::size_t dot = file.find('.');
  if (dot != kNumberDigits) return std::nullopt;
  std::uint64_t number = 0;
  const auto read = std::from_chars(file.data(), file.data() + dot, number);
  if (read.ec != std::errc{} || read.ptr != file.data() + dot) return std::nullopt;
  return number;
}

std::string with_suffix(const std::string& file, std::string_view suffix) {
  return file.substr(0, kNumberDigits).append(suffix);
}

}  // namespace

std::string_view name(SpoolError error) {
  switch (error) {
    case SpoolError::full:
      return "full";
    case SpoolError::disk_full:
      return "disk_full";
    case SpoolError::disk_failed:
      return "disk_failed";
  }
  return "unknown";
}

std::expected<void, SpoolError> Spool::open() {
  const auto files = disk_.list();
  if (!files) return std::unexpected{error_of(files.error())};
  for (const Disk::File& file : *files) {
    const auto number = number_of(file.name);
    if (!number) continue;
    number_ = std::max(number_, *number);
    Segment segment{.file = file.name, .bytes = file.bytes};
    if (file.name.ends_with(kOwed)) owed_.push_back(std::move(segment));
    if (file.name.ends_with(kDone)) again_.push_back(std::move(segment));
  }
  if (owed_.empty()) return {};
  if (auto cut = cut_torn_tail(owed_.back()); !cut) return cut;
  if (owed_.back().bytes == 0) {
    disk_.remove(owed_.back().file);
    owed_.pop_back();
  }
  return {};
}

// What an append() left that was killed: the beginning of an entry, or zeros where a power cut kept
// the file's length and lost its bytes. Nobody was told of it. Anything else stays for next() to
// find.
std::expected<void, SpoolError> Spool::cut_torn_tail(Segment& segment) {
  auto text = read(segment, segment.bytes);
  if (!text) return std::unexpected{text.error()};
  std::string_view rest = *text;
  bool torn = false;
  while (!rest.empty() && !torn) {
    const auto entry = decode(rest);
    torn = !entry;
    if (entry) rest.remove_prefix(entry->bytes);
    if (entry || entry.error() == EntryError::cut) continue;
    if (rest.find_first_not_of('\0') != std::string_view::npos) return {};
  }
  if (!torn) return {};
  const std::uint64_t whole = segment.bytes - rest.size();
  if (const auto cut = disk_.cut(segment.file, whole); !cut) {
    return std::unexpected{error_of(cut.error())};
  }
  torn_bytes_ += rest.size();
  segment.bytes = whole;
  return {};
}

// --- writing -------------------------------------------------------------------------------------

std::expected<void, SpoolError> Spool::make_room(std::uint64_t bytes) {
  if (owed_bytes() + bytes > limit_bytes()) return std::unexpected{SpoolError::full};
  // What is kept for the sake of caution gives way to what is owed. What next() gave stays.
  while (this->bytes() + bytes > limit_bytes()) {
    if (!kept_.empty()) {
      disk_.remove(kept_.front().file);
      kept_.pop_front();
      continue;
    }
    if (again_.empty() || (given_ && given_->again)) break;
    disk_.remove(again_.front().file);
    again_.pop_front();
  }
  return {};
}

Spool::Segment& Spool::segment_to_write() {
  if (!writing_ || owed_.back().bytes >= kSegmentBytes) {
    owed_.push_back({.file = name_of(++number_)});
    writing_ = true;
  }
  return owed_.back();
}

std::expected<void, SpoolError> Spool::append(std::span<const Entry> entries) {
  std::uint64_t estimate = 0;
  for (const Entry& entry : entries) estimate += entry.topic.size() + entry.payload.size();
  if (auto room = make_room(estimate); !room) return room;

  Segment& segment = segment_to_write();
  std::uint64_t written = 0;
  std::string bytes;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    require(encode(entries[i], bytes), "Spool: messages are far smaller than an entry may be");
    if (bytes.size() < kWriteBytes && i + 1 < entries.size()) continue;
    if (const auto done = disk_.append(segment.file, bytes); !done) {
      give_up(segment, done.error());
      return std::unexpected{error_of(done.error())};
    }
    written += bytes.size();
    bytes.clear();
  }
  segment.bytes += written;
  return {};
}

// Takes back what a failed append() may have left. A disk that failed once may have lost what it
// was asked to write; it is asked again in another file.
void Spool::give_up(Segment& segment, DiskError error) {
  const bool cut = disk_.cut(segment.file, segment.bytes).has_value();
  writing_ = cut && error == DiskError::full;
  if (segment.bytes > 0) return;
  disk_.remove(segment.file);
  owed_.pop_back();
  writing_ = false;
}

// --- reading -------------------------------------------------------------------------------------

std::expected<std::string, SpoolError> Spool::read(const Segment& segment, std::size_t bytes) {
  const std::uint64_t left = segment.bytes - segment.read;
  std::string text(static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes)), '\0');
  const auto count = disk_.read(segment.file, segment.read, text);
  if (!count) return std::unexpected{error_of(count.error())};
  text.resize(*count);
  return text;
}

std::expected<Spool::Piece, SpoolError> Spool::next(std::size_t entries_max,
                                                    std::size_t bytes_max) {
  require(has_next(), "Spool: next() with nothing to give");
  const bool again = owed_.empty();
  const Segment& segment = again ? again_.front() : owed_.front();
  // One entry must fit, however small the piece.
  const auto text = read(segment, std::max(bytes_max, kEntryBytesMax + 64));
  if (!text) return std::unexpected{text.error()};
  Piece piece{.entries = {}, .again = again};
  Given given{.again = again, .upto = segment.read};
  std::string_view rest = *text;
  std::size_t taken = 0;
  while (!rest.empty() && piece.entries.size() < entries_max && taken < bytes_max) {
    auto entry = decode(rest);
    if (!entry) {
      // Cut by our own reading: it comes whole with the next piece.
      const bool more_behind = segment.read + text->size() < segment.bytes;
      if (entry.error() == EntryError::cut && more_behind && !piece.entries.empty()) break;
      given.bad = true;
      break;
    }
    piece.entries.push_back(std::move(entry->entry));
    taken += entry->bytes;
    rest.remove_prefix(entry->bytes);
  }
  given.upto += taken;
  // The file is shorter than it was.
  if (text->empty() && segment.read < segment.bytes) given.bad = true;
  // Nothing more is written behind bytes that will be passed over.
  if (given.bad && !again && owed_.size() == 1) writing_ = false;
  given_ = given;
  return piece;
}

void Spool::committed(Instant now) {
  require(given_.has_value(), "Spool: committed() after next()");
  const Given given = *std::exchange(given_, std::nullopt);
  auto& from = given.again ? again_ : owed_;
  Segment& segment = from.front();
  segment.read = given.upto;
  if (given.bad) {
    bad_bytes_ += segment.bytes - segment.read;
    segment.bad = true;
    segment.read = segment.bytes;
  }
  if (segment.read < segment.bytes) return;
  // What follows goes into a file of its own.
  if (!given.again && owed_.size() == 1) writing_ = false;
  finish(from, now);
}

void Spool::finish(std::deque<Segment>& from, Instant now) {
  Segment segment = std::move(from.front());
  from.pop_front();
  const std::string file = with_suffix(segment.file, segment.bad ? kBad : kDone);
  if (disk_.rename(segment.file, file)) segment.file = file;
  if (segment.bad) return;
  segment.committed_at = now;
  kept_.push_back(std::move(segment));
}

void Spool::tidy(Instant now) {
  while (!kept_.empty() && kept_.front().committed_at + kKept <= now) {
    disk_.remove(kept_.front().file);
    kept_.pop_front();
  }
}

std::uint64_t Spool::owed_bytes() const {
  std::uint64_t sum = 0;
  for (const Segment& segment : owed_) sum += segment.bytes - segment.read;
  return sum;
}

std::uint64_t Spool::bytes() const {
  std::uint64_t sum = 0;
  for (const auto* segments : {&owed_, &again_, &kept_}) {
    for (const Segment& segment : *segments) sum += segment.bytes;
  }
  return sum;
}

}  // namespace idast::spool
