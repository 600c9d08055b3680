#include "sim/live/replay.h"

#include <deque>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "sim/sky/modelled_sky.h"

using namespace idast;
using namespace idast::sim;
using namespace std::chrono_literals;

namespace {

struct SilentLog final : ports::Log {
  void write(ports::Level, std::string_view, std::string_view) override {}
};

// A place, its past as the first run found it, and a session that takes what there is room for.
struct Bench {
  Identity who = identity(1, 0);
  ModelledSky sky{who.site.place, who.sky_seed, who.weather};
  SilentLog log;
  Backlog backlog;
  std::vector<std::string> first_run;

  std::vector<std::string> samples, rows;
  std::deque<std::function<void()>> open;  // acknowledgements to come
  std::size_t room = 1'000'000;
  Instant now{};

  explicit Bench(Millis lasting = 6h) {
    backlog.boot = {42};
    backlog.to = UtcMillis{1'750'000'000'000};
    backlog.from = backlog.to - lasting;
    Past past{who, sky, backlog, log};
    past.broker().take = [this](const PastBroker::Message& message) {
      if (message.sample) first_run.emplace_back(message.payload);
    };
    while (past.step()) {
    }
    backlog.total = past.broker().samples();
    backlog.digest = past.broker().digest();
  }

  Replay::Publish session() {
    return [this](std::string_view topic, std::string_view payload,
                  std::function<void()> acknowledged) {
      if (room == 0) return false;
      --room;
      (topic.ends_with("/telemetry") ? samples : rows).emplace_back(payload);
      if (acknowledged) open.push_back(std::move(acknowledged));
      return true;
    };
  }
  void acknowledge_all() {
    while (!open.empty()) {
      open.front()();
      open.pop_front();
    }
  }
  void run(Replay& replay, int rounds = 10'000) {
    for (int i = 0; i < rounds && !replay.finished(); ++i) {
      now = now + 20ms;
      replay.pump(100, now);
      acknowledge_all();
    }
  }
};

}  // namespace

TEST_CASE("a backlog is delivered whole, once, in order, byte for byte") {
  Bench bench;
  REQUIRE(bench.backlog.total > 340);
  Replay replay{bench.who, bench.sky, bench.backlog, bench.session(), bench.log};
  bench.run(replay);
  CHECK(replay.finished());
  CHECK(replay.same_as_before());
  CHECK(bench.samples == bench.first_run);
  CHECK(bench.rows.size() >= 34);
}

TEST_CASE("an interrupted backlog goes on where it ended") {
  Bench bench;
  bench.backlog.done = 200;
  Replay replay{bench.who, bench.sky, bench.backlog, bench.session(), bench.log};
  bench.run(replay);
  CHECK(replay.finished());
  CHECK(replay.same_as_before());
  CHECK(bench.samples == std::vector(bench.first_run.begin() + 200, bench.first_run.end()));
}

TEST_CASE("done counts only what is acknowledged without a hole") {
  Bench bench;
  Replay replay{bench.who, bench.sky, bench.backlog, bench.session(), bench.log};
  replay.pump(100, bench.now);
  REQUIRE(bench.open.size() >= 10);
  bench.open[1]();
  CHECK(replay.backlog().done == 0);
  bench.open[0]();
  CHECK(replay.backlog().done == 2);
}

TEST_CASE("no more than a bounded number is under way, and a session without room loses nothing") {
  Bench bench{12h};
  Replay replay{bench.who, bench.sky, bench.backlog, bench.session(), bench.log};
  for (int i = 0; i < 1'000; ++i) replay.pump(100, bench.now);
  CHECK(bench.open.size() == static_cast<std::size_t>(Replay::kUnderWayMax));
  bench.acknowledge_all();
  bench.room = 0;
  for (int i = 0; i < 100; ++i) replay.pump(100, bench.now);
  bench.room = 7;
  for (int i = 0; i < 100; ++i) replay.pump(100, bench.now);
  bench.room = 1'000'000;
  bench.run(replay);
  CHECK(bench.samples == bench.first_run);
}

TEST_CASE(
    "a server that falls behind slows the backlog down, one that is silent does not stop it") {
  Bench bench{72h};
  REQUIRE(bench.backlog.total > Replay::kUnstoredMax + 200);
  Replay replay{bench.who, bench.sky, bench.backlog, bench.session(), bench.log};
  bench.run(replay, 1);
  replay.take_stored({42}, 0, bench.now);
  replay.take_stored({43}, 1'000'000, bench.now);  // of another boot
  bench.run(replay, 400);                          // 8 s
  CHECK(replay.backlog().done >= Replay::kUnstoredMax);
  CHECK(replay.backlog().done <= Replay::kUnstoredMax + Replay::kUnderWayMax);
  replay.take_stored({42}, 100, bench.now);
  bench.run(replay, 10);
  CHECK_FALSE(replay.finished());
  bench.run(replay);  // 10 s without a word
  CHECK(replay.finished());
}

TEST_CASE("a past that cannot be made again is noticed") {
  Bench bench;
  bench.backlog.law = control::Law::naive;
  bench.backlog.total += 3;
  Replay replay{bench.who, bench.sky, bench.backlog, bench.session(), bench.log};
  bench.run(replay);
  CHECK(replay.finished());
  CHECK_FALSE(replay.same_as_before());
}

TEST_CASE("an acknowledgement after the end of a replay is nobody's") {
  Bench bench;
  {
    Replay replay{bench.who, bench.sky, bench.backlog, bench.session(), bench.log};
    replay.pump(100, bench.now);
  }
  bench.acknowledge_all();
}
