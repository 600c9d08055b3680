#include "core/node/status.h"

#include "core/telemetry/json.h"

namespace idast::node {
namespace {

void text_member(TextWriter& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out.character(',').json_string(key).character(':').json_string(value);
}

void number_member(TextWriter& out, std::string_view key, std::int64_t value) {
  out.character(',').json_string(key).character(':').integer(value);
}

void truth_member(TextWriter& out, std::string_view key, bool value) {
  out.character(',').json_string(key).character(':').text(value ? "true" : "false");
}

void print_lost(TextWriter& out, const LostCounts& lost) {
  out.text(",\"lost\":{\"ring_full\":").integer(lost.ring_full);
  number_member(out, "too_large", lost.too_large);
  number_member(out, "unprintable", lost.unprintable);
  out.character('}');
}

}  // namespace

void print_json(const Status& status, TextWriter& out) {
  out.text("{\"status\":").json_string(status.online ? "online" : "offline");
  out.text(",\"timestamp\":");
  if (status.timestamp) {
    out.integer(*status.timestamp);
  } else {
    out.text("null");
  }
  text_member(out, "device_id", status.device_id);
  truth_member(out, "wifi_connected", status.online && status.board.wifi_connected);
  text_member(out, "wifi_ssid", status.board.wifi_ssid.view());
  text_member(out, "sta_ip", status.board.address.view());
  truth_member(out, "mqtt_connected", status.online && status.mqtt_connected);
  if (status.uptime) number_member(out, "uptime_ms", status.uptime->count());
  text_member(out, "firmware", status.board.firmware.view());
  if (status.board.rssi_dbm) number_member(out, "rssi_dbm", *status.board.rssi_dbm);
  if (status.board.heap_bytes) number_member(out, "heap_bytes", *status.board.heap_bytes);
  text_member(out, "reset_reason", status.board.reset_reason.view());
  text_member(out, "boot", telemetry::to_text(status.boot).view());
  if (status.online) {
    number_member(out, "radio_lost", status.radio_lost);
    number_member(out, "ring_used", static_cast<std::int64_t>(status.ring_used));
    number_member(out, "ring_size", static_cast<std::int64_t>(status.ring_size));
    print_lost(out, status.lost);
  }
  if (status.backfill) {
    out.text(",\"backfill\":{\"done\":").integer(status.backfill->done);
    number_member(out, "total", status.backfill->total);
    out.character('}');
  }
  out.character('}');
}

}  // namespace idast::node
