#include "server/ingest/batcher.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "server/ingest/stored.h"
#include "server/ingest/thinner.h"

using namespace idast;
using namespace idast::ingest;
using telemetry::position_of;
using telemetry::Record;

namespace {

Instant at(std::int64_t ms) { return Instant{Millis{ms}}; }

Record sample(const std::string& device = "a", std::int64_t ts_ms = 0) {
  Record record;
  record.device = device;
  record.ts = record.received = UtcMillis{ts_ms};
  return record;
}
Record numbered(std::int64_t seq) {
  Record record = sample();
  record.text[position_of("boot_id")] = "00000000000000aa";
  record.value[position_of("seq")] = seq;
  record.present.add(position_of("boot_id"));
  record.present.add(position_of("seq"));
  return record;
}

}  // namespace

TEST_CASE("a batch is due after two seconds at a tracker's pace, after 20 ms above 30 a second") {
  Batcher<int> slow;
  CHECK_FALSE(slow.due_at(at(0)));
  slow.push(sample(), 1, at(1'000));
  slow.push(sample(), 2, at(1'350));
  CHECK(slow.due_at(at(1'350)) == at(3'000));
  CHECK_FALSE(slow.due(at(2'999)));
  CHECK(slow.due(at(3'000)));

  Batcher<int> fast;
  fast.note_held(500);
  for (int i = 0; i < 31; ++i) fast.push(sample(), i, at(5'000 + i));
  CHECK(fast.due_at(at(5'031)) == at(5'020));
  fast.take();
  // The second before still counts, the one before that does not.
  fast.push(sample(), 1, at(6'500));
  CHECK(fast.due_at(at(6'500)) == at(6'520));
  CHECK(fast.due_at(at(7'600)) == at(8'500));
}

TEST_CASE("a fixed linger overrides the rate") {
  Batcher<int> batcher{Millis{10'000}};
  batcher.note_held(500);
  for (int i = 0; i < 100; ++i) batcher.push(sample(), i, at(0));
  CHECK(batcher.due_at(at(0)) == at(10'000));
}

TEST_CASE("a batch is due at half the broker's window, and at 1000 at most") {
  Batcher<int> batcher{kLingerFast};
  CHECK(batcher.batch_max() == 10);
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(batcher.due(at(0)));
    batcher.push(sample(), i, at(0));
  }
  CHECK(batcher.due(at(0)));
  batcher.note_held(60);
  CHECK(batcher.batch_max() == 30);
  CHECK_FALSE(batcher.due(at(0)));
  batcher.note_held(40);
  CHECK(batcher.batch_max() == 30);
  batcher.note_held(60'000);
  CHECK(batcher.batch_max() == 1000);
}

TEST_CASE("at a slow pace a batch waits past the window that is known, while more comes") {
  Batcher<int> batcher{Millis{10'000}};
  for (int i = 0; i < 80; ++i) {
    CHECK_FALSE(batcher.due(at(i * 120)));
    batcher.push(sample(), i, at(i * 120));
    batcher.note_held(static_cast<std::size_t>(i) + 1);
  }
  CHECK(batcher.due_at(at(9'600)) == at(10'000));
  CHECK(batcher.take().tokens.size() == 80);
}

TEST_CASE("a full window is seen by the silence after it, and then half of it makes a batch due") {
  Batcher<int> batcher{Millis{10'000}};
  for (int i = 0; i < 20; ++i) batcher.push(sample(), i, at(100));
  batcher.note_held(20);
  CHECK(batcher.due_at(at(100)) == at(1'100));
  CHECK_FALSE(batcher.due(at(1'099)));
  CHECK(batcher.due(at(1'100)));
  CHECK(batcher.take().tokens.size() == 20);

  for (int i = 0; i < 9; ++i) batcher.push(sample(), i, at(2'000));
  CHECK(batcher.due_at(at(2'000)) == at(12'000));
  batcher.push(sample(), 9, at(2'000));
  CHECK(batcher.due(at(2'000)));
  batcher.take();
  // Another broker may stand there by now.
  for (int i = 0; i < 12; ++i) batcher.push(sample(), i, at(601'100));
  CHECK(batcher.due_at(at(601'100)) == at(611'100));
}

TEST_CASE("everything is acknowledged in the order in which it came") {
  Batcher<int> batcher;
  batcher.push_nothing(1, at(0));
  batcher.push_nothing(2, at(0));
  batcher.push(sample(), 3, at(0));
  batcher.push_nothing(4, at(0));
  batcher.push(telemetry::Loss{"a", "00000000000000aa", 0, 4, "full", UtcMillis{0}}, 5, at(0));

  // Poison at the front waits for nobody.
  CHECK(batcher.due(at(0)));
  const auto poison = batcher.take();
  CHECK(poison.tokens == std::vector{1, 2});
  CHECK(poison.nothing_to_store());

  CHECK_FALSE(batcher.due(at(0)));
  CHECK(batcher.due(at(2'000)));
  const auto batch = batcher.take();
  CHECK(batch.tokens == std::vector{3, 4, 5});
  CHECK(batch.records.size() == 1);
  CHECK(batch.bearers == std::vector<std::size_t>{0});
  CHECK(batch.losses.size() == 1);
  CHECK(batcher.size() == 0);
  CHECK(batcher.take().empty());
}

TEST_CASE("a receiver's row waits for its commit as a sample does") {
  Batcher<int> batcher;
  CHECK(batcher.push(telemetry::HistoryRow{.device = "a", .taken = {}, .energy = 5, .received = {}},
                     1, at(0)));
  CHECK_FALSE(batcher.due(at(0)));
  CHECK(batcher.due(at(2'000)));
  CHECK(batcher.rows() == 0);
  const auto batch = batcher.take();
  CHECK_FALSE(batch.nothing_to_store());
  REQUIRE(batch.history.size() == 1);
  CHECK(batch.history[0].energy == 5);
  CHECK(batch.tokens == std::vector{1});
  CHECK(batcher.bytes() == 0);
}

TEST_CASE("a full queue takes nothing more and counts what it did not take") {
  Batcher<int> batcher;
  for (std::size_t i = 0; i < kQueueMax; ++i) CHECK(batcher.push(sample(), 0, at(0)));
  CHECK_FALSE(batcher.push(sample(), 0, at(0)));
  CHECK_FALSE(batcher.push_nothing(0, at(0)));
  CHECK(batcher.overflowed() == 2);
  CHECK(batcher.take().tokens.size() == 10);
  CHECK(batcher.push(sample(), 0, at(0)));

  Batcher<int> heavy;
  Record record = sample();
  record.extra = std::string(kQueueBytesMax / 2 + 1, 'x');
  CHECK(heavy.push(Record{record}, 0, at(0)));
  CHECK_FALSE(heavy.push(Record{record}, 0, at(0)));
  heavy.take();
  CHECK(heavy.bytes() == 0);
  CHECK(heavy.push(Record{record}, 0, at(0)));
  CHECK(heavy.drop_if([](int) { return true; }) == 1);
  CHECK(heavy.bytes() == 0);
}

TEST_CASE("a new connection voids what the broker delivers again, and nothing else") {
  Batcher<int> batcher;
  constexpr int kAtMostOnce = 0;
  batcher.push(sample(), 7, at(0));
  batcher.push(sample(), kAtMostOnce, at(0));
  batcher.push_nothing(8, at(0));
  CHECK(batcher.rows() == 2);
  CHECK(batcher.drop_if([](int token) { return token != kAtMostOnce; }) == 2);
  CHECK(batcher.rows() == 1);
  CHECK(batcher.take().tokens == std::vector{kAtMostOnce});
  CHECK(batcher.rows() == 0);
}

TEST_CASE("a sample that was kept is kept again when it comes again, whatever came between") {
  Thinner thinner{Millis{60'000}};
  CHECK(thinner.keep(numbered(1)));
  CHECK_FALSE(thinner.keep(numbered(2)));
  CHECK(thinner.keep(numbered(1)));
  CHECK_FALSE(thinner.keep(numbered(2)));
  // A backlog of the same boot comes between live samples.
  Record old = numbered(0);
  old.ts = UtcMillis{-600'000};
  CHECK(thinner.keep(old));
  CHECK(thinner.keep(old));
  CHECK_FALSE(thinner.keep(numbered(3)));
  // Another boot has intervals of its own.
  Record other = numbered(5);
  other.text[position_of("boot_id")] = "00000000000000bb";
  CHECK(thinner.keep(other));
  // One without a number cannot be recognised on a new connection.
  CHECK(thinner.keep(sample("b", 0)));
  CHECK_FALSE(thinner.keep(sample("b", 1)));
  thinner.connected();
  CHECK(thinner.keep(sample("b", 1)));
  CHECK_FALSE(thinner.keep(numbered(4)));
}

TEST_CASE("an interval keeps one sample per device, and progress may pass the others") {
  Thinner thinner{Millis{60'000}};
  CHECK(thinner.keep(sample("a", 0)));
  CHECK_FALSE(thinner.keep(sample("a", 59'999)));
  CHECK(thinner.keep(sample("b", 59'999)));
  CHECK(thinner.keep(sample("a", 60'000)));
  // A backlog is thinned by its own time.
  CHECK(thinner.keep(sample("a", -3'600'000)));
  CHECK_FALSE(thinner.keep(sample("a", -3'599'000)));
  CHECK(thinner.thinned() == 2);
  CHECK(Thinner{Millis{0}}.keep(sample("a", 0)));

  CHECK_FALSE(Thinner::loss_of(sample()));
  Record record = numbered(20);
  record.value[position_of("seq_from")] = 11;
  record.present.add(position_of("seq_from"));
  const auto loss = Thinner::loss_of(record).value_or(telemetry::Loss{});
  CHECK(loss.boot == "00000000000000aa");
  CHECK(loss.first == 11);
  CHECK(loss.last == 20);
  CHECK(loss.reason.empty());
}

TEST_CASE("a device hears its newest progress at most once a second") {
  StoredWords words;
  CHECK_FALSE(words.due_at());
  words.note("a", "00000000000000aa", 4);
  words.note("a", "00000000000000aa", 9);
  auto messages = words.take(at(100));
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].topic == "solar-tracker/a/stored");
  CHECK(messages[0].payload == R"({"boot":"00000000000000aa","upto":9})");

  words.note("a", "00000000000000aa", 10);
  words.note("b", "00000000000000bb", -1);
  CHECK(words.take(at(101)).front().payload == R"({"boot":"00000000000000bb","upto":-1})");
  CHECK(words.due_at() == at(1'100));
  CHECK(words.take(at(1'099)).empty());
  words.note("a", "00000000000000aa", 11);
  CHECK(words.take(at(1'100)).front().payload == R"({"boot":"00000000000000aa","upto":11})");
  CHECK(words.take(at(5'000)).empty());
  CHECK_FALSE(words.due_at());
}

TEST_CASE("an old boot's words and the present one's take turns") {
  StoredWords words;
  std::string heard;
  for (std::int64_t second = 0; second < 4; ++second) {
    words.note("a", "00000000000000aa", second);
    words.note("a", "00000000000000bb", second);
    for (const auto& message : words.take(at(second * 1'000))) heard += message.payload[24];
  }
  CHECK(heard == "abab");
}

TEST_CASE("words are dropped, and counted, rather than kept without end") {
  StoredWords words;
  for (std::size_t i = 0; i <= kStoredBootsMax; ++i) words.note("a", std::to_string(i), 1);
  CHECK(words.dropped() == 1);
  for (std::size_t i = 0; i < kStoredDevicesMax; ++i) words.note(std::to_string(i), "x", 1);
  CHECK(words.dropped() == 2);
  CHECK(words.take(at(0)).size() == kStoredDevicesMax);
}
