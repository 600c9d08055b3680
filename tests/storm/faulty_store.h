#pragma once
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "server/store/store.h"
#include "tests/storm/ledger.h"

// A real database behind a disk that fails when told to, and the faults that a storm must find.
namespace idast::storm {

// Faults planted on purpose, to see that the storm finds them.
enum class Plant : std::uint8_t {
  none,
  skipped_commit,     // now and then nothing is written, and success is reported
  early_puback,       // acknowledged when handed to the writer
  word_past_a_hole,   // `stored` names the newest seq of the batch
  lost_resend,        // what was said once is not said again
  rollup_by_arrival,  // what periods add up to follows the order in which samples came
  early_let_go,       // the spool lets go of a piece before the database has it
  taken_again,        // what a ten-second row stands for is taken in once more when it comes again
  early_thinning,     // days become ten-second rows before the archive has them
};

class FaultyStore final : public store::Store {
 public:
  FaultyStore(std::unique_ptr<store::Store> real, Ledger& ledger, Plant plant)
      : real_{std::move(real)}, ledger_{ledger}, plant_{plant} {}

  using Store::commit;
  store::Result<store::Committed> commit(std::span<const telemetry::Record> batch,
                                         std::span<const telemetry::Loss> losses,
                                         std::span<const telemetry::HistoryRow> history) override;
  store::Result<void> settle_clock(UtcMillis now) override { return real_->settle_clock(now); }
  bool tidy() override { return !fails_ && real_->tidy(); }
  bool thin() override { return !fails_ && real_->thin(); }
  store::Result<std::optional<store::Unarchived>> unarchived() override {
    return real_->unarchived();
  }
  store::Result<void> archived(const store::Unarchived& task) override;
  store::Result<std::unique_ptr<store::Reader>> open_reader() override;
  store::Result<Size> size() override { return real_->size(); }

  void fail(bool fails) { fails_ = fails; }

 private:
  void note_thinned(const telemetry::Record& absorbed);

  std::unique_ptr<store::Store> real_;
  Ledger& ledger_;
  Plant plant_;
  bool fails_ = false;
  std::uint64_t commits_ = 0;
  std::vector<telemetry::Record> again_;  // of the plant taken_again
};

}  // namespace idast::storm
