#include <deque>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "server/archive/archive.h"
#include "server/archive/file_reading.h"

namespace idast::archive {
namespace {

// One file of the day, read as far as it is asked for.
class Part {
 public:
  static Result<std::unique_ptr<Part>> open(const std::filesystem::path& file) {
    auto part = std::make_unique<Part>();
    std::deque<Entry>& entries = part->entries_;
    auto reading = FileReading::open(file, [&entries](Entry&& entry) {
      entries.push_back(std::move(entry));
      return true;
    });
    if (!reading) return std::unexpected{reading.error()};
    part->reading_.emplace(std::move(*reading));
    return part;
  }

  // The next entry; null at the end, where all of the file is known to be sound.
  Result<const Entry*> next() {
    while (entries_.empty()) {
      if (ended_) return nullptr;
      const auto more = reading_->step();
      if (!more) return std::unexpected{more.error()};
      if (*more) continue;
      ended_ = true;
      const auto header = reading_->header();
      if (!header) return std::unexpected{header.error()};
    }
    return &entries_.front();
  }
  void drop() { entries_.pop_front(); }

 private:
  std::deque<Entry> entries_;
  std::optional<FileReading> reading_;
  bool ended_ = false;
};

bool is_of(const std::string& name, const std::string& day) { return name.starts_with(day + "."); }

}  // namespace

Result<void> read_day(const std::filesystem::path& folder, const std::string& day,
                      const std::function<bool(const Entry& entry, int part)>& take) {
  const auto sums = list(folder);
  if (!sums) return std::unexpected{sums.error()};
  std::vector<std::unique_ptr<Part>> parts;
  for (const Sum& sum : *sums) {
    if (!is_of(sum.name, day)) continue;
    auto part = Part::open(folder / sum.name);
    if (!part) return std::unexpected{part.error()};
    parts.push_back(std::move(*part));
    if (parts.size() > kPartsMax) {
      return std::unexpected{
          Error{ErrorKind::unreadable, day + " has too many supplements to be read at once"}};
    }
  }
  if (parts.empty()) {
    return std::unexpected{Error{ErrorKind::unreadable, day + ".ndjson.zst is not in the archive"}};
  }
  for (;;) {
    const Entry* first = nullptr;
    std::size_t of = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto next = parts[i]->next();
      if (!next) return std::unexpected{next.error()};
      if (*next == nullptr) continue;
      if (first != nullptr &&
          !(std::tie((*next)->device, (*next)->ts) < std::tie(first->device, first->ts))) {
        continue;
      }
      first = *next;
      of = i;
    }
    if (first == nullptr || !take(*first, static_cast<int>(of) + 1)) return {};
    parts[of]->drop();
  }
}

}  // namespace idast::archive
