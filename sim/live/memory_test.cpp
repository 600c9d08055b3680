#include "sim/live/memory.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "core/base/temporary_folder_test.h"

using namespace idast;
using namespace idast::sim;

namespace {

Backlog some_backlog(std::uint64_t boot, std::int64_t from) {
  return {.boot = {boot},
          .law = control::Law::naive,
          .errors = {.yaw = degrees(4.f), .tilt = degrees(-2.5f), .ldr_mismatch = 0.05f},
          .from = UtcMillis{from},
          .to = UtcMillis{from + 1'000},
          .energy = watt_hours(12.5),
          .charge = 0.75,
          .settings = "{\"deviceName\":\"a \\\"b\\\"\",\"gridPrice\":12.5}\n",
          .learned = "what the transmitter knew\n",
          .total = 100,
          .done = 40,
          .digest = 0xfedcba9876543210u};
}

}  // namespace

TEST_CASE("what was delivered is remembered") {
  const TemporaryFolder scratch;
  Folder folder{scratch.path / "deep" / "er"};
  CHECK_FALSE(load_delivered(folder));
  const BodyErrors errors{.yaw = degrees(-4.5f), .tilt = degrees(1.f), .ldr_mismatch = 0.2f};
  CHECK(save(folder, Delivered{UtcMillis{1'750'000'000'123}, watt_hours(1250.125), 0.5, errors}));
  const auto delivered = load_delivered(folder);
  REQUIRE(delivered);
  CHECK(delivered->until == UtcMillis{1'750'000'000'123});
  CHECK(delivered->energy == watt_hours(1250.125));
  CHECK(delivered->charge == 0.5);
  CHECK(delivered->errors == errors);
  CHECK(folder.replace("twin.json", R"({"delivered_until":1,"energy_wh":2,"charge":0.5})"));
  REQUIRE(load_delivered(folder));
  CHECK(load_delivered(folder)->errors == BodyErrors{});  // as an earlier version wrote it
  CHECK(folder.replace("twin.json", "{\"version\":1,\"delivered_until\":17500"));
  CHECK_FALSE(load_delivered(folder));
}

TEST_CASE("backlogs come back whole and oldest first, a damaged one is let go") {
  const TemporaryFolder scratch;
  Folder folder{scratch.path};
  CHECK(save(folder, some_backlog(2, 5'000)));
  CHECK(save(folder, some_backlog(1, 9'000)));
  CHECK(folder.replace("backlog-0000000000000003.json", "{"));
  CHECK(folder.replace("backlog-notes.txt", "a person's"));
  auto backlogs = load_backlogs(folder);
  REQUIRE(backlogs.size() == 2);
  const Backlog expected = some_backlog(2, 5'000);
  CHECK(backlogs[0].boot == expected.boot);
  CHECK(backlogs[0].law == expected.law);
  CHECK(backlogs[0].to == expected.to);
  CHECK(backlogs[0].energy == expected.energy);
  CHECK(backlogs[0].settings == expected.settings);
  CHECK(backlogs[0].errors == expected.errors);
  CHECK(backlogs[0].learned == expected.learned);
  CHECK(backlogs[0].done == 40);
  CHECK(backlogs[0].digest == expected.digest);
  CHECK_FALSE(folder.size_bytes("backlog-0000000000000003.json"));
  CHECK(folder.size_bytes("backlog-notes.txt"));
  forget(folder, backlogs[0]);
  CHECK(load_backlogs(folder).size() == 1);
  CHECK_FALSE(folder.size_bytes("learned-0000000000000002.txt"));
  CHECK(folder.size_bytes("learned-0000000000000001.txt"));
}

TEST_CASE("more backlogs than anybody wants are given up, oldest first") {
  const TemporaryFolder scratch;
  Folder folder{scratch.path};
  for (std::uint64_t i = 1; i <= kBacklogsMax + 3; ++i) {
    CHECK(save(folder, some_backlog(i, static_cast<std::int64_t>(i) * 10'000)));
  }
  const auto backlogs = load_backlogs(folder);
  CHECK(backlogs.size() == kBacklogsMax);
  CHECK(backlogs.front().boot.bits == 4);
}

TEST_CASE("a folder keeps files as a device does, and so does memory") {
  const TemporaryFolder scratch;
  Folder folder{scratch.path};
  MemoryFiles memory;
  for (ports::Files* files :
       {static_cast<ports::Files*>(&folder), static_cast<ports::Files*>(&memory)}) {
    CHECK(files->size_bytes("a").error() == ports::FileError::absent);
    CHECK(files->remove("a").error() == ports::FileError::absent);
    CHECK(files->rename("a", "b").error() == ports::FileError::absent);
    CHECK(files->append("a", "one\n"));
    CHECK(files->append("a", "two\n"));
    CHECK(whole(*files, "a") == "one\ntwo\n");
    std::array<char, 3> piece{};
    CHECK(files->read("a", 4, piece) == 3u);
    CHECK(std::string{piece.data(), 3} == "two");
    CHECK(files->read("a", 100, piece) == 0u);
    CHECK(files->replace("a", "three"));
    CHECK(files->size_bytes("a") == 5u);
    CHECK(files->rename("a", "b"));
    CHECK(whole(*files, "a").empty());
    CHECK(whole(*files, "b") == "three");
    CHECK(files->remove("b"));
  }
}
