#include "tests/storm/faulty_store.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace idast::storm {
namespace {

constexpr std::size_t kBootId = telemetry::position_of("boot_id");
constexpr std::size_t kSeq = telemetry::position_of("seq");

store::Committed as_if(std::span<const telemetry::Record> batch) {
  store::Committed committed;
  committed.inserted = batch.size();
  committed.rows.assign(batch.size(), 1);
  std::map<std::pair<std::string, std::string>, std::int64_t> newest;
  for (const telemetry::Record& record : batch) {
    auto& upto = newest[{record.device, record.text[kBootId]}];
    upto = std::max(upto, record.number(kSeq).value_or(0));
  }
  for (const auto& [key, upto] : newest) {
    committed.progress.push_back({key.first, key.second, upto});
  }
  return committed;
}

}  // namespace

store::Result<store::Committed> FaultyStore::commit(std::span<const telemetry::Record> batch,
                                                    std::span<const telemetry::Loss> losses) {
  if (fails_) {
    return std::unexpected{
        store::StoreError{store::StoreErrorKind::disk_full, "the storm filled the disk"}};
  }
  ++commits_;
  if (plant_ == Plant::skipped_commit && commits_ % 16 == 0) return as_if(batch);
  auto committed = real_->commit(batch, losses);
  if (!committed) return committed;
  ledger_.committed({batch.begin(), batch.end()}, {losses.begin(), losses.end()});
  if (plant_ == Plant::word_past_a_hole) committed->progress = as_if(batch).progress;
  return committed;
}

}  // namespace idast::storm
