#include "mqtt/session.h"

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <doctest/doctest.h>

#include "mqtt/fake_broker_test.h"
#include "mqtt/packets.h"
#include "mqtt/session_probe_test.h"

using namespace idast::mqtt;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t kSubscribeIdFirst = 60'001;  // ids up to 60 000 belong to publishes

Suback granted(std::uint16_t packet_id) { return {.packet_id = packet_id, .return_codes = "\x01"}; }

// A broker, a session that talks to it, and the loop that both run on.
struct Conversation {
  boost::asio::io_context io;
  FakeBroker broker{io};
  Options options = probe_options(broker.port(), "idast");
  std::unique_ptr<Probe> probe;

  Session& session() {
    if (!probe) probe = std::make_unique<Probe>(io, options);
    return probe->session;
  }
  const Counters& counters() { return session().counters(); }
  bool run_to_the_end() {
    const bool finished = run_until(io, [&] { return broker.finished(); });
    CHECK(broker.fault() == "");
    return finished && broker.fault().empty();
  }
  template <class Claim>
  bool run(Claim claim) {
    return run_until(io, claim);
  }
};

}  // namespace

// ---- Connecting

TEST_CASE("CONNECT carries client id, session, keep-alive, user, password and will as configured") {
  Conversation talk;
  talk.options.clean_session = false;
  talk.options.keep_alive = 45s;
  talk.options.username = "tracker";
  talk.options.password = "s3cret";
  talk.options.will = Will{.topic = "solar-tracker/a/status", .payload = "offline"};
  talk.broker.connection()
      .expect(Connect{.client_id = "idast",
                      .clean_session = false,
                      .keep_alive_s = 45,
                      .will = ConnectWill{.topic = "solar-tracker/a/status",
                                          .payload = "offline",
                                          .qos = 1,
                                          .retain = true},
                      .username = "tracker",
                      .password = "s3cret"})
      .reply_with(Connack{});
  talk.session().start();
  REQUIRE(talk.run_to_the_end());
  REQUIRE(talk.run([&] { return talk.session().connected(); }));
  CHECK(talk.counters().connects == 1);
}

TEST_CASE("a refused connection says why in words, and is tried again") {
  struct Case {
    std::uint8_t code;
    std::string_view words;
  };
  const Case cases[] = {{1, "3.1.1"},    {2, "client id"},  {3, "available"},
                        {4, "password"}, {5, "authorized"}, {99, "does not define"}};
  for (const Case& one : cases) {
    Conversation talk;
    talk.broker.connection()
        .expect_connect()
        .reply_with(Connack{.return_code = one.code})
        .expect_close();
    talk.broker.connection().expect_connect().reply_with(Connack{});
    talk.session().start();
    REQUIRE(talk.run_to_the_end());
    REQUIRE(talk.run([&] { return talk.session().connected(); }));
    REQUIRE(talk.probe->ends.size() == 1);
    const DisconnectReason& why = talk.probe->ends[0];
    CHECK(why.kind == DisconnectKind::refused);
    CHECK(why.connack_code == one.code);
    CHECK_FALSE(why.was_connected);
    CHECK(why.words.find(one.words) != std::string::npos);
    CHECK(talk.counters().connects_refused == 1);
    CHECK(talk.counters().connect_failures == 1);
    CHECK(talk.counters().disconnects == 0);
  }
}

TEST_CASE("a broker that accepts the connection but never answers CONNECT is left") {
  Conversation talk;
  talk.options.connect_timeout = 100ms;
  talk.broker.connection().expect_connect().expect_close();
  talk.broker.connection().expect_connect();
  talk.session().start();
  REQUIRE(talk.run_to_the_end());
  CHECK(talk.probe->ends.at(0).kind == DisconnectKind::timed_out);
  CHECK(talk.counters().timeouts >= 1);
}

TEST_CASE("without a broker the waits double up to their limit, each shortened by chance") {
  Conversation talk;
  {  // a port that nobody listens on any more
    const FakeBroker gone{talk.io};
    talk.options.port = gone.port();
  }
  talk.options.reconnect_delay_min = 2ms;
  talk.options.reconnect_delay_max = 20ms;
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.probe->ends.size() == 8; }));
  const std::array limits{2ms, 4ms, 8ms, 16ms, 20ms, 20ms, 20ms, 20ms};
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const DisconnectReason& why = talk.probe->ends[i];
    CHECK(why.kind == DisconnectKind::connect_failed);
    CHECK(why.retry_in >= limits[i] / 2);
    CHECK(why.retry_in <= limits[i]);
  }
}

TEST_CASE("connections that the broker soon closes are made ever more slowly") {
  Conversation talk;
  talk.options.reconnect_delay_min = 2ms;
  talk.options.reconnect_delay_max = 1'000ms;
  for (int i = 0; i < 5; ++i) {
    talk.broker.connection().expect_connect().reply_with(Connack{}).close();
  }
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.probe->ends.size() == 5; }));
  CHECK(talk.counters().connects == 5);
  CHECK(talk.probe->ends[4].kind == DisconnectKind::closed_by_broker);
  CHECK(talk.probe->ends[4].retry_in >= 16ms);
}

TEST_CASE("a connection that lived long enough starts the waits anew") {
  Conversation talk;
  talk.options.reconnect_delay_min = 2ms;
  talk.options.reconnect_delay_max = 1'000ms;
  talk.options.stable_after = 1ms;
  talk.options.line_check = 50ms;  // the ping tells that more than stable_after has passed
  for (int i = 0; i < 3; ++i) {
    talk.broker.connection().expect_connect().reply_with(Connack{}).expect(Pingreq{}).close();
  }
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.probe->ends.size() == 3; }));
  for (const DisconnectReason& why : talk.probe->ends) CHECK(why.retry_in <= 2ms);
}

// ---- Receiving and acknowledging

TEST_CASE("a resumed session delivers before the broker has confirmed the subscription") {
  Conversation talk;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{.session_present = true},
                  Publish{.topic = "a/telemetry", .payload = "1", .qos = 1, .packet_id = 4})
      .expect(Subscribe{.packet_id = kSubscribeIdFirst, .requests = {{"+/telemetry", 1}}})
      .then([&] {
        CHECK(talk.probe->messages.size() == 1);
        CHECK(talk.probe->subscribed == 0);
        CHECK_FALSE(talk.session().subscribed());
        talk.session().acknowledge(talk.probe->messages.at(0).token);
      })
      .expect(Puback{.packet_id = 4})
      .reply_with(granted(kSubscribeIdFirst));
  REQUIRE(talk.session().subscribe("+/telemetry", 1));
  talk.session().start();
  REQUIRE(talk.run_to_the_end());
  REQUIRE(talk.run([&] { return talk.probe->subscribed == 1; }));
  CHECK(talk.session().subscribed());
  CHECK(talk.probe->session_present == std::vector<bool>{true});
}

TEST_CASE("PUBACK is sent only when the caller acknowledges, in the caller's order, in one write") {
  Conversation talk;
  std::uint64_t writes = 0;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{}, Publish{.topic = "t", .payload = "1", .qos = 1, .packet_id = 1},
                  Publish{.topic = "t", .payload = "2", .qos = 1, .packet_id = 2},
                  Publish{.topic = "t", .payload = "3", .qos = 1, .packet_id = 3},
                  Publish{.topic = "t", .payload = "4", .qos = 0})
      .expect(Puback{.packet_id = 3})  // an early PUBACK of 1 or 2 would come before
      .expect(Puback{.packet_id = 1})
      .expect(Puback{.packet_id = 2});
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.probe->messages.size() == 4; }));
  CHECK(talk.counters().held == 3);
  CHECK(talk.counters().held_max == 3);
  CHECK(talk.probe->messages[3].token.packet_id == 0);
  writes = talk.counters().writes;
  const std::array tokens{talk.probe->messages[2].token, talk.probe->messages[0].token,
                          talk.probe->messages[1].token, talk.probe->messages[3].token};
  talk.session().acknowledge(tokens);
  REQUIRE(talk.run_to_the_end());
  REQUIRE(talk.run([&] { return talk.counters().writes > writes; }));
  CHECK(talk.counters().writes == writes + 1);
  CHECK(talk.counters().held == 0);
  CHECK(talk.counters().acknowledgements_sent == 3);
}

TEST_CASE("an acknowledgement given twice is sent once") {
  Conversation talk;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{}, Publish{.topic = "t", .payload = "1", .qos = 1, .packet_id = 1},
                  Publish{.topic = "t", .payload = "2", .qos = 1, .packet_id = 2})
      .expect(Puback{.packet_id = 1})
      .expect(Puback{.packet_id = 2});
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.probe->messages.size() == 2; }));
  talk.session().acknowledge(talk.probe->messages[0].token);
  talk.session().acknowledge(talk.probe->messages[0].token);
  talk.session().acknowledge(talk.probe->messages[1].token);
  REQUIRE(talk.run_to_the_end());
  CHECK(talk.counters().acknowledgements_unknown == 1);
}

TEST_CASE("a message that comes again on the same connection makes its earlier token void") {
  Conversation talk;
  const Publish message{.topic = "t", .payload = "1", .qos = 1, .packet_id = 1};
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{}, message, message)
      .expect(Puback{.packet_id = 1});
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.probe->messages.size() == 2; }));
  CHECK(talk.counters().held == 1);
  talk.session().acknowledge(talk.probe->messages[0].token);
  CHECK(talk.counters().acknowledgements_void == 1);
  CHECK(talk.counters().acknowledgements_sent == 0);
  talk.session().acknowledge(talk.probe->messages[1].token);
  REQUIRE(talk.run_to_the_end());
  CHECK(talk.counters().acknowledgements_sent == 1);
  CHECK(talk.counters().held == 0);
}

TEST_CASE("a token of an older connection is ignored; the redelivered message has its own") {
  Conversation talk;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{}, Publish{.topic = "t", .payload = "1", .qos = 1, .packet_id = 1})
      .close();
  talk.broker.connection()
      .expect_connect()
      .reply_with(
          Connack{.session_present = true},
          Publish{.topic = "t", .payload = "1", .qos = 1, .duplicate = true, .packet_id = 1},
          Publish{.topic = "t", .payload = "2", .qos = 1, .packet_id = 2})
      .expect(Puback{.packet_id = 2})  // the old token's PUBACK of 1 would come before
      .expect(Puback{.packet_id = 1});
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.probe->ends.size() == 1; }));
  REQUIRE(talk.probe->messages.size() == 1);
  talk.session().acknowledge(talk.probe->messages[0].token);  // while there is no connection
  REQUIRE(talk.run([&] { return talk.probe->messages.size() == 3; }));
  talk.session().acknowledge(talk.probe->messages[0].token);  // on the next one
  CHECK(talk.counters().acknowledgements_stale == 2);
  CHECK(talk.counters().held == 2);
  CHECK(talk.counters().duplicates_received == 1);
  talk.session().acknowledge(talk.probe->messages[2].token);
  talk.session().acknowledge(talk.probe->messages[1].token);
  REQUIRE(talk.run_to_the_end());
}

TEST_CASE("messages that arrive byte by byte arrive whole") {
  Conversation talk;
  talk.broker.connection().expect_connect().send_byte_by_byte(
      Connack{}, Publish{.topic = "t", .payload = "hello", .qos = 1, .packet_id = 1},
      Publish{.topic = "u", .payload = ""});
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.probe->messages.size() == 2; }));
  CHECK(talk.probe->messages[0].payload == "hello");
  CHECK(talk.probe->messages[1].topic == "u");
  CHECK(talk.probe->messages[1].payload.empty());
}

TEST_CASE("a message above the packet limit is skipped, counted and acknowledged") {
  Conversation talk;
  talk.options.packet_bytes_max = 2'000;
  const std::string payload(300'000, 'x');
  const std::string fits(1'900, 'y');
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{}, Publish{.topic = "t", .payload = payload, .qos = 1, .packet_id = 1},
                  Publish{.topic = "t", .payload = payload},
                  Publish{.topic = "t", .payload = fits, .qos = 1, .packet_id = 2})
      .expect(Puback{.packet_id = 1});
  talk.session().start();
  REQUIRE(talk.run_to_the_end());
  REQUIRE(talk.run([&] { return talk.probe->messages.size() == 1; }));
  CHECK(talk.probe->messages[0].payload == fits);
  CHECK(talk.counters().messages_oversize == 2);
  CHECK(talk.counters().held == 1);
  CHECK(talk.session().connected());
}

TEST_CASE("a message with a foul topic is counted and acknowledged, not given") {
  Conversation talk;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{})
      .send_bytes(std::string{"\x32\x06\x00\x02\xff\xfe\x00\x09", 8})
      .send_bytes(std::string{"\x30\x03\x00\x01#", 5})
      .expect(Puback{.packet_id = 9});
  talk.session().start();
  REQUIRE(talk.run_to_the_end());
  REQUIRE(talk.run([&] { return talk.counters().messages_bad_topic == 2; }));
  CHECK(talk.probe->messages.empty());
  CHECK(talk.session().connected());
}

TEST_CASE("a broker that breaks the protocol is left, counted, and tried again") {
  struct Case {
    std::string_view claim;
    std::string bytes;
  };
  const Case cases[] = {
      {"a malformed packet", {"\x30\x01\x00", 3}},
      {"a message at QoS 2", {"\x34\x05\x00\x01t\x00\x01", 7}},
      {"a second CONNACK", {"\x20\x02\x00\x00", 4}},
      {"a client's packet", {"\xc0\x00", 2}},
      {"an endless length", {"\x30\xff\xff\xff\xff\xff", 6}},
      {"a large packet that is no PUBLISH", {"\x90\xff\xff\x7f", 4}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.claim);
    Conversation talk;
    talk.broker.connection()
        .expect_connect()
        .reply_with(Connack{})
        .send_bytes(one.bytes)
        .expect_close();
    talk.broker.connection().expect_connect().reply_with(Connack{});
    talk.session().start();
    REQUIRE(talk.run_to_the_end());
    CHECK(talk.counters().protocol_errors == 1);
    CHECK(talk.probe->ends.at(0).kind == DisconnectKind::protocol_error);
    CHECK(talk.probe->ends.at(0).was_connected);
    CHECK(talk.probe->messages.empty());
  }
}

TEST_CASE("a packet before CONNACK is a protocol error") {
  Conversation talk;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Publish{.topic = "t", .payload = "1"})
      .expect_close();
  talk.broker.connection().expect_connect();
  talk.session().start();
  REQUIRE(talk.run_to_the_end());
  CHECK(talk.counters().protocol_errors == 1);
  CHECK(talk.probe->messages.empty());
}

// ---- Subscribing

TEST_CASE("all filters are subscribed again after every connect") {
  Conversation talk;
  const Subscribe first{.packet_id = kSubscribeIdFirst, .requests = {{"a/+", 1}, {"b", 0}}};
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{})
      .expect(first)
      .reply_with(
          Suback{.packet_id = kSubscribeIdFirst, .return_codes = std::string_view{"\1\0", 2}})
      .then([&] {
        CHECK(talk.session().subscribe("c/#", 1).has_value());
        talk.session().unsubscribe("b");
        talk.session().unsubscribe("never heard of");
      })
      .expect(Subscribe{.packet_id = kSubscribeIdFirst + 2, .requests = {{"c/#", 1}}})
      .expect(Unsubscribe{.packet_id = kSubscribeIdFirst + 4, .filters = {"b"}})
      .reply_with(granted(kSubscribeIdFirst + 2), Unsuback{.packet_id = kSubscribeIdFirst + 4})
      .close();
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{.session_present = true})
      .expect(Subscribe{.packet_id = kSubscribeIdFirst + 5, .requests = {{"a/+", 1}, {"c/#", 1}}})
      .reply_with(Suback{.packet_id = kSubscribeIdFirst + 5, .return_codes = "\1\1"});
  REQUIRE(talk.session().subscribe("a/+", 1));
  REQUIRE(talk.session().subscribe("b", 0));
  talk.session().start();
  REQUIRE(talk.run_to_the_end());
  REQUIRE(talk.run([&] { return talk.session().subscribed(); }));
  CHECK(talk.counters().answers_unexpected == 0);
}

TEST_CASE("a refused or lowered subscription is told by name and never counts as confirmed") {
  Conversation talk;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{})
      .expect(Subscribe{.packet_id = kSubscribeIdFirst,
                        .requests = {{"good", 1}, {"secret", 1}, {"lowered", 1}}})
      .reply_with(Suback{.packet_id = kSubscribeIdFirst,
                         .return_codes = std::string_view{"\x01\x80\x00", 3}});
  REQUIRE(talk.session().subscribe("good", 1));
  REQUIRE(talk.session().subscribe("secret", 1));
  REQUIRE(talk.session().subscribe("lowered", 1));
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.probe->refused.size() == 2; }));
  CHECK(talk.probe->refused == std::vector<std::string>{"secret", "lowered"});
  CHECK(talk.counters().subscriptions_refused == 2);
  CHECK(talk.probe->subscribed == 0);
  CHECK_FALSE(talk.session().subscribed());
  CHECK(talk.session().connected());
}

TEST_CASE("SUBACK with too few answers is a protocol error, one for nothing asked is ignored") {
  Conversation talk;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{}, granted(9), Puback{.packet_id = 9})
      .expect(Subscribe{.packet_id = kSubscribeIdFirst, .requests = {{"a", 1}, {"b", 1}}})
      .reply_with(granted(kSubscribeIdFirst))
      .expect_close();
  talk.broker.connection().expect_connect();
  REQUIRE(talk.session().subscribe("a", 1));
  REQUIRE(talk.session().subscribe("b", 1));
  talk.session().start();
  REQUIRE(talk.run_to_the_end());
  CHECK(talk.counters().answers_unexpected == 2);
  CHECK(talk.counters().protocol_errors == 1);
}

TEST_CASE("a broker that never confirms a subscription is left") {
  Conversation talk;
  talk.options.answer_timeout = 10ms;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{})
      .expect(Subscribe{.packet_id = kSubscribeIdFirst, .requests = {{"a", 1}}})
      .expect_close();
  talk.broker.connection().expect_connect();
  REQUIRE(talk.session().subscribe("a", 1));
  talk.session().start();
  REQUIRE(talk.run_to_the_end());
  CHECK(talk.probe->ends.at(0).kind == DisconnectKind::timed_out);
}

TEST_CASE("more filters than fit a packet are asked for in several, and confirmed together") {
  Conversation talk;
  const std::string level(10'000, 'x');
  const std::string one = level + "/1";
  const std::string two = level + "/2";
  const std::string three = level + "/3";
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{})
      .expect(Subscribe{.packet_id = kSubscribeIdFirst, .requests = {{one, 1}, {two, 1}}})
      .expect(Subscribe{.packet_id = kSubscribeIdFirst + 1, .requests = {{three, 1}}})
      .reply_with(granted(kSubscribeIdFirst + 1))
      .then([&] { CHECK(talk.probe->subscribed == 0); })
      .reply_with(Suback{.packet_id = kSubscribeIdFirst, .return_codes = "\1\1"});
  for (const std::string& filter : {one, two, three}) REQUIRE(talk.session().subscribe(filter, 1));
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.probe->subscribed == 1; }));
  CHECK(talk.broker.fault() == "");
}

TEST_CASE("a bad filter, and one too many, are refused") {
  Conversation talk;
  CHECK(talk.session().subscribe("a#", 1).error() == SubscribeError::bad_filter);
  for (std::size_t i = 0; i < kSubscriptionsMax; ++i) {
    REQUIRE(talk.session().subscribe(std::to_string(i), 0));
  }
  CHECK(talk.session().subscribe("one more", 1).error() == SubscribeError::too_many);
  CHECK(talk.session().subscribe("7", 1).has_value());
}

// ---- Publishing

TEST_CASE("QoS 1 publishes wait for a connection and go out in order, in one write") {
  Conversation talk;
  std::vector<int> acknowledged;
  auto& script = talk.broker.connection().expect_connect().reply_with(Connack{});
  for (std::uint16_t id = 1; id <= 50; ++id) {
    script.expect(Publish{.topic = "t", .payload = std::to_string(id), .qos = 1, .packet_id = id});
  }
  script.reply_with(Puback{.packet_id = 2}, Puback{.packet_id = 1}, Puback{.packet_id = 3});
  for (int i = 1; i <= 50; ++i) {
    REQUIRE(talk.session().publish("t", std::to_string(i), 1, false,
                                   [&, i] { acknowledged.push_back(i); }));
  }
  talk.session().start();
  REQUIRE(talk.run([&] { return acknowledged.size() == 3; }));
  CHECK(talk.broker.fault() == "");
  CHECK(acknowledged == std::vector<int>{2, 1, 3});
  CHECK(talk.counters().writes == 2);  // CONNECT, and fifty PUBLISH
  CHECK(talk.counters().outgoing == 47);
}

TEST_CASE("unacknowledged publishes are sent again with DUP, those never sent without") {
  Conversation talk;
  talk.options.inflight_max = 2;
  std::vector<char> acknowledged;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{})
      .expect(Publish{.topic = "t", .payload = "a", .qos = 1, .packet_id = 1})
      .expect(Publish{.topic = "t", .payload = "b", .qos = 1, .retain = true, .packet_id = 2})
      .reply_with(Puback{.packet_id = 1})
      .expect(Publish{.topic = "t", .payload = "c", .qos = 1, .packet_id = 3})
      .close();
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{.session_present = true})
      .expect(Publish{.topic = "t",
                      .payload = "b",
                      .qos = 1,
                      .retain = true,
                      .duplicate = true,
                      .packet_id = 2})
      .expect(Publish{.topic = "t", .payload = "c", .qos = 1, .duplicate = true, .packet_id = 3})
      .reply_with(Puback{.packet_id = 3}, Puback{.packet_id = 2}, Puback{.packet_id = 2})
      .expect(Publish{.topic = "t", .payload = "d", .qos = 1, .packet_id = 4})
      .reply_with(Puback{.packet_id = 4});
  for (const char c : {'a', 'b', 'c', 'd'}) {
    REQUIRE(talk.session().publish("t", {&c, 1}, 1, c == 'b',
                                   [&acknowledged, c] { acknowledged.push_back(c); }));
  }
  talk.session().start();
  REQUIRE(talk.run([&] { return acknowledged.size() == 4 || !talk.broker.fault().empty(); }));
  CHECK(talk.broker.fault() == "");
  CHECK(acknowledged == std::vector<char>{'a', 'c', 'b', 'd'});
  CHECK(talk.counters().publishes_sent == 4);
  CHECK(talk.counters().publishes_resent == 2);
  CHECK(talk.counters().publishes_acknowledged == 4);
  CHECK(talk.counters().answers_unexpected == 1);
  CHECK(talk.counters().outgoing == 0);
}

TEST_CASE("a full queue refuses, counts, and takes again after an acknowledgement") {
  Conversation talk;
  talk.options.outgoing_max = 2;
  talk.options.inflight_max = 2;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{})
      .expect(Publish{.topic = "t", .payload = "1", .qos = 1, .packet_id = 1})
      .expect(Publish{.topic = "t", .payload = "2", .qos = 1, .packet_id = 2})
      .reply_with(Puback{.packet_id = 1})
      .expect(Publish{.topic = "t", .payload = "4", .qos = 1, .packet_id = 3});
  Session& session = talk.session();
  REQUIRE(session.publish("t", "1", 1, false,
                          [&] { CHECK(session.publish("t", "4", 1, false).has_value()); }));
  REQUIRE(session.publish("t", "2", 1, false));
  CHECK(session.publish("t", "3", 1, false).error() == PublishError::queue_full);
  CHECK(talk.counters().publishes_queue_full == 1);
  session.start();
  REQUIRE(talk.run_to_the_end());
}

TEST_CASE("the queue is bounded in bytes as well") {
  Conversation talk;
  talk.options.outgoing_bytes_max = 3'000;
  const std::string payload(1'400, 'x');
  REQUIRE(talk.session().publish("t", payload, 1, false));
  REQUIRE(talk.session().publish("t", payload, 1, false));
  CHECK(talk.session().publish("t", payload, 1, false).error() == PublishError::queue_full);
  CHECK(talk.session().publish("t", "small", 1, false).has_value());
}

TEST_CASE("what cannot be published is refused and counted by reason") {
  Conversation talk;
  talk.options.packet_bytes_max = 1'024;
  const std::string fits(1'024 - 3 - 2 - 1 - 2, 'x');
  CHECK(talk.session().publish("t", fits, 1, false).has_value());
  CHECK(talk.session().publish("t", fits + "x", 1, false).error() == PublishError::too_large);
  CHECK(talk.session().publish("a/+", "x", 1, false).error() == PublishError::bad_topic);
  CHECK(talk.session().publish("", "x", 0, false).error() == PublishError::bad_topic);
  CHECK(talk.session().publish("t", "x", 0, false).error() == PublishError::offline);
  CHECK(talk.counters().publishes_too_large == 1);
  CHECK(talk.counters().publishes_bad_topic == 2);
  CHECK(talk.counters().publishes_offline == 1);
}

TEST_CASE("QoS 0 publishes are bounded by what may wait for one write") {
  Conversation talk;
  talk.broker.connection().expect_connect().reply_with(Connack{});
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.session().connected(); }));
  const std::string payload(200'000, 'x');
  int taken = 0;
  while (talk.session().publish("t", payload, 0, false)) ++taken;
  CHECK(taken == 5);  // 1 MiB
  CHECK(talk.counters().publishes_queue_full == 1);
}

// ---- The line

TEST_CASE("a silent line is pinged twice, then given up and made anew") {
  Conversation talk;
  talk.options.line_check = 5ms;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{})
      .expect(Pingreq{})
      .expect(Pingreq{})
      .expect_close();
  talk.broker.connection().expect_connect().reply_with(Connack{});
  talk.session().start();
  REQUIRE(talk.run_to_the_end());
  CHECK(talk.counters().lines_dead == 1);
  CHECK(talk.probe->ends.at(0).kind == DisconnectKind::line_dead);
}

TEST_CASE("an answered ping keeps the line") {
  Conversation talk;
  talk.options.line_check = 20ms;
  auto& script = talk.broker.connection().expect_connect().reply_with(Connack{});
  for (int i = 0; i < 5; ++i) script.expect(Pingreq{}).reply_with(Pingresp{});
  script.close();
  talk.broker.connection().expect_connect();
  talk.session().start();
  REQUIRE(talk.run_to_the_end());
  CHECK(talk.counters().lines_dead == 0);
}

TEST_CASE("with keep-alive 0 nothing is pinged") {
  Conversation talk;
  talk.options.keep_alive = 0s;
  talk.options.line_check = 1ms;
  talk.broker.connection()
      .expect(Connect{.client_id = "idast", .clean_session = false, .keep_alive_s = 0})
      .reply_with(Connack{});
  talk.session().start();
  REQUIRE(talk.run_to_the_end());
  boost::asio::steady_timer later{talk.io, 20ms};
  bool passed = false;
  later.async_wait([&](const auto&) { passed = true; });
  REQUIRE(talk.run([&] { return passed; }));
  CHECK(talk.broker.fault() == "");
}

// ---- Stopping

TEST_CASE("stop() waits for acknowledgements, then says DISCONNECT, which suppresses the will") {
  Conversation talk;
  talk.options.will = Will{.topic = "t/status", .payload = "gone"};
  bool stopped = false;
  bool acknowledged = false;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{}, Publish{.topic = "t", .payload = "held", .qos = 1, .packet_id = 5})
      .expect(Publish{.topic = "t", .payload = "last", .qos = 1, .packet_id = 1})
      .reply_with(Publish{.topic = "t", .payload = "late", .qos = 1, .packet_id = 6},
                  Puback{.packet_id = 1})
      .expect(Puback{.packet_id = 5})
      .expect(Disconnect{})
      .expect_close();
  Session& session = talk.session();
  session.start();
  REQUIRE(talk.run([&] { return talk.probe->messages.size() == 1; }));
  REQUIRE(session.publish("t", "last", 1, false, [&] {
    acknowledged = true;
    session.acknowledge(talk.probe->messages[0].token);
  }));
  session.stop([&] { stopped = true; });
  CHECK_FALSE(stopped);
  CHECK(session.publish("t", "too late", 1, false).error() == PublishError::stopped);
  REQUIRE(talk.run([&] { return stopped; }));
  REQUIRE(talk.run_to_the_end());
  CHECK(acknowledged);
  CHECK(talk.probe->messages.size() == 1);
  CHECK(talk.counters().publishes_abandoned == 0);
  CHECK(talk.probe->ends.at(0).kind == DisconnectKind::stopped);
  CHECK(talk.probe->ends.at(0).was_connected);
  CHECK(talk.counters().disconnects == 1);
}

TEST_CASE("stop() ends in its time although the broker acknowledges nothing") {
  Conversation talk;
  talk.options.stop_timeout = 10ms;
  bool stopped = false;
  talk.broker.connection()
      .expect_connect()
      .reply_with(Connack{})
      .expect(Publish{.topic = "t", .payload = "1", .qos = 1, .packet_id = 1})
      .expect_close();
  REQUIRE(talk.session().publish("t", "1", 1, false, [] { FAIL("never acknowledged"); }));
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.session().connected(); }));
  talk.session().stop([&] { stopped = true; });
  REQUIRE(talk.run([&] { return stopped; }));
  REQUIRE(talk.run_to_the_end());
  CHECK(talk.counters().publishes_abandoned == 1);
  CHECK(talk.counters().outgoing == 0);
}

TEST_CASE("stop() works in every state, and start() may follow it") {
  Conversation talk;
  int stopped = 0;
  const auto done = [&] { ++stopped; };
  talk.session().stop(done);  // never started
  REQUIRE(talk.run([&] { return stopped == 1; }));

  talk.broker.connection().expect_connect().expect_close();
  talk.session().start();
  talk.session().stop(done);  // while connecting
  talk.session().stop(done);
  REQUIRE(talk.run([&] { return stopped == 3; }));

  talk.session().start();
  REQUIRE(talk.run([&] { return talk.broker.connections() >= 1; }));
  talk.session().stop(done);  // while waiting for CONNACK, or for the connection
  REQUIRE(talk.run([&] { return stopped == 4; }));
  CHECK_FALSE(talk.session().connected());
  CHECK(talk.counters().connects == 0);
}

TEST_CASE("a session may be destroyed or stopped by its own callbacks") {
  for (const bool destroy : {true, false}) {
    Conversation talk;
    auto& script = talk.broker.connection().expect_connect().reply_with(
        Connack{}, Publish{.topic = "t", .payload = "1", .qos = 1, .packet_id = 1},
        Publish{.topic = "t", .payload = "2", .qos = 1, .packet_id = 2});
    if (!destroy) script.expect(Disconnect{});
    script.expect_close();
    std::unique_ptr<Session> session;
    int messages = 0;
    session =
        std::make_unique<Session>(talk.io, talk.options, Callbacks{.message = [&](const Message&) {
                                    ++messages;
                                    if (destroy) {
                                      session.reset();
                                    } else {
                                      session->stop();
                                    }
                                  }});
    session->start();
    REQUIRE(talk.run_to_the_end());
    CHECK(messages == 1);
  }
}

TEST_CASE("a destroyed session calls nothing any more") {
  Conversation talk;
  talk.broker.connection().expect_connect().reply_with(Connack{}).expect_close();
  talk.session().start();
  REQUIRE(talk.run([&] { return talk.session().connected(); }));
  bool done = false;
  talk.session().stop([&] { done = true; });
  talk.probe.reset();
  REQUIRE(talk.run_to_the_end());
  CHECK_FALSE(done);
}

// ---- Options

TEST_CASE("options that contradict MQTT are told in a sentence") {
  struct Case {
    std::string_view claim;
    void (*change)(Options&);
    std::string_view words;
  };
  const Case cases[] = {
      {"host", [](Options& o) { o.host.clear(); }, "host"},
      {"port", [](Options& o) { o.port = 0; }, "port"},
      {"kept session without id", [](Options& o) { o.client_id.clear(); }, "client id"},
      {"password alone", [](Options& o) { o.password = "x"; }, "user name"},
      {"keep-alive", [](Options& o) { o.keep_alive = 65'536s; }, "keep_alive"},
      {"packet limit", [](Options& o) { o.packet_bytes_max = 10; }, "packet_bytes_max"},
      {"queue", [](Options& o) { o.outgoing_max = 60'001; }, "outgoing_max"},
      {"window", [](Options& o) { o.inflight_max = 0; }, "inflight_max"},
      {"window above queue", [](Options& o) { o.inflight_max = 1'001; }, "inflight_max"},
      {"delays", [](Options& o) { o.reconnect_delay_min = 30s; }, "delays"},
      {"timeout", [](Options& o) { o.connect_timeout = 0ms; }, "timeout"},
      {"will at QoS 2", [](Options& o) { o.will = Will{.topic = "t", .qos = 2}; }, "QoS"},
      {"will to a wildcard", [](Options& o) { o.will = Will{.topic = "#"}; }, "bad_topic"},
      {"broken client id", [](Options& o) { o.client_id = "\xff"; }, "bad_text"},
  };
  const Options good = probe_options(1883, "idast");
  CHECK_FALSE(fault_of(good).has_value());
  for (const Case& one : cases) {
    CAPTURE(one.claim);
    Options options = good;
    one.change(options);
    const auto fault = fault_of(options);
    REQUIRE(fault.has_value());
    CHECK(fault->find(one.words) != std::string::npos);
  }
}
