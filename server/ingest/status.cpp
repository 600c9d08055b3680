#include "server/ingest/status.h"

#include <algorithm>
#include <cmath>

#include <simdjson.h>

#include "core/base/require.h"
#include "server/ingest/parser.h"

namespace idast::ingest {
namespace {

namespace dom = simdjson::dom;

// Losses of one message: more samples than a device can ever have numbered.
constexpr std::int64_t kSeqMax = telemetry::sql::kCountMax;

constexpr const telemetry::Sql& kTime = telemetry::kFieldInfo[telemetry::position_of("ts")].sql;
constexpr const telemetry::Sql& kPhone =
    telemetry::kFieldInfo[telemetry::position_of("device_name")].sql;
constexpr telemetry::Sql kMinutes = telemetry::sql::count();

std::string text_of(const dom::object& object, std::string_view key) {
  std::string_view text;
  if (object.at_key(key).get(text) || text.size() > kStatusTextMax) return {};
  return std::string{text};
}

std::optional<bool> boolean_of(const dom::object& object, std::string_view key) {
  bool value = false;
  if (object.at_key(key).get(value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> whole(const dom::element& element) {
  std::int64_t value = 0;
  if (!element.get(value)) return value;
  return std::nullopt;
}

std::optional<std::int64_t> integer_of(const dom::object& object, std::string_view key) {
  dom::element element;
  if (object.at_key(key).get(element)) return std::nullopt;
  return whole(element);
}

// A number of a column, scaled by its decimals; nothing for one that is not in its range.
std::optional<std::int64_t> scaled_of(const dom::object& object, std::string_view key,
                                      const telemetry::Sql& sql) {
  double value = 0;
  if (object.at_key(key).get(value)) return std::nullopt;
  const double scaled = std::round(value * std::pow(10.0, sql.decimals));
  const bool there =
      static_cast<double>(sql.low) <= scaled && scaled <= static_cast<double>(sql.high);
  return there ? std::optional{static_cast<std::int64_t>(scaled)} : std::nullopt;
}

// The label of a phone, by the reading rule of its column.
std::string phone_of(const dom::object& object) {
  std::string_view text;
  if (object.at_key("device_name").get(text)) return {};
  const auto characters = std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; });
  return characters > kPhone.characters ? std::string{} : std::string{text};
}

std::optional<BackfillWord> backfill_of(const dom::object& object) {
  dom::object backfill;
  if (object.at_key("backfill").get(backfill)) return std::nullopt;
  const auto done = integer_of(backfill, "done");
  const auto total = integer_of(backfill, "total");
  if (!done || !total || *done < 0 || *total < *done) return std::nullopt;
  return BackfillWord{*done, *total};
}

std::map<std::string, std::int64_t> lost_of(const dom::object& object) {
  std::map<std::string, std::int64_t> lost;
  dom::object reasons;
  if (object.at_key("lost").get(reasons)) return lost;
  for (const auto& [reason, element] : reasons) {
    const auto count = whole(element);
    if (!count || *count < 0 || reason.size() > kStatusTextMax) continue;
    if (lost.size() >= kLossReasonsMax) break;
    lost[std::string{reason}] = *count;
  }
  return lost;
}

bool is_boot(std::string_view text) {
  return text.size() == 16 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

Refusal refusal_of(simdjson::error_code error) {
  if (error == simdjson::UTF8_ERROR) return Refusal::bad_utf8;
  if (error == simdjson::DEPTH_ERROR) return Refusal::too_deep;
  return Refusal::not_json;
}

}  // namespace

struct StatusReader::Document {
  dom::parser parser{kPayloadBytesMax};

  // The message's object, and the device of its topic.
  std::expected<std::pair<std::string, dom::object>, Refusal> read(std::string_view topic,
                                                                   std::string_view kind,
                                                                   std::string_view payload) {
    const auto place = read_topic(topic);
    if (!place) return std::unexpected{place.error()};
    if (place->kind != kind) return std::unexpected{Refusal::bad_topic};
    if (payload.size() > kPayloadBytesMax) return std::unexpected{Refusal::too_large};
    dom::element root;
    if (const auto error = parser.parse(payload.data(), payload.size()).get(root)) {
      return std::unexpected{refusal_of(error)};
    }
    dom::object object;
    if (root.get(object)) return std::unexpected{Refusal::not_object};
    std::string_view claimed;
    if (!object.at_key("device_id").get(claimed) && claimed != place->device) {
      return std::unexpected{Refusal::foreign_device};
    }
    return std::pair{std::string{place->device}, object};
  }
};

StatusReader::StatusReader() : document_{std::make_unique<Document>()} {
  // simdjson's limit is the depth that is no longer allowed.
  const auto error = document_->parser.allocate(kPayloadBytesMax, kDepthMax + 1);
  require(error == simdjson::SUCCESS, "StatusReader: no memory for one message");
}
StatusReader::~StatusReader() = default;

std::expected<Status, Refusal> StatusReader::read_status(std::string_view topic,
                                                         std::string_view payload) {
  const auto read = [&]() -> std::expected<Status, Refusal> {
    const auto message = document_->read(topic, "status", payload);
    if (!message) return std::unexpected{message.error()};
    const auto& [device, object] = *message;
    const std::string word = text_of(object, "status");
    if (word != "online" && word != "offline") return std::unexpected{Refusal::bad_content};
    return Status{.device = device,
                  .online = word == "online",
                  .timestamp = integer_of(object, "timestamp"),
                  .uptime_ms = integer_of(object, "uptime_ms"),
                  .wifi_connected = boolean_of(object, "wifi_connected"),
                  .mqtt_connected = boolean_of(object, "mqtt_connected"),
                  .wifi_ssid = text_of(object, "wifi_ssid"),
                  .sta_ip = text_of(object, "sta_ip"),
                  .firmware = text_of(object, "firmware"),
                  .reset_reason = text_of(object, "reset_reason"),
                  .boot = text_of(object, "boot"),
                  .rssi_dbm = integer_of(object, "rssi_dbm"),
                  .heap_bytes = integer_of(object, "heap_bytes"),
                  .radio_lost = integer_of(object, "radio_lost"),
                  .ring_used = integer_of(object, "ring_used"),
                  .ring_size = integer_of(object, "ring_size"),
                  .lost = lost_of(object),
                  .backfill = backfill_of(object)};
  };
  auto status = read();
  if (status) ++counters_.accepted;
  if (!status) ++counters_.refused[static_cast<std::size_t>(status.error())];
  return status;
}

std::expected<telemetry::Loss, Refusal> StatusReader::read_lost(std::string_view topic,
                                                                std::string_view payload,
                                                                UtcMillis received) {
  const auto read = [&]() -> std::expected<telemetry::Loss, Refusal> {
    const auto message = document_->read(topic, "lost", payload);
    if (!message) return std::unexpected{message.error()};
    const auto& [device, object] = *message;
    const auto first = integer_of(object, "from");
    const auto last = integer_of(object, "to");
    telemetry::Loss loss{.device = device,
                         .boot = text_of(object, "boot"),
                         .first = first.value_or(-1),
                         .last = last.value_or(-1),
                         .reason = text_of(object, "reason"),
                         .received = received};
    // A loss without a reason is still one, and must be recorded.
    if (loss.reason.empty()) loss.reason = "unknown";
    const bool sound = is_boot(loss.boot) && loss.first >= 0 && loss.last >= loss.first;
    if (!sound || loss.last > kSeqMax) return std::unexpected{Refusal::bad_content};
    return loss;
  };
  auto loss = read();
  if (loss) ++counters_.accepted;
  if (!loss) ++counters_.refused[static_cast<std::size_t>(loss.error())];
  return loss;
}

std::expected<telemetry::HistoryRow, Refusal> StatusReader::read_history(std::string_view topic,
                                                                         std::string_view payload,
                                                                         UtcMillis received) {
  const auto read = [&]() -> std::expected<telemetry::HistoryRow, Refusal> {
    const auto message = document_->read(topic, "history", payload);
    if (!message) return std::unexpected{message.error()};
    const auto& [device, object] = *message;
    telemetry::HistoryRow row{
        .device = device,
        .taken = received,
        .energy = scaled_of(object, "energy_wh", telemetry::kHistoryEnergy),
        .battery = scaled_of(object, "battery_pct", telemetry::kHistoryBattery),
        .device_name = phone_of(object),
        .session_min = scaled_of(object, "session_min", kMinutes),
        .received = received};
    if (!row.energy && !row.battery && !row.session_min && row.device_name.empty()) {
      return std::unexpected{Refusal::bad_content};
    }
    const UtcMillis sent{scaled_of(object, "timestamp", kTime).value_or(0)};
    if (sent > received + kAheadMax) {
      ++counters_.clock_ahead;
    } else if (sent >= UtcMillis{kUnixFromMs}) {
      row.taken = sent;
    }
    return row;
  };
  auto row = read();
  if (row) ++counters_.accepted;
  if (!row) ++counters_.refused[static_cast<std::size_t>(row.error())];
  if (!row) ++counters_.history_refused;
  return row;
}

}  // namespace idast::ingest
