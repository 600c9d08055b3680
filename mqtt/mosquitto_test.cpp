#include <string>

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include "mqtt/mosquitto_process_test.h"
#include "mqtt/session.h"
#include "mqtt/session_probe_test.h"

using namespace idast::mqtt;

namespace {

bool stop_and_wait(boost::asio::io_context& io, Probe& probe) {
  bool done = false;
  probe.session.stop([&] { done = true; });
  return run_until(io, [&] { return done; });
}

}  // namespace

TEST_CASE("a message published at QoS 1 comes back through mosquitto and is acknowledged") {
  MosquittoProcess broker;
  broker.start();
  boost::asio::io_context io;
  Probe probe{io, probe_options(broker.port(), "round-trip")};
  REQUIRE(probe.session.subscribe("solar-tracker/+/telemetry", 1));
  probe.session.start();
  REQUIRE(run_until(io, [&] { return probe.subscribed == 1; }));

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
