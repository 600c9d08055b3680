#include "tests/storm/faulty_store.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "server/store/energy.h"

namespace idast::storm {
namespace {

constexpr std::size_t kBootId = telemetry::position_of("boot_id");
constexpr std::size_t kSeq = telemetry::position_of("seq");
constexpr std::size_t kEnergy = telemetry::position_of("energy_wh");

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

// Periods as they would be if every sample were added when it came.
class ByArrival final : public store::Reader {
 public:
  explicit ByArrival(std::unique_ptr<store::Reader> real) : real_{std::move(real)} {}
  store::Result<void> ping() override { return real_->ping(); }
  store::Result<std::vector<store::DeviceSeen>> devices() override { return real_->devices(); }
  store::Result<std::optional<store::StoredRecord>> latest(const std::string& device) override {
    return real_->latest(device);
  }
  store::Result<void> rows(const store::Range& range, std::size_t limit,
                           const std::function<bool(store::StoredRecord&&)>& row) override {
    return real_->rows(range, limit, row);
  }
  store::Result<store::Buckets> buckets(const store::Range& range, Millis step,
                                        std::span<const std::size_t> fields) override {
    return real_->buckets(range, step, fields);
  }
  store::Result<std::vector<store::Period>> periods(const std::string& device,
                                                    std::span<const UtcMillis> starts) override {
    auto periods = real_->periods(device, starts);
    for (std::size_t i = 0; periods && i < periods->size(); ++i) {
      std::map<std::int64_t, std::int64_t> by_arrival;
      const auto read = rows({device, starts[i], starts[i + 1]}, SIZE_MAX / 2, [&](auto&& row) {
        if (const auto energy = row.record.number(kEnergy)) by_arrival[row.id] = *energy;
        return true;
      });
      if (!read) return std::unexpected{read.error()};
      store::EnergyCounter counter;
      std::int64_t sum = 0;
      for (const auto& [id, energy] : by_arrival) sum += counter.add(energy);
      (*periods)[i].energy_wh = static_cast<double>(sum) / 1'000.0;
    }
    return periods;
  }

 private:
  std::unique_ptr<store::Reader> real_;
};

}  // namespace

store::Result<std::unique_ptr<store::Reader>> FaultyStore::open_reader() {
  auto reader = real_->open_reader();
  if (!reader || plant_ != Plant::rollup_by_arrival) return reader;
  return std::make_unique<ByArrival>(std::move(*reader));
}

store::Result<store::Committed> FaultyStore::commit(
    std::span<const telemetry::Record> batch, std::span<const telemetry::Loss> losses,
    std::span<const telemetry::HistoryRow> history) {
  if (fails_) {
    return std::unexpected{
        store::StoreError{store::StoreErrorKind::disk_full, "the storm filled the disk"}};
  }
  ++commits_;
  if (plant_ == Plant::skipped_commit && commits_ % 16 == 0) return as_if(batch);
  auto committed = real_->commit(batch, losses, history);
  if (!committed) return committed;
  ledger_.committed({batch.begin(), batch.end()}, {losses.begin(), losses.end()});
  if (plant_ == Plant::word_past_a_hole) committed->progress = as_if(batch).progress;
  return committed;
}

}  // namespace idast::storm
