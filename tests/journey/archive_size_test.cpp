#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "server/archive/archive.h"
#include "server/archive/archivist.h"
#include "server/ingest/parser.h"
#include "server/store/folder_test.h"
#include "server/store/sqlite.h"
#include "sim/live/folder.h"
#include "sim/live/pair.h"
#include "sim/sky/modelled_sky.h"

// What a tracker's own words take in the archive: the twin's physics and noise, the boards' own
// printing, the server's own reading.

using namespace idast;
using namespace std::chrono_literals;

namespace {

constexpr double kBytesMax = 60;  // A sample.
constexpr Millis kStep{70};       // Five of them a sample.
constexpr std::size_t kBatch = 500;
constexpr UtcMillis kStart{1'750'044'600'000};  // 2025-06-16 03:30 UTC: before noon in Batangas.

struct SilentLog final : ports::Log {
  void write(ports::Level, std::string_view, std::string_view) override {}
};

// What is published, read as a server reads it.
struct Listener final : ports::Broker {
  ingest::Parser parser;
  std::vector<telemetry::Record> records;
  UtcMillis now;
  bool connected() const override { return true; }
  std::expected<ports::Ticket, ports::PublishError> publish(std::string_view topic,
                                                            std::string_view payload, int,
                                                            bool) override {
    if (!topic.ends_with("/telemetry")) return ports::Ticket{0};
    auto record = parser.parse(topic, payload, now + 40ms);
    REQUIRE(record.has_value());
    records.push_back(std::move(*record));
    return ports::Ticket{0};
  }
  void subscribe(std::string_view) override {}
  std::optional<Incoming> receive() override { return std::nullopt; }
};

void keep(store::Store& store, std::vector<telemetry::Record>& records) {
  REQUIRE(store.commit(records).has_value());
  records.clear();
  while (store.tidy()) continue;
}

}  // namespace

TEST_CASE("an hour of a living tracker at 350 ms takes at most 60 bytes a sample in the archive") {
  const store::Folder folder;
  auto store = store::open_sqlite(":memory:");
  REQUIRE(store.has_value());
  SilentLog log;
  Listener listener;
  sim::MemoryFiles files, transmitter_files;
  sim::PairSettings settings;
  settings.identity = sim::identity(1, 0);
  settings.start = kStart;
  settings.boot = {0x1122334455667788};
  const sim::ModelledSky sky{settings.identity.site.place, settings.identity.sky_seed,
                             settings.identity.weather};
  sim::Pair pair{settings, sky, listener, files, transmitter_files, log};
  std::int64_t sent = 0;
  for (Millis lived{0}; lived < 1h; lived += kStep) {
    listener.now = kStart + lived;
    pair.step(kStep, kStep);
    if (listener.records.size() < kBatch) continue;
    sent += std::ssize(listener.records);
    keep(**store, listener.records);
  }
  sent += std::ssize(listener.records);
  // The next morning: that day is over.
  listener.now = kStart + 24h;
  const std::string morning =
      "{\"timestamp\":" + std::to_string(listener.now.unix_ms()) + ",\"powerW\":1}";
  REQUIRE(listener.publish("solar-tracker/another/telemetry", morning, 1, false).has_value());
  keep(**store, listener.records);

  archive::Archivist archivist{folder.path, **store};
  for (archive::Result<bool> more = true; more.value();) more = archivist.step();
  const auto verified = archive::verify(folder.path);
  REQUIRE(verified.has_value());
  CHECK(verified->faults.empty());
  REQUIRE(verified->samples == sent);
  CHECK(sent > 10'000);
  const double bytes = static_cast<double>(verified->bytes) / static_cast<double>(sent);
  MESSAGE("the archive of " << sent << " samples: " << bytes << " bytes a sample");
  CHECK(bytes <= kBytesMax);
}
