#include "core/base/calendar.h"

#include <algorithm>
#include <chrono>

namespace idast {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

constexpr bool is_within(int value, int low, int high) { return value >= low && value <= high; }

// Takes pieces from the front of a text; after the first piece that is not there it has failed.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : rest_{text} {}

  int digits(std::size_t count) {
    int value = 0;
    if (rest_.size() < count) return fail();
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return fail();
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  // True, and taken, when the next character is one of `any`.
  bool take(std::string_view any) {
    if (rest_.empty() || any.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void need(std::string_view any) {
    if (!take(any)) fail();
  }
  // 1 to 9 digits of a second's fraction, as whole milliseconds.
  int milliseconds() {
    int value = 0;
    std::size_t count = 0;
    while (count < 9 && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      if (count < 3) value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
      ++count;
    }
    if (count == 0) return fail();
    for (; count < 3; ++count) value *= 10;
    return value;
  }
  char next() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool empty() const { return rest_.empty(); }
  bool failed() const { return failed_; }

 private:
  int fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool failed_ = false;
};

// Minutes east of Greenwich: "Z", "+08:00", "-0330" or nothing.
int zone_minutes(Pieces& pieces) {
  if (pieces.empty() || pieces.take("Zz")) return 0;
  const bool west = pieces.next() == '-';
  pieces.need("+-");
  const int hours = pieces.digits(2);
  pieces.take(":");
  const int minutes = pieces.digits(2);
  constexpr int kHoursMax = 15;
  if (hours > kHoursMax || minutes > 59) pieces.need("");
  return (west ? -1 : 1) * (hours * 60 + minutes);
}

void write_digits(TextWriter& out, int value, int width) {
  char digits[8];
  for (int i = width - 1; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.text({digits, static_cast<std::size_t>(width)});
}

}  // namespace

std::optional<UtcMillis> utc_from(const CivilTime& civil) {
  using namespace std::chrono;
  const year_month_day date{year{civil.year}, month{static_cast<unsigned>(civil.month)},
                            day{static_cast<unsigned>(civil.day)}};
  const bool in_range = is_within(civil.year, 1, 9999) && is_within(civil.month, 1, 12) &&
                        is_within(civil.day, 1, 31) && date.ok() && is_within(civil.hour, 0, 23) &&
                        is_within(civil.minute, 0, 59) && is_within(civil.second, 0, 59) &&
                        is_within(civil.millisecond, 0, 999);
  if (!in_range) return std::nullopt;
  const std::int64_t days = sys_days{date}.time_since_epoch().count();
  const std::int64_t seconds = (civil.hour * 60 + civil.minute) * 60 + civil.second;
  return UtcMillis{days * kDayMs + seconds * 1000 + civil.millisecond};
}

CivilTime civil_from(UtcMillis at) {
  using namespace std::chrono;
  constexpr std::int64_t kFirstMs = sys_days{year{1} / 1 / 1}.time_since_epoch().count() * kDayMs;
  constexpr std::int64_t kLastMs =
      sys_days{year{9999} / 12 / 31}.time_since_epoch().count() * kDayMs + kDayMs - 1;
  const std::int64_t ms = std::clamp(at.unix_ms(), kFirstMs, kLastMs);
  std::int64_t day_count = ms / kDayMs;
  std::int64_t rest = ms % kDayMs;
  if (rest < 0) {
    rest += kDayMs;
    --day_count;
  }
  const year_month_day date{sys_days{days{static_cast<int>(day_count)}}};
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<int>(static_cast<unsigned>(date.month())),
          .day = static_cast<int>(static_cast<unsigned>(date.day())),
          .hour = static_cast<int>(rest / 3'600'000),
          .minute = static_cast<int>(rest / 60'000 % 60),
          .second = static_cast<int>(rest / 1000 % 60),
          .millisecond = static_cast<int>(rest % 1000)};
}

std::optional<UtcMillis> utc_from_iso(std::string_view text) {
  Pieces pieces{text};
  CivilTime civil;
  civil.year = pieces.digits(4);
  pieces.need("-");
  civil.month = pieces.digits(2);
  pieces.need("-");
  civil.day = pieces.digits(2);
  int zone = 0;
  if (!pieces.empty()) {
    pieces.need("Tt ");
    civil.hour = pieces.digits(2);
    pieces.need(":");
    civil.minute = pieces.digits(2);
    if (pieces.take(":")) {
      civil.second = pieces.digits(2);
      if (pieces.take(".,")) civil.millisecond = pieces.milliseconds();
    }
    zone = zone_minutes(pieces);
  }
  if (pieces.failed() || !pieces.empty()) return std::nullopt;
  const auto local = utc_from(civil);
  if (!local) return std::nullopt;
  return *local - std::chrono::minutes{zone};
}

TextWriter& write_iso(TextWriter& out, UtcMillis at) {
  const CivilTime civil = civil_from(at);
  write_digits(out, civil.year, 4);
  out.character('-');
  write_digits(out, civil.month, 2);
  out.character('-');
  write_digits(out, civil.day, 2);
  out.character('T');
  write_digits(out, civil.hour, 2);
  out.character(':');
  write_digits(out, civil.minute, 2);
  out.character(':');
  write_digits(out, civil.second, 2);
  out.character('.');
  write_digits(out, civil.millisecond, 3);
  return out.character('Z');
}

FixedText<24> to_iso(UtcMillis at) {
  char buffer[24];
  TextWriter out{buffer, sizeof buffer};
  return FixedText<24>{write_iso(out, at).view()};
}

}  // namespace idast
