#include "sim/live/live_tracker.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include "core/base/json_reader.h"
#include "mqtt/mosquitto_process_test.h"
#include "mqtt/session_probe_test.h"
#include "sim/sky/modelled_sky.h"

// A tracker of the twin on the real broker, its time driven by the test.

using namespace idast;
using namespace idast::sim;
using namespace std::chrono_literals;

namespace {

struct SilentLog final : ports::Log {
  std::vector<std::string> warnings;
  void write(ports::Level level, std::string_view event, std::string_view) override {
    if (level >= ports::Level::warn) warnings.emplace_back(event);
  }
};

struct Sample {
  std::string boot;
  std::int64_t seq, timestamp, uptime;
};

std::int64_t number(const std::string& text, const std::string& key) {
  const auto at = text.find("\"" + key + "\":");
  REQUIRE_MESSAGE(at != std::string::npos, key, " in ", text);
  return std::stoll(text.substr(at + key.size() + 3));
}

struct World {
  mqtt::MosquittoProcess broker;
  boost::asio::io_context io;
  boost::asio::steady_timer timer{io};
  std::optional<mqtt::Probe> watcher;
  SilentLog log;
  std::optional<LiveTracker> tracker;
  UtcMillis utc{1'750'000'000'000};
  UtcMillis began;
  std::uint64_t boots = 0;
  std::size_t read = 0;
  struct Stored {
    std::set<std::int64_t> heard;
    std::int64_t upto = -1;
  };
  std::map<std::string, Stored> stored_of;  // by boot

  World() {
    broker.start();
    watcher.emplace(io, mqtt::probe_options(broker.port(), "watcher"));
    REQUIRE(watcher->session.subscribe("solar-tracker/#", 1));
    watcher->session.start();
    REQUIRE(mqtt::run_until(io, [&] { return watcher->subscribed == 1; }));
  }

  void start(Millis fill, Stamps stamps = Stamps::utc) {
    LiveTrackerSettings settings;
    settings.identity = identity(1, 0);
    settings.stamps = stamps;
    settings.sky_start = UtcMillis{1'116'747'000'000};
    settings.fill = fill;
    settings.folder = broker.folder() / "tracker";
    settings.broker = mqtt::probe_options(broker.port(), "");
    const auto& who = settings.identity;
    tracker.emplace(io, settings,
                    std::make_unique<ModelledSky>(who.site.place, who.sky_seed, who.weather),
                    telemetry::BootId{++boots}, utc, LiveTrackerEvents{}, log);
    while (tracker->past() != nullptr && tracker->past()->step()) {
    }
    tracker->begin();
    began = utc;
  }
  void live_for_a_tick() {
    utc = utc + 60ms;
    tracker->advance(utc, utc - began);
    tracker->pump(60, Instant{utc - began});
    for (; read < watcher->messages.size(); ++read) {
      watcher->session.acknowledge(watcher->messages[read].token);
      confirm(watcher->messages[read]);
    }
  }
  // As a server does that stores what it gets.
  void confirm(const mqtt::Probe::Received& message) {
    if (!message.topic.ends_with("/telemetry")) return;
    const std::string boot = message.payload.substr(message.payload.find("\"boot\":\"") + 8, 16);
    Stored& stored = stored_of[boot];
    stored.heard.insert(number(message.payload, "seq"));
    const std::int64_t before = stored.upto;
    while (stored.heard.contains(stored.upto + 1)) stored.heard.erase(++stored.upto);
    if (stored.upto == before) return;
    const std::string topic = message.topic.substr(0, message.topic.rfind('/')) + "/stored";
    static_cast<void>(watcher->session.publish(
        topic, R"({"boot":")" + boot + R"(","upto":)" + std::to_string(stored.upto) + "}", 1,
        false));
  }
  // Lives a tick after the other, at the pace of the loop, until the claim holds.
  template <class Claim>
  bool live_until(Claim claim) {
    bool on = true;
    std::function<void()> tick = [&] {
      timer.expires_after(1ms);
      timer.async_wait([&](const auto& error) {
        if (error || !on) return;
        live_for_a_tick();
        tick();
      });
    };
    tick();
    const bool held = mqtt::run_until(io, claim);
    on = false;
    timer.cancel();
    io.poll();
    return held;
  }
  void stop() {
    bool done = false;
    tracker->stop([&] { done = true; });
    REQUIRE(mqtt::run_until(io, [&] { return done; }));
    tracker.reset();
  }
  std::vector<Sample> samples() const {
    std::vector<Sample> all;
    for (const auto& message : watcher->messages) {
      if (!message.topic.ends_with("/telemetry")) continue;
      const auto at = message.payload.find("\"boot\":\"");
      all.push_back({message.payload.substr(at + 8, 16), number(message.payload, "seq"),
                     number(message.payload, "timestamp"), number(message.payload, "uptimeMs")});
    }
    return all;
  }
  std::string last_status() const {
    std::string last;
    for (const auto& message : watcher->messages) {
      if (message.topic.ends_with("/status")) last = message.payload;
    }
    return last;
  }
  bool filled() const { return tracker->backfill().done == tracker->backfill().total; }
};

// Every seq from 0, and the device's time growing with it. At least once: the time of these tests
// runs faster than the broker, and what waits for its confirmation comes again.
void check_whole(const std::vector<Sample>& samples, const std::string& boot) {
  std::map<std::int64_t, Sample> by_seq;
  for (const Sample& sample : samples) {
    if (sample.boot != boot) continue;
    const auto& known = by_seq.emplace(sample.seq, sample).first->second;
    CHECK(known.timestamp == sample.timestamp);
  }
  REQUIRE(!by_seq.empty());
  CHECK(by_seq.rbegin()->first + 1 == static_cast<std::int64_t>(by_seq.size()));
  const Sample* before = nullptr;
  for (const auto& [seq, sample] : by_seq) {
    if (before != nullptr) {
      CHECK(sample.timestamp > before->timestamp);
      CHECK(sample.uptime - before->uptime == sample.timestamp - before->timestamp);
    }
    before = &sample;
  }
}

}  // namespace

TEST_CASE("live samples come first, and the past fills in behind them without a hole") {
  World world;
  world.start(6h);
  const auto total = world.tracker->backfill().total;
  CHECK(total > 340);
  CHECK(world.live_until([&] { return world.filled(); }));
  CHECK(
      world.live_until([&] { return world.last_status().find("backfill") == std::string::npos; }));
  const auto samples = world.samples();
  CHECK(samples.front().seq == total);
  check_whole(samples, "0000000000000001");
  CHECK(world.log.warnings.empty());

  const auto is_progress = [&](const auto& message) {
    return message.topic.ends_with("/status") && message.retain == false &&
           message.payload.find("\"total\":" + std::to_string(total) + "}") != std::string::npos;
  };
  CHECK(std::ranges::count_if(world.watcher->messages, is_progress) >= 1);
  world.stop();
  CHECK(mqtt::run_until(
      world.io, [&] { return world.last_status().starts_with("{\"status\":\"offline\""); }));
}

TEST_CASE("a second start fills only the gap, under a new boot") {
  World world;
  world.start(6h);
  CHECK(world.live_until([&] { return world.filled(); }));
  world.stop();
  const std::int64_t ended = world.samples().back().timestamp;
  world.utc = world.utc + 30min;
  world.start(6h);
  CHECK(world.tracker->backfill().total <= 31);
  CHECK(world.tracker->backfill().total >= 28);
  CHECK(world.live_until([&] { return world.filled(); }));
  const auto samples = world.samples();
  check_whole(samples, "0000000000000002");
  for (const Sample& sample : samples) {
    if (sample.boot == "0000000000000002") CHECK(sample.timestamp + 5'000 >= ended);
  }
  world.stop();
}

TEST_CASE("an interrupted past is finished by the next start, its own first") {
  World world;
  world.start(48h);
  const auto total = world.tracker->backfill().total;
  CHECK(world.live_until([&] { return world.tracker->backfill().done > 300; }));
  world.stop();
  CHECK(world.samples().size() < static_cast<std::size_t>(total));
  world.utc = world.utc + 5min;
  world.start(48h);
  CHECK(world.tracker->backfill().total > total);
  CHECK(world.tracker->backfill().done > 300);
  CHECK(world.live_until([&] { return world.filled(); }));
  world.stop();
  const auto samples = world.samples();
  std::set<std::int64_t> first_boot;
  for (const Sample& sample : samples) {
    if (sample.boot == "0000000000000001") first_boot.insert(sample.seq);
  }
  CHECK(first_boot.size() == static_cast<std::size_t>(*first_boot.rbegin()) + 1);
  check_whole(samples, "0000000000000002");
  CHECK(world.log.warnings.empty());
}

TEST_CASE("a broker that goes away and comes back costs no sample") {
  World world;
  world.start(6h);
  CHECK(world.live_until([&] { return world.tracker->backfill().done > 50; }));
  world.broker.stop();
  for (int i = 0; i < 100; ++i) {
    world.live_for_a_tick();
    world.io.poll();
  }
  world.broker.start();
  CHECK(world.live_until([&] { return world.filled() && world.watcher->subscribed == 2; }));
  const auto reached = world.samples().size();
  CHECK(world.live_until([&] { return world.samples().size() > reached + 5; }));
  world.stop();
}

TEST_CASE("a command reaches the tracker through the broker, and its result comes back") {
  World world;
  world.start(0ms);
  CHECK(world.live_until([&] { return world.samples().size() > 3; }));
  const std::string topic = "solar-tracker/" + world.tracker->identity().device_id;
  const std::string command = R"({"id":"c1","expiresAt":)" +
                              std::to_string((world.utc + 10min).unix_ms()) +
                              R"(,"mode":"stow","gridPrice":13})";
  REQUIRE(world.watcher->session.publish(topic + "/control", command, 1, false));
  CHECK(world.live_until([&] {
    return std::ranges::any_of(world.watcher->messages, [&](const auto& message) {
      return message.topic == topic + "/result" &&
             message.payload.starts_with(R"({"id":"c1","state":"applied")");
    });
  }));
  CHECK(world.live_until([&] {
    return std::ranges::any_of(world.watcher->messages, [](const auto& message) {
      return message.payload.find("\"state\":\"stow\"") != std::string::npos &&
             message.payload.find("\"gridPrice\":13,") != std::string::npos;
    });
  }));
  world.stop();
}

TEST_CASE("a machine that slept makes up the time in longer steps") {
  World world;
  world.start(0ms);
  CHECK(world.live_until([&] { return world.samples().size() > 3; }));
  const auto before = world.samples();
  world.utc = world.utc + 2h;
  const auto newest = [&] {
    const auto samples = world.samples();
    return *std::ranges::max_element(samples, {}, &Sample::seq);
  };
  CHECK(world.live_until([&] { return newest().timestamp >= world.utc.unix_ms() - 1'000; }));
  CHECK(newest().seq < static_cast<std::int64_t>(before.size()) + 300);
  world.stop();
}

TEST_CASE("a machine that hung for some seconds goes on at once") {
  World world;
  world.start(0ms);
  CHECK(world.live_until([&] { return world.samples().size() > 3; }));
  world.utc = world.utc + 7s;
  world.live_for_a_tick();
  CHECK(world.utc - world.tracker->reached() < 60ms);
  world.stop();
}

TEST_CASE("with uptime stamps nothing is made up, and nothing is remembered") {
  World world;
  world.start(48h, Stamps::uptime);
  CHECK(world.tracker->backfill().total == 0);
  CHECK(world.live_until([&] { return world.samples().size() > 10; }));
  CHECK(world.samples().back().timestamp < 100'000);
  CHECK(world.samples().back().timestamp == world.samples().back().uptime);
  world.stop();
  CHECK_FALSE(std::filesystem::exists(world.broker.folder() / "tracker" / "twin.json"));
}
