#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/telemetry/history.h"
#include "core/telemetry/record.h"

// When to commit, and what then to acknowledge (RELIABILITY rule 10). Pure policy: it is told the
// time and holds the caller's acknowledgement tokens without looking at them.
//
// Messages are acknowledged in the order in which they came, as MQTT 3.1.1 §4.6 wants it. A refused
// message has nothing to commit, but waits for what came before it; when nothing did, it is due at
// once, so that poison never waits for a database.
namespace idast::ingest {

// One commit takes no more, so that a stall stays short. Each writes a page or two for every
// tracker in it: with four times the samples a commit, a sample costs a quarter less.
inline constexpr std::size_t kBatchMax = 1'000;
// Of a broker one knows nothing: mosquitto's default in-flight window.
inline constexpr std::size_t kWindowAssumed = 20;
// Above this rate a commit gathers enough in a moment; below, the disk is spared.
inline constexpr std::size_t kFastPerSecond = 30;
inline constexpr Millis kLingerFast{20};
inline constexpr Millis kLingerSlow{2'000};
// At a slow pace a batch waits past the window that is known, which may be larger. When nothing
// comes for this long after as many messages as the window is known to hold, it is full; live
// values stood still for that long, so it is not tried again too soon.
inline constexpr Millis kWindowQuiet{1'000};
inline constexpr Millis kWindowTriedEvery{600'000};
// Waiting messages. A QoS 1 broker stops at its window long before; QoS 0 has no other limit.
inline constexpr std::size_t kQueueMax = 4'096;
// Their text, besides a record's own size of 1 kB: 4096 poisoned messages of 64 KiB would not fit.
inline constexpr std::size_t kQueueBytesMax = 16'777'216;

// 20 ms above 30 messages a second, 2 s below; or always the same.
class Linger {
 public:
  explicit Linger(std::optional<Millis> fixed) : fixed_{fixed} {}
  void count(Instant now) {
    roll(now);
    ++current_;
  }
  Millis at(Instant now) {
    if (fixed_) return *fixed_;
    roll(now);
    return std::max(current_, before_) > kFastPerSecond ? kLingerFast : kLingerSlow;
  }
  // A batch waits long enough to be worth more than half a window; as of the last count() or at().
  bool slow() const {
    return fixed_ ? *fixed_ > kLingerFast : std::max(current_, before_) <= kFastPerSecond;
  }

 private:
  static constexpr Millis kSecond{1'000};
  void roll(Instant now) {
    if (now < begun_ + kSecond) return;
    before_ = now < begun_ + 2 * kSecond ? current_ : 0;
    current_ = 0;
    begun_ = now;
  }

  std::optional<Millis> fixed_;
  Instant begun_;
  std::size_t current_ = 0;  // Messages in this second …
  std::size_t before_ = 0;   // … and in the one before.
};

template <class Token>
struct Batch {
  std::vector<telemetry::Record> records;
  std::vector<telemetry::Loss> losses;
  std::vector<telemetry::HistoryRow> history;
  std::vector<Token> tokens;         // Acknowledge when the batch is committed, in this order.
  std::vector<std::size_t> bearers;  // tokens[bearers[i]] came with records[i].
  bool empty() const { return tokens.empty(); }
  // Nothing to commit: acknowledge now.
  bool nothing_to_store() const { return records.empty() && losses.empty() && history.empty(); }
};

// One owner, one thread. The caller takes a batch when one is due, commits it, acknowledges its
// tokens and takes the next; a failed commit is tried again with the same batch.
template <class Token>
class Batcher {
 public:
  explicit Batcher(std::optional<Millis> linger = std::nullopt) : linger_{linger} {}

  // False: the queue is full; the message is not taken and must not be acknowledged.
  bool push(telemetry::Record&& record, Token token, Instant now) {
    const std::size_t bytes = bytes_of(record);
    Entry entry{.token = token, .pushed = now, .bytes = bytes};
    entry.record = std::move(record);
    return add(std::move(entry), now);
  }
  bool push(telemetry::Loss&& loss, Token token, Instant now) {
    const std::size_t bytes = loss.reason.size() + loss.device.size();
    Entry entry{.token = token, .pushed = now, .bytes = bytes};
    entry.loss = std::move(loss);
    return add(std::move(entry), now);
  }
  bool push(telemetry::HistoryRow&& row, Token token, Instant now) {
    const std::size_t bytes = row.device_name.size() + row.device.size();
    Entry entry{.token = token, .pushed = now, .bytes = bytes};
    entry.history = std::move(row);
    return add(std::move(entry), now);
  }
  // A refused message, or one of another kind: only to be acknowledged.
  bool push_nothing(Token token, Instant now) {
    return add({.token = token, .pushed = now, .bytes = 0}, now);
  }

  // The broker had this many messages unacknowledged at once: its window is no smaller.
  void note_held(std::size_t held) { window_ = std::max(window_, held); }

  // When the next batch should be taken: in the past when it is due. Nothing: the queue is empty.
  std::optional<Instant> due_at(Instant now) {
    if (queue_.empty()) return std::nullopt;
    const Instant first = queue_.front().pushed;
    if (!stores(queue_.front())) return first;
    const Instant at = first + linger_.at(now);
    const bool tries = linger_.slow() && now >= try_after_;
    if (queue_.size() >= (tries ? kBatchMax : batch_max())) return first;
    if (!tries || queue_.size() < window_) return at;
    const Instant quiet = queue_.back().pushed + kWindowQuiet;
    if (now >= quiet) try_after_ = now + kWindowTriedEvery;
    return std::min(at, quiet);
  }
  bool due(Instant now) {
    const auto at = due_at(now);
    return at && *at <= now;
  }

  // The oldest messages, one batch of them, due or not. Leading messages with nothing to store make
  // a batch of their own.
  Batch<Token> take() {
    Batch<Token> batch;
    const bool storing = !queue_.empty() && stores(queue_.front());
    const std::size_t most = linger_.slow() ? kBatchMax : batch_max();
    const std::size_t count = std::min(queue_.size(), most);
    batch.tokens.reserve(count);
    if (storing) {
      batch.records.reserve(count);
      batch.bearers.reserve(count);
    }
    while (!queue_.empty() && batch.tokens.size() < most) {
      Entry& entry = queue_.front();
      if (!storing && stores(entry)) break;
      batch.tokens.push_back(entry.token);
      if (entry.record) {
        batch.records.push_back(std::move(*entry.record));
        batch.bearers.push_back(batch.tokens.size() - 1);
      }
      if (entry.loss) batch.losses.push_back(std::move(*entry.loss));
      if (entry.history) batch.history.push_back(std::move(*entry.history));
      forget(entry);
      queue_.pop_front();
    }
    return batch;
  }

  // What a new connection makes void: the broker delivers these messages again. Records stay out of
  // the store until then; no other copy is needed. (What came at QoS 0 comes only once: its token
  // is not voided.)
  template <class F>
  std::size_t drop_if(F&& voided) {
    return std::erase_if(queue_, [&](const Entry& entry) {
      if (!voided(entry.token)) return false;
      forget(entry);
      return true;
    });
  }

  std::size_t size() const { return queue_.size(); }
  std::size_t bytes() const { return bytes_; }
  // Messages that are to be stored as rows.
  std::size_t rows() const { return rows_; }
  // Messages that make a batch due at a fast pace: 1000, or half the broker's window, so that it
  // can send on while we commit.
  std::size_t batch_max() const { return std::clamp<std::size_t>(window_ / 2, 1, kBatchMax); }
  // Messages not taken because the queue was full.
  std::uint64_t overflowed() const { return overflowed_; }

 private:
  struct Entry {
    Token token;
    Instant pushed;
    std::size_t bytes = 0;
    std::optional<telemetry::Record> record{};
    std::optional<telemetry::Loss> loss{};
    std::optional<telemetry::HistoryRow> history{};
  };

  static bool stores(const Entry& entry) { return entry.record || entry.loss || entry.history; }
  static std::size_t bytes_of(const telemetry::Record& record) {
    std::size_t bytes = record.extra.size();
    for (const auto& text : record.text) bytes += text.size();
    return bytes;
  }
  void forget(const Entry& entry) {
    bytes_ -= entry.bytes;
    rows_ -= entry.record ? 1 : 0;
  }
  bool add(Entry&& entry, Instant now) {
    if (queue_.size() >= kQueueMax || bytes_ + entry.bytes > kQueueBytesMax) {
      ++overflowed_;
      return false;
    }
    linger_.count(now);
    bytes_ += entry.bytes;
    rows_ += entry.record ? 1 : 0;
    queue_.push_back(std::move(entry));
    return true;
  }

  Linger linger_;
  std::size_t window_ = kWindowAssumed;
  Instant try_after_;  // Whether the window is larger than window_.
  std::deque<Entry> queue_;
  std::size_t bytes_ = 0;
  std::size_t rows_ = 0;
  std::uint64_t overflowed_ = 0;
};

}  // namespace idast::ingest
