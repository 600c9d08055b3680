#include "core/telemetry/record_summary.h"

#include <utility>

#include "core/base/require.h"
#include "core/telemetry/factors.h"
#include "core/telemetry/row.h"

namespace idast::telemetry {
namespace {

constexpr std::size_t kBoot = position_of("boot_id");
constexpr std::size_t kSeq = position_of("seq");
constexpr std::size_t kSeqFrom = position_of("seq_from");
constexpr std::size_t kTop = position_of("top");
constexpr std::size_t kLeft = position_of("left");
constexpr std::size_t kRight = position_of("right");
constexpr std::size_t kMean = position_of("avg");
constexpr std::size_t kHorizontal = position_of("horizontal_error");
constexpr std::size_t kVertical = position_of("vertical_error");

// The sum of an averaged column stays exact for as many records as anyone adds.
consteval std::int64_t averaged_max() {
  std::int64_t max = 0;
  for (const FieldInfo& info : kFieldInfo) {
    if (info.averaged && info.sql.high > max) max = info.sql.high;
    if (info.averaged && -info.sql.low > max) max = -info.sql.low;
  }
  return max;
}
static_assert(averaged_max() < INT64_MAX / 100'000'000, "a mean of many must not overflow");

bool stands_for_several(const Record& record) {
  return record.has(kSeqFrom) && record.value[kSeqFrom] != record.value[kSeq];
}

// To the nearest, halves away from zero, as std::lround.
std::int64_t rounded(std::int64_t sum, std::int64_t count) {
  const std::int64_t half = sum < 0 ? -(count / 2) : count / 2;
  return (sum + half) / count;
}

bool same_words(const Record& a, const Record& b) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!a.has(i) || i == kBoot) continue;
    switch (kFieldInfo[i].sql.kind) {
      case Kind::text:
        if (a.text[i] != b.text[i]) return false;
        break;
      case Kind::boolean:
      case Kind::keys:
        if (a.value[i] != b.value[i]) return false;
        break;
      case Kind::time:
      case Kind::number:
        break;
    }
  }
  return true;
}

}  // namespace

bool may_join(const Record& last, const Record& next) {
  if (last.device != next.device || stands_for_several(last) || stands_for_several(next)) {
    return false;
  }
  if (!(last.present == next.present) || !(last.null == next.null)) return false;
  if (last.has(kBoot) && last.text[kBoot] != next.text[kBoot]) return false;
  if (last.identified() && next.value[kSeq] != last.value[kSeq] + 1) return false;
  if (!same_words(last, next)) return false;
  return last.extra == next.extra || (extra_is_only_finer(last) && extra_is_only_finer(next));
}

void RecordSummary::add(const Record& record) {
  if (size_ == 0) {
    first_seq_ = record.number(kSeq);
    sum_ = {};
  }
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kFieldInfo[i].averaged && record.has(i)) sum_[i] += record.value[i];
  }
  last_ = record;
  ++size_;
}

Record RecordSummary::take() {
  require(size_ > 0, "RecordSummary: there is nothing to take");
  const auto count = static_cast<std::int64_t>(std::exchange(size_, 0));
  Record record = std::move(last_);
  if (count == 1) return record;
  if (extra_is_only_finer(record)) record.extra.clear();
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kFieldInfo[i].averaged && record.has(i)) record.value[i] = rounded(sum_[i], count);
  }
  auto& value = record.value;
  if (record.has(kLeft) && record.has(kRight)) {
    if (record.has(kMean)) value[kMean] = light_mean(value[kLeft], value[kRight]);
    if (record.has(kHorizontal)) {
      value[kHorizontal] = light_horizontal_error(value[kLeft], value[kRight]);
    }
    if (record.has(kVertical) && record.has(kTop)) {
      value[kVertical] = light_vertical_error(value[kTop], light_mean(value[kLeft], value[kRight]));
    }
  }
  if (record.identified()) {
    record.value[kSeqFrom] = *first_seq_;
    record.present.add(kSeqFrom);
    record.null.remove(kSeqFrom);
  }
  return record;
}

}  // namespace idast::telemetry
