#include "server/app/pipeline.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "server/store/sqlite.h"

namespace idast::app {
namespace {

constexpr UtcMillis kNoon{1'700'000'000'000};
constexpr std::string_view kBoot = "00000000000000aa";

// A pipeline between a broker and a store that do what the test says.
struct Scene {
  Log log{LogFormat::text};
  live::Board board;
  std::vector<mqtt::AckToken> acknowledged{};
  std::vector<ingest::StoredMessage> words{};
  std::vector<Batch> commits{};
  bool takes_words = true;
  std::unique_ptr<store::Store> store = store::open_sqlite(":memory:").value();
  Pipeline pipeline;
  Millis passed{0};

  explicit Scene(const Pipeline::Rules& rules = {})
      : pipeline{rules,
                 board,
                 log,
                 {.acknowledge =
                      [this](std::span<const mqtt::AckToken> tokens) {
                        acknowledged.insert(acknowledged.end(), tokens.begin(), tokens.end());
                      },
                  .publish =
                      [this](const ingest::StoredMessage& word) {
                        if (takes_words) words.push_back(word);
                        return takes_words;
                      },
                  .commit = [this](Batch batch) { commits.push_back(std::move(batch)); }}} {}

  Instant now() const { return Instant{passed}; }
  void send(std::string_view topic, std::string_view payload, std::uint16_t packet_id) {
    pipeline.receive({.topic = topic,
                      .payload = payload,
                      .qos = packet_id == 0 ? std::uint8_t{0} : std::uint8_t{1},
                      .retain = false,
                      .duplicate = false,
                      .token = {1, packet_id}},
                     now(), kNoon + passed);
    pipeline.poll(now());
  }
  void send_sample(std::int64_t seq, std::uint16_t packet_id) {
    send("solar-tracker/a/telemetry",
         R"({"powerW":8.5,"boot":")" + std::string{kBoot} + R"(","seq":)" + std::to_string(seq) +
             "}",
         packet_id);
  }
  void wait(Millis span) {
    passed += span;
    pipeline.poll(now());
  }
  // The store does its part of the batch at hand.
  void commit() {
    REQUIRE(commits.size() == 1);
    Batch batch = std::move(commits.front());
    commits.clear();
    const auto committed = store->commit(batch.records, batch.losses, batch.history);
    REQUIRE(committed.has_value());
    pipeline.committed(std::move(batch), *committed);
    pipeline.poll(now());
  }
  std::string metrics() const {
    api::Metrics metrics;
    pipeline.measure(metrics);
    return metrics.print();
  }
};

bool has(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

std::vector<std::uint16_t> ids(const std::vector<mqtt::AckToken>& tokens) {
  std::vector<std::uint16_t> ids;
  for (const mqtt::AckToken& token : tokens) ids.push_back(token.packet_id);
  return ids;
}

}  // namespace

TEST_CASE("a sample is shown at once, acknowledged only when committed, then told to the device") {
  Scene scene;
  scene.send_sample(0, 7);
  CHECK(scene.board.view("a", kNoon)->latest != nullptr);
  CHECK_FALSE(scene.board.view("a", kNoon)->committed);
  CHECK(scene.acknowledged.empty());

  scene.wait(ingest::kLingerSlow);
  REQUIRE(scene.commits.size() == 1);
  CHECK(scene.acknowledged.empty());
  CHECK(has(scene.metrics(), "idast_samples_not_yet_stored 1\n"));

  scene.commit();
  CHECK(ids(scene.acknowledged) == std::vector<std::uint16_t>{7});
  CHECK(scene.board.view("a", kNoon)->committed);
  REQUIRE(scene.words.size() == 1);
  CHECK(scene.words[0].topic == "solar-tracker/a/stored");
  CHECK(has(scene.words[0].payload, R"("upto":0)"));
  CHECK(has(scene.metrics(), "idast_samples_not_yet_stored 0\n"));
  CHECK(has(scene.metrics(), "idast_samples_stored_total 1\n"));
}

TEST_CASE("while one batch is being committed no other is, and nothing is acknowledged") {
  Scene scene{{.linger = Millis{0}}};
  scene.send_sample(0, 1);
  REQUIRE(scene.commits.size() == 1);
  for (std::uint16_t i = 2; i < 50; ++i) scene.send_sample(i, i);
  scene.wait(std::chrono::hours{1});
  CHECK(scene.commits.size() == 1);
  CHECK(scene.acknowledged.empty());
  scene.commit();
  CHECK(ids(scene.acknowledged) == std::vector<std::uint16_t>{1});
  CHECK(scene.commits.size() == 1);
}

TEST_CASE("poison is counted and acknowledged without waiting for the database") {
  Scene scene;
  scene.send("solar-tracker/a/telemetry", "not json", 3);
  scene.send("solar-tracker/a/status", R"({"status":"asleep"})", 4);
  scene.send("solar-tracker/a/telemetry/more", "{}", 5);
  CHECK(ids(scene.acknowledged) == std::vector<std::uint16_t>{3, 4, 5});
  CHECK(has(scene.metrics(), R"(idast_messages_refused_total{reason="not_json"} 1)"));
  CHECK(has(scene.metrics(), R"(idast_messages_refused_total{reason="bad_content"} 1)"));
  CHECK(has(scene.metrics(), R"(idast_messages_refused_total{reason="bad_topic"} 1)"));
  CHECK(scene.commits.empty());
}

TEST_CASE("a redelivered sample is absorbed, not doubled") {
  Scene scene{{.linger = Millis{0}}};
  scene.send_sample(0, 1);
  scene.commit();
  scene.send_sample(0, 2);
  scene.commit();
  CHECK(has(scene.metrics(), "idast_samples_stored_total 1\n"));
  CHECK(has(scene.metrics(), "idast_samples_absorbed_total 1\n"));
}

TEST_CASE("a new connection voids what will come again, and keeps what came at QoS 0") {
  Scene scene;
  scene.send_sample(0, 1);
  scene.send("solar-tracker/b/telemetry", R"({"powerW":1})", 0);
  scene.pipeline.connected();
  scene.wait(ingest::kLingerSlow);
  REQUIRE(scene.commits.size() == 1);
  REQUIRE(scene.commits[0].records.size() == 1);
  CHECK(scene.commits[0].records[0].device == "b");
  scene.commit();
  CHECK(scene.acknowledged.empty());
  CHECK(scene.board.view("b", kNoon)->committed);
  CHECK_FALSE(scene.board.view("a", kNoon)->committed);
  scene.send_sample(0, 2);
  CHECK_FALSE(scene.board.view("a", kNoon)->committed);
  scene.wait(ingest::kLingerSlow);
  scene.commit();
  CHECK(scene.board.view("a", kNoon)->committed);
}

TEST_CASE("status messages reach the board and are acknowledged") {
  Scene scene;
  scene.send("solar-tracker/a/status", R"({"status":"online","backfill":{"done":40,"total":100}})",
             1);
  CHECK(scene.board.view("a", kNoon)->online == true);
  CHECK(scene.board.view("a", kNoon)->backfill->total == 100);
  scene.send("solar-tracker/a/status", R"({"status":"offline"})", 2);
  CHECK(scene.board.view("a", kNoon)->online == false);
  CHECK(ids(scene.acknowledged) == std::vector<std::uint16_t>{1, 2});
}

TEST_CASE("what a device gave up lets its progress pass the hole") {
  Scene scene{{.linger = Millis{0}}};
  scene.send_sample(0, 1);
  scene.commit();
  scene.passed += ingest::kStoredEvery;
  scene.send_sample(3, 2);
  scene.commit();
  CHECK(has(scene.words.back().payload, R"("upto":0)"));
  scene.passed += ingest::kStoredEvery;
  scene.send("solar-tracker/a/lost",
             R"({"boot":")" + std::string{kBoot} + R"(","from":1,"to":2,"reason":"ring_full"})", 3);
  scene.commit();
  CHECK(has(scene.words.back().payload, R"("upto":3)"));
}

TEST_CASE(
    "a receiver's row is acknowledged when it is committed, and one that comes again once more") {
  Scene scene;
  const std::string row = R"({"timestamp":1699999000123,"energy_wh":12.5,"device_name":"Unknown"})";
  scene.send("solar-tracker/a/history", row, 7);
  CHECK(scene.acknowledged.empty());
  scene.wait(ingest::kLingerSlow);
  CHECK(scene.acknowledged.empty());
  scene.commit();
  CHECK(ids(scene.acknowledged) == std::vector<std::uint16_t>{7});
  CHECK(scene.words.empty());
  CHECK(has(scene.metrics(), R"(idast_messages_total{kind="history"} 1)"));
  CHECK(has(scene.metrics(), "idast_history_rows_stored_total 1\n"));
  CHECK(has(scene.metrics(), "idast_samples_stored_total 0\n"));

  // From its file, in whole seconds.
  scene.send("solar-tracker/a/history", R"({"timestamp":1699999000000,"energy_wh":12.5})", 8);
  scene.wait(ingest::kLingerSlow);
  scene.commit();
  scene.send("solar-tracker/a/history", "{}", 9);
  CHECK(ids(scene.acknowledged) == std::vector<std::uint16_t>{7, 8, 9});
  CHECK(has(scene.metrics(), "idast_history_rows_stored_total 1\n"));
  CHECK(has(scene.metrics(), "idast_history_rows_absorbed_total 1\n"));
  CHECK(has(scene.metrics(), "idast_history_rows_refused_total 1\n"));
  CHECK(has(scene.metrics(), R"(idast_messages_refused_total{reason="bad_content"} 1)"));
}

TEST_CASE("a refused message whose number is legible leaves no hole") {
  Scene scene{{.linger = Millis{0}}};
  scene.send_sample(0, 1);
  scene.commit();
  scene.passed += ingest::kStoredEvery;
  scene.send("solar-tracker/a/telemetry",
             R"({"boot":")" + std::string{kBoot} + R"(","seq":1,"deviceName":")" + "\xff\"}", 2);
  REQUIRE(scene.commits.size() == 1);
  REQUIRE(scene.commits[0].losses.size() == 1);
  CHECK(scene.commits[0].losses[0].reason == "refused");
  scene.commit();
  CHECK(has(scene.words.back().payload, R"("upto":1)"));
  CHECK(has(scene.metrics(), "idast_samples_refused_by_name_total 1\n"));
  CHECK(ids(scene.acknowledged) == std::vector<std::uint16_t>{1, 2});
}

TEST_CASE("a refused message that claims another device costs neither of them a number") {
  Scene scene{{.linger = Millis{0}}};
  scene.send("solar-tracker/a/telemetry",
             R"({"device_id":"b","boot":")" + std::string{kBoot} + R"(","seq":1})", 2);
  CHECK(scene.commits.empty());
  CHECK(ids(scene.acknowledged) == std::vector<std::uint16_t>{2});
}

TEST_CASE("what is spooled is acknowledged, and called stored only when the database has it") {
  Scene scene{{.linger = Millis{0}}};
  scene.send_sample(0, 7);
  REQUIRE(scene.commits.size() == 1);
  const Batch batch = scene.commits[0];
  scene.commits.clear();
  scene.pipeline.spooled(batch);
  CHECK(ids(scene.acknowledged) == std::vector<std::uint16_t>{7});
  CHECK(scene.pipeline.idle());
  scene.wait(std::chrono::hours{1});
  CHECK(scene.words.empty());
  CHECK_FALSE(scene.board.view("a", kNoon)->committed);
  CHECK(has(scene.metrics(), "idast_samples_stored_total 0\n"));

  const auto committed = scene.store->commit(batch.records, batch.losses, batch.history);
  REQUIRE(committed.has_value());
  scene.pipeline.replayed(*committed, true);
  scene.pipeline.poll(scene.now());
  CHECK(scene.board.view("a", kNoon)->committed);
  CHECK(has(scene.metrics(), "idast_samples_stored_total 1\n"));
  REQUIRE(scene.words.size() == 1);
  CHECK(has(scene.words[0].payload, R"("upto":0)"));
  CHECK(scene.acknowledged.size() == 1);
}

TEST_CASE("a kept sample that comes again before its commit is not thinned") {
  Scene scene{{.linger = Millis{60'000}, .interval = Millis{60'000}}};
  scene.send_sample(0, 1);
  scene.pipeline.connected();
  scene.send_sample(0, 2);
  scene.wait(Millis{60'000});
  REQUIRE(scene.commits.size() == 1);
  CHECK(scene.commits[0].records.size() == 1);
}

TEST_CASE("an interval thins what is stored, not what is shown") {
  Scene scene{{.linger = Millis{0}, .interval = Millis{60'000}}};
  scene.send_sample(0, 1);
  scene.commit();
  scene.passed += Millis{350};
  scene.send_sample(1, 2);
  scene.commit();
  CHECK(has(scene.metrics(), "idast_samples_stored_total 1\n"));
  CHECK(has(scene.metrics(), "idast_samples_thinned_total 1\n"));
  CHECK(scene.board.view("a", kNoon)->latest->value[telemetry::position_of("seq")] == 1);
  CHECK_FALSE(scene.board.view("a", kNoon)->committed);
  CHECK(ids(scene.acknowledged) == std::vector<std::uint16_t>{1, 2});
}

TEST_CASE("a queue that is full says once that the messages must come again") {
  Scene scene;
  for (std::size_t i = 0; i < ingest::kQueueMax + 20; ++i) {
    scene.send_sample(static_cast<std::int64_t>(i), 1);
  }
  CHECK(scene.pipeline.take_overflow());
  CHECK_FALSE(scene.pipeline.take_overflow());
}

TEST_CASE("at the end everything is due at once and nothing more is taken") {
  Scene scene;
  scene.send_sample(0, 1);
  scene.pipeline.finish();
  CHECK_FALSE(scene.pipeline.idle());
  scene.pipeline.poll(scene.now());
  scene.send_sample(1, 2);
  scene.commit();
  CHECK(scene.pipeline.idle());
  CHECK(ids(scene.acknowledged) == std::vector<std::uint16_t>{1});
}

TEST_CASE("the next alarm is that of the batch, or of a word that waits its second") {
  Scene scene;
  CHECK_FALSE(scene.pipeline.due_at(scene.now()).has_value());
  scene.send_sample(0, 1);
  CHECK(scene.pipeline.due_at(scene.now()) == Instant{ingest::kLingerSlow});
  scene.wait(ingest::kLingerSlow);
  scene.commit();
  scene.send_sample(1, 2);
  scene.wait(ingest::kLingerSlow);
  scene.commit();
  CHECK(scene.words.size() == 2);
}

}  // namespace idast::app
