#include "server/app/writer.h"

#include <deque>
#include <future>
#include <optional>
#include <semaphore>
#include <utility>

#include <doctest/doctest.h>

#include "server/app/keeper.h"
#include "server/app/pipeline.h"
#include "server/app/spool_folder_test.h"
#include "server/store/sqlite.h"

namespace idast::app {
namespace {

constexpr std::uint64_t kLimit = 100'000'000;

// A store that refuses as often as it is told to.
class StubbornStore final : public store::Store {
 public:
  explicit StubbornStore(int refusals) : refusals_{refusals} {}
  store::Result<store::Committed> commit(std::span<const telemetry::Record> batch,
                                         std::span<const telemetry::Loss>,
                                         std::span<const telemetry::HistoryRow> history) override {
    if (refusals_-- > 0) {
      return std::unexpected{
          store::StoreError{store::StoreErrorKind::disk_full, "the disk is full"}};
    }
    for (const telemetry::Record& record : batch) rows.push_back(record.device);
    for (const telemetry::HistoryRow& row : history) rows.push_back(row.device + " history");
    return store::Committed{.inserted = batch.size(), .absorbed = 0, .progress = {}};
  }
  store::Result<std::unique_ptr<store::Reader>> open_reader() override {
    return std::unexpected{store::StoreError{store::StoreErrorKind::unavailable, ""}};
  }
  store::Result<Size> size() override { return Size{}; }
  std::optional<store::StoreError> upkeep_trouble() override { return unreadable; }

  std::optional<store::StoreError> unreadable;  // Before the writer begins.
  std::vector<std::string> rows;                // Of the writer's thread, until it has ended.

 private:
  int refusals_;
};

// A store whose first commit does not return before it is told to.
class FrozenStore final : public store::Store {
 public:
  store::Result<store::Committed> commit(std::span<const telemetry::Record> batch,
                                         std::span<const telemetry::Loss> losses,
                                         std::span<const telemetry::HistoryRow> history) override {
    if (std::exchange(freezes_, false)) {
      frozen.set_value();
      thaw.get_future().wait();
    }
    return real_->commit(batch, losses, history);
  }
  store::Result<std::unique_ptr<store::Reader>> open_reader() override {
    return real_->open_reader();
  }
  store::Result<Size> size() override { return real_->size(); }

  std::promise<void> frozen, thaw;

 private:
  std::unique_ptr<store::Store> real_ = store::open_sqlite(":memory:").value();
  bool freezes_ = true;  // Of the writer's thread.
};

Batch batch_of(const std::string& device, std::uint16_t packet_id = 9) {
  Batch batch;
  batch.records.emplace_back().device = device;
  batch.tokens.push_back({.token = {1, packet_id}, .receipt = 1});
  batch.bearers.push_back(0);
  return batch;
}

// What the writer answers, each once.
struct Answers {
  std::promise<Batch> committed, failed;
  std::promise<bool> drained;
  Writer::Outlets outlets() {
    return {.committed = [this](Batch batch,
                                const store::Committed&) { committed.set_value(std::move(batch)); },
            .failed = [this](Batch batch) { failed.set_value(std::move(batch)); },
            .replayed =
                [this](const store::Committed&, bool is_drained) {
                  if (is_drained) drained.set_value(true);
                }};
  }
};

}  // namespace

TEST_CASE("a batch that the store takes comes back committed, and the spool stays empty") {
  const Log log{LogFormat::text};
  SpoolFolder disk;
  Backlog backlog{disk, kLimit, log};
  StubbornStore store{0};
  Answers answers;
  Writer writer{store, backlog, log, answers.outlets()};
  writer.submit(batch_of("a"));
  CHECK(answers.committed.get_future().get().tokens[0].token.packet_id == 9);
  CHECK_FALSE(writer.trouble().has_value());
  CHECK(disk.list()->empty());
}

TEST_CASE("sums that stand still are named, and hold up no sample") {
  const Log log{LogFormat::text};
  SpoolFolder disk;
  Backlog backlog{disk, kLimit, log};
  StubbornStore store{0};
  store.unreadable = {store::StoreErrorKind::corrupt, "a rollup cannot be read"};
  std::counting_semaphore<> taken{0};
  Writer writer{store,
                backlog,
                log,
                {.committed = [&](const Batch&, const store::Committed&) { taken.release(); },
                 .failed = [](const Batch&) {},
                 .replayed = [](const store::Committed&, bool) {}}};
  for (int i = 0; i < 2; ++i) {  // It tidies up after the first.
    writer.submit(batch_of("a"));
    taken.acquire();
  }
  CHECK(writer.upkeep_trouble() == "a rollup cannot be read");
  CHECK_FALSE(writer.trouble());
}

TEST_CASE("a batch that the store refuses comes back at once, to be put into the spool") {
  const Log log{LogFormat::text};
  SpoolFolder disk;
  Backlog backlog{disk, kLimit, log};
  StubbornStore store{1'000'000};
  Answers answers;
  Writer writer{store, backlog, log, answers.outlets()};
  writer.submit(batch_of("a"));
  CHECK(answers.failed.get_future().get().tokens[0].token.packet_id == 9);
  CHECK(writer.trouble() == "the disk is full");
  CHECK(writer.failures() == 1);
}

TEST_CASE("the spool is read back, oldest first, until the store has taken all of it") {
  const Log log{LogFormat::text};
  SpoolFolder disk;
  Backlog backlog{disk, kLimit, log};
  REQUIRE(backlog.append(batch_of("a")));
  REQUIRE(backlog.append(batch_of("b")));
  StubbornStore store{2};
  Answers answers;
  {
    Writer writer{store, backlog, log, answers.outlets()};
    CHECK(answers.drained.get_future().get());
    CHECK(writer.failures() == 2);
    CHECK_FALSE(writer.trouble().has_value());
  }
  CHECK(store.rows == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(backlog.owes());
}

TEST_CASE(
    "a piece of the spool that has nothing but a receiver's rows is committed before it goes") {
  const Log log{LogFormat::text};
  SpoolFolder disk;
  Backlog backlog{disk, kLimit, log};
  Batch batch;
  batch.history = {{.device = "a", .taken = {}, .energy = 1, .received = {}}};
  REQUIRE(backlog.append(batch));
  StubbornStore store{1};
  Answers answers;
  {
    Writer writer{store, backlog, log, answers.outlets()};
    CHECK(answers.drained.get_future().get());
    CHECK(writer.failures() == 1);
  }
  CHECK(store.rows == std::vector<std::string>{"a history"});
}

TEST_CASE("a store that never takes anything does not keep the program from ending") {
  const Log log{LogFormat::text};
  SpoolFolder disk;
  Backlog backlog{disk, kLimit, log};
  REQUIRE(backlog.append(batch_of("a")));
  StubbornStore store{1'000'000};
  Answers answers;
  {
    Writer writer{store, backlog, log, answers.outlets()};
    writer.submit(batch_of("b"));
    answers.failed.get_future().wait();
  }
  CHECK(store.rows.empty());
  CHECK(backlog.owes());
}

TEST_CASE("what can wait goes on without a batch, and holds up neither a batch nor the end") {
  const Log log{LogFormat::text};
  SpoolFolder disk;
  Backlog backlog{disk, kLimit, log};
  StubbornStore store{0};
  Answers answers;
  std::promise<void> often;
  int pieces = 0;
  Writer::Outlets outlets = answers.outlets();
  outlets.idle = [&] {
    if (++pieces == 100) often.set_value();
    return true;  // There is always more.
  };
  {
    Writer writer{store, backlog, log, std::move(outlets)};
    often.get_future().wait();
    writer.submit(batch_of("a"));
    CHECK(answers.committed.get_future().get().tokens[0].token.packet_id == 9);
  }
  CHECK(store.rows == std::vector<std::string>{"a"});
}

TEST_CASE("a store that does not answer is said, holds what is bounded, and loses nothing") {
  const Log log{LogFormat::text};
  SpoolFolder disk;
  Backlog backlog{disk, kLimit, log};
  FrozenStore store;
  live::Board board;
  std::size_t acknowledged = 0;
  std::deque<std::promise<std::pair<Batch, store::Committed>>> answers;  // One for each batch.
  Writer writer{store,
                backlog,
                log,
                {.committed =
                     [&](Batch batch, store::Committed result) {
                       answers.back().set_value({std::move(batch), std::move(result)});
                     },
                 .failed = [](const Batch&) {},
                 .replayed = [](const store::Committed&, bool) {}},
                Millis{0}};
  Pipeline pipeline{
      {.linger = Millis{0}},
      board,
      log,
      {.acknowledge = [&](std::span<const mqtt::AckToken> all) { acknowledged += all.size(); },
       .publish = [](const ingest::StoredMessage&) { return true; },
       .commit =
           [&](Batch batch) {
             answers.emplace_back();
             writer.submit(std::move(batch));
           }}};
  const auto send = [&](std::size_t seq) {
    const std::string text =
        R"({"powerW":8.5,"boot":"00000000000000aa","seq":)" + std::to_string(seq) + "}";
    pipeline.receive({.topic = "solar-tracker/a/telemetry",
                      .payload = text,
                      .qos = 1,
                      .token = {1, static_cast<std::uint16_t>(1 + seq)}},
                     Instant{}, UtcMillis{1'700'000'000'000});
    pipeline.poll(Instant{});
  };
  send(0);
  store.frozen.get_future().wait();
  CHECK(writer.trouble()->starts_with("the database has not answered for "));
  writer.watch();
  for (std::size_t seq = 1; seq <= ingest::kQueueMax + 20; ++seq) send(seq);
  CHECK(acknowledged == 0);
  CHECK(pipeline.take_overflow());  // A window larger than any: the rest waits at the broker.
  CHECK(disk.list()->empty());

  store.thaw.set_value();
  while (!pipeline.idle()) {
    auto [batch, result] = answers.back().get_future().get();
    pipeline.committed(std::move(batch), result);
    pipeline.poll(Instant{});
  }
  CHECK(acknowledged == 1 + ingest::kQueueMax);
  std::size_t rows = 0;
  const store::Range everything{"a", UtcMillis{0}, UtcMillis{2'000'000'000'000}};
  REQUIRE((*store.open_reader())->rows(everything, SIZE_MAX / 2, [&](auto&&) { return ++rows; }));
  CHECK(rows == 1 + ingest::kQueueMax);
  while (writer.trouble()) std::this_thread::yield();  // Until it has tidied up.
}

TEST_CASE("the keeper says what is durable, and gives back what the disk did not take") {
  const Log log{LogFormat::text};
  SpoolFolder disk;
  disk.refusals = 1;
  Backlog backlog{disk, kLimit, log};
  std::promise<bool> first, second;
  int answers = 0;
  Keeper keeper{backlog, log, [&](const Batch&, bool kept) {
                  (answers++ == 0 ? first : second).set_value(kept);
                }};
  keeper.submit(batch_of("a"));
  CHECK_FALSE(first.get_future().get());
  CHECK(keeper.trouble().has_value());
  CHECK_FALSE(backlog.owes());
  keeper.relieved();
  CHECK_FALSE(keeper.trouble().has_value());
  keeper.submit(batch_of("a"));
  CHECK(second.get_future().get());
  CHECK_FALSE(keeper.trouble().has_value());
  CHECK(keeper.failures() == 1);
  CHECK(backlog.owes());
}

}  // namespace idast::app
