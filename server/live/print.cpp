#include "server/live/print.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "core/base/text.h"

namespace idast::live {
namespace {

using telemetry::KeySet;
using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;
using telemetry::Record;

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

void append_names(KeySet keys, std::string& out) {
  out.push_back('[');
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!keys.contains(i)) continue;
    if (out.back() != '[') out.push_back(',');
    append_quoted(kFieldInfo[i].json, out);
  }
  out.push_back(']');
}

void append_value(const Record& record, std::size_t field, std::string& out) {
  if (field == telemetry::position_of("device_id")) return append_quoted(record.device, out);
  if (!record.has(field)) {
    out.append("null");
    return;
  }
  const telemetry::Sql& sql = kFieldInfo[field].sql;
  switch (sql.kind) {
    case Kind::text:
      return append_quoted(record.text[field], out);
    case Kind::keys:
      return append_names({static_cast<std::uint64_t>(record.value[field])}, out);
    case Kind::time:
    case Kind::number:
    case Kind::boolean:
      return append_scaled(record.value[field], sql.decimals, out);
  }
}

// `ts` and the columns of `fields`.
void append_row(const Record& record, KeySet fields, std::string& out) {
  out.append(R"({"ts":")").append(to_iso(record.ts)).append("\"");
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!fields.contains(i) || i == telemetry::position_of("ts")) continue;
    append_key(kFieldInfo[i].column, out);
    append_value(record, i, out);
  }
  out.push_back('}');
}

void append_time(std::optional<UtcMillis> at, std::string& out) {
  if (!at) {
    out.append("null");
    return;
  }
  out.append("\"").append(to_iso(*at)).append("\"");
}

void append_online(std::optional<bool> online, std::string& out) {
  out.append(!online ? "null" : *online ? "true" : "false");
}

// Tenths are more than an estimate deserves.
void append_tenths(double value, std::string& out) {
  append_scaled(static_cast<std::int64_t>(value * 10.0 + 0.5), 1, out);
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

std::string to_iso(UtcMillis at) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{
      std::chrono::milliseconds{at.unix_ms()}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 40> text;
  const int size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

void append_quoted(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7f) {
      out.append("\\u00").push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void print_device(const View& view, KeySet fields, std::string& out) {
  out.append(R"({"id":)");
  append_quoted(view.device, out);
  out.append(R"(,"name":)");
  append_quoted(view.profile.name, out);
  out.append(R"(,"site":)").append(view.profile.site_json);
  out.append(R"(,"mount":)").append(view.profile.mount_json);
  out.append(R"(,"status":")").append(name(view.status)).append(R"(","last_seen":)");
  append_time(view.last_seen, out);
  out.append(R"(,"online":)");
  append_online(view.online, out);
  out.append(R"(,"latest":)");
  if (view.latest) append_row(*view.latest, fields, out);
  if (!view.latest) out.append("null");
  out.append(R"(,"backfill":)");
  append_backfill(view.backfill, out);
  out.push_back('}');
}

void print_change(const Change& change, KeySet fields, std::string& out) {
  const View& view = change.view;
  if (change.appeared) return print_device(view, fields, out);
  out.append(R"({"id":)");
  append_quoted(change.device, out);
  if (change.profile) {
    append_key("name", out);
    append_quoted(view.profile.name, out);
    append_key("site", out);
    out.append(view.profile.site_json);
    append_key("mount", out);
    out.append(view.profile.mount_json);
  }
  if (change.status) {
    append_key("status", out);
    append_quoted(name(view.status), out);
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
