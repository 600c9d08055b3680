#include "server/query/samples.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/base/calendar.h"
#include "core/base/text.h"

namespace idast::query {
namespace {

using namespace std::chrono_literals;

constexpr std::array<Millis, 18> kSteps{1s,    2s,    5s,    10s, 15s, 30s, 1min, 2min, 5min,
                                        10min, 15min, 30min, 1h,  2h,  3h,  6h,   12h,  24h};
// A mean is finer than what it is the mean of.
constexpr int kMeanDecimalsMore = 2;

UtcMillis aligned(UtcMillis at, Millis step) {
  const std::int64_t ms = at.unix_ms();
  const std::int64_t into = ((ms % step.count()) + step.count()) % step.count();
  return UtcMillis{ms - into};
}

std::size_t buckets_of(UtcMillis from, UtcMillis to, Millis step) {
  const std::int64_t span = (to - aligned(from, step)).count();
  return static_cast<std::size_t>((span + step.count() - 1) / step.count());
}

void print_number(std::optional<double> value, int decimals, std::string& out) {
  if (!value || !std::isfinite(*value)) {
    out += "null";
    return;
  }
  char digits[48];
  TextWriter writer{digits, sizeof digits};
  writer.decimal(std::llround(*value * std::pow(10.0, decimals)), decimals);
  out += writer.view();
}

void print_field(const telemetry::FieldInfo& info, const std::vector<store::Bucket>& buckets,
                 std::string& out) {
  struct Part {
    std::string_view name;
    std::optional<double> store::Bucket::* value;
    int decimals_more;
  };
  constexpr std::array<Part, 3> kParts{Part{"min", &store::Bucket::low, 0},
                                       Part{"mean", &store::Bucket::mean, kMeanDecimalsMore},
                                       Part{"max", &store::Bucket::high, 0}};
  out += fmt::format("\"{}\":{{", info.column);
  for (const Part& part : kParts) {
    out += fmt::format("{}\"{}\":[", part.name == "min" ? "" : ",", part.name);
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      if (i > 0) out += ',';
      print_number(buckets[i].*part.value, info.sql.decimals + part.decimals_more, out);
    }
    out += ']';
  }
  out += '}';
}

bool is_drawable(telemetry::Kind kind) {
  return kind == telemetry::Kind::number || kind == telemetry::Kind::boolean;
}

}  // namespace

std::expected<std::vector<std::size_t>, std::string> chart_fields(std::string_view columns) {
  std::vector<std::size_t> fields;
  while (!columns.empty()) {
    const std::string_view column = columns.substr(0, columns.find(','));
    columns.remove_prefix(std::min(columns.size(), column.size() + 1));
    const auto found = std::ranges::find_if(
        telemetry::kFieldInfo, [&](const auto& info) { return info.column == column; });
    if (found == telemetry::kFieldInfo.end() || !is_drawable(found->sql.kind)) {
      return std::unexpected{fmt::format("{:.64} is not a number that can be drawn", column)};
    }
    const auto position = static_cast<std::size_t>(found - telemetry::kFieldInfo.begin());
    if (std::ranges::find(fields, position) == fields.end()) fields.push_back(position);
    if (fields.size() > kSampleFieldsMax) {
      return std::unexpected{fmt::format("at most {} fields at once", kSampleFieldsMax)};
    }
  }
  return fields;
}

Millis step_for(UtcMillis from, UtcMillis to, std::size_t points) {
  for (const Millis step : kSteps) {
    if (buckets_of(from, to, step) <= points) return step;
  }
  // Whole days; one more than the quotient, because alignment may open another bucket.
  const Millis day{24h};
  const std::int64_t days = (to - from) / day / static_cast<std::int64_t>(points) + 1;
  const Millis step = day * days;
  return buckets_of(from, to, step) <= points ? step : day * (2 * days + 1);
}

store::Result<std::string> samples_json(store::Reader& reader, const SamplesQuery& query) {
  // One point cannot be kept by any aligned step when the range lies across a boundary.
  const Millis step =
      query.points < 2 ? query.to - query.from : step_for(query.from, query.to, query.points);
  const UtcMillis from = query.points < 2 ? query.from : aligned(query.from, step);
  const auto buckets = reader.buckets({query.device, from, query.to}, step, query.fields);
  if (!buckets) return std::unexpected{buckets.error()};

  std::string out = fmt::format(R"({{"from":"{}","to":"{}","step_ms":{},"t":[)",
                                to_iso(query.from).view(), to_iso(query.to).view(), step.count());
  for (std::size_t i = 0; i < buckets->times.size(); ++i) {
    if (i > 0) out += ',';
    out += fmt::format("{}", buckets->times[i].unix_ms());
  }
  out += R"(],"fields":{)";
  for (std::size_t f = 0; f < query.fields.size(); ++f) {
    if (f > 0) out += ',';
    print_field(telemetry::kFieldInfo[query.fields[f]], buckets->fields[f], out);
  }
  return out + "}}";
}

}  // namespace idast::query
