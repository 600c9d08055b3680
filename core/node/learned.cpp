#include "core/node/learned.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "core/base/crc.h"
#include "core/base/hex.h"

namespace idast::node {
namespace {

constexpr double kMillion = 1e6;
constexpr double kMilli = 1e3;
constexpr double kValueMax = 1'000.0;  // nothing learned is near it: degrees, logarithms, factors
constexpr std::string_view kHead = "idast learned ";
constexpr std::size_t kCrcLineBytes = 13;  // "crc ", 8 digits, the end of the line

std::uint32_t crc_of(std::string_view text) { return crc32c(std::as_bytes(std::span{text})); }

void print_crc(std::string_view before, TextWriter& out) {
  const std::uint32_t crc = crc_of(before);
  out.text("crc ");
  for (int shift = 28; shift >= 0; shift -= 4) out.character(kHexDigits[(crc >> shift) & 15u]);
  out.character('\n');
}

// Reads what print() writes, piece by piece; the first piece that differs ends it.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_{text} {}

  bool skip(std::string_view words) {
    if (!rest_.starts_with(words)) return false;
    rest_.remove_prefix(words.size());
    return true;
  }
  // An integer, then `after`.
  std::optional<std::int64_t> integer(char after) {
    std::int64_t value = 0;
    const char* const end = rest_.data() + rest_.size();
    const auto read = std::from_chars(rest_.data(), end, value);
    if (read.ec != std::errc{} || read.ptr == end || *read.ptr != after) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(read.ptr - rest_.data()) + 1);
    return value;
  }
  std::string_view line() {
    const std::string_view found = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(std::min(rest_.size(), found.size() + 1));
    return found;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<KeptLearned> read_body(Cursor& in) {
  KeptLearned kept;
  if (!in.skip("mount ")) return std::nullopt;
  const auto mount = control::mount_kind_from(in.line());
  if (!mount || !in.skip("panel ")) return std::nullopt;
  kept.mount = *mount;
  const auto milliwatts = in.integer('\n');
  if (!milliwatts || !in.skip("sweeps ")) return std::nullopt;
  kept.panel = watts(static_cast<float>(static_cast<double>(*milliwatts) / kMilli));
  const auto sweeps = in.integer('\n');
  if (!sweeps || *sweeps < 0 || *sweeps > std::numeric_limits<std::uint32_t>::max()) {
    return std::nullopt;
  }
  kept.learned.sweeps = static_cast<std::uint32_t>(*sweeps);
  if (!in.skip("terms ") || !in.integer('\n')) return std::nullopt;
  for (std::size_t i = 0; i < control::kTerms; ++i) {
    const auto value = in.integer(' ');
    const auto deviation = value ? in.integer('\n') : std::nullopt;
    if (!deviation) return std::nullopt;
    kept.learned.value[i] = static_cast<double>(*value) / kMillion;
    kept.learned.deviation[i] = static_cast<double>(*deviation) / kMillion;
  }
  if (!in.at_end()) return std::nullopt;
  return kept;
}

// How many terms the writer knew; none when the text is not of that form.
std::optional<std::int64_t> terms_of(std::string_view body) {
  const std::size_t at = body.find("\nterms ");
  if (at == std::string_view::npos) return std::nullopt;
  Cursor in{body.substr(at + 1)};
  in.skip("terms ");
  return in.integer('\n');
}

bool fits(double value) { return std::abs(value) < kValueMax; }  // false for what is no number

}  // namespace

std::string_view to_text(LearnedError error) {
  constexpr std::array<std::string_view, 7> kWords{"absent",          "failed",      "damaged",
                                                   "unknown_version", "other_mount", "other_panel",
                                                   "not_believable"};
  return kWords[static_cast<std::size_t>(error)];
}

bool print(const KeptLearned& kept, TextWriter& out) {
  for (std::size_t i = 0; i < control::kTerms; ++i) {
    if (!fits(kept.learned.value[i]) || !fits(kept.learned.deviation[i])) return false;
  }
  const std::size_t begin = out.view().size();
  out.text(kHead).integer(kLearnedVersion).text("\nmount ").text(control::to_text(kept.mount));
  out.text("\npanel ").integer(std::llround(static_cast<double>(kept.panel.in(watts)) * kMilli));
  out.text("\nsweeps ").integer(kept.learned.sweeps);
  out.text("\nterms ").integer(control::kTerms).character('\n');
  for (std::size_t i = 0; i < control::kTerms; ++i) {
    out.integer(std::llround(kept.learned.value[i] * kMillion)).character(' ');
    out.integer(std::llround(kept.learned.deviation[i] * kMillion)).character('\n');
  }
  print_crc(out.view().substr(begin), out);
  return !out.overflowed();
}

std::expected<KeptLearned, LearnedError> parse_learned(std::string_view text) {
  if (text.size() <= kCrcLineBytes || text.size() > kLearnedBytesMax) {
    return std::unexpected{LearnedError::damaged};
  }
  const std::string_view body = text.substr(0, text.size() - kCrcLineBytes);
  std::array<char, kCrcLineBytes> line;
  TextWriter crc{line.data(), line.size()};
  print_crc(body, crc);
  if (text.substr(body.size()) != crc.view()) return std::unexpected{LearnedError::damaged};

  Cursor in{body};
  if (!in.skip(kHead)) return std::unexpected{LearnedError::damaged};
  const auto version = in.integer('\n');
  if (!version) return std::unexpected{LearnedError::damaged};
  if (*version != kLearnedVersion || terms_of(body) != std::int64_t{control::kTerms}) {
    return std::unexpected{LearnedError::unknown_version};
  }
  const auto kept = read_body(in);
  if (!kept) return std::unexpected{LearnedError::damaged};
  return *kept;
}

std::expected<KeptLearned, LearnedError> load_learned(ports::Files& files) {
  std::array<char, kLearnedBytesMax + 1> buffer;  // one more: a longer file is seen to be longer
  const auto size = files.read(kLearnedFile, 0, buffer);
  if (!size) {
    const bool absent = size.error() == ports::FileError::absent;
    return std::unexpected{absent ? LearnedError::absent : LearnedError::failed};
  }
  return parse_learned({buffer.data(), *size});
}

std::expected<void, ports::FileError> save_learned(ports::Files& files, const KeptLearned& kept) {
  std::array<char, kLearnedBytesMax> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  if (!print(kept, out)) return std::unexpected{ports::FileError::failed};
  return files.replace(kLearnedFile, out.view());
}

}  // namespace idast::node
