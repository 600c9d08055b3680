#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "core/base/random.h"
#include "core/node/fakes_test.h"

using namespace idast;
using namespace idast::node;
using namespace std::chrono_literals;

namespace {

std::string word(std::int64_t upto, const char* boot = "0123456789abcdef") {
  return std::string{R"({"boot":")"} + boot + R"(","upto":)" + std::to_string(upto) + "}";
}

std::int64_t number(const std::string& text, const std::string& key) {
  const auto at = text.find("\"" + key + "\":");
  REQUIRE_MESSAGE(at != std::string::npos, key, " in ", text);
  return std::stoll(text.substr(at + key.size() + 3));
}

struct Unconfirmed : Pair {
  Unconfirmed() { broker.confirms = false; }
};

// What a server that commits everything knows by now.
struct Server {
  std::set<std::int64_t> known;
  std::map<std::int64_t, std::string> texts;
  std::int64_t doubled = 0;
  void hear(const FakeBroker& broker) {
    for (const auto& message : broker.on("telemetry")) {
      const std::int64_t to = number(message.payload, "seq");
      const bool summary = message.payload.find("\"seqFrom\":") != std::string::npos;
      const std::int64_t from = summary ? number(message.payload, "seqFrom") : to;
      if (known.contains(to)) ++doubled;
      for (std::int64_t seq = from; seq <= to; ++seq) known.insert(seq);
      texts.emplace(to, message.payload);
    }
    for (const auto& message : broker.on("lost")) {
      const auto to = number(message.payload, "to");
      for (auto seq = number(message.payload, "from"); seq <= to; ++seq) known.insert(seq);
    }
  }
  std::int64_t upto() const {
    std::int64_t upto = -1;
    while (known.contains(upto + 1)) ++upto;
    return upto;
  }
};

}  // namespace

TEST_CASE("what `stored` covers is forgotten, and what it does not cover is not") {
  Unconfirmed pair;
  pair.run(10s);
  const auto made = pair.receiver->next_seq();
  pair.broker.stored.push_back(word(made - 5));
  pair.run(20ms);
  CHECK(pair.receiver->confirmed() == made - 5);
  CHECK(pair.receiver->memory().first_seq() == made - 4);
  pair.broker.stored.push_back(word(made - 1));
  pair.run(20ms);
  CHECK(pair.receiver->memory().samples() <= 1);
}

TEST_CASE(
    "after an outage what is fresh comes at once and the rest behind it, each with its own time") {
  Unconfirmed pair;
  pair.run(5s);
  Server server;
  server.hear(pair.broker);
  pair.broker.stored.push_back(word(server.upto()));
  pair.run(1s);
  pair.broker.online = false;
  pair.broker.published.clear();
  pair.run(10min);
  CHECK(pair.broker.published.empty());
  const auto newest_missed = pair.receiver->next_seq() - 1;
  CHECK(newest_missed - server.upto() > 1'700);
  pair.broker.online = true;
  pair.run(60s);
  const auto messages = pair.broker.on("telemetry");
  server.hear(pair.broker);
  CHECK(server.upto() == pair.receiver->next_seq() - 1);
  CHECK(pair.receiver->lost().ring_full == 0);
  std::int64_t fresh = 0;
  for (const auto& message : messages) {
    if (number(message.payload, "seq") > newest_missed) ++fresh;
    // kNoon and the tick that passed before the first step.
    CHECK(number(message.payload, "timestamp") - number(message.payload, "uptimeMs") ==
          kNoon.unix_ms());
  }
  CHECK(fresh >= 60 * 1'000 / 350 - 3);
  const auto first_fresh = std::ranges::find_if(
      messages, [&](const auto& m) { return number(m.payload, "seq") > newest_missed; });
  CHECK(first_fresh - messages.begin() < 30);
}

TEST_CASE("without progress everything unconfirmed comes again, ever less often") {
  Unconfirmed pair;
  pair.broker.stored.push_back(word(-1));
  pair.run(2s);
  pair.transmitter_radio.full = true;  // nothing fresh
  CHECK(pair.run_and_take("telemetry", 7s).empty());
  CHECK(pair.run_and_take("telemetry", 4s).size() == 6);
  CHECK(pair.run_and_take("telemetry", 15s).empty());
  CHECK(pair.run_and_take("telemetry", 6s).size() == 6);
  CHECK(pair.run_and_take("telemetry", 1h).size() <= 6 * 11);
  pair.broker.stored.push_back(word(3));
  pair.run(1s);
  CHECK(pair.run_and_take("telemetry", 10s).size() == 2);
}

TEST_CASE("a server that never confirms is not sent everything twice, but after a reconnect") {
  Unconfirmed pair;
  pair.run(1min);
  const auto made = static_cast<std::size_t>(pair.receiver->next_seq());
  CHECK(pair.broker.on("telemetry").size() == made);
  pair.broker.online = false;
  pair.run(1s);
  pair.broker.online = true;
  CHECK(pair.run_and_take("telemetry", 10s).size() >= made);
}

TEST_CASE("a server that confirms every eleven seconds is not sent everything twice") {
  Unconfirmed pair;
  Server server;
  for (int i = 0; i < 20; ++i) {
    pair.run(11s);
    server.hear(pair.broker);
    pair.broker.published.clear();
    pair.broker.stored.push_back(word(server.upto()));
  }
  CHECK(pair.receiver->counts().samples_resent <= 40);  // while its pace was not known
  CHECK(server.upto() > 600);
}

TEST_CASE("a resend that the broker does not take is gone on with, not begun anew") {
  Unconfirmed pair;
  pair.broker.online = false;
  pair.run(60s);
  pair.broker.online = true;
  pair.run(1s);
  pair.broker.refuse = ports::PublishError::queue_full;
  pair.run(500ms);
  pair.broker.refuse.reset();
  Server server;
  pair.run(10s);
  server.hear(pair.broker);
  CHECK(server.upto() == pair.receiver->next_seq() - 1);
  CHECK(server.doubled <= 5);
}

TEST_CASE("six hours without a broker: nothing is missing that is not said to be lost") {
  Unconfirmed pair;
  pair.sensors.readings.bottom = 2300;
  pair.run(5s);
  Server server;
  server.hear(pair.broker);
  pair.broker.stored.push_back(word(server.upto()));
  pair.run(20ms);
  pair.broker.online = false;
  pair.broker.published.clear();
  // Trembling readings, as real ones: equal samples would all fit.
  Random random{5};
  constexpr Millis kStep{360};
  for (Millis gone{0}; gone < 6h; gone += kStep) {
    auto& readings = pair.sensors.readings;
    for (auto* light : {&readings.top, &readings.left, &readings.right, &readings.bottom}) {
      *light = static_cast<std::uint16_t>(2'400 + random.below(40));
    }
    readings.panel_voltage = volts(8.f + 0.001f * static_cast<float>(random.below(60)));
    readings.panel_current = amperes(1.f + 0.001f * static_cast<float>(random.below(20)));
    readings.battery_current = amperes(1.f + 0.001f * static_cast<float>(random.below(20)));
    pair.now = pair.now + kStep;
    pair.receiver_clock.utc_ = *pair.receiver_clock.utc_ + kStep;
    pair.transmitter->step(pair.now);
    pair.receiver->step(pair.now);
  }
  const auto lost = pair.receiver->lost().ring_full;
  pair.broker.online = true;
  pair.run(120s);
  server.hear(pair.broker);
  CHECK(server.upto() == pair.receiver->next_seq() - 1);
  REQUIRE_FALSE(pair.broker.on("lost").empty());
  const std::string said = pair.broker.on("lost")[0].payload;
  CHECK(number(pair.broker.on("lost").back().payload, "from") == number(said, "from"));
  CHECK(number(said, "to") - number(said, "from") + 1 == lost);
  CHECK(said.find("\"reason\":\"ring_full\"") != std::string::npos);
  MESSAGE("given up after six hours: ", lost, " of ", pair.receiver->next_seq());
  CHECK(lost > 0);
  CHECK(lost < pair.receiver->next_seq() / 2);
}

TEST_CASE("a server that lost what it had confirmed is told what no longer exists") {
  Unconfirmed pair;
  pair.run(10s);
  pair.broker.stored.push_back(word(19));
  pair.run(1s);
  pair.broker.published.clear();
  // A word that came late is no such thing.
  pair.broker.stored.push_back(word(4));
  pair.run(1s);
  pair.broker.stored.push_back(word(20));
  pair.run(30s);
  CHECK(pair.broker.on("lost").empty());

  pair.broker.stored.push_back(word(-1));
  pair.run(11s);
  REQUIRE(pair.broker.on("lost").size() == 1);
  CHECK(pair.broker.on("lost")[0].payload ==
        R"({"boot":"0123456789abcdef","from":0,"to":20,"reason":"forgotten"})");
}

TEST_CASE("a late word before an outage is judged by what the server says after it") {
  Unconfirmed pair;
  pair.run(10s);
  pair.broker.stored.push_back(word(19));
  pair.run(1s);
  pair.broker.stored.push_back(word(4));
  pair.run(1s);
  pair.broker.online = false;
  pair.run(1min);
  pair.broker.online = true;
  pair.run(5s);
  pair.broker.stored.push_back(word(30));
  pair.run(1min);
  CHECK(pair.broker.on("lost").empty());
}

TEST_CASE("words about another boot, about the future or about nothing change nothing") {
  Unconfirmed pair;
  pair.run(5s);
  for (const std::string& text : {word(3, "fedcba9876543210"), word(1'000'000), word(-2),
                                  std::string{"{}"}, std::string{"nonsense"}, std::string{}}) {
    pair.broker.stored.push_back(text);
  }
  pair.run(100ms);
  CHECK(pair.receiver->confirmed() == -1);
  CHECK(pair.receiver->counts().stored_refused == 5);
}

TEST_CASE("what another delivers is not kept and not called lost") {
  Unconfirmed pair;
  pair.run(10s);
  pair.receiver->entrust();
  CHECK(pair.receiver->memory().empty());
  pair.broker.online = false;
  pair.run(5s);
  pair.broker.online = true;
  pair.run(30s);
  CHECK(pair.broker.on("lost").empty());
}
