#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include "mqtt/mosquitto_process_test.h"
#include "mqtt/session.h"
#include "mqtt/session_probe_test.h"

// The session against the real broker, a child process of each test.

using namespace idast::mqtt;
using namespace std::chrono_literals;

namespace {

bool stop_and_wait(boost::asio::io_context& io, Probe& probe) {
  bool done = false;
  probe.session.stop([&] { done = true; });
  return run_until(io, [&] { return done; });
}

bool start_and_wait(boost::asio::io_context& io, Probe& probe, std::string_view filter) {
  if (!probe.session.subscribe(filter, 1)) return false;
  probe.session.start();
  return run_until(io, [&] { return probe.subscribed == 1; });
}

std::vector<std::string> payloads(const Probe& probe) {
  std::vector<std::string> all;
  for (const Probe::Received& message : probe.messages) all.push_back(message.payload);
  return all;
}

// Runs a shell command in the broker's folder, quietly.
bool run_in(const MosquittoProcess& broker, const std::string& command) {
  const std::string line =
      "cd '" + broker.folder().string() + "' && { " + command + "; } >command.log 2>&1";
  return std::system(line.c_str()) == 0;
}

// A certificate authority, ca.pem, and a server certificate of it that is valid for one name.
bool make_certificates(const MosquittoProcess& broker, const std::string& subject_alt_name) {
  return run_in(
      broker,
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
      "-keyout ca.key -out ca.pem -subj '/CN=Test authority' && "
      "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
      "-keyout server.key -out server.csr -subj '/CN=Test broker' && "
      "echo 'subjectAltName=" +
          subject_alt_name +
          "' >names && "
          "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
          "-out server.pem -extfile names");
}

void start_with_tls(MosquittoProcess& broker) {
  const std::string folder = broker.folder().string();
  broker.start("allow_anonymous true\ncertfile " + folder + "/server.pem\nkeyfile " + folder +
               "/server.key\n");
}

Options tls_options(const MosquittoProcess& broker, std::string host) {
  Options options = probe_options(broker.port(), "tls");
  options.host = std::move(host);
  options.tls = true;
  options.ca_file = (broker.folder() / "ca.pem").string();
  return options;
}

// How the first attempt to connect ended; nothing when it succeeded.
std::optional<DisconnectReason> first_failure(Options options) {
  boost::asio::io_context io;
  Probe probe{io, std::move(options)};
  probe.session.start();
  run_until(io, [&] { return probe.connects() + probe.ends.size() > 0; });
  if (probe.ends.empty()) return std::nullopt;
  return probe.ends[0];
}

}  // namespace

TEST_CASE("a message published at QoS 1 comes back through mosquitto and is acknowledged") {
  MosquittoProcess broker;
  broker.start();
  boost::asio::io_context io;
  Probe probe{io, probe_options(broker.port(), "round-trip")};
  REQUIRE(start_and_wait(io, probe, "solar-tracker/+/telemetry"));

  int acknowledged = 0;
  REQUIRE(probe.session.publish("solar-tracker/a/telemetry", "{\"powerW\":8.5}", 1, false,
                                [&] { ++acknowledged; }));
  REQUIRE(run_until(io, [&] { return acknowledged == 1 && probe.messages.size() == 1; }));
  CHECK(probe.messages[0].topic == "solar-tracker/a/telemetry");
  CHECK(probe.messages[0].payload == "{\"powerW\":8.5}");
  CHECK(probe.messages[0].qos == 1);
  CHECK_FALSE(probe.messages[0].duplicate);

  probe.session.acknowledge(probe.messages[0].token);
  CHECK(probe.session.counters().held == 0);
  CHECK(stop_and_wait(io, probe));
  CHECK(probe.session.counters().disconnects == 1);
}

TEST_CASE("what was not acknowledged is redelivered to the kept session, what was is not") {
  MosquittoProcess broker;
  broker.start();
  boost::asio::io_context io;
  std::optional<Probe> server;
  server.emplace(io, probe_options(broker.port(), "server"));
  REQUIRE(start_and_wait(io, *server, "t"));
  Probe device{io, probe_options(broker.port(), "device")};
  device.session.start();
  for (const char* payload : {"1", "2", "3", "4", "5"}) {
    REQUIRE(device.session.publish("t", payload, 1, false));
  }
  REQUIRE(run_until(io, [&] { return server->messages.size() == 5; }));
  server->session.acknowledge(server->messages[0].token);
  server->session.acknowledge(server->messages[1].token);
  const std::uint64_t writes = server->session.counters().writes;
  REQUIRE(run_until(io, [&] { return server->session.counters().writes > writes; }));

  server.reset();  // as a crash would: no DISCONNECT
  REQUIRE(device.session.publish("t", "6", 1, false));
  server.emplace(io, probe_options(broker.port(), "server"));
  REQUIRE(start_and_wait(io, *server, "t"));
  REQUIRE(run_until(io, [&] { return server->messages.size() == 4; }));
  CHECK(server->session_present == std::vector<bool>{true});
  CHECK(payloads(*server) == std::vector<std::string>{"3", "4", "5", "6"});
  CHECK(server->messages[0].duplicate);
}

TEST_CASE("publishes made while the broker is dead arrive after it is back") {
  MosquittoProcess broker;
  broker.start();
  boost::asio::io_context io;
  Probe probe{io, probe_options(broker.port(), "survivor")};
  REQUIRE(start_and_wait(io, probe, "t"));
  broker.kill_now();
  REQUIRE(run_until(io, [&] { return probe.ends.size() >= 2; }));
  CHECK(probe.ends[0].was_connected);
  int acknowledged = 0;
  for (const char* payload : {"1", "2", "3"}) {
    REQUIRE(probe.session.publish("t", payload, 1, false, [&] { ++acknowledged; }));
  }
  CHECK(probe.session.publish("t", "0", 0, false).error() == PublishError::offline);
  broker.start();
  REQUIRE(run_until(io, [&] { return acknowledged == 3 && probe.messages.size() == 3; }));
  CHECK(payloads(probe) == std::vector<std::string>{"1", "2", "3"});
  CHECK(probe.session.counters().connects == 2);
}

TEST_CASE("the will comes when a session is cut, and does not when it says goodbye") {
  MosquittoProcess broker;
  broker.start();
  boost::asio::io_context io;
  Probe watcher{io, probe_options(broker.port(), "watcher")};
  REQUIRE(start_and_wait(io, watcher, "+/status"));
  for (const bool cut : {true, false}) {
    Options options = probe_options(broker.port(), "device");
    options.will = Will{.topic = "device/status", .payload = "offline", .retain = false};
    std::optional<Probe> device;
    device.emplace(io, options);
    device->session.start();
    REQUIRE(run_until(io, [&] { return device->session.connected(); }));
    if (!cut) CHECK(stop_and_wait(io, *device));
    device.reset();
    if (cut) REQUIRE(run_until(io, [&] { return watcher.messages.size() == 1; }));
  }
  // The broker has read DISCONNECT: it closed its side before stop() was done. What is published
  // now would come after a will.
  REQUIRE(watcher.session.publish("marker/status", "after", 1, false));
  REQUIRE(run_until(io, [&] { return watcher.messages.size() >= 2; }));
  CHECK(payloads(watcher) == std::vector<std::string>{"offline", "after"});
}

TEST_CASE("user and password decide whether mosquitto lets a session in") {
  MosquittoProcess broker;
  REQUIRE(run_in(broker, "mosquitto_passwd -c -b users tracker right"));
  // The file was made by this user; mosquitto runs as the same.
  broker.start("allow_anonymous false\npassword_file " + (broker.folder() / "users").string() +
               "\n");
  Options options = probe_options(broker.port(), "user");
  const auto anonymous = first_failure(options);
  REQUIRE(anonymous.has_value());
  CHECK(anonymous->kind == DisconnectKind::refused);
  CHECK(anonymous->connack_code == 5);

  options.username = "tracker";
  options.password = "wrong";
  const auto wrong = first_failure(options);
  REQUIRE(wrong.has_value());
  CHECK(wrong->kind == DisconnectKind::refused);
  CHECK(wrong->words.find("wrong") == wrong->words.find("wrong user name"));  // no secret told

  options.password = "right";
  CHECK_FALSE(first_failure(options).has_value());
}

TEST_CASE("TLS carries messages when the certificate is valid for the address") {
  MosquittoProcess broker;
  REQUIRE(make_certificates(broker, "IP:127.0.0.1"));
  start_with_tls(broker);
  boost::asio::io_context io;
  Probe probe{io, tls_options(broker, "127.0.0.1")};
  REQUIRE(start_and_wait(io, probe, "t"));
  const std::string large(100'000, 'x');  // several TLS records
  REQUIRE(probe.session.publish("t", large, 1, false));
  REQUIRE(probe.session.publish("t", "small", 1, false));
  REQUIRE(run_until(io, [&] { return probe.messages.size() == 2; }));
  CHECK(probe.messages[0].payload == large);
  CHECK(probe.messages[1].payload == "small");
  CHECK(stop_and_wait(io, probe));
}

TEST_CASE("TLS is refused for another's certificate, an unknown authority and a missing CA file") {
  MosquittoProcess broker;
  REQUIRE(make_certificates(broker, "DNS:localhost"));
  start_with_tls(broker);

  const auto wrong_name = first_failure(tls_options(broker, "127.0.0.1"));
  REQUIRE(wrong_name.has_value());
  CHECK(wrong_name->kind == DisconnectKind::tls_failed);
  CHECK(wrong_name->words.find("mismatch") != std::string::npos);

  Options options = tls_options(broker, "127.0.0.1");
  options.ca_file.clear();  // the authorities of the system do not know ours
  const auto unknown = first_failure(options);
  REQUIRE(unknown.has_value());
  CHECK(unknown->kind == DisconnectKind::tls_failed);
  CHECK(unknown->words.find("certificate") != std::string::npos);

  options.ca_file = (broker.folder() / "none.pem").string();
  const auto missing = first_failure(options);
  REQUIRE(missing.has_value());
  CHECK(missing->kind == DisconnectKind::tls_failed);
  CHECK(missing->words.find("none.pem") != std::string::npos);

  const auto by_name = first_failure(tls_options(broker, "localhost"));
  if (by_name && by_name->kind == DisconnectKind::resolve_failed) {
    MESSAGE("skipped: this machine does not know the name localhost");
    return;
  }
  CHECK_FALSE(by_name.has_value());
}

TEST_CASE("a frozen broker is noticed, and used again once it answers") {
  MosquittoProcess broker;
  broker.start();
  boost::asio::io_context io;
  Options options = probe_options(broker.port(), "patient");
  options.line_check = 20ms;
  Probe probe{io, options};
  REQUIRE(start_and_wait(io, probe, "t"));
  broker.freeze();
  REQUIRE(run_until(io, [&] { return !probe.ends.empty(); }));
  CHECK(probe.ends[0].kind == DisconnectKind::line_dead);
  broker.thaw();
  REQUIRE(run_until(io, [&] { return probe.subscribed == 2; }));
}

TEST_CASE("two sessions that fight for one client id slow down") {
  MosquittoProcess broker;
  broker.start();
  boost::asio::io_context io;
  Options options = probe_options(broker.port(), "twin");
  options.reconnect_delay_max = 1'000ms;
  Probe one{io, options};
  options.jitter_seed = 2;
  Probe two{io, options};
  one.session.start();
  two.session.start();
  REQUIRE(run_until(io, [&] { return one.ends.size() >= 6 && two.ends.size() >= 6; }));
  CHECK(one.ends[0].kind == DisconnectKind::closed_by_broker);
  CHECK(one.ends[5].retry_in >= 16ms);
  CHECK(two.ends[5].retry_in >= 16ms);
}

TEST_CASE("more publishes than there are packet ids all arrive") {
  MosquittoProcess broker;
  broker.start();
  boost::asio::io_context io;
  Options options = probe_options(broker.port(), "busy");
  options.outgoing_max = 500;
  Probe probe{io, options};
  probe.session.start();
  constexpr int kMessages = 60'500;  // ids end at 60 000
  int published = 0;
  int acknowledged = 0;
  const auto publish = [&] {
    const auto taken = probe.session.publish("t", "x", 1, false, [&] { ++acknowledged; });
    if (taken) ++published;
    return taken.has_value();
  };
  REQUIRE(run_until(io, [&] {
    while (published < kMessages && publish()) continue;
    return acknowledged == kMessages;
  }));
  CHECK(probe.session.counters().answers_unexpected == 0);
  CHECK(probe.session.counters().publishes_resent == 0);
}
