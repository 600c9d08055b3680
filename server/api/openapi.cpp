#include "server/api/openapi.h"

#include <array>

#include "core/telemetry/row.h"
#include "core/telemetry/schema.h"
#include "server/api/endpoints.h"
#include "server/api/stream.h"

namespace idast::api {
namespace {

using telemetry::FieldInfo;
using telemetry::Kind;

std::string_view type_of(const FieldInfo& field) {
  switch (field.sql.kind) {
    case Kind::time:
      return R"("type":"string","format":"date-time")";
    case Kind::number:
      return field.sql.decimals == 0 ? R"("type":["integer","null"])"
                                     : R"("type":["number","null"])";
    case Kind::boolean:
      return R"("type":["integer","null"],"enum":[0,1,null])";
    case Kind::text:
      return R"("type":["string","null"])";
    case Kind::keys:
      return R"("type":["array","null"],"items":{"type":"string"})";
  }
  return "";
}

void append_row_schema(std::string& out) {
  out.append(R"("Row":{"type":"object","description":"One sample, keyed by SQL column.",)"
             R"("properties":{"id":{"type":["integer","null"],"description":)"
             R"("Row id; null before the commit."},)"
             R"("raw_json":{"type":"object","description":"The message as it was sent."})");
  for (const FieldInfo& field : telemetry::kFieldInfo) {
    out.append(",\n");
    telemetry::print_text(field.column, out);
    out.append(":{").append(type_of(field)).append(R"(,"description":)");
    std::string about{field.about};
    if (!field.unit.empty()) about.append(" Unit: ").append(field.unit).append(".");
    telemetry::print_text(about, out);
    out.push_back('}');
  }
  out.append("}},\n");
}

// Everything but Row, which follows from the telemetry schema.
constexpr std::string_view kSchemas =
    R"json("Ok":{"type":"object","properties":{"ok":{"const":true}}},
"Latest":{"type":"object","properties":{"ok":{"const":true},"data":{"anyOf":[{"$ref":"#/components/schemas/Row"},{"type":"null"}]}}},
"Telemetry":{"type":"object","properties":{"ok":{"const":true},"from":{"type":"string"},"to":{"type":"string"},"count":{"type":"integer"},"data":{"type":"array","items":{"$ref":"#/components/schemas/Row"}}}},
"DeviceList":{"type":"object","properties":{"ok":{"const":true},"data":{"type":"array","items":{"type":"object","properties":{"device_id":{"type":"string"},"last_seen":{"type":"string","format":"date-time"}}}}}},
"OriginalError":{"type":"object","properties":{"ok":{"const":false},"error":{"type":"string"}}},
"Error":{"type":"object","properties":{"error":{"type":"object","properties":{"id":{"type":"string","description":"Stable."},"message":{"type":"string","description":"For a person."},"field":{"type":"string"}}}}},
"Site":{"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"},"lat":{"type":"number"},"lon":{"type":"number"},"time_zone":{"type":"string"},"currency":{"type":"string"},"price_per_kwh":{"type":"number"},"grid_factor":{"type":"number","description":"kg CO2 per kWh"},"panel_w":{"type":"number"}}},
"Backfill":{"type":"object","description":"A backlog that is coming in; total is an estimate.","properties":{"done":{"type":"integer"},"total":{"type":"integer"},"per_s":{"type":"number"},"seconds_left":{"type":["number","null"]}}},
"Device":{"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"},"site":{"anyOf":[{"$ref":"#/components/schemas/Site"},{"type":"null"}]},"mount":{"type":["string","null"]},"status":{"enum":["live","delayed","stale","offline","asleep"]},"last_seen":{"type":["string","null"],"format":"date-time","description":"When its newest sample was received."},"online":{"type":["boolean","null"]},"latest":{"anyOf":[{"$ref":"#/components/schemas/Row"},{"type":"null"}]},"backfill":{"anyOf":[{"$ref":"#/components/schemas/Backfill"},{"type":"null"}]}}},
"Devices":{"type":"object","properties":{"devices":{"type":"array","items":{"$ref":"#/components/schemas/Device"}}}},
"Samples":{"type":"object","properties":{"from":{"type":"string"},"to":{"type":"string"},"step_ms":{"type":"integer"},"t":{"type":"array","items":{"type":"integer"},"description":"Beginnings of the buckets, Unix ms."},"fields":{"type":"object","additionalProperties":{"type":"object","properties":{"min":{"type":"array","items":{"type":["number","null"]}},"mean":{"type":"array","items":{"type":["number","null"]}},"max":{"type":"array","items":{"type":["number","null"]}}}}}}},
"Energy":{"type":"object","properties":{"period":{"enum":["hour","day","month"]},"rows":{"type":"array","items":{"type":"object","properties":{"start":{"type":"string","format":"date-time"},"energy_wh":{"type":"number"},"coverage":{"type":"number","description":"Share of the minutes that have a sample, 0 to 1."}}}}}},
"GainRow":{"type":"object","properties":{"start":{"type":"string","format":"date-time"},"energy_wh":{"type":["number","null"],"description":"Measured."},"tracked_wh":{"type":["number","null"],"description":"What the panel could give at its maximum power point, over the compared minutes."},"fixed_wh":{"type":["number","null"],"description":"What the same panel would have given, tilted by the latitude and facing the equator."},"ideal_wh":{"type":["number","null"],"description":"And at the best tilt of each minute."},"gain":{"type":["number","null"],"description":"tracked_wh / fixed_wh - 1."},"gain_low":{"type":["number","null"],"description":"The truth is between gain_low and gain_high nine times in ten."},"gain_high":{"type":["number","null"]},"net_gain":{"type":["number","null"],"description":"Less motion and electronics; only of periods that are over."},"motion_wh":{"type":["number","null"]},"electronics_wh":{"type":["number","null"]},"coverage":{"type":"number","description":"Share of the light that was compared, 0 to 1."},"off_mpp":{"type":"number","description":"Share of the light that fell while the panel was off its maximum power point."},"verdict":{"enum":["paying","not_paying","unclear",null]},"why":{"enum":["no_samples","no_power","no_direction","night","off_mpp","little_covered","pending",null],"description":"Why there is no gain."}}},
"Gain":{"type":"object","description":"Estimates, all but energy_wh, motion_wh and electronics_wh.","properties":{"estimated":{"const":true},"period":{"enum":["hour","day"]},"rows":{"type":"array","items":{"$ref":"#/components/schemas/GainRow"}},"summary_days":{"type":"integer"},"summary":{"description":"The days of the range that are over, as one.","anyOf":[{"$ref":"#/components/schemas/GainRow"},{"type":"null"}]},"curve":{"type":"object","description":"Mean powers of the last day.","properties":{"step_ms":{"type":"integer"},"t":{"type":"array","items":{"type":"integer"},"description":"Beginnings of the steps, Unix ms."},"fixed_w":{"type":"array","items":{"type":"number"}},"ideal_w":{"type":"array","items":{"type":"number"}}}},"rating":{"type":"object","description":"The panel's rated power as clear days tell it, over the stated one.","properties":{"factor":{"type":"number"},"deviation":{"type":"number"},"clear_days":{"type":"integer"}}}}},
"Sky":{"type":"object","properties":{"sunrise":{"type":["string","null"]},"sunset":{"type":["string","null"]},"t":{"type":"array","items":{"type":"integer"},"description":"Unix ms."},"azimuth_deg":{"type":"array","items":{"type":"number"},"description":"Clockwise from true north."},"elevation_deg":{"type":"array","items":{"type":"number"}}}},
"Ready":{"type":"object","properties":{"ready":{"type":"boolean"},"reasons":{"type":"array","items":{"type":"string"}},"spool_waiting_bytes":{"type":"integer","description":"Messages that are safe on disk, but not in the database yet; absent when there are none."}}},
"Storage":{"type":"object","properties":{"database_bytes":{"type":"integer","description":"On disk, its log included."},"disk_free_bytes":{"type":"integer"},"keep_raw_days":{"type":"integer","description":"Days that samples stay as they came; 0: for ever."},"raw_window_bytes":{"type":"integer","description":"What so many days of samples take."},"bytes_a_day":{"type":["integer","null"],"description":"What a day adds for good, the archive included; null until a whole day was seen."},"days_left":{"type":["integer","null"],"description":"Until the disk is full, downwards; null while that is not known."}}}
)json";

constexpr std::string_view kStreamOperation =
    R"json({"get":{"summary":"Server-Sent Events: a state, then changes in batches of at most 50 ms; Last-Event-ID resumes.",)json"
    R"json("parameters":[{"name":"devices","in":"query","schema":{"type":"string"},"description":"Ids, separated by commas; default: all."},)json"
    R"json({"name":"fields","in":"query","schema":{"type":"string"},"description":"Columns, separated by commas; default: all."},)json"
    R"json({"name":"Last-Event-ID","in":"header","schema":{"type":"string"}}],)json"
    R"json("responses":{"200":{"description":"Events without end.","content":{"text/event-stream":{}}},)json"
    R"json("default":{"description":"An error.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}}}}})json";

void append_parameter(std::string_view name, std::string_view where, std::string_view type,
                      std::string_view about, std::string& out) {
  if (out.back() != '[') out.push_back(',');
  out.append(R"({"name":")").append(name).append(R"(","in":")").append(where).append("\"");
  if (where == "path") out.append(R"(,"required":true)");
  out.append(R"(,"schema":{)").append(type).append(R"(},"description":)");
  telemetry::print_text(about, out);
  out.push_back('}');
}

std::string_view media_type_of(const Route& route) {
  if (route.pattern.ends_with(".csv")) return "text/csv";
  return route.pattern == "/metrics" ? "text/plain" : "application/json";
}

void append_operation(const Route& route, std::string& out) {
  out.append(R"({"get":{"summary":)");
  telemetry::print_text(route.about, out);
  out.append(R"(,"parameters":[)");
  if (route.pattern.find("{id}") != std::string_view::npos) {
    append_parameter("id", "path", R"("type":"string")", "The tracker's id.", out);
  }
  for (const ParameterInfo& parameter : route.parameters) {
    append_parameter(parameter.name, "query", parameter.type, parameter.about, out);
  }
  out.append(R"(],"responses":{"200":{"description":"Found.","content":{")");
  out.append(media_type_of(route)).append("\":{");
  if (!route.answer.empty()) {
    out.append(R"("schema":{"$ref":"#/components/schemas/)").append(route.answer).append("\"}");
  }
  out.append(
      R"(}}},"default":{"description":"An error.","content":{"application/json":{"schema":)");
  out.append(R"({"$ref":"#/components/schemas/)")
      .append(route.original ? "OriginalError" : "Error");
  out.append(R"("}}}}}}})");
}

// For printing the table when no database is at hand.
class NoReader final : public store::Reader {
 public:
  store::Result<void> ping() override { return none(); }
  store::Result<std::vector<store::DeviceSeen>> devices() override { return none(); }
  store::Result<std::optional<store::StoredRecord>> latest(const std::string&) override {
    return none();
  }
  store::Result<void> rows(const store::Range&, std::size_t,
                           const std::function<bool(store::StoredRecord&&)>&) override {
    return none();
  }
  store::Result<store::Buckets> buckets(const store::Range&, Millis,
                                        std::span<const std::size_t>) override {
    return none();
  }
  store::Result<std::vector<store::Period>> periods(const std::string&,
                                                    std::span<const UtcMillis>) override {
    return none();
  }

 private:
  static std::unexpected<store::StoreError> none() {
    return std::unexpected{
        store::StoreError{store::StoreErrorKind::unavailable, "there is no database here"}};
  }
};

}  // namespace

std::string print_openapi(const Routes& routes) {
  std::string out = R"json({"openapi":"3.1.0","info":{"title":"IDAST","version":"1",
"description":"Dual-axis solar trackers: samples, energy, sky and the live stream. Times are ISO 8601 UTC with milliseconds."},
"paths":{
)json";
  for (std::size_t i = 0; i < routes.size(); ++i) {
    out.append("\"").append(routes[i].pattern).append("\":");
    append_operation(routes[i], out);
    out.append(",\n");
  }
  out.append("\"").append(kStreamPath).append("\":").append(kStreamOperation);
  out.append("\n},\n\"components\":{\"schemas\":{\n");
  append_row_schema(out);
  out.append(kSchemas).append("}}}\n");
  return out;
}

std::string openapi_json() {
  NoReader reader;
  const live::Board board;
  const devices::Registry registry;
  insight::Ledger ledger;
  return print_openapi(make_routes({.reader = reader,
                                    .board = board,
                                    .registry = registry,
                                    .ledger = ledger,
                                    .store_trouble = {},
                                    .not_ready = {},
                                    .measure = {}}));
}

}  // namespace idast::api
