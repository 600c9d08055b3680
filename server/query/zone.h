#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"

namespace date {
class time_zone;
}

// Days, hours and months as a site's people count them. Pure after locate(); any thread.
namespace idast::query {

enum class PeriodKind : std::uint8_t { hour, day, month };

class Zone {
 public:
  // A name of the IANA time zone database; the error is one sentence.
  static std::expected<Zone, std::string> locate(const std::string& name);

  // Start of the period that `at` falls in. Where a clock change skips a local midnight, the day
  // starts at the change.
  UtcMillis start_of(PeriodKind kind, UtcMillis at) const;
  // Start of the period `count` periods after (before, when negative) the one of `at`.
  UtcMillis start_after(PeriodKind kind, UtcMillis at, int count) const;
  // Starts of all periods that touch from <= t < to, ascending, and the end of the last one; at
  // most `limit` periods, the newest.
  std::vector<UtcMillis> starts(PeriodKind kind, UtcMillis from, UtcMillis to,
                                std::size_t limit) const;

 private:
  explicit Zone(const date::time_zone* zone) : zone_{zone} {}
  const date::time_zone* zone_;  // Of the process-wide database; lives until the process ends.
};

}  // namespace idast::query
