#include "server/live/print.h"

#include <array>
#include <cmath>

#include "core/base/calendar.h"
#include "core/base/text.h"
#include "core/telemetry/row.h"

namespace idast::live {
namespace {

using telemetry::KeySet;
using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::print_text;
using telemetry::Record;

constexpr std::size_t kTs = telemetry::position_of("ts");

void append_key(std::string_view key, std::string& out) {
  if (out.back() != '{') out.push_back(',');
  out.append("\"").append(key).append("\":");
}

void append_scaled(std::int64_t scaled, int decimals, std::string& out) {
  char digits[48];
  TextWriter writer{digits, sizeof digits};
  writer.decimal(scaled, decimals);
  out.append(writer.view());
}

// `ts` and the columns of `fields`.
void append_row(const Record& record, KeySet fields, std::string& out) {
  out.append(R"({"ts":)");
  telemetry::print_column(record, kTs, out);
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!fields.contains(i) || i == kTs) continue;
    append_key(kFieldInfo[i].column, out);
    telemetry::print_column(record, i, out);
  }
  out.push_back('}');
}

void append_time(std::optional<UtcMillis> at, std::string& out) {
  if (!at) {
    out.append("null");
    return;
  }
  out.append("\"").append(to_iso(*at).view()).append("\"");
}

void append_online(std::optional<bool> online, std::string& out) {
  out.append(!online ? "null" : *online ? "true" : "false");
}

// Tenths are more than an estimate deserves.
void append_tenths(double value, std::string& out) {
  append_scaled(std::llround(value * 10.0), 1, out);
}

void append_backfill(const std::optional<Progress>& backfill, std::string& out) {
  if (!backfill) {
    out.append("null");
    return;
  }
  out.append(R"({"done":)").append(std::to_string(backfill->done));
  out.append(R"(,"total":)").append(std::to_string(backfill->total)).append(R"(,"per_s":)");
  append_tenths(backfill->per_second, out);
  out.append(R"(,"seconds_left":)");
  if (backfill->seconds_left) append_tenths(*backfill->seconds_left, out);
  if (!backfill->seconds_left) out.append("null");
  out.push_back('}');
}

KeySet common(KeySet a, KeySet b) { return {a.bits & b.bits}; }

}  // namespace

void print_device(const View& view, KeySet fields, std::string& out) {
  std::string latest = "null";
  if (view.latest) {
    latest.clear();
    append_row(*view.latest, fields, latest);
  }
  print_device(view, latest, out);
}

void print_device(const View& view, std::string_view latest_json, std::string& out) {
  out.append(R"({"id":)");
  print_text(view.device, out);
  out.append(R"(,"name":)");
  print_text(view.profile.name, out);
  out.append(R"(,"site":)").append(view.profile.site_json);
  out.append(R"(,"mount":)").append(view.profile.mount_json);
  out.append(R"(,"status":")").append(name(view.status)).append(R"(","last_seen":)");
  append_time(view.last_seen, out);
  out.append(R"(,"online":)");
  append_online(view.online, out);
  out.append(R"(,"latest":)").append(latest_json);
  out.append(R"(,"backfill":)");
  append_backfill(view.backfill, out);
  out.push_back('}');
}

void print_change(const Change& change, KeySet fields, std::string& out) {
  const View& view = change.view;
  if (change.appeared) return print_device(view, fields, out);
  out.append(R"({"id":)");
  print_text(change.device, out);
  if (change.profile) {
    append_key("name", out);
    print_text(view.profile.name, out);
    append_key("site", out);
    out.append(view.profile.site_json);
    append_key("mount", out);
    out.append(view.profile.mount_json);
  }
  if (change.status) {
    append_key("status", out);
    print_text(name(view.status), out);
  }
  if (change.last_seen) {
    append_key("last_seen", out);
    append_time(view.last_seen, out);
  }
  if (change.online) {
    append_key("online", out);
    append_online(view.online, out);
  }
  if (change.backfill) {
    append_key("backfill", out);
    append_backfill(view.backfill, out);
  }
  if (!change.samples.empty()) {
    append_key("samples", out);
    out.push_back('[');
    for (const Step& step : change.samples) {
      if (out.back() != '[') out.push_back(',');
      append_row(*step.record, common(step.changed, fields), out);
    }
    out.push_back(']');
  }
  out.push_back('}');
}

}  // namespace idast::live
