// null_subscriber: takes the trackers' samples from a broker of this machine, acknowledges each at
// once and keeps nothing: what broker and session alone can carry, for benchmarks.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "mqtt/session.h"
#include "tools/command_line/command_line.h"

namespace {

using namespace idast;

// How often the count is printed: as often as a reader of the server's figures may look.
constexpr std::chrono::milliseconds kReportEvery{20};

class Counter {
 public:
  Counter(boost::asio::io_context& io, const mqtt::Endpoint& endpoint, std::string client_id)
      : timer_{io},
        session_{io,
                 options(endpoint, std::move(client_id)),
                 {.connected = {},
                  .disconnected = {},
                  .message =
                      [this](const mqtt::Message& message) {
                        ++messages_;
                        session_.acknowledge(message.token);
                      },
                  .subscribed = [] { std::cout << "subscribed" << std::endl; },
                  .subscription_refused = {}}} {}

  void start() {
    session_.start();
    if (!session_.subscribe("solar-tracker/+/telemetry", 1)) std::abort();
    report();
  }
  void stop(const std::function<void()>& done) {
    timer_.cancel();
    session_.stop(done);
  }

 private:
  static mqtt::Options options(const mqtt::Endpoint& endpoint, std::string client_id) {
    mqtt::Options options;
    options.host = endpoint.host;
    options.port = endpoint.port;
    options.client_id = std::move(client_id);
    return options;
  }

  void report() {
    if (messages_ != reported_) std::cout << messages_ << std::endl;
    reported_ = messages_;
    timer_.expires_after(kReportEvery);
    timer_.async_wait([this](const auto& error) {
      if (!error) report();
    });
  }

  boost::asio::steady_timer timer_;
  mqtt::Session session_;
  std::uint64_t messages_ = 0;
  std::uint64_t reported_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::string url = "mqtt://127.0.0.1:1883";
  std::string client_id = "null-subscriber";
  command_line::Program program{
      "null_subscriber",
      "Counts and acknowledges the trackers' samples; prints the count when it changed."};
  program.add_option("--mqtt", url, "mqtt://host:port").capture_default_str();
  program.add_option("--client-id", client_id, "Whose session it is").capture_default_str();
  if (const auto code = program.parse(argc, argv)) return *code;

  const auto endpoint = mqtt::parse_url(url);
  if (!endpoint) {
    std::cerr << "null_subscriber: --mqtt: " << endpoint.error() << '\n';
    return command_line::kUsage;
  }
  boost::asio::io_context io{1};
  Counter counter{io, *endpoint, client_id};
  boost::asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](const auto& error, int) {
    if (!error) counter.stop([&] { io.stop(); });
  });
  counter.start();
  io.run();
  return 0;
}
