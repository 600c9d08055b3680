#include "server/api/endpoints.h"

#include <algorithm>
#include <cmath>

#include "core/telemetry/row.h"
#include "server/api/device_endpoints.h"
#include "server/api/openapi.h"
#include "server/api/original_endpoints.h"

namespace idast::api {
namespace {

constexpr std::string_view kText = R"("type":"string")";
constexpr std::string_view kTime =
    R"("type":"string","description":"ISO 8601, or milliseconds since 1970")";

// A hundred years; what is more is nobody's concern.
constexpr double kDaysLeftMax = 36'500;

constexpr ParameterInfo kDevice{"device", kText, "One tracker's id."};
constexpr ParameterInfo kFrom{"from", kTime, "Beginning of the range."};
constexpr ParameterInfo kTo{"to", kTime, "End of the range; default: now."};
constexpr ParameterInfo kFields{"fields", kText, "Columns, separated by commas."};

struct GetLive {  // GET /live
  Outcome operator()(const Request&) const { return Answer{.body = R"({"ok":true})"}; }
};

struct GetReady {  // GET /ready
  Outcome operator()(const Request&) const {
    const std::vector<std::string> reasons = not_ready();
    Answer answer{.status = reasons.empty() ? 200 : 503};
    answer.body =
        reasons.empty() ? R"({"ready":true,"reasons":[)" : R"({"ready":false,"reasons":[)";
    for (const std::string& reason : reasons) {
      if (answer.body.back() != '[') answer.body.push_back(',');
      telemetry::print_text(reason, answer.body);
    }
    answer.body.push_back(']');
    const std::uint64_t waiting = spool_waiting_bytes ? spool_waiting_bytes() : 0;
    if (waiting > 0) answer.body.append(R"(,"spool_waiting_bytes":)" + std::to_string(waiting));
    answer.body.push_back('}');
    return answer;
  }
  std::function<std::vector<std::string>()> not_ready;
  std::function<std::uint64_t()> spool_waiting_bytes;
};

struct GetMetrics {  // GET /metrics
  Outcome operator()(const Request&) const {
    Metrics metrics;
    measure(metrics);
    return Answer{.type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics.print()};
  }
  std::function<void(Metrics&)> measure;
};

struct GetStorage {  // GET /api/v1/storage
  Outcome operator()(const Request&) const {
    const auto found = storage ? storage() : Storage{};
    if (!found) {
      return std::unexpected{
          ApiError{503, "database_unavailable", "the database does not say what it takes"}};
    }
    Answer answer;
    std::string& body = answer.body;
    const auto whole = [](double value) { return std::to_string(std::llround(value)); };
    body.append(R"({"database_bytes":)").append(std::to_string(found->database_bytes));
    body.append(R"(,"disk_free_bytes":)").append(std::to_string(found->disk_free_bytes));
    body.append(R"(,"keep_raw_days":)").append(std::to_string(found->keep_raw_days));
    body.append(R"(,"raw_window_bytes":)").append(whole(found->raw_window_bytes));
    body.append(R"(,"bytes_a_day":)");
    body.append(found->bytes_a_day ? whole(*found->bytes_a_day) : "null");
    body.append(R"(,"days_left":)");
    // Whole days, downwards: none of them is promised too early.
    const double days = std::min(std::floor(found->days_left.value_or(0)), kDaysLeftMax);
    body.append(found->days_left ? whole(days) : "null").push_back('}');
    return answer;
  }
  std::function<std::optional<Storage>()> storage;
};

struct GetOpenApi {  // GET /api/v1/openapi.json
  Outcome operator()(const Request&) const { return Answer{.body = openapi_json()}; }
};

}  // namespace

Routes make_routes(const Foundations& on) {
  constexpr bool kOriginal = true, kOurs = false;
  return Routes{{
      {"/health",
       "Whether the database answers.",
       "Ok",
       {},
       kOriginal,
       Where::worker,
       GetHealth{on.reader, on.store_trouble}},
      {"/api/latest",
       "The newest sample, of one tracker or over all.",
       "Latest",
       {kDevice},
       kOriginal,
       Where::worker,
       GetLatest{on.reader, on.board}},
      {"/api/telemetry",
       "The first samples of a range, ascending; default: the last 24 hours.",
       "Telemetry",
       {kFrom,
        kTo,
        kDevice,
        {"limit", R"("type":"integer","minimum":1,"maximum":20000,"default":5000)", "Rows."}},
       kOriginal,
       Where::worker,
       GetTelemetry{on.reader}},
      {"/api/history.csv",
       "One line for each day: energy, battery, phone, minutes.",
       "",
       {kDevice, {"days", R"("type":"integer","minimum":1,"maximum":365,"default":60)", "Days."}},
       kOriginal,
       Where::worker,
       GetHistory{on.reader, on.registry}},
      {"/api/devices",
       "Every tracker that ever sent a sample.",
       "DeviceList",
       {},
       kOriginal,
       Where::worker,
       GetDeviceList{on.reader}},

      {"/api/v1/devices",
       "Every tracker with its newest sample.",
       "Devices",
       {},
       kOurs,
       Where::worker,
       ListDevices{on.reader, on.board}},
      {"/api/v1/devices/{id}",
       "One tracker with its newest sample.",
       "Device",
       {},
       kOurs,
       Where::worker,
       GetDevice{on.reader, on.board}},
      {"/api/v1/devices/{id}/samples",
       "A range in as many buckets as a chart has points; default: power over the last 24 hours.",
       "Samples",
       {kFrom,
        kTo,
        kFields,
        {"points", R"("type":"integer","minimum":1,"maximum":5000,"default":500)",
         "Buckets at most."}},
       kOurs,
       Where::worker,
       GetSamples{on.reader, on.board}},
      {"/api/v1/devices/{id}/energy",
       "Energy by site-local hours (today), days (the last 30) or months (the last 12).",
       "Energy",
       {{"period", R"("type":"string","enum":["hour","day","month"],"default":"day")", "Period."},
        kFrom,
        kTo},
       kOurs,
       Where::worker,
       GetEnergy{on.reader, on.board, on.registry}},
      {"/api/v1/devices/{id}/gain",
       "What tracking gained over a fixed panel, an estimate, by site-local days (the last 7; at "
       "most 31) or hours (today; at most 2 days).",
       "Gain",
       {{"period", R"("type":"string","enum":["hour","day"],"default":"day")", "Period."},
        kFrom,
        kTo},
       kOurs,
       Where::worker,
       GetGain{on.reader, on.board, on.registry, on.ledger}},
      {"/api/v1/devices/{id}/sky",
       "The sun's way through one day of the tracker's site.",
       "Sky",
       {{"day", R"("type":"string","format":"date")", "In the site's time zone; default: today."}},
       kOurs,
       Where::at_once,
       GetSky{on.board, on.registry}},
      {"/api/v1/storage",
       "What the database takes, what a day adds, and in how many days the disk is full.",
       "Storage",
       {},
       kOurs,
       Where::worker,
       GetStorage{on.storage}},
      {"/api/v1/openapi.json", "This description.", "", {}, kOurs, Where::at_once, GetOpenApi{}},

      {"/live", "The process is up.", "Ok", {}, kOurs, Where::at_once, GetLive{}},
      {"/ready",
       "Whether samples can be taken and stored; otherwise 503 with the reasons.",
       "Ready",
       {},
       kOurs,
       Where::at_once,
       GetReady{on.not_ready, on.spool_waiting_bytes}},
      {"/metrics", "Figures for Prometheus.", "", {}, kOurs, Where::worker, GetMetrics{on.measure}},
  }};
}

}  // namespace idast::api
