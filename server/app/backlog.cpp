#include "server/app/backlog.h"

#include <string>
#include <string_view>
#include <utility>

#include "core/telemetry/row.h"

namespace idast::app {
namespace {

using spool::Entry;
using spool::SpoolError;
using telemetry::HistoryRow;
using telemetry::Loss;
using telemetry::Record;

// One commit of the replay: as many as one of live messages, and little memory.
constexpr std::size_t kReplayMax = ingest::kBatchMax;
constexpr std::size_t kReplayBytesMax = 1'048'576;

constexpr std::string_view kRoot = "solar-tracker/";
constexpr std::string_view kTelemetry = "/telemetry";
constexpr std::string_view kLost = "/lost";
constexpr std::string_view kHistory = "/history";
// Only in the spool: left out by configuration, which needs no record of its own.
constexpr std::string_view kThinned = "/thinned";

std::string topic_of(const std::string& device, std::string_view kind) {
  return std::string{kRoot}.append(device).append(kind);
}

Entry entry_of(const Record& record) {
  Entry entry{.received = record.received,
              .taken = record.ts,
              .topic = topic_of(record.device, kTelemetry),
              .payload = {}};
  telemetry::print_message(record, entry.payload);
  return entry;
}

Entry entry_of(const Loss& loss) {
  Entry entry{.received = loss.received,
              .taken = loss.received,
              .topic = topic_of(loss.device, loss.reason.empty() ? kThinned : kLost),
              .payload = R"({"boot":")" + loss.boot + R"(","from":)" + std::to_string(loss.first) +
                         R"(,"to":)" + std::to_string(loss.last) + R"(,"reason":)"};
  telemetry::print_text(loss.reason, entry.payload);
  entry.payload.push_back('}');
  return entry;
}

// A scaled whole number as a message has it: -1250 with 3 decimals is -1.250.
void print_scaled(std::string_view key, std::optional<std::int64_t> scaled, int decimals,
                  std::string& out) {
  if (!scaled) return;
  std::string digits = std::to_string(*scaled < 0 ? -*scaled : *scaled);
  const auto after = static_cast<std::size_t>(decimals);
  if (digits.size() <= after) digits.insert(0, after + 1 - digits.size(), '0');
  if (after > 0) digits.insert(digits.size() - after, ".");
  out.append(",\"").append(key).append("\":").append(*scaled < 0 ? "-" : "").append(digits);
}

Entry entry_of(const HistoryRow& row) {
  Entry entry{.received = row.received,
              .taken = row.taken,
              .topic = topic_of(row.device, kHistory),
              .payload = R"({"device_name":)"};
  telemetry::print_text(row.device_name, entry.payload);
  print_scaled("energy_wh", row.energy, telemetry::kHistoryEnergy.decimals, entry.payload);
  print_scaled("battery_pct", row.battery, telemetry::kHistoryBattery.decimals, entry.payload);
  print_scaled("session_min", row.session_min, 0, entry.payload);
  entry.payload.push_back('}');
  return entry;
}

}  // namespace

Backlog::Backlog(spool::Disk& disk, std::uint64_t bytes_max, const Log& log)
    : log_{log}, spool_{disk, bytes_max}, limit_bytes_{bytes_max / 100 * spool::kFullPercent} {}

std::expected<void, SpoolError> Backlog::open() {
  Lock lock{mutex_};
  auto opened = spool_.open();
  note_state();
  if (!opened) return opened;
  if (spool_.torn_bytes() > 0) {
    log_.warn("spool.torn", {{"bytes", static_cast<std::int64_t>(spool_.torn_bytes())}});
  }
  if (spool_.owes()) {
    log_.info("spool.found", {{"bytes", static_cast<std::int64_t>(spool_.owed_bytes())}});
  }
  return {};
}

void Backlog::note_state() {
  owed_bytes_ = spool_.owed_bytes();
  has_next_ = spool_.has_next();
  bytes_ = spool_.bytes();
  bad_bytes_ = spool_.bad_bytes();
}

std::expected<void, SpoolError> Backlog::append(const Batch& batch) {
  std::vector<Entry> entries;
  entries.reserve(batch.records.size() + batch.losses.size() + batch.history.size());
  for (const Record& record : batch.records) entries.push_back(entry_of(record));
  for (const Loss& loss : batch.losses) entries.push_back(entry_of(loss));
  for (const HistoryRow& row : batch.history) entries.push_back(entry_of(row));
  Lock lock{mutex_};
  auto appended = spool_.append(entries);
  note_state();
  if (appended) spooled_ += entries.size();
  return appended;
}

std::expected<Backlog::Replay, SpoolError> Backlog::next() {
  spool::Spool::Piece piece;
  {
    Lock lock{mutex_};
    auto next = spool_.next(kReplayMax, kReplayBytesMax);
    if (!next) return std::unexpected{next.error()};
    piece = std::move(*next);
  }
  Replay replay;
  for (const Entry& entry : piece.entries) read_back(entry, piece.again, replay);
  given_ = piece.entries.size();
  return replay;
}

void Backlog::read_back(const Entry& entry, bool again, Replay& replay) {
  const std::string_view topic = entry.topic;
  if (topic.ends_with(kTelemetry)) {
    auto record = parser_.parse(topic, entry.payload, entry.received);
    if (record) {
      // Without identity the database cannot know that it has it.
      if (again && !record->identified()) return;
      record->ts = entry.taken;
      replay.records.push_back(std::move(*record));
      return;
    }
  }
  const bool thinned = topic.ends_with(kThinned);
  if (thinned || topic.ends_with(kLost)) {
    const std::string kind{topic.substr(0, topic.rfind('/'))};
    auto loss = status_reader_.read_lost(kind + std::string{kLost}, entry.payload, entry.received);
    if (loss) {
      if (thinned) loss->reason.clear();
      replay.losses.push_back(std::move(*loss));
      return;
    }
  }
  if (topic.ends_with(kHistory)) {
    auto row = status_reader_.read_history(topic, entry.payload, entry.received);
    if (row) {
      row->taken = entry.taken;
      replay.history.push_back(std::move(*row));
      return;
    }
  }
  ++unreadable_;
  log_.error("spool.unreadable", {{"topic", ingest::escaped_head(topic)},
                                  {"head", ingest::escaped_head(entry.payload)}});
}

void Backlog::committed(Instant now) {
  Lock lock{mutex_};
  spool_.committed(now);
  replayed_ += given_;
  note_state();
}

void Backlog::tidy(Instant now) {
  Lock lock{mutex_};
  spool_.tidy(now);
  bytes_ = spool_.bytes();
}

}  // namespace idast::app
