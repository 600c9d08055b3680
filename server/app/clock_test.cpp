#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "core/base/temporary_folder_test.h"
#include "server/app/pipeline.h"
#include "server/archive/archivist.h"
#include "server/query/history.h"
#include "server/store/sqlite.h"

// Clocks that are set wrong and right again while samples come: the server's own and the devices',
// through the real parser, pipeline, database, archive and queries.

namespace idast::app {
namespace {

constexpr Millis kMinute = std::chrono::minutes{1};
constexpr Millis kHour = std::chrono::hours{1};
constexpr Millis kDay = 24 * kHour;
constexpr Millis kYear = 365 * kDay;
// 2026-03-10T14:00Z: local midnight at Manila comes after two hours, that of UTC after ten.
constexpr UtcMillis kBegin{1'773'151'200'000};
constexpr const char* kZone = "Asia/Manila";
constexpr UtcMillis kLocalMidnight = kBegin + 2 * kHour;
constexpr UtcMillis kUtcMidnight = kBegin + 10 * kHour;

struct Tracker {
  std::string id;
  bool has_clock;
  int boot = 0;
  std::int64_t seq = -1;
  Instant started{};
  std::int64_t energy_mwh = 500'000;
  Millis clock_error{0};
};

// The true time runs; the server's clock and those of the devices are off by what a test sets.
class Station {
 public:
  // One minute: a sample of each tracker, its commit, and what is done beside it.
  void minute() {
    passed_ += kMinute;
    for (Tracker& tracker : trackers) send(tracker);
    pipeline_.poll(now());
    while (store_->tidy()) {
    }
    if (now() < archive_from_) return;
    for (;;) {
      const auto more = archivist_.step();
      REQUIRE(more.has_value());
      if (!*more) return;
    }
  }
  void run(Millis span) {
    for (Millis gone{0}; gone < span; gone += kMinute) minute();
    check_latest();
  }
  void restart(Tracker& tracker) {
    ++tracker.boot;
    tracker.seq = -1;
    tracker.started = now();
  }
  UtcMillis truth() const { return kBegin + passed_; }

  // Latest is what was sent last, on the board as in the database.
  void check_latest() {
    for (const Tracker& tracker : trackers) {
      CAPTURE(tracker.id);
      const auto stored = reader_->latest(tracker.id);
      REQUIRE(stored->has_value());
      for (const telemetry::Record* record :
           {&(*stored)->record, board_.view(tracker.id, truth())->latest.get()}) {
        CHECK(record->number(telemetry::position_of("seq")) == tracker.seq);
        CHECK(record->text[telemetry::position_of("boot_id")] == boot_of(tracker));
      }
    }
  }
  double energy_wh(const std::string& device, UtcMillis from, UtcMillis to) {
    const auto periods = reader_->periods(device, std::array{from, to});
    REQUIRE(periods.has_value());
    return periods->front().energy_wh;
  }
  std::map<UtcMillis, double> days(const std::string& device) {
    const auto rows = query::energy(*reader_, {device, kZone}, {}, truth());
    REQUIRE(rows.has_value());
    std::map<UtcMillis, double> energies;
    for (const query::EnergyRow& row : *rows) energies[row.start] = row.energy_wh;
    return energies;
  }
  // Every row: none is missing, none stands twice; how far its time is from the truth at most.
  Millis check_rows() {
    std::map<std::string, std::set<std::pair<std::string, std::int64_t>>> found;
    Millis off{0};
    const store::Range all{"", UtcMillis{0}, kBegin + 2 * kYear};
    const auto read = reader_->rows(all, SIZE_MAX / 2, [&](store::StoredRecord&& row) {
      const std::pair<std::string, std::int64_t> identity{
          row.record.text[telemetry::position_of("boot_id")],
          *row.record.number(telemetry::position_of("seq"))};
      CHECK(found[row.record.device].insert(identity).second);
      const Millis by = row.record.ts - sent_at_.at({row.record.device, identity});
      off = std::max(off, by < Millis{0} ? -by : by);
      return true;
    });
    REQUIRE(read.has_value());
    std::size_t rows = 0;
    for (const auto& [device, identities] : found) rows += identities.size();
    CHECK(rows == sent_at_.size());
    return off;
  }
  std::size_t archive_files() const {
    std::size_t count = 0;
    std::error_code absent;
    for (const auto& file : std::filesystem::directory_iterator{folder_.path / "archive", absent}) {
      if (file.path().extension() == ".zst") ++count;
    }
    return count;
  }
  std::int64_t archived_samples() const { return archivist_.figures().samples; }

  Millis server_error{0};
  std::array<Tracker, 2> trackers{Tracker{"clocked", true}, Tracker{"clockless", false}};

 private:
  Instant now() const { return Instant{passed_}; }
  static std::string boot_of(const Tracker& tracker) {
    return "00000000000000" + std::string{tracker.has_clock ? "a" : "b"} +
           std::to_string(tracker.boot);
  }
  void send(Tracker& tracker) {
    ++tracker.seq;
    tracker.energy_mwh += 1'000;
    const std::int64_t uptime_ms = (now() - tracker.started).count();
    const std::int64_t timestamp =
        tracker.has_clock ? (truth() + tracker.clock_error).unix_ms() : uptime_ms;
    std::string energy = std::to_string(tracker.energy_mwh / 1'000);
    const std::string text = R"({"timestamp":)" + std::to_string(timestamp) + R"(,"boot":")" +
                             boot_of(tracker) + R"(","seq":)" + std::to_string(tracker.seq) +
                             R"(,"uptimeMs":)" + std::to_string(uptime_ms) + R"(,"energyWh":)" +
                             energy + "}";
    sent_at_[{tracker.id, {boot_of(tracker), tracker.seq}}] = truth();
    pipeline_.receive({.topic = "solar-tracker/" + tracker.id + "/telemetry",
                       .payload = text,
                       .qos = 1,
                       .token = {1, ++packet_id_}},
                      now(), truth() + server_error);
  }
  void commit(Batch batch) {
    if (fallen_to_) REQUIRE(store_->settle_clock(*std::exchange(fallen_to_, std::nullopt)));
    const auto committed = store_->commit(batch.records, batch.losses);
    REQUIRE(committed.has_value());
    pipeline_.committed(std::move(batch), *committed);
  }

  TemporaryFolder folder_;
  Log log_{LogFormat::text};
  live::Board board_;
  std::unique_ptr<store::Store> store_ =
      store::open_sqlite((folder_.path / "idast.db").string()).value();
  std::unique_ptr<store::Reader> reader_ = store_->open_reader().value();
  archive::Archivist archivist_{folder_.path / "archive", *store_};
  Instant archive_from_;
  std::optional<UtcMillis> fallen_to_;
  Pipeline pipeline_{{.linger = Millis{0}},
                     board_,
                     log_,
                     {.acknowledge = [](std::span<const mqtt::AckToken>) {},
                      .publish = [](const ingest::StoredMessage&) { return true; },
                      .commit = [this](Batch batch) { commit(std::move(batch)); },
                      .clock_set =
                          [this](Millis by, UtcMillis at) {
                            if (by < Millis{0}) fallen_to_ = at;
                            archive_from_ = now() + Pipeline::kClockSettles;
                          }}};
  Millis passed_{0};
  std::uint16_t packet_id_ = 0;
  std::map<std::pair<std::string, std::pair<std::string, std::int64_t>>, UtcMillis> sent_at_;
};

bool near(double a, double b, double by = 0.5) { return a > b - by && a < b + by; }

}  // namespace

TEST_CASE(
    "the server's clock an hour back and right again: order, identity, latest and days hold") {
  Station station;
  station.run(kHour);
  station.server_error = -kHour;
  for (Tracker& tracker : station.trackers) station.restart(tracker);
  station.run(20 * kMinute);
  station.server_error = Millis{0};
  for (Tracker& tracker : station.trackers) station.restart(tracker);
  station.run(3 * kHour);
  // A boot that begins while the clock is wrong has nothing else to go by.
  CHECK(station.check_rows() <= kHour);
  for (const Tracker& tracker : station.trackers) {
    const auto days = station.days(tracker.id);
    CAPTURE(tracker.id);
    CHECK(near(days.at(kLocalMidnight), 140, 1.5));  // 2 h 20 min of 1 Wh a minute.
  }
}

TEST_CASE("a boot that goes on while the clock is an hour back invents no energy") {
  Station station;
  station.run(kHour);
  station.server_error = -kHour;
  station.run(20 * kMinute);
  station.server_error = Millis{0};
  station.run(40 * kMinute);
  CHECK(station.check_rows() <= 11 * kMinute);  // Half of 20, and the first minute.
  for (const Tracker& tracker : station.trackers) {
    CAPTURE(tracker.id);
    CHECK(near(station.energy_wh(tracker.id, kBegin, kLocalMidnight), 118, 1.5));
  }
}

TEST_CASE("the server's clock a year ahead and right again: nothing is closed, archived or stuck") {
  Station station;
  station.run(9 * kHour);
  station.server_error = kYear;
  station.run(10 * kMinute);
  for (Tracker& tracker : station.trackers) station.restart(tracker);
  station.run(10 * kMinute);
  CHECK(station.archive_files() == 0);  // Half a day.
  station.server_error = Millis{0};
  station.run(10 * kMinute);
  for (Tracker& tracker : station.trackers) station.restart(tracker);
  station.run(3 * kHour);
  // Over for an hour, and the clock has stood the test: one file, with all of the day.
  CHECK(station.truth() > kUtcMidnight + 2 * kHour);
  CHECK(station.archive_files() == 1);
  CHECK(station.archived_samples() == (600 - 1) + (600 - 1 - 20));
  station.check_rows();
  // Who has a clock is not fooled; who has none stands for 20 minutes where the server did.
  CHECK(near(station.energy_wh("clocked", kBegin, station.truth() + kMinute), 749));
  CHECK(near(station.energy_wh("clockless", kBegin, station.truth() + kMinute), 749));
  CHECK(near(station.days("clocked").at(kLocalMidnight), 630, 1.5));
  // Nothing of the year to come holds up the next day.
  station.run(24 * kHour);
  CHECK(station.archive_files() == 2);
}

TEST_CASE("a device's clock an hour back and a year ahead leaves order, identity and days right") {
  Station station;
  Tracker& tracker = station.trackers[0];
  station.run(kHour);
  tracker.clock_error = -kHour;
  station.run(20 * kMinute);
  tracker.clock_error = kYear;
  station.run(20 * kMinute);
  tracker.clock_error = Millis{0};
  station.run(2 * kHour);
  CHECK(station.check_rows() <= 11 * kMinute);
  CHECK(near(station.energy_wh(tracker.id, kBegin, station.truth() + kMinute), 219));
  CHECK(near(station.days(tracker.id).at(kLocalMidnight), 100, 1.5));
}

}  // namespace idast::app
