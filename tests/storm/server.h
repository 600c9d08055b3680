#pragma once
#include <memory>
#include <optional>
#include <span>

#include "server/app/backlog.h"
#include "server/app/log.h"
#include "server/app/pipeline.h"
#include "server/live/board.h"
#include "tests/storm/faulty_store.h"
#include "tests/storm/lying_broker.h"
#include "tests/storm/spool_disk.h"

// The server's own way of a message, from the broker to the database and back, with a writer that
// is this thread. Driven.
namespace idast::storm {

class Server {
 public:
  // All must outlive it.
  Server(FaultyStore& store, SpoolDisk& disk, LyingBroker& broker, Ledger& ledger,
         const app::Log& log, Plant plant);

  // From nothing but what the database and the spool hold.
  void start();
  void reconnect();
  void set_clock(Millis by) { clock_error_ += by; }
  // The next commit succeeds and nobody hears of it.
  void die_after_commit() { dies_after_commit_ = true; }
  // From now on old days go into an archive and then into ten-second rows, when nobody waits.
  void keep_old_days() { keeps_old_days_ = true; }
  void step(Instant now, UtcMillis utc);
  // The spool holds what the database does not.
  bool owes() const { return backlog_->owes(); }

 private:
  void keep();
  void put_into_spool();
  void replay();
  void look_after_days();
  void archive(const store::Unarchived& task);
  store::Result<store::Committed> commit(std::span<const telemetry::Record> records,
                                         std::span<const telemetry::Loss> losses,
                                         std::span<const telemetry::HistoryRow> history);
  void acknowledge_all(const app::Batch& batch);

  FaultyStore& store_;
  SpoolDisk& disk_;
  LyingBroker& broker_;
  Ledger& ledger_;
  const app::Log& log_;
  Plant plant_;
  Instant now_;
  Millis clock_error_{0};
  bool dies_after_commit_ = false;
  bool keeps_old_days_ = false;
  Instant replay_at_;
  std::optional<UtcMillis> fallen_to_;
  std::optional<app::Batch> waiting_;
  std::unique_ptr<app::Backlog> backlog_;
  std::unique_ptr<live::Board> board_;
  std::unique_ptr<app::Pipeline> pipeline_;
};

}  // namespace idast::storm
