#include "server/ingest/identity.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

#include "core/telemetry/schema.h"

namespace idast::ingest {
namespace {

constexpr std::int64_t kSeqMax = telemetry::sql::kCountMax;

constexpr std::string_view kSpace = " \t\r\n";

// The outermost members of a text that may end in the middle of anything.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_{text} {}

  // `member` gets each key, still escaped, and what stands behind its colon.
  template <class F>
  void members(F&& member) {
    skip_space();
    if (!take('{')) return;
    while (true) {
      skip_space();
      const auto key = string();
      skip_space();
      if (!key || !take(':')) return;
      skip_space();
      const std::string_view before = rest_;
      if (!skip_value()) return;
      member(*key, before.substr(0, before.size() - rest_.size()));
      skip_space();
      if (!take(',')) return;
    }
  }

 private:
  void skip_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size()));
  }
  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // What stands between the quotes.
  std::optional<std::string_view> string() {
    if (!rest_.starts_with('"')) return std::nullopt;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        const std::string_view inside = rest_.substr(1, i - 1);
        rest_.remove_prefix(i + 1);
        return inside;
      }
    }
    return std::nullopt;
  }
  // Up to the comma or brace behind it. False: the text ends first, so it may be cut short.
  bool skip_value() {
    std::size_t depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (depth == 0 && (c == ',' || c == '}')) return true;
      if (c == '"') {
        if (!string()) return false;
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && depth-- == 0) return false;
      rest_.remove_prefix(1);
    }
    return false;
  }

  std::string_view rest_;
};

std::optional<std::int64_t> whole_number(std::string_view text) {
  const std::size_t end = text.find_last_not_of(kSpace);
  text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  if (value < 0 || value > kSeqMax) return std::nullopt;
  return value;
}

std::optional<std::string> boot_of(std::string_view text) {
  const std::size_t end = text.find_last_not_of(kSpace);
  text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  if (text.size() != 18 || text.front() != '"' || text.back() != '"') return std::nullopt;
  text = text.substr(1, 16);
  const bool hexadecimal = std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
  if (!hexadecimal) return std::nullopt;
  return std::string{text};
}

}  // namespace

std::optional<Identity> legible_identity(std::string_view payload) {
  std::optional<std::string> boot;
  std::optional<std::int64_t> seq, seq_from;
  bool doubtful = false;
  Scanner{payload}.members([&](std::string_view key, std::string_view value) {
    // An escaped key may spell one of ours.
    if (key.find('\\') != std::string_view::npos) doubtful = true;
    const auto once = [&](auto& place, auto read) {
      doubtful = doubtful || place.has_value() || !read.has_value();
      place = std::move(read);
    };
    if (key == "boot") once(boot, boot_of(value));
    if (key == "seq") once(seq, whole_number(value));
    if (key == "seqFrom") once(seq_from, whole_number(value));
  });
  if (doubtful || !boot || !seq) return std::nullopt;
  if (seq_from && *seq_from > *seq) return std::nullopt;
  return Identity{.boot = *boot, .first = seq_from.value_or(*seq), .last = *seq};
}

}  // namespace idast::ingest
