// `build/dev/test_tests_storm -tc="*power is cut*"` prints the figures.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "core/node/boot_counter.h"
#include "core/node/history_upload.h"
#include "core/node/settings.h"
#include "tests/storm/outage_test.h"

using namespace idast;
using namespace idast::storm;
using namespace std::chrono_literals;

namespace {

struct PowerCut {};

// Files that lose power at any byte of any write. A file that is replaced is written beside the old
// one and then takes its place, as a disk does it; taking a place is one moment, with a before and
// an after.
class CutFiles final : public ports::Files {
 public:
  sim::MemoryFiles disk;
  // Asked before each write, with the number of its moments; the one at which the power goes.
  std::function<std::optional<std::size_t>(std::size_t moments)> cut_at;
  std::vector<std::string> rows;  // whole, of the history, each when its write had come back
  std::string settings;           // likewise
  std::string in_hand;            // the text of the write that was cut
  bool history_in_hand = false;   // it was a row's

  std::expected<void, ports::FileError> append(std::string_view name,
                                               std::string_view text) override {
    history_in_hand = name == node::kHistoryFile;
    if (const auto at = asked(text, text.size() + 1)) {
      static_cast<void>(disk.append(name, text.substr(0, *at)));
      throw PowerCut{};
    }
    if (name == node::kHistoryFile) note_row(text);
    return disk.append(name, text);
  }
  std::expected<void, ports::FileError> replace(std::string_view name,
                                                std::string_view text) override {
    const std::string beside = std::string{name} + ".new";
    history_in_hand = name == node::kHistoryFile;
    if (const auto at = asked(text, text.size() + 2)) {
      static_cast<void>(disk.replace(beside, text.substr(0, *at)));
      if (*at > text.size()) static_cast<void>(disk.rename(beside, name));
      throw PowerCut{};
    }
    if (name == node::kSettingsFile) settings = text;
    if (name == node::kHistoryFile) note_row(text);
    return disk.replace(name, text);
  }
  std::expected<void, ports::FileError> rename(std::string_view from,
                                               std::string_view to) override {
    history_in_hand = false;
    if (const auto at = asked("", 2)) {
      if (*at == 1) static_cast<void>(disk.rename(from, to));
      throw PowerCut{};
    }
    return disk.rename(from, to);
  }
  std::expected<void, ports::FileError> remove(std::string_view name) override {
    history_in_hand = false;
    if (const auto at = asked("", 2)) {
      if (*at == 1) static_cast<void>(disk.remove(name));
      throw PowerCut{};
    }
    return disk.remove(name);
  }
  std::expected<std::size_t, ports::FileError> read(std::string_view name, std::size_t offset,
                                                    std::span<char> buffer) override {
    return disk.read(name, offset, buffer);
  }
  std::expected<std::size_t, ports::FileError> size_bytes(std::string_view name) override {
    return disk.size_bytes(name);
  }

 private:
  std::optional<std::size_t> asked(std::string_view text, std::size_t moments) {
    if (!cut_at) return std::nullopt;
    in_hand = text;
    return cut_at(moments);
  }
  // The last line: before it may stand a header, or the end of a torn line.
  void note_row(std::string_view text) {
    text.remove_suffix(1);
    rows.push_back(std::string{text.substr(text.rfind('\n') + 1)} + "\n");
  }
};

// Lives on in a process of its own for each moment of a write, and hears how each fared.
class Fork {
 public:
  // In a process of its own: the moment that is its. Otherwise nothing, when all have ended.
  std::optional<std::size_t> each(std::size_t moments) {
    for (std::size_t at = 0; at < moments; ++at) {
      std::array<int, 2> ends;
      REQUIRE(pipe(ends.data()) == 0);
      const pid_t child = fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        close(ends[0]);
        report_ = ends[1];
        return at;
      }
      close(ends[1]);
      hear(ends[0], child);
    }
    return std::nullopt;
  }
  bool is_child() const { return report_ >= 0; }
  // The end of a process of its own.
  [[noreturn]] void end(const std::string& fault) const {
    const bool told = write(report_, fault.data(), fault.size()) >= 0;
    _exit(fault.empty() && told ? 0 : 1);
  }

  std::size_t cuts = 0;
  std::vector<std::string> faults;

 private:
  void hear(int end, pid_t child) {
    std::string fault;
    std::array<char, 512> buffer;
    for (ssize_t size = 0; (size = read(end, buffer.data(), buffer.size())) > 0;) {
      fault.append(buffer.data(), static_cast<std::size_t>(size));
    }
    close(end);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    ++cuts;
    if (status != 0 && fault.empty()) fault = "it ended with " + std::to_string(status);
    if (!fault.empty()) faults.push_back(std::move(fault));
  }

  int report_ = -1;
};

// Files of a device that has run for months: the next row but one turns the history's. All of it is
// on the server.
void fill(CutFiles& files, Outage& world) {
  std::string old{node::kHistoryHeader}, now = old;
  std::vector<telemetry::HistoryRow> rows;
  const auto add = [&](std::string& text, std::string_view name) {
    node::HistoryRow row;
    const auto number = static_cast<std::int64_t>(rows.size());
    row.timestamp_ms = kMidnight.unix_ms() - (20'000 - number) * 600'000;
    row.energy = watt_hours(static_cast<double>(number));
    row.device_name = FixedText<64>{name};
    text += csv_of(row);
    rows.push_back({.device = world.device().id(),
                    .taken = UtcMillis{row.timestamp_ms},
                    .energy = number * 1'000,
                    .device_name = std::string{name},
                    .session_min = 0,
                    .received = kMidnight});
  };
  for (int i = 0; i < 30; ++i) add(old, "a phone");
  while (now.size() + 100 < node::kHistoryBytesMax) add(now, "a phone");
  add(now, std::string(node::kHistoryBytesMax - now.size() - 40, 'x'));
  REQUIRE(now.size() < node::kHistoryBytesMax);
  store::value_of(world.store().commit({}, {}, rows));
  files.disk.files[std::string{node::kHistoryMarkFile}] =
      "now " + std::to_string(now.size()) + "\n";
  files.disk.files[std::string{node::kHistoryFileOld}] = std::move(old);
  files.disk.files[std::string{node::kHistoryFile}] = std::move(now);
}

// A start, settings changed twice, rows said at once, rows of an outage with the turn of the file
// among them, and what was behind sent up.
void session(Outage& world) {
  world.device().restart_receiver();
  world.run(10s);
  world.command(R"({"deviceName":"Pixel 8","startCharging":true})");
  world.run(10min, 180ms);
  world.run(2min, 180ms);
  world.broker_goes();
  world.run(19min, 180ms);
  world.broker_comes();
  world.run(30s);
  world.command(R"({"gridPrice":11.5})");
  world.run(3min, 180ms);
}

bool holds(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

bool in_file(CutFiles& files, std::string_view name, const std::string& row) {
  const auto file = files.disk.files.find(name);
  return file != files.disk.files.end() && file->second.find("\n" + row) != std::string::npos;
}

// What is broken after the power came back, in words; empty: nothing.
std::string fault_after_cut(CutFiles& files, Outage& world, std::uint32_t boots_before) {
  const std::string cut = files.in_hand;
  const std::string row_cut = cut.substr(cut.empty() ? 0 : cut.rfind('\n', cut.size() - 2) + 1);
  const bool row_was_cut = files.history_in_hand;
  files.cut_at = {};
  const std::string kept = sim::whole(files, node::kSettingsFile);
  if (kept != files.settings && kept != cut) return "settings neither old nor new: " + kept;
  world.device().restart_receiver();
  if (world.device().receiver_boots() <= boots_before) return "the count of starts went back";

  const auto sent = [&] {
    const auto stored = world.stored_history(kStart);
    return std::ranges::all_of(files.rows, [&](const auto& row) { return holds(stored, row); });
  };
  if (row_was_cut) {  // Before anyone hears of it, another row comes behind it.
    world.broker_goes();
    world.run(11min, 5s);
  }
  world.broker_comes();
  world.run(10s);
  if (!world.run_until(sent, 40min)) return "a row that was written does not come to the server";
  for (const std::string& row : files.rows) {
    if (!in_file(files, node::kHistoryFile, row) && !in_file(files, node::kHistoryFileOld, row)) {
      return "a row that was written is in no file any more: " + row;
    }
  }
  for (const std::string& row : world.stored_history(kStart)) {
    if (!holds(files.rows, row) && row != row_cut) return "a row that nobody wrote: " + row;
  }
  const std::string history = sim::whole(files, node::kHistoryFile);
  if (!history.empty() && !history.starts_with(node::kHistoryHeader)) {
    return "a file without a header: " + history.substr(0, 100);
  }
  return world.ledger().fault().value_or("");
}

}  // namespace

TEST_CASE("at whatever byte the power is cut, every row written before comes to the server") {
  CutFiles files;
  Outage world{":memory:", files};
  fill(files, world);
  Fork fork;
  std::uint32_t boots = 0;
  std::size_t writes = 0;
  files.cut_at = [&](std::size_t moments) {
    ++writes;
    boots = world.device().receiver_boots();
    return fork.each(moments);
  };
  const auto verdict = [&]() -> std::string {
    try {
      return fault_after_cut(files, world, boots);
    } catch (...) {
      return "an exception after the cut";
    }
  };
  try {
    session(world);
  } catch (const PowerCut&) {
    fork.end(verdict());
  } catch (...) {
    if (fork.is_child()) fork.end("an exception");
    throw;
  }
  for (const std::string& fault : fork.faults) FAIL_CHECK(fault);
  CHECK(files.rows.size() == 3);
  CHECK(sim::whole(files, node::kHistoryFileOld).size() >= node::kHistoryBytesMax);
  MESSAGE("power cut at ", fork.cuts, " moments of ", writes, " writes; ", fork.faults.size(),
          " faults");
}
