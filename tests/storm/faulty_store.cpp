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

// Answers as the real reader does; what a planted fault changes, a reader of its own does anew.
class AsReal : public store::Reader {
 public:
  explicit AsReal(std::unique_ptr<store::Reader> real) : real_{std::move(real)} {}
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
    return real_->periods(device, starts);
  }

 private:
  std::unique_ptr<store::Reader> real_;
};

// Periods as they would be if every sample were added when it came.
class ByArrival final : public AsReal {
 public:
  using AsReal::AsReal;
  store::Result<std::vector<store::Period>> periods(const std::string& device,
                                                    std::span<const UtcMillis> starts) override {
    auto periods = AsReal::periods(device, starts);
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
};

// Rows, and behind them some that were taken in once more.
class TakenAgain final : public AsReal {
 public:
  TakenAgain(std::unique_ptr<store::Reader> real, std::vector<telemetry::Record> again)
      : AsReal{std::move(real)}, again_{std::move(again)} {}
  store::Result<void> rows(const store::Range& range, std::size_t limit,
                           const std::function<bool(store::StoredRecord&&)>& row) override {
    if (auto read = AsReal::rows(range, limit, row); !read) return read;
    for (const telemetry::Record& record : again_) row({.id = 0, .record = record, .boot_started = {}});
    return {};
  }

 private:
  std::vector<telemetry::Record> again_;
};

}  // namespace

store::Result<std::unique_ptr<store::Reader>> FaultyStore::open_reader() {
  auto reader = real_->open_reader();
  if (!reader) return reader;
  if (plant_ == Plant::rollup_by_arrival) return std::make_unique<ByArrival>(std::move(*reader));
  if (plant_ == Plant::taken_again) {
    return std::make_unique<TakenAgain>(std::move(*reader), again_);
  }
  return reader;
}

store::Result<void> FaultyStore::archived(const store::Unarchived& task) {
  if (!fails_) return real_->archived(task);
  return std::unexpected{
      store::StoreError{store::StoreErrorKind::disk_full, "the storm filled the disk"}};
}

// Taken again, if the database has it only in a row for several.
void FaultyStore::note_thinned(const telemetry::Record& absorbed) {
  auto reader = real_->open_reader();
  bool by_itself = !reader || !absorbed.identified();
  const store::Range at{absorbed.device, absorbed.ts, absorbed.ts + Millis{1}};
  if (by_itself) return;
  const auto read = (*reader)->rows(at, SIZE_MAX / 2, [&](store::StoredRecord&& row) {
    by_itself = by_itself || row.record.number(kSeq) == absorbed.number(kSeq);
    return true;
  });
  if (read && !by_itself) again_.push_back(absorbed);
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
  ledger_.committed(batch, losses, committed->rows);
  for (std::size_t i = 0; plant_ == Plant::taken_again && i < batch.size(); ++i) {
    if (committed->rows[i] == 0) note_thinned(batch[i]);
  }
  if (plant_ == Plant::word_past_a_hole) committed->progress = as_if(batch).progress;
  return committed;
}

}  // namespace idast::storm
