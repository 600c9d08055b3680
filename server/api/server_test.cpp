#include "server/api/server.h"

#include <future>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include "server/api/client_test.h"
#include "server/api/stream.h"

namespace idast::api {
namespace {

namespace asio = boost::asio;
constexpr UtcMillis kNoon{1'700'000'000'000};

Outcome text(std::string body) { return Answer{.type = "text/plain", .body = std::move(body)}; }

std::vector<Route> make_routes() {
  std::vector<Route> routes;
  const auto add = [&](std::string_view pattern, bool original, Where where, auto endpoint) {
    routes.push_back({pattern, "", "", {}, original, where, endpoint});
  };
  add("/health", true, Where::worker, [](const Request&) { return text("ok"); });
  add("/live", false, Where::at_once, [](const Request&) { return text("up"); });
  add("/api/v1/devices/{id}", false, Where::worker,
      [](const Request& request) { return text("<" + request.id + ">"); });
  add("/fail", true, Where::worker, [](const Request&) -> Outcome {
    return std::unexpected{ApiError{503, "down", "the \"database\" is away"}};
  });
  add("/long", false, Where::worker, [](const Request&) -> Outcome {
    auto step = std::make_shared<int>(0);
    return Answer{.type = "text/plain", .body = "begin ", .more = [step](std::string& out) {
                    out = std::to_string((*step)++) + " ";
                    return std::expected<bool, ApiError>{*step < 1000};
                  }};
  });
  add("/breaks", false, Where::worker, [](const Request&) -> Outcome {
    return Answer{.type = "text/plain",
                  .body = "begin ",
                  .more = [](std::string&) -> std::expected<bool, ApiError> {
                    return std::unexpected{ApiError{500, "gone", "gone"}};
                  }};
  });
  return routes;
}

// A server with its HTTP thread and one worker thread.
class House {
 public:
  House() {
    const auto listening = server_.listen("127.0.0.1", 0);
    REQUIRE(listening.has_value());
    port = *listening;
    http_thread_ = std::thread{[this] { http_.run(); }};
    worker_thread_ = std::thread{[this] { worker_.run(); }};
  }
  ~House() {
    on_http([this] { server_.stop(); });
    http_guard_.reset();
    worker_guard_.reset();
    worker_thread_.join();
    http_thread_.join();
  }
  void on_http(std::function<void()> f) {
    std::promise<void> done;
    asio::post(http_, [&] {
      f();
      done.set_value();
    });
    done.get_future().wait();
  }
  Server::Counters counters() {
    Server::Counters counters;
    on_http([&] { counters = server_.counters(); });
    return counters;
  }

  live::Board board;
  const live::Hub::Counters& hub_counters() { return hub_.counters(); }

  std::uint16_t port = 0;

 private:
  asio::io_context http_, worker_;
  asio::executor_work_guard<asio::io_context::executor_type> http_guard_{http_.get_executor()};
  asio::executor_work_guard<asio::io_context::executor_type> worker_guard_{worker_.get_executor()};
  Routes routes_{make_routes()};
  live::Hub hub_{board, 1'000, "mqtt://127.0.0.1:1883"};
  Server server_{
      http_,
      Options{.hosts = {"tracker.example"}, .warn = [](std::string_view, std::string_view) {}},
      routes_,
      Workers{.count = 1,
              .run =
                  [this](std::size_t, std::function<void(const Routes&)> job) {
                    asio::post(worker_, [this, job = std::move(job)] { job(routes_); });
                  }},
      hub_,
      Clock{.now =
                [] {
                  return Instant{std::chrono::duration_cast<Millis>(
                      std::chrono::steady_clock::now().time_since_epoch())};
                },
            .utc = [] { return kNoon; }}};
  std::thread http_thread_, worker_thread_;
};

bool has(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

telemetry::Record sample(const std::string& device, std::int64_t power) {
  telemetry::Record record;
  record.device = device;
  record.received = record.ts = kNoon;
  constexpr std::size_t kPower = telemetry::position_of("power_w");
  record.value[kPower] = power;
  record.present.add(kPower);
  return record;
}

}  // namespace

TEST_CASE("a route answers GET with its text and the headers of every answer") {
  House house;
  const std::string answer = ask(house.port, "GET /health");
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.ends_with("\r\n\r\nok"));
  CHECK(has(answer, "Content-Length: 2\r\n"));
  CHECK(has(answer, "X-Content-Type-Options: nosniff\r\n"));
  CHECK(has(answer, "Content-Security-Policy: default-src 'none'; script-src 'self'"));
  CHECK(has(answer, "Referrer-Policy: no-referrer\r\n"));
  CHECK(has(answer, "Cache-Control: no-store\r\n"));
}

TEST_CASE("only the original routes may be read by pages from elsewhere") {
  House house;
  CHECK(has(ask(house.port, "GET /health"), "Access-Control-Allow-Origin: *\r\n"));
  CHECK_FALSE(has(ask(house.port, "GET /live"), "Access-Control"));
  const std::string preflight = ask(house.port, "OPTIONS /health");
  CHECK(has(preflight, "204 No Content"));
  CHECK(has(preflight, "Access-Control-Allow-Methods: GET, HEAD, OPTIONS"));
  CHECK_FALSE(has(ask(house.port, "OPTIONS /live"), "Access-Control"));
}

TEST_CASE("HEAD has the headers of GET and no body") {
  House house;
  const std::string answer = ask(house.port, "HEAD /health");
  CHECK(has(answer, "200 OK"));
  CHECK(has(answer, "Content-Length: 2\r\n"));
  CHECK(answer.ends_with("\r\n\r\n"));
}

TEST_CASE("an unknown address is 404 and another method 405, both in JSON") {
  House house;
  CHECK(has(ask(house.port, "GET /api/v2"), "404 Not Found"));
  CHECK(has(ask(house.port, "GET /api/v2"), R"({"error":{"id":"not_found")"));
  const std::string posted = ask(house.port, "POST /health", "Content-Length: 0\r\n");
  CHECK(has(posted, "405 Method Not Allowed"));
  CHECK(has(posted, "Allow: GET, HEAD, OPTIONS\r\n"));
  CHECK(has(posted, R"({"ok":false,"error":)"));
  CHECK(has(ask(house.port, "DELETE /live"), R"("id":"method_not_allowed")"));
}

TEST_CASE("an error keeps the shape of its route") {
  House house;
  CHECK(has(ask(house.port, "GET /fail"), R"({"ok":false,"error":"the \"database\" is away"})"));
}

TEST_CASE("an id in the path is decoded") {
  House house;
  CHECK(ask(house.port, "GET /api/v1/devices/a%2Eb").ends_with("<a.b>"));
  CHECK(has(ask(house.port, "GET /api/v1/devices/a/b/c"), "404"));
}

TEST_CASE("a connection is kept and pipelined requests are answered in order") {
  House house;
  Client client{house.port};
  client.send(
      "GET /api/v1/devices/1 HTTP/1.1\r\nHost: x.localhost\r\n\r\n"
      "GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /api/v1/devices/3 HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n");
  const std::string answers = client.read_all();
  const std::size_t first = answers.find("<1>"), second = answers.find("up"),
                    third = answers.find("<3>");
  REQUIRE(third != std::string::npos);
  CHECK((first < second && second < third));
}

TEST_CASE("a long answer comes in chunks, and to HTTP/1.0 until the end of the connection") {
  House house;
  const std::string chunked = ask(house.port, "GET /long");
  CHECK(has(chunked, "Transfer-Encoding: chunked\r\n"));
  CHECK(chunked.ends_with("999 \r\n0\r\n\r\n"));
  Client old{house.port};
  old.send("GET /long HTTP/1.0\r\n\r\n");
  const std::string plain = old.read_all();
  CHECK(has(plain, "begin 0 1 2 3 "));
  CHECK(plain.ends_with("998 999 "));
}

TEST_CASE("an answer that breaks off is not ended as if it were whole") {
  House house;
  CHECK_FALSE(ask(house.port, "GET /breaks").ends_with("0\r\n\r\n"));
}

TEST_CASE("hostile requests are refused and the next one is served") {
  House house;
  const std::string long_header(9'000, 'x');
  const std::string long_path(5'000, 'p');
  struct Case {
    std::string request;
    std::string_view answer;
  };
  const Case cases[] = {
      {"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + long_header + "\r\n\r\n", " 431 "},
      {"GET /" + long_path + " HTTP/1.1\r\nHost: localhost\r\n\r\n", " 414 "},
      {"GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", " 400 "},
      {"GET /%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", " 400 "},
      {"GET /%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", " 400 "},
      {"GET /a/../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", " 400 "},
      {"GET /%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", " 400 "},
      {"GET //etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", " 404 "},
      {"GET http://evil/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", " 400 "},
      {"GET /live HTTP/1.1\r\nConnection: close\r\n\r\n", " 400 "},
      {"GET /live HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", " 421 "},
      {"GET /live HTTP/1.1\r\nHost: tracker.example\r\nConnection: close\r\n\r\n", " 200 "},
      {"POST /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n", " 413 "},
      {"POST /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", " 400 "},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", " 400 "},
      {"GET\r\n\r\n", " 400 "},
  };
  for (const Case& c : cases) {
    Client client{house.port};
    client.send(c.request);
    const std::string answer = client.read_all();
    CAPTURE(c.request.substr(0, 60));
    CHECK(has(answer.substr(0, 20), c.answer));
  }
  CHECK(ask(house.port, "GET /live").ends_with("up"));
  CHECK(house.counters().requests_malformed >= 8);
}

TEST_CASE("a stream is text/event-stream: a state with an id, then changes") {
  House house;
  house.board.receive(sample("a", 850));
  Client client{house.port};
  client.send("GET /api/v1/stream?fields=power_w HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  CHECK(has(head, "200 OK"));
  CHECK(has(head, "Content-Type: text/event-stream\r\n"));
  CHECK(has(head, "Cache-Control: no-store\r\n"));
  const std::string state = client.read_until("\n\n");
  CHECK(state.starts_with("id: 10"));
  CHECK(has(state, "\nevent: state\ndata: {\"server_time\":\"2023-11-14T22:13:20.000Z\","));
  CHECK(has(state, R"("latest":{"ts":"2023-11-14T22:13:20.000Z","power_w":8.5})"));
  house.board.receive(sample("a", 860));
  std::string changes = client.read_until("\n\n");
  while (!changes.empty() && !has(changes, "samples")) changes = client.read_until("\n\n");
  CHECK(has(changes, "event: changes"));
  CHECK(has(changes, R"("power_w":8.6}])"));
}

TEST_CASE("a stream refuses unknown fields and bad device ids with the field at fault") {
  House house;
  CHECK(has(ask(house.port, "GET /api/v1/stream?fields=power_w,warp"), R"("field":"fields")"));
  CHECK(has(ask(house.port, "GET /api/v1/stream?devices=a%20b"), R"("id":"bad_devices")"));
}

TEST_CASE("a reader that reads nothing neither stops the others nor grows the memory") {
  House house;
  Client slow{house.port, 4'096};
  slow.send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  slow.read_until("\r\n\r\n");
  Client quick{house.port};
  quick.send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  quick.read_until("\n\n");
  // Feeds until the slow reader has lost something; the quick one reads on meanwhile.
  std::uint64_t dropped = 0;
  std::size_t batches = 0;
  for (int i = 0; i < 20'000 && dropped == 0; ++i) {
    telemetry::Record record = sample("device-" + std::to_string(i % 50), i);
    record.text[telemetry::position_of("device_name")] = std::string(60, 'n');
    record.present.add(telemetry::position_of("device_name"));
    house.board.receive(record);
    if (i % 500 != 0) continue;
    CHECK(has(quick.read_until("\n\n"), "event: "));
    ++batches;
    house.on_http([&] { dropped = house.hub_counters().batches_dropped; });
  }
  CHECK(batches > 1);
}

TEST_CASE("a closed stream is forgotten") {
  House house;
  {
    Client client{house.port};
    client.send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.read_until("\n\n");
  }
  std::size_t streams = 1;
  for (int i = 0; i < 1'000 && streams != 0; ++i) {
    ask(house.port, "GET /live");
    house.on_http([&] { streams = house.hub_counters().streams; });
  }
  CHECK(streams == 0);
}

TEST_CASE("a taken port is one sentence that names it") {
  House house;
  asio::io_context io;
  live::Board board;
  live::Hub hub{board, 1, ""};
  const Routes routes{make_routes()};
  Server second{io, {}, routes, {}, hub, {}};
  const auto listening = second.listen("127.0.0.1", house.port);
  REQUIRE_FALSE(listening.has_value());
  CHECK(has(listening.error(), "127.0.0.1:" + std::to_string(house.port)));
  CHECK(has(listening.error(), "taken"));
}

}  // namespace idast::api
