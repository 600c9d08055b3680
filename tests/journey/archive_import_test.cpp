#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/telemetry/row.h"
#include "server/archive/archive.h"
#include "server/archive/archivist.h"
#include "server/ingest/parser.h"
#include "server/store/folder_test.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_scan.h"
#include "server/transfer/import.h"

// A station whose database is gone and whose archive is not.

using namespace idast;

using store::Folder;

namespace {

constexpr std::int64_t kNoon = 1'703'160'000'000;  // 2023-12-21 12:00:00 UTC.
constexpr std::int64_t kDayMs = 86'400'000;

std::vector<std::string> messages_of(const std::string& path, UtcMillis to) {
  const auto scan = store::SampleScan::open(path, {"", std::nullopt, to});
  REQUIRE(scan.has_value());
  std::vector<std::string> lines;
  for (;;) {
    const auto stored = (*scan)->next();
    REQUIRE(stored.has_value());
    if (*stored == nullptr) break;
    const telemetry::Record& record = (*stored)->record;
    std::string line = record.device + ' ' + std::to_string(record.ts.unix_ms()) + ' ' +
                       std::to_string(record.received.unix_ms()) + ' ';
    telemetry::print_message(record, line);
    lines.push_back(std::move(line));
  }
  std::ranges::sort(lines);
  return lines;
}

// Three days of two trackers, archived; the newest sample is of a day that is not over.
void make_station(const std::string& path, const std::filesystem::path& archive) {
  auto store = store::open_sqlite(path);
  REQUIRE(store.has_value());
  ingest::Parser parser;
  std::vector<telemetry::Record> batch;
  const auto send = [&](const std::string& device, std::int64_t at, const std::string& rest) {
    const std::string message = R"({"timestamp":)" + std::to_string(at) + rest + "}";
    auto record =
        parser.parse("solar-tracker/" + device + "/telemetry", message, UtcMillis{at + 25});
    REQUIRE(record.has_value());
    batch.push_back(std::move(*record));
  };
  for (int i = 0; i < 300; ++i) {
    const std::int64_t at = kNoon + i * (kDayMs / 100);
    send("fielded", at, R"(,"powerW":8.5,"u":{"a":[null]},"tempC":nan)");
    send("ours", at,
         R"(,"boot":"00000000000000aa","seq":)" + std::to_string(i) + R"(,"energyWh":)" +
             std::to_string(i));
  }
  send("ours", kNoon + 10 * kDayMs, R"(,"boot":"00000000000000aa","seq":300)");
  REQUIRE((*store)->commit(batch).has_value());
  for (int i = 0; i < 10'000 && (*store)->tidy(); ++i) continue;
  archive::Archivist archivist{archive, **store};
  for (;;) {
    const auto more = archivist.step();
    REQUIRE(more.has_value());
    if (!*more) break;
  }
}

}  // namespace

TEST_CASE("the archive alone gives every sample of its days back, however often it is taken") {
  const Folder folder;
  const std::string before = (folder.path / "before.db").string();
  const std::string after = (folder.path / "after.db").string();
  make_station(before, folder.path / "archive");
  const auto files = archive::list(folder.path / "archive");
  REQUIRE(files.has_value());
  REQUIRE(files->size() >= 3);
  auto store = store::open_sqlite(after);
  REQUIRE(store.has_value());
  const auto reader = (*store)->open_reader();
  REQUIRE(reader.has_value());
  for (const bool first : {true, false}) {
    transfer::Import import{**store, **reader, after, {}};
    for (const archive::Sum& sum : *files) {
      const auto read =
          archive::read(folder.path / "archive" / sum.name, [&](archive::Entry&& entry) {
            return import.take(entry.device, entry.received, entry.ts, entry.message).has_value();
          });
      CHECK(read.has_value());
    }
    REQUIRE(import.finish().has_value());
    CHECK(import.imported().taken == (first ? 600u : 0u));
    CHECK(import.imported().absorbed == (first ? 0u : 300u));
    CHECK(import.imported().known == (first ? 0u : 300u));
  }
  CHECK(messages_of(after, UtcMillis{kNoon + 9 * kDayMs}) ==
        messages_of(before, UtcMillis{kNoon + 9 * kDayMs}));
}

TEST_CASE("the archive of days that are kept as ten-second rows is absorbed, not doubled") {
  const Folder folder;
  const std::string path = folder.file("a.db");
  const auto archive = folder.path / "archive";
  const auto count = [&] { return messages_of(path, UtcMillis{kNoon + 9 * kDayMs}).size(); };
  {
    auto store = store::open_sqlite(path, {.keep_raw_days = 2});
    REQUIRE(store.has_value());
    ingest::Parser parser;
    std::vector<telemetry::Record> batch;
    const auto send = [&](const std::string& device, std::int64_t at, const std::string& rest) {
      auto record =
          parser.parse("solar-tracker/" + device + "/telemetry",
                       R"({"timestamp":)" + std::to_string(at) + rest + "}", UtcMillis{at + 25});
      REQUIRE(record.has_value());
      batch.push_back(std::move(*record));
    };
    for (int i = 0; i < 600; ++i) {
      const std::int64_t at = kNoon + i * 700;
      const std::string power = R"(,"powerW":)" + std::to_string(8 + i % 3);
      send("fielded", at, power);
      send("ours", at, power + R"(,"boot":"00000000000000aa","seq":)" + std::to_string(i));
    }
    for (const int day : {5, 10}) send("later", kNoon + day * kDayMs, "");
    REQUIRE((*store)->commit(batch).has_value());
    archive::Archivist archivist{archive, **store};
    for (int i = 0; i < 10'000 && (*store)->tidy(); ++i) continue;
    for (archive::Result<bool> more = true; more.value();) more = archivist.step();
    REQUIRE(count() == 1'201);
    for (int i = 0; i < 10'000 && ((*store)->tidy() || (*store)->thin()); ++i) continue;
  }
  const std::size_t thinned = count();
  REQUIRE(thinned < 150);
  auto store = store::open_sqlite(path);
  REQUIRE(store.has_value());
  const auto reader = (*store)->open_reader();
  REQUIRE(reader.has_value());
  transfer::Import import{**store, **reader, path, {}};
  const auto day = archive / "2023-12-21.ndjson.zst";
  const auto read = archive::read(day, [&](archive::Entry&& entry) {
    return import.take(entry.device, entry.received, entry.ts, entry.message).has_value();
  });
  CHECK(read.has_value());
  // Another slot of the same day is nobody's.
  REQUIRE(import.take("fielded", UtcMillis{kNoon}, UtcMillis{kNoon - 60'000}, "{}").has_value());
  REQUIRE(import.finish().has_value());
  CHECK(import.imported().taken == 1);
  CHECK(import.imported().absorbed == 600);
  CHECK(import.imported().known == 600);
  CHECK(count() == thinned + 1);
}
