#include "tools/schema/print.h"

#include <fmt/format.h>

#include "core/telemetry/factors.h"
#include "core/telemetry/schema.h"

namespace idast::schema {
namespace {

using namespace telemetry;

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::time:
      return "time";
    case Kind::number:
      return "number";
    case Kind::boolean:
      return "boolean";
    case Kind::text:
      return "text";
    case Kind::keys:
      return "keys";
  }
  return "";
}

std::string_view typescript_of(Kind kind) {
  switch (kind) {
    case Kind::time:
      return "string";
    case Kind::number:
      return "number | null";
    case Kind::boolean:
      return "0 | 1 | null";
    case Kind::text:
      return "string | null";
    case Kind::keys:
      return "readonly string[] | null";
  }
  return "unknown";
}

std::string cell(std::string_view text) { return text.empty() ? "–" : std::string{text}; }

}  // namespace

std::string typescript() {
  std::string out =
      "// Printed by `idast schema ts`; do not edit. Source: core/telemetry/schema.h\n\n"
      "export const fields = {\n";
  for (const FieldInfo& f : kFieldInfo) {
    out += fmt::format(
        "  {}: {{ json: \"{}\", column: \"{}\", kind: \"{}\", unit: \"{}\", decimals: {}, "
        "label: \"{}\", about: \"{}\" }},\n",
        f.column, f.json, f.column, name_of(f.sql.kind), f.unit, f.sql.decimals, f.label, f.about);
  }
  out += "} as const;\n\nexport type Column = keyof typeof fields;\n\n";
  out +=
      "// One sample as every route answers it (flat, null when absent).\nexport type Row = {\n"
      "  id: number | null;\n";
  for (const FieldInfo& f : kFieldInfo) {
    const bool always = f.column == "device_id";
    out += fmt::format("  {}: {};\n", f.column, always ? "string" : typescript_of(f.sql.kind));
  }
  out += "};\n\n// The words a state may be.\nexport const states = [";
  for (const std::string_view word : kStateWords) out += fmt::format("\"{}\", ", word);
  out.resize(out.size() - 2);
  out += "] as const;\nexport type State = (typeof states)[number];\n\n";
  out += fmt::format(
      "// What a watt-hour is worth (core/telemetry/factors.h).\nexport const factors = {{\n"
      "  phone_charge_wh: {},\n  phone_use_w: {},\n  tree_kg_per_year: {},\n"
      "  grid_factor_default: {},\n  grid_price_default: {},\n}} as const;\n",
      kPhoneChargeWattHours, kPhoneUseWatts, kTreeKilogramsPerYear, kGridFactorDefault,
      kGridPriceDefault);
  return out;
}

std::string markdown() {
  std::string out;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (i == 0 || i == kOriginalFieldCount) {
      out += fmt::format(
          "\n### {}\n\n| key | column | type | unit | radio | meaning "
          "|\n|---|---|---|---|---|---|\n",
          i == 0 ? "The original columns" : "Ours");
    }
    const FieldInfo& f = kFieldInfo[i];
    out += fmt::format("| `{}` | `{}` | {} | {} | {} | {} |\n", f.json, f.column, f.sql.name,
                       cell(f.unit), f.by_radio ? "yes" : "–", f.about);
  }
  return out;
}

std::string sql() {
  std::string out =
      "-- Printed by `idast schema sql` from core/telemetry/schema.h; do not edit.\n"
      "-- What a user of the original database finds: these names, on MySQL these types.\n"
      "-- How it is stored beneath is IDAST's own; on SQLite `telemetry` is a view.\n\n"
      "CREATE TABLE telemetry (\n  `id` BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,\n";
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const FieldInfo& f = kFieldInfo[i];
    if (i == kOriginalFieldCount) out += "  `raw_json` JSON,\n";
    out += fmt::format("  `{}` {},\n", f.column, f.sql.name);
  }
  out += "  INDEX idx_ts (ts)\n);\n";
  return out;
}

}  // namespace idast::schema
