#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "core/node/fakes_test.h"

using namespace idast;
using namespace idast::node;
using namespace std::chrono_literals;

namespace {

std::string results_of(Pair& pair, Millis lasting = 1s) {
  std::string all;
  for (const auto& message : pair.run_and_take("result", lasting)) {
    const auto begin = message.payload.find("\"state\"");
    all += message.payload.substr(begin, message.payload.find(",\"timestamp\"") - begin) + ";";
  }
  return all;
}

std::string command(const std::string& parts, Millis expires_in = 30s) {
  return R"({"id":"c","expiresAt":)" + std::to_string((kNoon + expires_in).unix_ms()) + "," +
         parts + "}";
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a fresh sample is published once, every 350 ms, with a seq without holes") {
  Pair pair;
  pair.run(70s);
  const auto messages = pair.broker.on("telemetry");
  CHECK(messages.size() >= 199);
  CHECK(messages.size() <= 201);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    CHECK(messages[i].qos == 1);
    CHECK_FALSE(messages[i].retain);
    CHECK(says(messages[i].payload, "\"seq\":" + std::to_string(i) + ","));
    CHECK(says(messages[i].payload, "\"boot\":\"0123456789abcdef\""));
  }
}

TEST_CASE("a sample says what the receiver adds: time, identity, names and derived figures") {
  Pair pair;
  pair.receiver_settings.factors = {.grid_factor = 0.5, .grid_price = 20};
  pair.transmitter_settings.energy = watt_hours(2000.0);
  pair.start_transmitter();
  pair.start_receiver();
  pair.run(1s);
  const std::string text = pair.broker.on("telemetry").back().payload;
  for (const char* part :
       {R"("device_id":"esp32-receiver-A1B2C3")", R"("mode":"sim")", R"("gridPrice":20)",
        R"("powerW":8)", R"("powerActualW":8)", R"("avg":2350)", R"("horizontalError":-100)",
        R"("verticalError":150)", R"("state":"track")", R"("stateReason":"sun_unguarded")",
        R"("batteryPct":87.5)", R"("energyWh":2000.00)", R"("co2kg":1)", R"("pesos":40)"}) {
    CHECK_MESSAGE(says(text, part), part, " in ", text);
  }
  CHECK(says(text, "{\"timestamp\":17504784"));
}

TEST_CASE("without a clock a sample is stamped with the time since the start") {
  Pair pair;
  pair.receiver_clock.utc_.reset();
  pair.run(1s);
  CHECK(says(pair.broker.on("telemetry")[0].payload, "{\"timestamp\":20,"));
  CHECK(says(pair.broker.on("telemetry")[0].payload, "\"uptimeMs\":20,"));
}

TEST_CASE("a silent transmitter publishes nothing, and nothing is said twice") {
  Pair pair;
  pair.run(1s);
  pair.transmitter_radio.full = true;
  CHECK(pair.run_and_take("telemetry", 10s).empty());
  CHECK(pair.transmitter->counts().radio.frames_not_sent > 0);
  CHECK(pair.sensors.reads > 150);  // and the control step goes on
}

TEST_CASE("a doubled, foreign or broken frame changes nothing and is counted") {
  Pair pair;
  pair.run(1s);
  pair.transmitter->step(pair.now + 400ms);
  REQUIRE_FALSE(pair.receiver_radio.in.empty());
  auto frame = pair.receiver_radio.in.back();
  pair.receiver_radio.in.push_back(frame);
  frame[10] ^= std::byte{1};
  pair.receiver_radio.in.push_back(frame);
  const auto before = pair.receiver->next_seq();
  pair.receiver->step(pair.now + 400ms);
  CHECK(pair.receiver->next_seq() == before + 1);
  CHECK(pair.receiver->counts().radio.frames_replayed == 1);
  CHECK(pair.receiver->counts().radio.frames_refused == 1);
}

TEST_CASE("frames lost in the air are counted and shown in the status") {
  Pair pair;
  pair.run(1s);
  for (int i = 0; i < 3; ++i) {
    pair.now = pair.now + 400ms;
    pair.transmitter->step(pair.now);
    pair.receiver_radio.in.clear();
  }
  pair.run(61s);
  CHECK(pair.receiver->counts().radio.frames_missed == 3);
  CHECK(says(pair.broker.on("status").back().payload, "\"radio_lost\":3"));
}

TEST_CASE("a sample that the broker does not take over waits in the memory, under its number") {
  Pair pair;
  pair.run(1s);
  const auto before = pair.receiver->next_seq();
  pair.broker.refuse = ports::PublishError::queue_full;
  pair.run(2s);
  CHECK(pair.receiver->next_seq() >= before + 5);
  pair.broker.refuse.reset();
  const auto messages = pair.run_and_take("telemetry", 1s);
  CHECK(says(messages[0].payload, "\"seq\":"));
  CHECK(std::ranges::any_of(messages, [&](const auto& message) {
    return says(message.payload, "\"seq\":" + std::to_string(before) + ",");
  }));
  CHECK(pair.receiver->lost().ring_full == 0);
}

TEST_CASE("the status comes on every connect and every minute, retained") {
  Pair pair;
  pair.run(121s);
  auto messages = pair.broker.on("status");
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].retain);
  CHECK(messages[0].qos == 1);
  CHECK(says(messages[0].payload, "{\"status\":\"online\",\"timestamp\":1750478400020,"));
  pair.broker.online = false;
  pair.run(1s);
  pair.broker.online = true;
  CHECK(pair.run_and_take("status", 100ms).size() == 1);
}

TEST_CASE("the will says offline, and does not pretend to know when") {
  Pair pair;
  CHECK(pair.receiver->status_topic().view() == "solar-tracker/esp32-receiver-A1B2C3/status");
  const std::string will{pair.receiver->offline_status().view()};
  CHECK(says(will, "{\"status\":\"offline\",\"timestamp\":null,"));
  CHECK(says(will, "\"mqtt_connected\":false"));
}

TEST_CASE("progress of a backlog is in the status, at most once a second, until it is done") {
  Pair pair;
  pair.run(10s);
  pair.broker.published.clear();
  for (int i = 0; i < 100; ++i) {
    pair.receiver->show_backfill(Backfill{i, 100});
    pair.run(100ms);
  }
  CHECK(pair.broker.on("status").size() == 10);
  CHECK(says(pair.broker.on("status").back().payload, "\"total\":100}"));
  pair.receiver->show_backfill({});
  CHECK_FALSE(says(pair.run_and_take("status", 2s).back().payload, "backfill"));
}

TEST_CASE("a history row is kept and published every ten minutes") {
  Pair pair;
  pair.sensors.readings.phone = "iPhone_15";
  pair.run(20min + 1s);
  const std::string& file = pair.files.files["history.csv"];
  CHECK(file.starts_with(kHistoryHeader));
  CHECK(std::count(file.begin(), file.end(), '\n') == 3);
  CHECK(says(file, ",87.5,iPhone_15,20\n"));
  const auto messages = pair.broker.on("history");
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].qos == 0);
  CHECK(says(messages[1].payload, R"("device_name":"iPhone_15","session_min":20})"));
}

TEST_CASE("a history that cannot be written is counted and does not stop the samples") {
  Pair pair;
  pair.files.refuse = ports::FileError::full;
  pair.run(10min + 1s);
  CHECK(pair.receiver->counts().history_failed == 1);
  CHECK(pair.broker.on("history").size() == 1);
  CHECK(pair.run_and_take("telemetry", 1s).size() >= 2);
}

TEST_CASE("the transmitter learns time and place by radio, also after its restart") {
  Pair pair;
  pair.run(1s);
  CHECK(pair.transmitter->outputs().state == State::track);
  CHECK(pair.transmitter->outputs().sun->elevation > degrees(75.f));
  pair.start_transmitter();
  CHECK_FALSE(pair.transmitter->outputs().sun);
  pair.run(1s);
  CHECK(pair.transmitter->outputs().state == State::track);
}

TEST_CASE("time and place are said several times at first: a frame can be lost") {
  Pair pair;
  pair.transmitter_radio.in.clear();
  pair.run(20ms);
  pair.transmitter_radio.in.clear();
  pair.run(3s);
  CHECK(pair.transmitter->outputs().state == State::track);
}

TEST_CASE("a late time does not set the clock back, a clock set back for good does") {
  HeardClock clock;
  Instant now{10s};
  clock.hear(kNoon, now);
  CHECK(clock.at(now + 5s) == kNoon + 5s);
  clock.hear(kNoon + 1s, now + 6s);  // five seconds on its way
  CHECK(clock.at(now + 6s) == kNoon + 6s);
  clock.hear(kNoon + 7s, now + 6s);
  CHECK(clock.at(now + 6s) == kNoon + 7s);

  for (int minute = 0; minute < 60; ++minute) {  // our crystal is fast by 20 parts in a million
    now = now + 60s;
    clock.hear(kNoon + minute * 60s - Millis{minute}, now);
  }
  CHECK(clock.at(now) == kNoon + 59min - 59ms);

  for (int minute = 1; minute <= 3; ++minute)
    clock.hear(kNoon - 1h + minute * 60s, now + minute * 60s);
  CHECK(clock.at(now + 3min) == kNoon - 57min);
}

TEST_CASE("the transmitter's own clock outranks the radio's") {
  Pair pair;
  pair.transmitter_clock.utc_ = kNoon + 12h;
  pair.run(1s);
  CHECK(pair.transmitter->outputs().state == State::night);
}

TEST_CASE("settings are applied here, kept, and survive a restart") {
  Pair pair;
  pair.run(1s);
  pair.broker.commands.push_back(command(R"("gridPrice":15.5,"deviceName":"Nokia")"));
  CHECK(results_of(pair) == R"("state":"applied";)");
  CHECK(says(pair.broker.on("telemetry").back().payload, R"("gridPrice":15.5)"));
  CHECK(says(pair.broker.on("telemetry").back().payload, R"("deviceName":"Nokia")"));
  pair.start_receiver();
  pair.run(1s);
  CHECK(says(pair.broker.on("telemetry").back().payload, R"("gridPrice":15.5)"));
}

TEST_CASE("a motion command is delivered, then applied") {
  Pair pair;
  pair.run(1s);
  pair.broker.commands.push_back(command(R"("mode":"manual","pan":100,"tilt":80)"));
  CHECK(results_of(pair, 5s) == R"("state":"delivered";"state":"applied";)");
  CHECK(pair.transmitter->outputs().state == State::manual);
  CHECK(pair.transmitter->outputs().target.pan == degrees(100.f));
  CHECK(pair.transmitter->outputs().target.tilt == degrees(80.f));
  pair.run(10min);
  CHECK_FALSE(pair.transmitter->outputs().manual);
}

TEST_CASE("while the pan servo is on its way, its target is where it is going") {
  Pair pair;
  pair.transmitter_settings.control.rate_max = degrees_per_second(5.f);
  pair.start_transmitter();
  pair.run(60s);
  pair.broker.commands.push_back(R"({"pan":10})");
  const std::string text = pair.run_and_take("telemetry", 4s).back().payload;
  CHECK(says(text, R"("panTarget":10,)"));
  CHECK_FALSE(says(text, R"("panAngle":10,)"));
}

TEST_CASE("stop takes the drive away at once and holds it") {
  Pair pair;
  pair.run(30s);
  pair.broker.commands.push_back(command(R"("mode":"manual","pan":20)", 1h));
  pair.run(200ms);
  REQUIRE(pair.motors.target);
  pair.broker.commands.push_back(R"({"mode":"stop"})");
  pair.run(60ms);
  CHECK_FALSE(pair.motors.target);
  pair.run(1h);
  CHECK_FALSE(pair.motors.target);
  CHECK(pair.transmitter->outputs().reason == Reason::stopped);
}

TEST_CASE("a command past its expiry is never carried out") {
  Pair pair;
  pair.run(10s);
  pair.broker.commands.push_back(command(R"("gridPrice":99,"mode":"stow")", 5s));
  CHECK(results_of(pair) == R"("state":"expired","reason":"past_expiry";)");
  CHECK(pair.transmitter->outputs().state == State::track);
  CHECK_FALSE(says(pair.broker.on("telemetry").back().payload, R"("gridPrice":99)"));
}

TEST_CASE("a command that can expire is refused while the time is not known") {
  Pair pair;
  pair.receiver_clock.utc_.reset();
  pair.broker.commands.push_back(command(R"("mode":"stow")"));
  CHECK(results_of(pair) == R"("state":"rejected","reason":"no_clock";)");
  pair.broker.commands.push_back(R"({"id":"d","mode":"stow"})");
  CHECK(results_of(pair) == R"("state":"delivered";"state":"applied";)");
}

TEST_CASE("a command that the air delays past its expiry is not carried out") {
  Pair pair;
  pair.run(1s);
  pair.receiver_radio.out = nullptr;  // nothing reaches the transmitter
  pair.broker.commands.push_back(command(R"("mode":"stow")", 4s));
  CHECK(results_of(pair, 2s) == R"("state":"delivered";)");
  pair.receiver_radio.out = &pair.transmitter_radio.in;
  std::deque<std::vector<std::byte>> late;
  pair.receiver_radio.out = &late;
  pair.run(500ms);
  pair.receiver_radio.out = nullptr;
  CHECK(results_of(pair, 4s) == R"("state":"expired","reason":"no_answer";)");
  pair.transmitter_radio.in = late;
  pair.run(1s);
  CHECK(pair.transmitter->outputs().state == State::track);
  CHECK(pair.transmitter->counts().orders_refused == 1);
}

TEST_CASE("a command for both boards is applied on both or on neither") {
  Pair pair;
  pair.run(1s);
  pair.receiver_radio.out = nullptr;
  pair.broker.commands.push_back(command(R"("gridPrice":99,"mode":"stow")"));
  CHECK(results_of(pair, 11s) == R"("state":"delivered";"state":"expired","reason":"no_answer";)");
  CHECK_FALSE(says(pair.broker.on("telemetry").back().payload, R"("gridPrice":99)"));
  CHECK_FALSE(pair.files.files.contains("settings.json"));
  pair.receiver_radio.out = &pair.transmitter_radio.in;
  pair.broker.commands.push_back(R"({"id":"d","gridPrice":98,"mode":"stow"})");
  CHECK(results_of(pair) == R"("state":"delivered";"state":"applied";)");
  CHECK(says(pair.broker.on("telemetry").back().payload, R"("gridPrice":98)"));
}

TEST_CASE("the tracker decides by the charge that it reports, estimated or not") {
  Pair pair;
  pair.sensors.readings.battery_charge.reset();
  pair.sensors.readings.battery_voltage = volts(5.62f);
  pair.run(1s);
  CHECK(pair.transmitter->outputs().reason == Reason::battery_low);
  CHECK(says(pair.broker.on("telemetry").back().payload, R"("estimated":["batteryPct"])"));
}

TEST_CASE("an order repeated because its answer got lost is done once") {
  Pair pair;
  pair.run(1s);
  pair.transmitter_radio.out = nullptr;
  pair.broker.commands.push_back(command(R"("mode":"stow")"));
  pair.run(2s);
  CHECK(pair.transmitter->counts().orders_done == 1);
  pair.transmitter_radio.out = &pair.receiver_radio.in;
  CHECK(results_of(pair) == R"("state":"applied";)");
  CHECK(pair.transmitter->counts().orders_done == 1);
}

TEST_CASE("a command redelivered by the broker is answered again and not done again") {
  Pair pair;
  pair.run(1s);
  pair.broker.commands.push_back(command(R"("gridPrice":15)"));
  CHECK(results_of(pair) == R"("state":"applied";)");
  pair.broker.commands.push_back(R"({"id":"e","gridPrice":16})");
  pair.broker.commands.push_back(command(R"("gridPrice":15)"));
  CHECK(results_of(pair) == R"("state":"applied";"state":"applied";)");
  CHECK(says(pair.broker.on("telemetry").back().payload, R"("gridPrice":16)"));
}

TEST_CASE("a bad command is rejected with its reason and changes nothing") {
  Pair pair;
  pair.run(1s);
  pair.broker.commands.push_back(command(R"("tilt":200)"));
  pair.broker.commands.push_back("not json");
  CHECK(results_of(pair) == R"("state":"rejected","reason":"out_of_range";)");
  CHECK(pair.receiver->counts().commands_refused == 2);
  CHECK(pair.transmitter->outputs().state == State::track);
}

TEST_CASE("more commands than can wait are refused as busy") {
  Pair pair;
  pair.run(1s);
  pair.receiver_radio.out = nullptr;
  for (int i = 0; i < 5; ++i) {
    pair.broker.commands.push_back(R"({"id":")" + std::to_string(i) + R"(","mode":"stow"})");
  }
  const std::string results = results_of(pair);
  CHECK(says(results, R"("state":"rejected","reason":"busy")"));
}

TEST_CASE("a site sent by command moves the tracker and is kept") {
  Pair pair;
  pair.run(1s);
  pair.broker.commands.push_back(command(R"("site":{"lat":-0.18,"lon":-78.47})"));
  CHECK(results_of(pair) == R"("state":"delivered";"state":"applied";)");
  CHECK(pair.transmitter->outputs().state == State::night);
  CHECK(says(pair.files.files["settings.json"], "\"lon\":-78.47"));
}

TEST_CASE("a panel's rating sent by command is what the law counts on, and outlives a new site") {
  Pair pair;
  pair.run(1s);
  const auto rating = [&] {
    return pair.transmitter->tracker().settings().hybrid.head.panel_nominal;
  };
  CHECK(rating() == watts(10.f));
  pair.broker.commands.push_back(command(R"("site":{"lat":13.75,"lon":121.05,"panel_w":62.5})"));
  CHECK(results_of(pair) == R"("state":"delivered";"state":"applied";)");
  CHECK(rating() == watts(62.5f));
  CHECK(says(pair.files.files["settings.json"], "\"panel_w\":62.5}"));
  pair.broker.commands.push_back(command(R"("site":{"lat":14,"lon":121})"));
  pair.run(1s);
  CHECK(rating() == watts(62.5f));
  // Both boards start anew, the transmitter as it was built.
  pair.start_transmitter();
  CHECK(rating() == watts(10.f));
  pair.start_receiver();
  pair.run(5s);
  CHECK(rating() == watts(62.5f));
}

TEST_CASE("a restart is the owner's to do, and refused where it cannot be done") {
  Pair pair;
  pair.run(1s);
  pair.broker.commands.push_back(command(R"("restart":true)"));
  pair.run(1s);
  CHECK(pair.transmitter->restart_wanted());
  CHECK(pair.receiver->restart_wanted());
  pair.receiver_settings.can_restart = false;
  pair.start_receiver();
  pair.broker.commands.push_back(command(R"("restart":true)"));
  CHECK(results_of(pair) == R"("state":"rejected","reason":"unsupported";)");
}

TEST_CASE("motors are off before anything else and when control has nothing sound to say") {
  Pair pair;
  CHECK(pair.motors.offs > 0);
  pair.transmitter_settings.control.mount.pan.min = degrees(200.f);
  pair.start_transmitter();
  pair.run(10s);
  CHECK_FALSE(pair.motors.target);
  CHECK(pair.transmitter->outputs().state == State::fault);
}

TEST_CASE("another message period holds from the next sample on") {
  Pair pair;
  pair.run(1s);
  pair.transmitter->sample_every(10s);
  pair.run(1s);
  const auto slow = pair.run_and_take("telemetry", 60s).size();
  CHECK(slow >= 5);
  CHECK(slow <= 7);
  pair.transmitter->sample_every(350ms);
  const auto fast = pair.run_and_take("telemetry", 7s).size();
  CHECK(fast >= 19);
}

TEST_CASE("the nodes stay small enough for a board") {
  CHECK(sizeof(Transmitter) <= 18 * 1024);  // a tenth of what an ESP32 leaves; mostly the fit
  CHECK(sizeof(Receiver) <= 90 * 1024);     // the memory of what is not yet stored, nearly all
}
