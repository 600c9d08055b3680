#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/store.h"

// A range of one device in as many buckets as a chart has points, never more.
namespace idast::query {

inline constexpr std::size_t kPointsDefault = 500;
inline constexpr std::size_t kPointsMax = 5'000;  // Four times the pixels of a wide screen.
inline constexpr std::size_t kSampleFieldsMax = 16;

struct SamplesQuery {
  std::string device;
  UtcMillis from, to;
  std::size_t points = kPointsDefault;  // 1..kPointsMax
  std::vector<std::size_t> fields;      // Positions in kFieldInfo; numbers and booleans only.
};

// Comma-separated columns → positions. The error names the first one that cannot be drawn.
std::expected<std::vector<std::size_t>, std::string> chart_fields(std::string_view columns);

// The shortest of a list of round steps (1 s, 2 s, 5 s … 1 d, then whole days) for which
// [from, to) aligned to it has at most `points` buckets.
Millis step_for(UtcMillis from, UtcMillis to, std::size_t points);

// {"from","to","step_ms","t":[ms…],"fields":{"power_w":{"min":[…],"mean":[…],"max":[…]}}}; a bucket
// without a value is null, a bucket without samples is left out.
store::Result<std::string> samples_json(store::Reader& reader, const SamplesQuery& query);

}  // namespace idast::query
