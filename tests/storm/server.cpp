#include "tests/storm/server.h"

#include <utility>

#include "core/base/require.h"

namespace idast::storm {
namespace {

constexpr Millis kReplayPause{1'000};  // Of the writer's, between its least and its most.

}  // namespace

Server::Server(FaultyStore& store, SpoolDisk& disk, LyingBroker& broker, Ledger& ledger,
               const app::Log& log, Plant plant)
    : store_{store}, disk_{disk}, broker_{broker}, ledger_{ledger}, log_{log}, plant_{plant} {
  start();
}

void Server::start() {
  waiting_.reset();
  backlog_ = std::make_unique<app::Backlog>(disk_, spool::kSpoolBytesDefault, log_);
  require(backlog_->open().has_value(), "storm: the spool's folder can be read");
  board_ = std::make_unique<live::Board>();
  app::Pipeline::Outlets outlets;
  outlets.acknowledge = [this](std::span<const mqtt::AckToken> tokens) {
    for (const mqtt::AckToken& token : tokens) broker_.acknowledge(token);
  };
  outlets.publish = [this](const ingest::StoredMessage& word) {
    broker_.to_device(word.topic, word.payload, now_);
    return true;
  };
  outlets.commit = [this](app::Batch batch) { waiting_ = std::move(batch); };
  outlets.clock_set = [this](Millis by, UtcMillis at) {
    if (by < Millis{0}) fallen_to_ = at;
  };
  pipeline_ =
      std::make_unique<app::Pipeline>(app::Pipeline::Rules{}, *board_, log_, std::move(outlets));
  reconnect();
}

void Server::reconnect() {
  broker_.connect_server();
  pipeline_->connected();
}

void Server::step(Instant now, UtcMillis utc) {
  now_ = now;
  broker_.deliver(
      [&](const mqtt::Message& message) { pipeline_->receive(message, now, utc + clock_error_); });
  pipeline_->poll(now);
  if (waiting_) keep();
  if (backlog_->has_next() && now_ >= replay_at_) replay();
  backlog_->tidy(now);
  pipeline_->poll(now);
  if (keeps_old_days_ && !waiting_) look_after_days();
}

// One piece of what the writer does when nobody waits: sums, the archive, ten-second rows. (Not
// before a clock that was set has stood for an hour, it says; here days did pass.)
void Server::look_after_days() {
  if (store_.tidy()) return;
  const auto task = store_.unarchived();
  if (!task || !*task) return void(store_.thin());
  if (plant_ != Plant::early_thinning) archive(**task);
  static_cast<void>(store_.archived(**task));  // Failed: the same day comes again.
}

void Server::archive(const store::Unarchived& task) {
  constexpr std::int64_t kDayMs = 86'400'000;
  const UtcMillis begins{task.day * kDayMs};
  auto reader = store_.open_reader();
  require(reader.has_value(), "storm: the database has a reader");
  const auto read =
      (*reader)->rows({"", begins, begins + Millis{kDayMs}}, SIZE_MAX / 2, [&](auto&& row) {
        if (row.id <= task.upto) ledger_.archived(row.record);
        return true;
      });
  require(read.has_value(), "storm: a day can be read");
}

// Into the database, or, while it takes nothing or the spool owes something, into the spool.
void Server::keep() {
  if (plant_ == Plant::early_puback) acknowledge_all(*waiting_);
  if (backlog_->owes()) return put_into_spool();
  auto committed = commit(waiting_->records, waiting_->losses, waiting_->history);
  if (!committed) return put_into_spool();
  if (std::exchange(dies_after_commit_, false)) return start();
  pipeline_->committed(std::move(*std::exchange(waiting_, std::nullopt)), *committed);
}

void Server::put_into_spool() {
  if (!backlog_->append(*waiting_)) return;  // the same batch again
  ledger_.spooled(waiting_->records);
  pipeline_->spooled(std::move(*std::exchange(waiting_, std::nullopt)));
}

void Server::replay() {
  const auto piece = backlog_->next();
  require(piece.has_value(), "storm: the spool's files can be read");
  if (plant_ == Plant::early_let_go) backlog_->committed(now_);
  store::Committed result;
  if (!piece->empty()) {
    auto committed = commit(piece->records, piece->losses, piece->history);
    if (!committed) {
      replay_at_ = now_ + kReplayPause;
      return;
    }
    result = std::move(*committed);
  }
  if (std::exchange(dies_after_commit_, false)) return start();
  if (plant_ != Plant::early_let_go) backlog_->committed(now_);
  pipeline_->replayed(result, !backlog_->owes());
}

store::Result<store::Committed> Server::commit(std::span<const telemetry::Record> records,
                                               std::span<const telemetry::Loss> losses,
                                               std::span<const telemetry::HistoryRow> history) {
  if (fallen_to_) {
    if (auto settled = store_.settle_clock(*fallen_to_); !settled) {
      return std::unexpected{settled.error()};
    }
    fallen_to_.reset();
  }
  return store_.commit(records, losses, history);
}

void Server::acknowledge_all(const app::Batch& batch) {
  for (const app::Held& held : batch.tokens) broker_.acknowledge(held.token);
}

}  // namespace idast::storm
