#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/telemetry/history.h"
#include "core/telemetry/record.h"
#include "server/ingest/refusal.h"

// Reads what devices say beside their samples: solar-tracker/{id}/status, …/lost and …/history
// (CONTRACT §1).
namespace idast::ingest {

// Reasons of losses kept of one message.
inline constexpr std::size_t kLossReasonsMax = 16;
// Text longer than this is not one of the contract's words; the field is absent.
inline constexpr std::size_t kStatusTextMax = 64;

struct BackfillWord {
  std::int64_t done = 0;
  std::int64_t total = 0;
};

// Everything but `online` may be absent; a field of the wrong type is.
struct Status {
  std::string device;
  bool online = false;
  std::optional<std::int64_t> timestamp;  // As sent: Unix ms, or ms since the device started.
  std::optional<std::int64_t> uptime_ms;
  std::optional<bool> wifi_connected, mqtt_connected;
  std::string wifi_ssid, sta_ip, firmware, reset_reason, boot;  // Empty: absent.
  std::optional<std::int64_t> rssi_dbm, heap_bytes, radio_lost, ring_used, ring_size;
  std::map<std::string, std::int64_t> lost;  // Samples, by reason.
  std::optional<BackfillWord> backfill;      // Ours: a backlog's progress as its sender knows it.
};

struct StatusCounters {
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, kRefusalNames.size()> refused{};
  std::uint64_t history_refused = 0;  // Of these.
  std::uint64_t clock_ahead = 0;      // Rows of the history stamped over kAheadMax ahead.
};

// One owner, one thread.
class StatusReader {
 public:
  StatusReader();
  ~StatusReader();

  // bad_content: `status` is neither "online" nor "offline". An empty payload, with which a broker
  // is told to forget a retained message, is not_json.
  std::expected<Status, Refusal> read_status(std::string_view topic, std::string_view payload);
  // bad_content: not a boot, or not a range.
  std::expected<telemetry::Loss, Refusal> read_lost(std::string_view topic,
                                                    std::string_view payload, UtcMillis received);
  // bad_content: nothing of a row stands in it. One value that is none of its column costs that
  // value; the time follows the rule for samples.
  std::expected<telemetry::HistoryRow, Refusal> read_history(std::string_view topic,
                                                             std::string_view payload,
                                                             UtcMillis received);
  const StatusCounters& counters() const { return counters_; }

 private:
  struct Document;
  std::unique_ptr<Document> document_;
  StatusCounters counters_;
};

}  // namespace idast::ingest
