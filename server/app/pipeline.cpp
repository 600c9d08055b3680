#include "server/app/pipeline.h"

#include <algorithm>
#include <vector>

#include "core/telemetry/json.h"
#include "server/ingest/identity.h"

namespace idast::app {

using ingest::Refusal;

// A larger packet is skipped unread, and `stored` would never pass the number that it had. Not even
// what is refused as too large may be skipped: so a board's own messages, of 2 KiB, never are.
static_assert(telemetry::kMessageBytesMax < ingest::kPayloadBytesMax &&
              2 * ingest::kPayloadBytesMax < mqtt::kPacketBytesMax);

Pipeline::Pipeline(const Rules& rules, live::Board& board, const Log& log, Outlets outlets)
    : board_{board},
      log_{log},
      outlets_{std::move(outlets)},
      thinner_{rules.interval},
      batcher_{rules.linger} {}

Pipeline::Kind Pipeline::kind_of(std::string_view topic) {
  if (topic.ends_with("/status")) return Kind::status;
  if (topic.ends_with("/lost")) return Kind::lost;
  if (topic.ends_with("/history")) return Kind::history;
  return Kind::telemetry;
}

void Pipeline::receive(const mqtt::Message& message, Instant now, UtcMillis utc) {
  if (finishing_) return;  // Not acknowledged: the broker keeps it for the next start.
  watch_clock(now, utc);
  const Kind kind = kind_of(message.topic);
  ++messages_[static_cast<std::size_t>(kind)];
  switch (kind) {
    case Kind::telemetry:
      return receive_telemetry(message, now, utc);
    case Kind::status:
      return receive_status(message, now, utc);
    case Kind::lost:
      return receive_lost(message, now, utc);
    case Kind::history:
      return receive_history(message, now, utc);
  }
}

void Pipeline::watch_clock(Instant now, UtcMillis utc) {
  const auto before = std::exchange(heard_, Moment{now, utc});
  if (!before) return;
  const Millis by = (utc - before->utc) - (now - before->now);
  if (-kClockSetBy < by && by < kClockSetBy) return;
  ++clock_set_;
  log_.warn("clock.set", {{"by_s", std::chrono::duration_cast<std::chrono::seconds>(by).count()}});
  if (by < Millis{0}) board_.settle_clock(utc);
  outlets_.clock_set(by, utc);
}

void Pipeline::receive_telemetry(const mqtt::Message& message, Instant now, UtcMillis utc) {
  auto record = parser_.parse(message.topic, message.payload, utc);
  if (!record) return refuse(message, record.error(), now, utc);

  const bool kept = thinner_.keep(*record);
  const Held held{message.token, board_.receive(*record, kept)};
  if (kept) {
    return note_push(batcher_.push(std::move(*record), held, now), message);
  }
  auto loss = ingest::Thinner::loss_of(*record);
  note_push(loss ? batcher_.push(std::move(*loss), held, now) : batcher_.push_nothing(held, now),
            message);
}

void Pipeline::receive_status(const mqtt::Message& message, Instant now, UtcMillis utc) {
  const auto status = status_reader_.read_status(message.topic, message.payload);
  if (!status) return refuse(message, status.error(), now, utc);
  board_.set_online(status->device, status->online, utc);
  std::optional<live::Backfill::Word> word;
  if (status->backfill) word = {status->backfill->done, status->backfill->total};
  board_.set_backfill(status->device, word, utc);
  note_push(batcher_.push_nothing({message.token}, now), message);
}

void Pipeline::receive_lost(const mqtt::Message& message, Instant now, UtcMillis utc) {
  auto loss = status_reader_.read_lost(message.topic, message.payload, utc);
  if (!loss) return refuse(message, loss.error(), now, utc);
  log_.warn("ingest.lost", {{"device", loss->device},
                            {"boot", loss->boot},
                            {"from", loss->first},
                            {"to", loss->last},
                            {"reason", loss->reason}});
  note_push(batcher_.push(std::move(*loss), {message.token}, now), message);
}

void Pipeline::receive_history(const mqtt::Message& message, Instant now, UtcMillis utc) {
  auto row = status_reader_.read_history(message.topic, message.payload, utc);
  if (!row) return refuse(message, row.error(), now, utc);
  note_push(batcher_.push(std::move(*row), {message.token}, now), message);
}

namespace {

// The sample that a refused message was, given up by name. A message that claims another device
// than its topic's speaks for neither.
std::optional<telemetry::Loss> loss_of_refused(const mqtt::Message& message, Refusal refusal,
                                               UtcMillis utc) {
  const auto topic = ingest::read_topic(message.topic);
  const bool sample = topic && topic->kind == "telemetry" && refusal != Refusal::foreign_device;
  if (!sample) return std::nullopt;
  const auto identity = ingest::legible_identity(message.payload);
  if (!identity) return std::nullopt;
  return telemetry::Loss{.device = std::string{topic->device},
                         .boot = identity->boot,
                         .first = identity->first,
                         .last = identity->last,
                         .reason = "refused",
                         .received = utc};
}

}  // namespace

void Pipeline::refuse(const mqtt::Message& message, Refusal refusal, Instant now, UtcMillis utc) {
  if (refusals_logged_.allows(now)) {
    log_.warn("ingest.refused", {{"reason", ingest::name(refusal)},
                                 {"topic", ingest::escaped_head(message.topic)},
                                 {"size_bytes", static_cast<std::int64_t>(message.payload.size())},
                                 {"head", ingest::escaped_head(message.payload)},
                                 {"not_logged", refusals_logged_.held_back()}});
  }
  if (auto loss = loss_of_refused(message, refusal, utc)) {
    ++refused_by_name_;
    return note_push(batcher_.push(std::move(*loss), {message.token}, now), message);
  }
  note_push(batcher_.push_nothing({message.token}, now), message);
}

void Pipeline::note_push(bool taken, const mqtt::Message& message) {
  if (!taken && message.token.packet_id != 0) overflow_ = true;
}

void Pipeline::connected() {
  // What came at QoS 0 comes only once; it stays.
  thinner_.connected();
  std::vector<live::Receipt> receipts;
  redelivered_ += batcher_.drop_if([&](const Held& held) {
    if (held.token.packet_id == 0) return false;
    if (held.receipt != 0) receipts.push_back(held.receipt);
    return true;
  });
  board_.voided(std::move(receipts));
}

void Pipeline::poll(Instant now) {
  while (committing_ == 0 && batcher_.size() > 0 && (finishing_ || batcher_.due(now))) {
    Batch batch = batcher_.take();
    if (batch.nothing_to_store()) {
      committed(std::move(batch), {});
      continue;
    }
    committing_ = batch.tokens.size();
    committing_rows_ = batch.records.size();
    outlets_.commit(std::move(batch));
  }
  for (const ingest::StoredMessage& word : words_.take(now)) {
    if (outlets_.publish(word)) {
      ++words_sent_;
    } else {
      ++words_refused_;
    }
  }
}

// The newest receipt of the batch.
live::Receipt Pipeline::acknowledge(const Batch& batch) {
  committing_ = committing_rows_ = 0;
  std::vector<mqtt::AckToken> tokens;
  tokens.reserve(batch.tokens.size());
  live::Receipt receipt = 0;
  for (const Held& held : batch.tokens) {
    if (held.token.packet_id != 0) tokens.push_back(held.token);
    receipt = std::max(receipt, held.receipt);
  }
  outlets_.acknowledge(tokens);
  return receipt;
}

void Pipeline::committed(Batch batch, const store::Committed& result) {
  const live::Receipt receipt = acknowledge(batch);
  std::vector<live::Board::Row> rows;
  rows.reserve(batch.records.size());
  for (std::size_t i = 0; i < std::min(batch.records.size(), result.rows.size()); ++i) {
    const Held& held = batch.tokens[batch.bearers[i]];
    if (result.rows[i] != 0)
      rows.push_back({batch.records[i].device, held.receipt, result.rows[i]});
  }
  board_.committed(receipt, rows);
  if (!batch.nothing_to_store()) note_stored(result);
}

void Pipeline::spooled(Batch batch) {
  spooled_receipt_ = std::max(spooled_receipt_, acknowledge(batch));
}

void Pipeline::replayed(const store::Committed& result, bool drained) {
  note_stored(result);
  // While the spool owes something, everything goes through it: what was received before the last
  // of it is stored.
  if (drained) board_.committed(spooled_receipt_);
}

void Pipeline::note_stored(const store::Committed& result) {
  ++commits_;
  stored_ += result.inserted;
  absorbed_ += result.absorbed;
  history_stored_ += result.history_inserted;
  history_absorbed_ += result.history_absorbed;
  for (const store::Progress& progress : result.progress) {
    words_.note(progress.device, progress.boot, progress.upto);
  }
}

std::optional<Instant> Pipeline::due_at(Instant now) {
  auto due = words_.due_at();
  if (committing_ > 0) return due;
  const auto batch = finishing_ && batcher_.size() > 0 ? std::optional{now} : batcher_.due_at(now);
  if (!due || (batch && *batch < *due)) due = batch;
  return due;
}

void Pipeline::measure(api::Metrics& metrics) const {
  for (std::size_t kind = 0; kind < messages_.size(); ++kind) {
    metrics.counter("idast_messages_total", "Messages taken from the broker, by kind.",
                    static_cast<double>(messages_[kind]),
                    {{"kind", std::string{kKindNames[kind]}}});
  }
  const ingest::ParserCounters& parsed = parser_.counters();
  for (std::size_t i = 0; i < ingest::kRefusalNames.size(); ++i) {
    metrics.counter("idast_messages_refused_total",
                    "Messages that were acknowledged and not stored, by reason.",
                    static_cast<double>(parsed.refused[i] + status_reader_.counters().refused[i]),
                    {{"reason", std::string{ingest::kRefusalNames[i]}}});
  }
  for (std::size_t i = 0; i < telemetry::kFieldCount; ++i) {
    metrics.counter("idast_field_refused_total",
                    "Fields that became null because of their type, range or length, by key.",
                    static_cast<double>(parsed.field_refused[i]),
                    {{"key", std::string{telemetry::kFieldInfo[i].json}}});
  }
  const auto counter = [&](std::string_view name, std::string_view about, std::uint64_t value) {
    metrics.counter(name, about, static_cast<double>(value));
  };
  counter("idast_duplicate_keys_total", "Keys that stood twice in a message; the last stood.",
          parsed.duplicate_keys);
  counter("idast_clock_ahead_total",
          "Samples and rows of the history stamped over 5 minutes ahead of the server.",
          parsed.clock_ahead + status_reader_.counters().clock_ahead);
  counter("idast_clock_fell_total",
          "Samples that a clock set back would have put before an older one of their boot.",
          parsed.clock_fell);
  counter("idast_clock_set_total", "Times the server's clock was set by 5 minutes or more.",
          clock_set_);
  counter("idast_samples_stored_total", "Samples committed as new rows.", stored_);
  counter("idast_samples_absorbed_total", "Samples that were stored before.", absorbed_);
  counter("idast_history_rows_stored_total", "Receivers' ten-minute rows committed as new.",
          history_stored_);
  counter("idast_history_rows_absorbed_total",
          "Receivers' ten-minute rows of a second of which one was stored before.",
          history_absorbed_);
  counter("idast_history_rows_refused_total",
          "Receivers' ten-minute rows among idast_messages_refused_total.",
          status_reader_.counters().history_refused);
  counter("idast_samples_thinned_total", "Samples left out by ingest_interval_ms.",
          thinner_.thinned());
  counter("idast_samples_refused_by_name_total",
          "Refused messages whose number was legible and was given up, so that progress passes it.",
          refused_by_name_);
  counter("idast_commits_total", "Transactions committed.", commits_);
  counter("idast_messages_overflowed_total", "Messages not taken because the queue was full.",
          batcher_.overflowed());
  counter("idast_messages_voided_total", "Waiting messages dropped for the broker to redeliver.",
          redelivered_);
  counter("idast_stored_words_total", "Confirmations published to devices.", words_sent_);
  counter("idast_stored_words_dropped_total", "Confirmations not published: a queue was full.",
          words_refused_ + words_.dropped());
  metrics.gauge("idast_samples_not_yet_stored", "Samples received and not yet committed.",
                static_cast<double>(batcher_.rows() + committing_rows_));
  metrics.gauge("idast_ingest_queue_bytes", "Text of the messages that wait for their commit.",
                static_cast<double>(batcher_.bytes()));
}

}  // namespace idast::app
