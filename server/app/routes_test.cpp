#include <atomic>
#include <fstream>
#include <future>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include "server/api/client_test.h"
#include "server/api/endpoints.h"
#include "server/api/original_endpoints.h"
#include "server/api/server.h"
#include "server/app/pipeline.h"
#include "server/app/workers.h"
#include "server/store/sqlite.h"

// Every route over a real socket, on a real SQLite database filled by the pipeline.
namespace idast::app {
namespace {

namespace asio = boost::asio;
// 2026-06-21T04:00:00Z: noon in Batangas.
constexpr std::int64_t kNoonMs = 1'782'014'400'000;

devices::Registry make_registry() {
  devices::Site site{.id = "roof", .name = "Roof"};
  site.place = {.latitude = degrees(13.75f), .longitude = degrees(121.05f)};
  site.time_zone = "Asia/Manila";
  return devices::Registry::make({site}, {{.id = "a", .name = "North", .site = "roof"}}).value();
}

class House {
 public:
  House() {
    board.describe("a", {.name = "North", .site_json = devices::to_json(registry_.sites()[0])});
    const auto listening = server_.listen("127.0.0.1", 0);
    REQUIRE(listening.has_value());
    port_ = *listening;
    thread_ = std::thread{[this] { http_.run(); }};
  }
  ~House() {
    asio::post(http_, [this] { server_.stop(); });
    guard_.reset();
    thread_.join();
    worker_.reset();
    http_.restart();
    http_.run();
  }

  // A message, now or at another time of receipt.
  void send(std::string_view topic, std::string_view payload, std::int64_t received = kNoonMs) {
    pipeline_.receive({.topic = topic,
                       .payload = payload,
                       .qos = 1,
                       .retain = false,
                       .duplicate = false,
                       .token = {1, 1}},
                      Instant{}, UtcMillis{received});
    if (commits) pipeline_.poll(Instant{});
  }
  void send_sample(std::string_view device, std::int64_t ts, double energy_wh) {
    send("solar-tracker/" + std::string{device} + "/telemetry",
         R"({"timestamp":)" + std::to_string(ts) + R"(,"powerW":8.5,"batteryPct":80,)" +
             R"("deviceName":"Phone, mine","energyWh":)" + std::to_string(energy_wh) + "}");
  }
  std::string get(std::string_view target) const {
    return api::ask(port_, "GET " + std::string{target});
  }
  // The body of an answer that must have this status.
  std::string body(std::string_view target, int status = 200) const {
    const std::string answer = get(target);
    CAPTURE(target);
    CAPTURE(answer);
    CHECK(answer.starts_with("HTTP/1.1 " + std::to_string(status)));
    const std::size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
  }
  std::uint16_t port() const { return port_; }

  live::Board board;
  bool commits = true;
  std::atomic<std::int64_t> utc_ms = kNoonMs;
  std::optional<std::string> trouble{};
  std::vector<std::string> reasons{};
  std::uint64_t spool_waiting_bytes = 0;
  std::optional<api::Storage> storage{};

 private:
  api::Routes make_routes(store::Reader& reader) {
    return api::make_routes({.reader = reader,
                             .board = board,
                             .registry = registry_,
                             .ledger = ledger_,
                             .store_trouble = [this] { return trouble; },
                             .not_ready = [this] { return reasons; },
                             .spool_waiting_bytes = [this] { return spool_waiting_bytes; },
                             .measure = [](api::Metrics& m) { m.gauge("figure", "About.", 1.5); },
                             .storage = [this] { return storage; }});
  }

  const Log log_{LogFormat::text};
  devices::Registry registry_ = make_registry();
  insight::Ledger ledger_;
  std::unique_ptr<store::Store> store_ = store::open_sqlite(":memory:").value();
  std::unique_ptr<store::Reader> reader_ = store_->open_reader().value();
  Pipeline pipeline_{{.linger = Millis{0}},
                     board,
                     log_,
                     {.acknowledge = [](std::span<const mqtt::AckToken>) {},
                      .publish = [](const ingest::StoredMessage&) { return true; },
                      .commit =
                          [this](Batch batch) {
                            const auto committed = store_->commit(batch.records, batch.losses);
                            REQUIRE(committed.has_value());
                            pipeline_.committed(std::move(batch), *committed);
                          }}};
  asio::io_context http_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_{http_.get_executor()};
  live::Hub hub_{board, 1, "mqtt://127.0.0.1:1883"};
  api::Routes routes_ = make_routes(*reader_);
  std::optional<Worker> worker_{std::in_place, store_->open_reader().value(),
                                [this](store::Reader& reader) { return make_routes(reader); }};
  api::Server server_{
      http_,
      {.hosts = {}, .warn = [](std::string_view, std::string_view) {}},
      routes_,
      {.count = 1, .run = [this](std::size_t, Worker::Job job) { worker_->post(std::move(job)); }},
      hub_,
      {.now = [] { return Instant{}; }, .utc = [this] { return UtcMillis{utc_ms}; }}};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

bool has(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

std::size_t count(const std::string& text, std::string_view piece) {
  std::size_t found = 0;
  for (std::size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace

TEST_CASE("an empty house answers with nothing, not with an error") {
  House house;
  CHECK(house.body("/health") == R"({"ok":true})");
  CHECK(house.body("/api/latest") == R"({"ok":true,"data":null})");
  CHECK(house.body("/api/latest?device=nobody") == R"({"ok":true,"data":null})");
  CHECK(house.body("/api/devices") == R"({"ok":true,"data":[]})");
  CHECK(has(house.body("/api/telemetry"), R"("data":[],"count":0})"));
  CHECK(house.body("/api/history.csv") ==
        "timestamp,energy_wh,battery_pct,device_name,session_min\n");
  CHECK(house.body("/live") == R"({"ok":true})");
  CHECK(house.body("/ready") == R"({"ready":true,"reasons":[]})");
}

TEST_CASE("a stored sample comes back whole, and latest carries its row id") {
  House house;
  house.send("solar-tracker/a/telemetry",
             R"({"timestamp":1782014399000,"top":2500,"powerW":8.5,"manual":false,"extra":[1]})");
  const std::string latest = house.body("/api/latest");
  CHECK(has(latest, R"({"ok":true,"data":{"id":1,"ts":"2026-06-21T03:59:59.000Z",)"));
  CHECK(has(latest, R"("top":2500)"));
  CHECK(has(latest, R"("left":null)"));
  CHECK(has(latest, R"("manual":0)"));
  CHECK(has(latest, R"("power_w":8.5)"));
  CHECK(has(latest, R"("device_id":"a")"));
  CHECK(has(latest, R"("extra":[1])"));
  CHECK(house.body("/api/latest?device=a") == latest);
  CHECK(house.body("/api/devices") ==
        R"({"ok":true,"data":[{"device_id":"a","last_seen":"2026-06-21T03:59:59.000Z"}]})");
}

TEST_CASE("before its commit a sample is already the latest, without an id") {
  House house;
  house.commits = false;
  house.send_sample("a", kNoonMs, 1);
  CHECK(has(house.body("/api/latest"), R"("data":{"id":null,"ts":"2026-06-21T04:00:00.000Z")"));
  CHECK(has(house.body("/api/v1/devices/a"), R"("latest":{"id":null)"));
  CHECK(has(house.body("/api/telemetry"), R"("count":0})"));
}

TEST_CASE("telemetry gives the first rows of a range, both ends inside") {
  House house;
  for (int i = 0; i < 10; ++i) house.send_sample("a", kNoonMs - 10'000 + i * 1'000, i);
  house.send_sample("b", kNoonMs - 5'000, 1);
  CHECK(has(house.body("/api/telemetry"), R"("count":11})"));
  CHECK(has(house.body("/api/telemetry?device=b"), R"("count":1})"));
  CHECK(has(house.body("/api/telemetry?limit=3"), R"("count":3})"));
  const std::string exact =
      house.body("/api/telemetry?device=a&from=1782014392000&to=1782014393000");
  CHECK(has(exact, R"("from":"2026-06-21T03:59:52.000Z","to":"2026-06-21T03:59:53.000Z")"));
  CHECK(has(exact, R"("count":2})"));
  CHECK(
      has(house.body("/api/telemetry?device=a&from=2026-06-21T11:59:52%2B08:00"), R"("count":8})"));
  CHECK(has(house.body("/api/telemetry?device=a&from=2026-06-21T11:59:52+08:00"), R"("count":8})"));
  // The default is the last 24 hours.
  house.send_sample("a", kNoonMs - 25 * 3'600'000LL, 0);
  CHECK(has(house.body("/api/telemetry?device=a"), R"("count":10})"));
}

TEST_CASE("a long answer is complete, though many rows share one instant") {
  House house;
  constexpr int kRows = 1'500;
  for (int i = 0; i < kRows; ++i) house.send_sample("a", kNoonMs - (i / 700) * 1'000, i);
  const std::string answer = house.get("/api/telemetry?limit=20000");
  CHECK(has(answer, "Transfer-Encoding: chunked"));
  CHECK(answer.size() > 3 * api::kPieceBytes);
  CHECK(count(answer, R"({"id":)") == kRows);
  CHECK(has(answer, R"("count":1500})"));
  CHECK(count(house.get("/api/telemetry?limit=1000"), R"({"id":)") == 1'000);
}

TEST_CASE("mistakes in parameters are named, on the original routes in words") {
  House house;
  house.send_sample("a", kNoonMs, 1);
  struct Case {
    std::string_view target;
    std::string_view words;
  };
  const Case original[] = {{"/api/telemetry?from=yesterday", "from is neither"},
                           {"/api/telemetry?to=-5", "to is neither"},
                           {"/api/telemetry?limit=0", "limit is not"},
                           {"/api/telemetry?limit=20001", "limit is not"},
                           {"/api/telemetry?limit=1e3", "limit is not"},
                           {"/api/telemetry?from=2026-06-22&to=2026-06-21", "later than"},
                           {"/api/history.csv?days=366", "days is not"},
                           {"/api/history.csv?days=abc", "days is not"}};
  for (const Case& c : original) {
    const std::string body = house.body(c.target, 400);
    CHECK(body.starts_with(R"({"ok":false,"error":")"));
    CHECK(has(body, c.words));
  }
  const Case ours[] = {
      {"/api/v1/devices/a/samples?points=0", R"("field":"points")"},
      {"/api/v1/devices/a/samples?fields=warp", R"("field":"fields")"},
      {"/api/v1/devices/a/samples?from=2026-06-22&to=2026-06-21", R"("bad_range")"},
      {"/api/v1/devices/a/energy?period=year", R"("field":"period")"},
      {"/api/v1/devices/a/sky?day=2026-02-30", R"("field":"day")"}};
  for (const Case& c : ours) {
    const std::string body = house.body(c.target, 400);
    CHECK(body.starts_with(R"({"error":{"id":")"));
    CHECK(has(body, c.words));
  }
}

TEST_CASE(
    "the history has a line for today, in the site's day, with the phone's comma as a space") {
  House house;
  house.send_sample("a", kNoonMs - 3'600'000, 10);
  house.send_sample("a", kNoonMs - 60'000, 12.5);
  const std::string csv = house.body("/api/history.csv?device=a");
  // 2026-06-21T00:00 in Manila is 16:00Z the day before.
  CHECK(has(csv, "\n1781971200,2.5"));
  CHECK(has(csv, ",80.0,Phone  mine,59"));
  CHECK(has(house.get("/api/history.csv"), "Content-Type: text/csv"));
}

TEST_CASE("devices carry their site, status and latest row") {
  House house;
  house.send_sample("a", kNoonMs, 1);
  house.send_sample("b", kNoonMs, 1);
  const std::string devices = house.body("/api/v1/devices");
  CHECK(has(devices, R"({"devices":[{"id":"a","name":"North","site":{"id":"roof","name":"Roof")"));
  CHECK(has(devices, R"({"id":"b","name":"b","site":null,"mount":null,"status":"live")"));
  CHECK(has(devices, R"("latest":{"id":2,)"));
  CHECK(has(house.body("/api/v1/devices/b"), R"({"id":"b",)"));
  house.utc_ms = kNoonMs + 100'000;
  CHECK(has(house.body("/api/v1/devices/b"), R"("status":"offline")"));
  for (const auto path : {"", "/samples", "/energy", "/sky", "/gain"}) {
    CHECK(has(house.body("/api/v1/devices/nobody" + std::string{path}, 404), "unknown_device"));
  }
}

TEST_CASE("samples, energy and sky of one device") {
  House house;
  for (int i = 0; i < 60; ++i) house.send_sample("a", kNoonMs - 3'600'000 + i * 60'000, i * 0.5);
  const std::string samples =
      house.body("/api/v1/devices/a/samples?points=20&fields=power_w,battery_pct");
  CHECK(has(samples, R"("step_ms":)"));
  CHECK(has(samples, R"("power_w":{"min":[8.5)"));
  CHECK(has(samples, R"("battery_pct":{"min":[80)"));
  const std::string energy = house.body("/api/v1/devices/a/energy?period=hour");
  CHECK(has(energy, R"({"period":"hour","rows":[)"));
  CHECK(has(energy, R"("energy_wh":29.5)"));
  CHECK(count(house.body("/api/v1/devices/a/energy"), R"("start":)") == 30);
  CHECK(count(house.body("/api/v1/devices/a/energy?period=month"), R"("start":)") == 12);
  const std::string sky = house.body("/api/v1/devices/a/sky");
  CHECK(has(sky, R"({"sunrise":"2026-06-20T21:2)"));
  CHECK(has(sky, R"("t":[1781971200000,)"));
  CHECK(has(sky, R"("elevation_deg":[)"));
  house.send_sample("b", kNoonMs, 1);
  CHECK(has(house.body("/api/v1/devices/b/sky", 404), R"("id":"no_site")"));
}

TEST_CASE("gain of one device: null with its reason until there is power and direction") {
  House house;
  house.send_sample("a", kNoonMs - 60'000, 10);
  house.send_sample("b", kNoonMs - 60'000, 10);
  const std::string silent = house.body("/api/v1/devices/a/gain");
  CHECK(silent.starts_with(R"({"estimated":true,"period":"day","rows":[)"));
  CHECK(count(silent, R"("start":)") == 7);
  CHECK(has(silent, R"("why":"no_power")"));
  CHECK(has(silent, R"("summary":null)"));
  CHECK(has(house.body("/api/v1/devices/b/gain", 404), R"("id":"no_site")"));
  CHECK(has(house.body("/api/v1/devices/nobody/gain", 404), R"("id":"unknown_device")"));
  for (const auto& [query, field] :
       {std::pair{"period=month", R"("field":"period")"},
        std::pair{"from=2026-01-01", R"("field":"from")"},
        std::pair{"from=2026-06-21T04:00:00Z&to=2026-06-20T04:00:00Z", R"("field":"from")"},
        std::pair{"period=hour&from=2026-06-18T00:00:00Z", R"("field":"from")"}}) {
    CAPTURE(query);
    CHECK(has(house.body("/api/v1/devices/a/gain?" + std::string{query}, 400), field));
  }
  CHECK(has(house.body("/api/v1/devices/a/gain?from=2027-01-01T00:00:00Z&to=2027-01-02T00:00:00Z"),
            R"("rows":[])"));

  // A morning of a tracker that points at the sun.
  House full;
  const auto sky = make_registry().sky("a", std::nullopt, UtcMillis{kNoonMs}).value();
  for (int minute = 1; minute < 12 * 60; ++minute) {
    const auto step = static_cast<std::size_t>(minute / 10);
    if (sky.elevations[step] < degrees(1.f)) continue;
    const std::int64_t at = sky.times.front().unix_ms() + minute * 60'000;
    full.send("solar-tracker/a/telemetry",
              R"({"timestamp":)" + std::to_string(at) +
                  R"(,"powerActualW":7.5,"tempC":40,"servoWh":0.1,"deviceWh":0.2,"azimuthDeg":)" +
                  std::to_string(sky.azimuths[step].in(degrees)) + R"(,"elevationDeg":)" +
                  std::to_string(sky.elevations[step].in(degrees)) + "}");
  }
  const std::string days = full.body("/api/v1/devices/a/gain");
  CHECK(has(days, R"("why":null)"));
  CHECK(has(days, R"("fixed_w":[)"));
  const std::string hours = full.body("/api/v1/devices/a/gain?period=hour");
  CHECK(has(hours, R"("period":"hour")"));
  CHECK(count(hours, R"("start":)") == 12);
}

TEST_CASE("trouble is 503 with its reasons") {
  House house;
  house.trouble = "the disk is full";
  house.reasons = {"database: the disk is full", "broker: not subscribed"};
  CHECK(house.body("/health", 503) == R"({"ok":false,"error":"the disk is full"})");
  CHECK(house.body("/ready", 503) ==
        R"({"ready":false,"reasons":["database: the disk is full","broker: not subscribed"]})");
  house.spool_waiting_bytes = 1'234;
  CHECK(has(house.body("/ready", 503), R"("],"spool_waiting_bytes":1234})"));
  CHECK(house.body("/live") == R"({"ok":true})");
}

TEST_CASE("metrics are Prometheus text and OpenAPI names every route") {
  House house;
  CHECK(house.body("/metrics") == "# HELP figure About.\n# TYPE figure gauge\nfigure 1.5\n");
  CHECK(has(house.get("/metrics"), "Content-Type: text/plain; version=0.0.4"));
  const std::string openapi = house.body("/api/v1/openapi.json");
  for (const auto path :
       {"/health", "/api/latest", "/api/telemetry", "/api/history.csv", "/api/devices",
        "/api/v1/devices", "/api/v1/devices/{id}", "/api/v1/devices/{id}/samples",
        "/api/v1/devices/{id}/energy", "/api/v1/devices/{id}/sky", "/api/v1/devices/{id}/gain",
        "/api/v1/stream", "/metrics", "/ready"}) {
    CHECK(has(openapi, "\"" + std::string{path} + "\":{\"get\""));
  }
  CHECK(has(openapi, R"("power_w":{"type":["number","null"])"));
}

TEST_CASE("what does not exist yet is 404") {
  House house;
  house.send_sample("a", kNoonMs, 1);
  for (const auto path : {"/api/v1/devices/a/commands", "/api/v1/report",
                          "/api/v1/devices/a/losses", "/api/v1/", "/api", "/etc/passwd"}) {
    CHECK(has(house.body(path, 404), R"("id":"not_found")"));
  }
  constexpr std::string_view kNoBody = "Content-Length: 0\r\n";
  CHECK(has(api::ask(house.port(), "POST /api/v1/devices/a/commands", kNoBody), " 404 "));
  CHECK(has(api::ask(house.port(), "POST /api/v1/devices/a", kNoBody), " 405 "));
}

TEST_CASE("storage says what is taken, what a day adds and how many whole days are left") {
  House house;
  CHECK(has(house.body("/api/v1/storage", 503), "database_unavailable"));
  house.storage = api::Storage{.database_bytes = 1'200, .disk_free_bytes = 5'000};
  CHECK(house.body("/api/v1/storage") ==
        R"({"database_bytes":1200,"disk_free_bytes":5000,"keep_raw_days":0,"raw_window_bytes":0,)"
        R"("bytes_a_day":null,"days_left":null})");
  house.storage->keep_raw_days = 14;
  house.storage->raw_window_bytes = 490e6 + 0.4;
  house.storage->bytes_a_day = 35e6;
  house.storage->days_left = 29.99;
  const std::string body = house.body("/api/v1/storage");
  CHECK(has(body, R"("keep_raw_days":14,"raw_window_bytes":490000000,"bytes_a_day":35000000,)"));
  CHECK(has(body, R"("days_left":29})"));
  house.storage->days_left = 1e300;
  CHECK(has(house.body("/api/v1/storage"), R"("days_left":36500})"));
}

}  // namespace idast::app
