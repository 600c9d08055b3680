#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "mqtt/session.h"
#include "server/api/metrics.h"
#include "server/app/held.h"
#include "server/app/log.h"
#include "server/ingest/batcher.h"
#include "server/ingest/parser.h"
#include "server/ingest/status.h"
#include "server/ingest/stored.h"
#include "server/ingest/thinner.h"
#include "server/live/board.h"
#include "server/store/store.h"

// A message's way through the server:
//
//   message ─▶ parse ─▶ live (shown at once) ─▶ batch ─▶ commit ─▶ PUBACK ─▶ `stored` to the device
//
// While the database takes nothing:
//
//   … ─▶ batch ─▶ spool ─▶ PUBACK            spool ─▶ commit ─▶ `stored` to the device
//
// What cannot be read is counted, logged and acknowledged: it must not block the queue. Its number,
// where it is legible, is given up by name. Nothing that is to be stored is acknowledged before it
// is durable, and nothing is called stored before it is in the database.
//
// Threads: one, the io thread. Driven: it is told the time.
namespace idast::app {

class Pipeline {
 public:
  struct Outlets {
    std::function<void(std::span<const mqtt::AckToken>)> acknowledge;
    // False: not taken; the device hears it again after its next commit.
    std::function<bool(const ingest::StoredMessage&)> publish;
    // Keeps it elsewhere and answers through committed() or spooled(), before it is called again.
    std::function<void(Batch)> commit;
    // The clock that stamps receipts was set, by so much, and says `now`. When it fell, the store
    // is to be told (settle_clock()) before what is received from now on.
    std::function<void(Millis by, UtcMillis now)> clock_set = [](Millis, UtcMillis) {};
  };
  // A clock that is off by less was drifting, or the process was not running.
  static constexpr Millis kClockSetBy = std::chrono::minutes{5};
  // After it was set, days are not taken for over by what it says for this long: whoever set it
  // wrong has then seen it.
  static constexpr Millis kClockSettles = std::chrono::hours{1};

  struct Rules {
    std::optional<Millis> linger{};
    Millis interval{0};
  };

  Pipeline(const Rules& rules, live::Board& board, const Log& log, Outlets outlets);

  void receive(const mqtt::Message& message, Instant now, UtcMillis utc);
  // A new connection: what an older one delivered and is not committed comes again.
  void connected();
  // The most the broker had unacknowledged at once.
  void note_held(std::size_t held) { batcher_.note_held(held); }
  void committed(Batch batch, const store::Committed& result);
  // The batch is durable, but not in the database yet.
  void spooled(Batch batch);
  // A piece of what was spooled is in the database; `drained`: the last one.
  void replayed(const store::Committed& result, bool drained);
  // Hands on what is due.
  void poll(Instant now);
  // When poll() has something to do next; nothing: when a message comes.
  std::optional<Instant> due_at(Instant now);
  // From now on everything is due at once and nothing more is taken: the program ends.
  void finish() { finishing_ = true; }
  // Nothing waits and nothing is being committed.
  bool idle() const { return batcher_.size() == 0 && committing_ == 0; }
  // A message at QoS 1 was not taken because the queue was full: only a new connection brings it
  // again. Says so once.
  bool take_overflow() { return std::exchange(overflow_, false); }

  void measure(api::Metrics& metrics) const;

 private:
  enum class Kind : std::uint8_t { telemetry, status, lost, history };
  static constexpr std::array<std::string_view, 4> kKindNames{"telemetry", "status", "lost",
                                                              "history"};
  static Kind kind_of(std::string_view topic);
  void watch_clock(Instant now, UtcMillis utc);
  void receive_telemetry(const mqtt::Message& message, Instant now, UtcMillis utc);
  void receive_status(const mqtt::Message& message, Instant now, UtcMillis utc);
  void receive_lost(const mqtt::Message& message, Instant now, UtcMillis utc);
  void receive_history(const mqtt::Message& message, Instant now, UtcMillis utc);
  void refuse(const mqtt::Message& message, ingest::Refusal refusal, Instant now, UtcMillis utc);
  void note_push(bool taken, const mqtt::Message& message);
  live::Receipt acknowledge(const Batch& batch);
  void note_stored(const store::Committed& result);

  live::Board& board_;
  const Log& log_;
  Outlets outlets_;
  ingest::Parser parser_;
  ingest::StatusReader status_reader_;
  ingest::Thinner thinner_;
  ingest::Batcher<Held> batcher_;
  ingest::StoredWords words_;
  LogLimit refusals_logged_;
  std::size_t committing_ = 0;  // Messages of the batch at hand; 0: none.
  std::size_t committing_rows_ = 0;
  live::Receipt spooled_receipt_ = 0;  // The newest.
  struct Moment {
    Instant now;
    UtcMillis utc;
  };
  std::optional<Moment> heard_;  // The last message.
  bool finishing_ = false;
  bool overflow_ = false;

  std::array<std::uint64_t, kKindNames.size()> messages_{};  // By kind.
  std::uint64_t stored_ = 0;
  std::uint64_t absorbed_ = 0;
  std::uint64_t history_stored_ = 0;
  std::uint64_t history_absorbed_ = 0;
  std::uint64_t commits_ = 0;
  std::uint64_t words_sent_ = 0;
  std::uint64_t words_refused_ = 0;
  std::uint64_t redelivered_ = 0;
  std::uint64_t refused_by_name_ = 0;
  std::uint64_t clock_set_ = 0;
};

}  // namespace idast::app
