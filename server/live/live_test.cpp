#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "server/live/backfill.h"
#include "server/live/board.h"
#include "server/live/hub.h"
#include "server/live/print.h"

namespace idast::live {
namespace {

using telemetry::KeySet;
using telemetry::position_of;
using telemetry::Record;

constexpr UtcMillis kNoon{1'700'000'000'000};
constexpr std::size_t kPower = position_of("power_w");
constexpr std::size_t kBattery = position_of("battery_pct");
constexpr std::size_t kBoot = position_of("boot_id");
constexpr std::size_t kSeq = position_of("seq");
constexpr std::size_t kUptime = position_of("uptime_ms");

void set(Record& record, std::size_t field, std::int64_t value) {
  record.value[field] = value;
  record.present.add(field);
}

Record sample(const std::string& device, UtcMillis received, std::int64_t power_scaled) {
  Record record;
  record.device = device;
  record.received = record.ts = received;
  set(record, kPower, power_scaled);
  return record;
}

Record identified(const std::string& device, UtcMillis received, const std::string& boot,
                  std::int64_t seq, std::int64_t power_scaled) {
  Record record = sample(device, received, power_scaled);
  record.text[kBoot] = boot;
  record.present.add(kBoot);
  set(record, kSeq, seq);
  set(record, kUptime, seq * 350);
  return record;
}

std::int64_t shown_power(const Board& board, const std::string& device, UtcMillis now) {
  return board.view(device, now)->latest->value[kPower];
}

KeySet only(std::size_t field) {
  KeySet fields;
  fields.add(field);
  return fields;
}

// One reader of the hub, its clock, and what it was given.
struct Scene {
  Board board;
  Hub hub{board, 1'000, "mqtt://127.0.0.1:1883"};
  Millis passed{0};

  UtcMillis utc() const { return kNoon + passed; }
  void tick(Millis by = kBatchEvery) {
    passed += by;
    hub.tick(Instant{passed}, utc());
  }
  StreamId open(Filter filter = {.fields = only(kPower)},
                std::optional<EventId> last_event = std::nullopt) {
    return hub.open(std::move(filter), last_event, [] {}).value();
  }
  std::string take(StreamId stream) {
    const Text text = hub.take(stream);
    return text ? *text : "";
  }
};

bool has(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

}  // namespace

TEST_CASE("a device is live, delayed, stale and offline by the age of its newest sample") {
  Board board;
  board.receive(sample("a", kNoon, 850));
  const auto status = [&](int seconds) {
    return board.view("a", kNoon + std::chrono::seconds{seconds})->status;
  };
  CHECK(status(1) == Status::live);
  CHECK(status(2) == Status::delayed);
  CHECK(status(15) == Status::delayed);
  CHECK(status(16) == Status::stale);
  CHECK(status(90) == Status::stale);
  CHECK(status(91) == Status::offline);
}

TEST_CASE("while the sun is down a silent device is asleep, not offline") {
  Board board;
  board.receive(sample("a", kNoon, 850));
  board.set_sun("a", false);
  CHECK(board.view("a", kNoon + std::chrono::seconds{1})->status == Status::live);
  CHECK(board.view("a", kNoon + std::chrono::seconds{16})->status == Status::asleep);
  CHECK(board.view("a", kNoon + std::chrono::hours{5})->status == Status::asleep);
  board.set_sun("a", true);
  CHECK(board.view("a", kNoon + std::chrono::hours{5})->status == Status::offline);
}

TEST_CASE("the Last Will makes a device offline at once, a later sample brings it back") {
  Board board;
  board.receive(sample("a", kNoon, 850));
  board.set_online("a", false, kNoon);
  CHECK(board.view("a", kNoon)->status == Status::offline);
  CHECK(board.view("a", kNoon)->online == false);
  board.receive(sample("a", kNoon + Millis{350}, 850));
  CHECK(board.view("a", kNoon + Millis{400})->status == Status::live);
}

TEST_CASE("a clock set back does not keep a silent device live") {
  Board board;
  board.receive(sample("a", kNoon, 850));
  CHECK(board.view("a", kNoon - std::chrono::hours{1})->status == Status::offline);
}

TEST_CASE("latest moves only forward in boot start and sequence") {
  Board board;
  board.receive(identified("a", kNoon, "b1", 5, 500));
  board.receive(identified("a", kNoon + Millis{10}, "b1", 4, 400));
  CHECK(shown_power(board, "a", kNoon) == 500);
  board.receive(identified("a", kNoon + Millis{20}, "b1", 5, 999));
  CHECK(shown_power(board, "a", kNoon) == 500);
  board.receive(identified("a", kNoon + std::chrono::minutes{1}, "b2", 0, 100));
  CHECK(shown_power(board, "a", kNoon) == 100);
  board.receive(identified("a", kNoon + std::chrono::minutes{2}, "b1", 6, 600));
  CHECK(shown_power(board, "a", kNoon) == 100);
  CHECK(board.counters().late == 3);
}

TEST_CASE("without identity the newest receipt is the latest") {
  Board board;
  board.receive(sample("a", kNoon, 100));
  board.receive(sample("a", kNoon, 200));
  CHECK(shown_power(board, "a", kNoon) == 200);
}

TEST_CASE("a restored sample gives way to a newer one of its own boot only when that is newer") {
  Board board;
  board.restore(identified("a", kNoon, "b1", 9, 900), kNoon - std::chrono::hours{1});
  board.receive(identified("a", kNoon + Millis{1}, "b1", 8, 800));
  CHECK(shown_power(board, "a", kNoon) == 900);
  board.receive(identified("a", kNoon + Millis{2}, "b1", 10, 1000));
  CHECK(shown_power(board, "a", kNoon) == 1000);
}

TEST_CASE("a sample is shown before it is committed and says so") {
  Board board;
  const Receipt first = board.receive(sample("a", kNoon, 850));
  CHECK_FALSE(board.view("a", kNoon)->committed);
  CHECK(board.counters().not_stored == 1);
  board.committed(first);
  CHECK(board.view("a", kNoon)->committed);
  CHECK(board.counters().not_stored == 0);
}

TEST_CASE("a committed sample has its row's id, until a newer one takes its place") {
  Board board;
  board.restore(sample("a", kNoon, 800), std::nullopt, 7);
  CHECK(board.view("a", kNoon)->row_id == 7);
  const Receipt first = board.receive(sample("a", kNoon, 850));
  const Receipt second = board.receive(sample("a", kNoon, 860));
  CHECK(board.view("a", kNoon)->row_id == 0);
  const std::array rows{Board::Row{"a", first, 8}, Board::Row{"nobody", second, 9}};
  board.committed(first, rows);
  CHECK(board.view("a", kNoon)->row_id == 0);
  const std::array later{Board::Row{"a", second, 10}};
  board.committed(second, later);
  CHECK(board.view("a", kNoon)->row_id == 10);
}

TEST_CASE("invented device ids cannot fill the memory") {
  Board board;
  for (std::size_t i = 0; i < kDevicesMax + 10; ++i) {
    board.receive(sample("d" + std::to_string(i), kNoon, 1));
  }
  CHECK(board.counters().devices == kDevicesMax);
  CHECK(board.counters().devices_refused == 10);
}

TEST_CASE("the newest device is the one whose sample came last") {
  Board board;
  CHECK_FALSE(board.newest(kNoon).has_value());
  board.receive(sample("b", kNoon, 1));
  board.receive(sample("a", kNoon, 2));
  CHECK(board.newest(kNoon)->device == "a");
  board.receive(sample("b", kNoon, 3));
  CHECK(board.newest(kNoon)->device == "b");
}

TEST_CASE("a backlog tells how far it is and how long it will take") {
  Backfill backfill;
  const UtcMillis oldest = kNoon - std::chrono::hours{10};  // 600 samples, one a minute.
  for (int i = 0; i < 300; ++i) {
    backfill.receive(oldest + std::chrono::minutes{i}, kNoon + Millis{i * 20});  // 50 per second
  }
  const auto progress = backfill.progress(kNoon + Millis{6'000});
  REQUIRE(progress);
  CHECK(progress->done == 300);
  CHECK(progress->total == doctest::Approx(600).epsilon(0.01));
  CHECK(progress->per_second == doctest::Approx(50).epsilon(0.05));
  CHECK(*progress->seconds_left == doctest::Approx(6).epsilon(0.1));
  CHECK_FALSE(backfill.progress(kNoon + std::chrono::minutes{1}).has_value());
}

TEST_CASE("what a device says of its backlog outranks the estimate, until it says no more") {
  Backfill backfill;
  for (int i = 0; i < 100; ++i) {
    backfill.receive(kNoon - std::chrono::hours{1}, kNoon + Millis{i * 20});
  }
  backfill.say(Backfill::Word{.done = 400, .total = 43'200}, kNoon);
  const auto progress = backfill.progress(kNoon + Millis{2'000});
  REQUIRE(progress);
  CHECK(progress->done == 400);
  CHECK(progress->total == 43'200);
  CHECK(*progress->seconds_left == doctest::Approx(42'800 / 50.0).epsilon(0.1));
  backfill.say(std::nullopt, kNoon + Millis{3'000});
  CHECK_FALSE(backfill.progress(kNoon + std::chrono::minutes{1}).has_value());
}

TEST_CASE("live samples are no backlog") {
  Backfill backfill;
  for (int i = 0; i < 100; ++i) backfill.receive(kNoon + Millis{i}, kNoon + Millis{i + 200});
  CHECK_FALSE(backfill.progress(kNoon + Millis{300}).has_value());
}

TEST_CASE("a stream starts with the whole state and goes on with changes") {
  Scene scene;
  scene.board.receive(sample("a", kNoon, 850));
  const StreamId stream = scene.open();
  CHECK(scene.take(stream).empty());
  scene.tick();
  const std::string state = scene.take(stream);
  CHECK(has(state, "event: state\ndata: {\"server_time\":\"2023-11-14T22:13:20.050Z\""));
  CHECK(has(state, R"("broker":"mqtt://127.0.0.1:1883")"));
  CHECK(has(state, R"({"id":"a","name":"a","site":null,"mount":null,"status":"live")"));
  CHECK(has(state, R"("latest":{"ts":"2023-11-14T22:13:20.000Z","power_w":8.5})"));
  CHECK(has(state, R"("backfill":null)"));
  CHECK(state.ends_with("}\n\n"));

  scene.board.receive(sample("a", scene.utc(), 860));
  scene.tick();
  const std::string changes = scene.take(stream);
  CHECK(has(changes, "event: changes\n"));
  CHECK(has(changes, R"("samples":[{"ts":"2023-11-14T22:13:20.050Z","power_w":8.6}])"));
  CHECK(scene.take(stream).empty());
}

TEST_CASE("a sample carries only what changed, and null for what is gone") {
  Scene scene;
  Record first = sample("a", kNoon, 850);
  set(first, kBattery, 875);
  scene.board.receive(first);
  Filter filter{.fields = only(kPower)};
  filter.fields.add(kBattery);
  const StreamId stream = scene.open(filter);
  scene.tick();
  scene.take(stream);
  scene.board.receive(sample("a", kNoon, 850));
  scene.tick();
  CHECK(has(scene.take(stream), R"({"ts":"2023-11-14T22:13:20.000Z","battery_pct":null}])"));
}

TEST_CASE("an empty batch comes once a second") {
  Scene scene;
  const StreamId stream = scene.open();
  scene.tick();
  scene.take(stream);
  int batches = 0;
  for (int i = 0; i < 60; ++i) {
    scene.tick();
    if (has(scene.take(stream), R"("devices":[]})")) ++batches;
  }
  CHECK(batches == 3);
}

TEST_CASE("a new device appears whole") {
  Scene scene;
  const StreamId stream = scene.open();
  scene.tick();
  scene.take(stream);
  scene.board.receive(sample("new", scene.utc(), 100));
  scene.tick();
  const std::string changes = scene.take(stream);
  CHECK(has(changes, R"("devices":[{"id":"new","name":"new")"));
  CHECK(has(changes, R"("latest":{)"));
}

TEST_CASE("a filter leaves other devices out") {
  Scene scene;
  const StreamId stream = scene.open({.devices = {"a"}, .fields = only(kPower)});
  scene.tick();
  scene.take(stream);
  scene.board.receive(sample("b", scene.utc(), 100));
  scene.tick();
  CHECK(scene.take(stream).empty());
  scene.board.receive(sample("a", scene.utc(), 100));
  scene.tick();
  CHECK(has(scene.take(stream), R"("id":"a")"));
}

TEST_CASE("a status changes on the stream without a sample") {
  Scene scene;
  scene.board.receive(sample("a", kNoon, 100));
  const StreamId stream = scene.open();
  scene.tick();
  scene.take(stream);
  scene.tick(std::chrono::seconds{2});
  CHECK(has(scene.take(stream), R"({"id":"a","status":"delayed"})"));
}

TEST_CASE("a reader that comes back gets what it missed, without a state") {
  Scene scene;
  scene.board.receive(sample("a", kNoon, 100));
  const StreamId first = scene.open();
  scene.tick();
  const std::string state = scene.take(first);
  const EventId seen = std::stoull(state.substr(4));
  scene.hub.close(first);
  for (int i = 0; i < 5; ++i) {
    scene.board.receive(sample("a", scene.utc(), 200 + i));
    scene.tick();
  }
  const StreamId second = scene.open({.fields = only(kPower)}, seen);
  for (int i = 0; i < 5; ++i) {
    const std::string missed = scene.take(second);
    CHECK(has(missed, "event: changes"));
    CHECK(has(missed, "\"power_w\":2.0" + (i ? std::to_string(i) : "")) == (i != 0));
  }
  CHECK(scene.hub.counters().resumed == 1);
}

TEST_CASE("an unknown Last-Event-ID, or one of another filter, gets the state") {
  Scene scene;
  const StreamId all = scene.open();
  scene.tick();
  const EventId seen = std::stoull(scene.take(all).substr(4));
  for (const EventId id : {EventId{7}, EventId{99'999'999}}) {
    const StreamId stream = scene.open({.fields = only(kPower)}, id);
    scene.tick();
    CHECK(has(scene.take(stream), "event: state"));
  }
  const StreamId other = scene.open({.devices = {"a"}, .fields = only(kPower)}, seen);
  scene.tick();
  CHECK(has(scene.take(other), "event: state"));
}

TEST_CASE("a slow reader loses batches and gets a new state, the others wait for nothing") {
  Scene scene;
  const StreamId slow = scene.open();
  const StreamId quick = scene.open();
  int quick_batches = 0;
  for (std::size_t i = 0; i < 3 * kOutboxMax; ++i) {
    scene.board.receive(sample("a", scene.utc(), static_cast<std::int64_t>(i)));
    scene.tick();
    if (!scene.take(quick).empty()) ++quick_batches;
  }
  CHECK(quick_batches == 3 * kOutboxMax);
  CHECK(scene.hub.counters().batches_dropped >= kOutboxMax);
  // It comes back after a long time: at most an outbox waits, then a state of now.
  for (std::size_t i = 0; i <= kOutboxMax && !scene.take(slow).empty(); ++i) continue;
  scene.tick();
  const std::string state = scene.take(slow);
  CHECK(has(state, "event: state"));
  CHECK(has(state, R"("latest":{"ts")"));
}

TEST_CASE("streams, filters and a deserted channel are bounded") {
  Scene scene;
  std::vector<StreamId> streams;
  for (std::size_t i = 0; i < kChannelsMax; ++i) {
    streams.push_back(scene.open({.devices = {"d" + std::to_string(i)}, .fields = only(kPower)}));
  }
  const auto one_more = scene.hub.open({.devices = {"x"}}, std::nullopt, [] {});
  REQUIRE_FALSE(one_more.has_value());
  CHECK(one_more.error() == OpenError::too_many_filters);
  while (streams.size() < kStreamsMax) {
    streams.push_back(scene.open({.devices = {"d0"}, .fields = only(kPower)}));
  }
  const auto last =
      scene.hub.open({.devices = {"d0"}, .fields = only(kPower)}, std::nullopt, [] {});
  REQUIRE_FALSE(last.has_value());
  CHECK(last.error() == OpenError::too_many_streams);

  scene.tick();
  for (const StreamId stream : streams) scene.hub.close(stream);
  scene.tick(kChannelLinger + Millis{1});
  CHECK(scene.hub.counters().channels == 0);
  CHECK(scene.hub.counters().streams == 0);
}

TEST_CASE("a wake comes only to a reader that had nothing left") {
  Scene scene;
  int wakes = 0;
  const StreamId stream = scene.hub.open({}, std::nullopt, [&] { ++wakes; }).value();
  scene.tick();
  CHECK(wakes == 1);
  scene.take(stream);
  CHECK(scene.take(stream).empty());
  scene.tick(kSilenceMax);
  CHECK(wakes == 2);
}

}  // namespace idast::live
