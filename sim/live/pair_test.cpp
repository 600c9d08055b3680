#include "sim/live/pair.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/node/learned.h"
#include "sim/live/past.h"

using namespace idast;
using namespace idast::sim;
using namespace std::chrono_literals;

namespace {

constexpr UtcMillis kStart{1'750'000'000'000};

struct SilentLog final : ports::Log {
  void write(ports::Level, std::string_view, std::string_view) override {}
};

struct Recorder final : ports::Broker {
  std::string all;
  std::vector<std::string> samples;
  bool connected() const override { return true; }
  std::expected<ports::Ticket, ports::PublishError> publish(std::string_view topic,
                                                            std::string_view payload, int,
                                                            bool) override {
    all += std::string{topic} + " " + std::string{payload} + "\n";
    if (topic.ends_with("/telemetry")) samples.emplace_back(payload);
    return ports::Ticket{0};
  }
  void subscribe(std::string_view) override {}
  std::optional<Incoming> receive() override { return std::nullopt; }
};

Backlog past_of(Millis lasting) {
  Backlog backlog;
  backlog.boot = {0x1122334455667788};
  backlog.from = kStart - lasting;
  backlog.to = kStart;
  return backlog;
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A past and a minute of live life behind it.
std::string life(std::uint64_t seed) {
  const Identity who = identity(seed, 0);
  const ModelledSky sky{who.site.place, who.sky_seed, who.weather};
  SilentLog log;
  Past past{who, sky, past_of(6h), log};
  Recorder recorder;
  past.broker().take = [&](const PastBroker::Message& message) {
    recorder.all += std::string{message.payload} + "\n";
  };
  while (past.step()) {
  }
  past.pair().broker().turn(recorder);
  past.pair().transmitter().sample_every(kLiveSampleEvery);
  for (int i = 0; i < 1'000; ++i) past.pair().step(60ms, 60ms);
  CHECK(recorder.samples.size() >= 165);
  return recorder.all;
}

}  // namespace

TEST_CASE("the same seed gives the same bytes, another seed others") {
  const std::string first = life(1);
  CHECK(first.size() > 100'000);
  CHECK(first == life(1));
  CHECK(first != life(2));
}

TEST_CASE("a past has a sample a minute, and the live samples go on in its line") {
  const Identity who = identity(1, 1);
  const ModelledSky sky{who.site.place, who.sky_seed, who.weather};
  SilentLog log;
  const Backlog backlog = past_of(12h);
  Past past{who, sky, backlog, log};
  while (past.step()) {
  }
  const std::int64_t samples = past.broker().samples();
  CHECK(samples <= 720);
  CHECK(samples >= 705);  // the air loses one in two hundred
  CHECK(past.pair().receiver().next_seq() == samples);

  Recorder recorder;
  past.pair().broker().turn(recorder);
  past.pair().transmitter().sample_every(kLiveSampleEvery);
  for (int i = 0; i < 100; ++i) past.pair().step(60ms, 60ms);
  REQUIRE(recorder.samples.size() >= 15);
  CHECK(recorder.samples.size() <= 19);
  const std::string& first = recorder.samples.front();
  CHECK(says(first, "\"seq\":" + std::to_string(samples) + ","));
  CHECK(says(first, "\"uptimeMs\":43200"));  // 12 h
  CHECK(says(first, "\"boot\":\"1122334455667788\""));
  CHECK(says(first, "{\"timestamp\":1750000000"));
}

TEST_CASE("the past made again is the past, byte for byte") {
  const Identity who = identity(5, 2);
  const ModelledSky sky{who.site.place, who.sky_seed, who.weather};
  SilentLog log;
  const auto digest = [&](std::int64_t& samples) {
    Past past{who, sky, past_of(24h), log};
    while (past.step()) {
    }
    samples = past.broker().samples();
    return past.broker().digest();
  };
  std::int64_t first = 0;
  std::int64_t second = 0;
  CHECK(digest(first) == digest(second));
  CHECK(first == second);
}

TEST_CASE("a day of a tracker makes sense: it harvests, moves, follows and rests") {
  const Identity who = identity(1, 0);
  ModelledSkyParameters clear = who.weather;
  clear.clear_share = 1.0;
  clear.overcast_share = 0.0;
  clear.squall_share = 0.0;
  const ModelledSky sky{who.site.place, who.sky_seed, clear};
  SilentLog log;
  Past past{who, sky, past_of(24h), log};
  int night = 0;
  int track = 0;
  std::string last;
  past.broker().take = [&](const PastBroker::Message& message) {
    if (!message.sample) return;
    last = message.payload;
    night += says(last, "\"state\":\"night\"") ? 1 : 0;
    track += says(last, "\"state\":\"track\"") ? 1 : 0;
  };
  while (past.step()) {
  }
  CHECK(night > 500);
  CHECK(track > 600);
  const double energy = past.pair().transmitter().energy().in(watt_hours);
  CHECK(energy > 20.0);
  CHECK(energy < 120.0);
  for (const char* key :
       {"top", "powerW", "powerActualW", "tempC", "batteryPct", "batteryV", "energyWh", "pesos",
        "gridPrice", "sunElevationDeg", "servoWh", "deviceWh", "windMs", "state", "stateReason"}) {
    CHECK_MESSAGE(says(last, "\"" + std::string{key} + "\":"), key, " in ", last);
  }
}

TEST_CASE("with uptime stamps the receiver has no clock, and the tracker tracks all the same") {
  PairSettings settings;
  settings.identity = identity(1, 0);
  settings.stamps = Stamps::uptime;
  settings.start = UtcMillis{1'116'747'000'000};
  settings.boot = {7};
  settings.sample_every = 3'500ms;
  const ModelledSky sky{settings.identity.site.place, 1};
  Recorder recorder;
  MemoryFiles files;
  SilentLog log;
  MemoryFiles transmitter_files;
  Pair pair{settings, sky, recorder, files, transmitter_files, log};
  for (int i = 0; i < 1'000; ++i) pair.step(600ms, 60ms);
  CHECK(recorder.samples.size() >= 165);
  CHECK(says(recorder.samples.back(), "{\"timestamp\":59"));
  CHECK(says(recorder.samples.back(), "\"sunAzimuthDeg\""));
}

TEST_CASE("a seed gives the same trackers whatever their number, each with its own id") {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < kTrackersMax; ++i) ids.push_back(identity(1, i).device_id);
  CHECK(identity(1, 0).device_id == ids[0]);
  CHECK(ids[0].size() == 21);
  std::ranges::sort(ids);
  CHECK(std::ranges::adjacent_find(ids) == ids.end());
  CHECK(identity(1, 0).site.time_zone == "Asia/Manila");
  CHECK(identity(1, 1).site.currency == "KES");
  CHECK(identity(1, 2).site.place.longitude == degrees(-78.47f));
}

TEST_CASE("sites and devices print as the server's configuration reads them") {
  const std::string text = print_toml({identity(1, 0), identity(1, 18)});
  CHECK(says(text,
             "[[site]]\nid = \"batangas\"\nname = \"Batangas\"\nlat = 13.75\nlon = 121.05\n"
             "time_zone = \"Asia/Manila\"\ncurrency = \"PHP\"\nprice_per_kwh = 12\n"
             "grid_factor = 0.6836\npanel_w = 10\n"));
  CHECK(text.find("[[site]]") == text.rfind("[[site]]"));
  CHECK(text.find("[[device]]") != text.rfind("[[device]]"));
  const std::string west = print_toml(
      {weather_identity(1, {degrees(36.6f), degrees(-105.2f), metres(300.f)}, "Boulder")});
  CHECK(says(west, "\"Etc/GMT+7\""));
}

namespace {

double yaw_of(Pair& pair) {
  return control::at(pair.transmitter().tracker().learned().value, control::Term::yaw);
}

}  // namespace

TEST_CASE("what the transmitter learned in the past is there after another start") {
  const Identity who = identity(1, 2);
  const ModelledSky sky{who.site.place, who.sky_seed, who.weather};
  SilentLog log;
  Past past{who, sky, past_of(48h), log};
  while (past.step()) {
  }
  const auto counts = past.pair().transmitter().counts();
  CHECK(counts.learned_failed == 0);
  CHECK(counts.learned_written >= 2);
  CHECK(counts.learned_written <= 48h / node::kLearnedEvery);
  Backlog next = past_of(0h);
  next.learned = whole(past.transmitter_files(), node::kLearnedFile);
  const auto kept = node::parse_learned(next.learned);
  REQUIRE(kept);
  CHECK(whole(past.files(), node::kLearnedFile).empty());  // each board keeps its own

  Past again{who, sky, next, log};
  CHECK(again.pair().transmitter().tracker().learned().sweeps == kept->learned.sweeps);
  CHECK(again.pair().transmitter().counts().learned_refused == 0);
}

TEST_CASE("a tracker that is set up anew learns its mount's error, and goes on counting") {
  const Identity who = identity(1, 2);  // ten in the morning where it stands
  const ModelledSky sky{who.site.place, who.sky_seed, who.weather};
  SilentLog log;
  Past past{who, sky, past_of(12h), log};
  while (past.step()) {
  }
  Pair& pair = past.pair();
  const WattHours energy = pair.transmitter().energy();
  const double charge = pair.plant().truth().charge;
  const auto seq = pair.receiver().next_seq();
  pair.set_up_anew({.yaw = degrees(4.f)});
  CHECK(pair.transmitter().tracker().learned().sweeps == 0);
  CHECK(whole(past.transmitter_files(), node::kLearnedFile).empty());
  CHECK(pair.transmitter().energy() == energy);
  CHECK(std::abs(pair.plant().truth().charge - charge) < 1e-6);
  CHECK(pair.plant().parameters().yaw_error == degrees(4.f));

  for (int second = 0; second < 3 * 3600; ++second) pair.step(1s, 1s);
  CHECK(pair.receiver().next_seq() > seq + 170);  // a sample a minute, as before
  CHECK(std::abs(yaw_of(pair) - 4.0) < 1.0);
  CHECK(pair.transmitter().energy() > energy);
}

TEST_CASE("the law counts on the panel that its site has, from its first step on") {
  Identity who = identity(1, 0);
  who.site.panel = watts(100.f);
  const ModelledSky sky{who.site.place, who.sky_seed, who.weather};
  SilentLog log;
  Past past{who, sky, past_of(1h), log};
  const auto rating = [&] {
    return past.pair().transmitter().tracker().settings().hybrid.head.panel_nominal;
  };
  CHECK(rating() == watts(100.f));
  while (past.step()) {
  }
  CHECK(rating() == watts(100.f));  // the receiver has told its site meanwhile
}
