#include "server/archive/archive.h"

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/random.h"
#include "core/telemetry/row.h"
#include "server/archive/archive_file.h"
#include "server/archive/archivist.h"
#include "server/store/folder_test.h"
#include "server/store/sqlite.h"

using namespace idast;
using namespace idast::archive;
using telemetry::position_of;
using telemetry::Record;

using store::Folder;

namespace {

constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kMidnight = 1'703'116'800'000;  // 2023-12-21 00:00:00 UTC.

template <class T>
T value_of(std::expected<T, Error>&& result) {
  if (!result) FAIL(result.error().words);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

Record sample(const std::string& device, std::int64_t seq, std::int64_t ts_ms) {
  Record record;
  record.device = device;
  record.ts = UtcMillis{ts_ms};
  record.received = UtcMillis{ts_ms + 70};
  const auto number = [&](std::size_t field, std::int64_t value) {
    record.value[field] = value;
    record.present.add(field);
  };
  record.text[position_of("boot_id")] = "00000000000000aa";
  record.present.add(position_of("boot_id"));
  number(position_of("ts"), ts_ms);
  number(position_of("seq"), seq);
  number(position_of("power_w"), 800 + seq % 7);
  record.extra = R"({"unknown":[1,null,"é"]})";
  return record;
}

std::string message_of(const Record& record) {
  std::string text;
  telemetry::print_message(record, text);
  return text;
}

void commit(store::Store& store, const std::vector<Record>& records) {
  value_of(store.commit(records));
}

// Something of another tracker, `days` after: what is before is over.
void pass(store::Store& store, std::int64_t days) {
  commit(store, {sample("later", days, kMidnight + days * kDay + 2 * 3'600'000)});
  while (store.tidy()) {
  }
}

void run(Archivist& archivist) {
  while (value_of(archivist.step())) {
  }
}

std::vector<Entry> entries_of(const std::filesystem::path& file) {
  std::vector<Entry> entries;
  value_of(read(file, [&](Entry&& entry) {
    entries.push_back(std::move(entry));
    return true;
  }));
  return entries;
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream{file, std::ios::binary | std::ios::trunc} << bytes;
}

// Three days of two trackers in the archive, and one late sample of the first.
void make_archive(store::Store& store, const std::filesystem::path& folder) {
  std::vector<Record> records;
  for (std::int64_t i = 0; i < 600; ++i) {
    records.push_back(sample("a", i, kMidnight + i * kDay / 200));
    records.push_back(sample("b", i, kMidnight + i * kDay / 200 + 5));
  }
  commit(store, records);
  Archivist archivist{folder, store};
  run(archivist);
  CHECK(list(folder)->empty());  // No day is over yet.
  pass(store, 3);
  run(archivist);
  commit(store, {sample("a", 600, kMidnight + 1'000)});
  pass(store, 4);
  run(archivist);
}

}  // namespace

TEST_CASE("each day is written once, as it was sent, and what came late stands in a supplement") {
  const Folder folder;
  const auto store = value_of(store::open_sqlite(":memory:"));
  make_archive(*store, folder.path);
  std::vector<std::string> names;
  for (const Sum& sum : value_of(list(folder.path))) names.push_back(sum.name);
  CHECK(names == std::vector<std::string>{"2023-12-21.ndjson.zst", "2023-12-22.ndjson.zst",
                                          "2023-12-23.ndjson.zst", "2023-12-21.2.ndjson.zst",
                                          "2023-12-24.ndjson.zst"});
  const auto first = entries_of(folder.path / names[0]);
  REQUIRE(first.size() == 400);
  CHECK(first[0].device == "a");
  CHECK(first[399].device == "b");
  for (std::int64_t i = 0; i < 200; ++i) {
    const Record sent = sample("a", i, kMidnight + i * kDay / 200);
    const Entry& entry = first[static_cast<std::size_t>(i)];
    CHECK(entry.message == message_of(sent));
    CHECK(entry.received == sent.received);
    CHECK(entry.ts == sent.ts);
  }
  const auto late = entries_of(folder.path / names[3]);
  REQUIRE(late.size() == 1);
  CHECK(late[0].message == message_of(sample("a", 600, kMidnight + 1'000)));
  const Verified verified = value_of(verify(folder.path));
  CHECK(verified.faults.empty());
  CHECK(verified.files == 5);
  CHECK(verified.samples == 1'202);
  CHECK(verified.samples_of_day.at("2023-12-21") == 401);
  CHECK(verified.samples_of_day.size() == 4);
}

TEST_CASE("other programs read the archive and check its sums") {
  const Folder folder;
  const auto store = value_of(store::open_sqlite(":memory:"));
  make_archive(*store, folder.path);
  const std::string enter = "cd '" + folder.path.string() + "' && ";
  CHECK(std::system((enter + "sha256sum --quiet --strict -c SHA256SUMS").c_str()) == 0);
}

TEST_CASE("one flipped bit anywhere is found") {
  const Folder folder;
  const auto store = value_of(store::open_sqlite(":memory:"));
  make_archive(*store, folder.path);
  std::vector<std::filesystem::path> files;
  for (const auto& there : std::filesystem::directory_iterator{folder.path}) {
    files.push_back(there.path());
  }
  REQUIRE(files.size() == 6);
  Random random{7};
  for (const auto& file : files) {
    const std::string before = bytes_of(file);
    const bool small = before.size() < 1'000;
    for (std::size_t i = 0; i < (small ? before.size() : 150); ++i) {
      const std::size_t at = small ? i : random.next() % before.size();
      std::string changed = before;
      changed[at] = static_cast<char>(changed[at] ^ (1 << (random.next() % 8)));
      write_bytes(file, changed);
      const auto verified = verify(folder.path);
      CAPTURE(file.filename().string());
      CAPTURE(at);
      CHECK((!verified || !verified->faults.empty()));
    }
    write_bytes(file, before.substr(0, before.size() - 1));
    const auto cut = verify(folder.path);
    CHECK((!cut || !cut->faults.empty()));
    write_bytes(file, before);
  }
  CHECK(value_of(verify(folder.path)).faults.empty());
}

TEST_CASE("a file that is taken away, added or put elsewhere is found") {
  const Folder folder;
  const auto store = value_of(store::open_sqlite(":memory:"));
  make_archive(*store, folder.path);
  const auto day = folder.path / "2023-12-22.ndjson.zst";
  const auto other = folder.path / "2023-12-29.ndjson.zst";
  std::filesystem::copy_file(day, other);
  REQUIRE(value_of(verify(folder.path)).faults.size() == 1);
  CHECK(value_of(verify(folder.path)).faults[0].file == "2023-12-29.ndjson.zst");
  std::filesystem::remove(day);
  CHECK(value_of(verify(folder.path)).faults.size() == 2);
  std::filesystem::rename(other, day);
  CHECK(value_of(verify(folder.path)).faults.empty());

  // Sums that were made to fit do not mend the chain.
  const std::string sums = bytes_of(folder.path / "SHA256SUMS");
  std::string without;
  for (std::size_t at = 0; at < sums.size();) {
    const std::size_t end = sums.find('\n', at) + 1;
    const std::string line = sums.substr(at, end - at);
    if (line.find("2023-12-22") == std::string::npos) without += line;
    at = end;
  }
  std::filesystem::remove(day);
  write_bytes(folder.path / "SHA256SUMS", without);
  REQUIRE(value_of(verify(folder.path)).faults.size() == 1);
  CHECK(value_of(verify(folder.path)).faults[0].file == "2023-12-23.ndjson.zst");
}

TEST_CASE("a writer that is killed begins its file again, and a torn sum is written again") {
  const Folder folder;
  const auto store = value_of(store::open_sqlite(":memory:"));
  std::vector<Record> records;
  for (std::int64_t i = 0; i < 2'000; ++i) records.push_back(sample("a", i, kMidnight + i * 100));
  commit(*store, records);
  pass(*store, 1);
  // Stopped after every number of steps; nothing but whole files ever stands under a day's name.
  for (int steps = 0; steps < 12; ++steps) {
    Archivist archivist{folder.path, *store};
    for (int i = 0; i < steps; ++i) {
      if (!value_of(archivist.step())) break;
    }
    CHECK(value_of(verify(folder.path)).faults.empty());
  }
  Archivist last{folder.path, *store};
  run(last);
  CHECK(value_of(verify(folder.path)).samples == 2'000);

  // The power went between the file and its sum.
  std::string sums = bytes_of(folder.path / "SHA256SUMS");
  write_bytes(folder.path / "SHA256SUMS", sums.substr(0, 40));
  CHECK(list(folder.path)->empty());
  CHECK(append_line(folder.path / "SHA256SUMS", "x"));
  CHECK(bytes_of(folder.path / "SHA256SUMS") == "x\n");
}

TEST_CASE("a day whose file is not what was written is not called archived, and is written again") {
  const Folder folder;
  const auto store = value_of(store::open_sqlite(":memory:"));
  std::vector<Record> records;
  for (std::int64_t i = 0; i < 600; ++i) records.push_back(sample("a", i, kMidnight + i * 100));
  commit(*store, records);
  pass(*store, 1);
  const auto unfinished = folder.path / "2023-12-21.ndjson.zst.unfinished";
  const auto day = folder.path / "2023-12-21.ndjson.zst";
  // The disk gives something else back than it was given: a bit, a part, a file of another day.
  const auto other = folder.path / "other.ndjson.zst";
  auto writer = value_of(FileWriter::create(other));
  value_of(writer->line(header_line({"2023-12-20", 1, std::string(64, '0'), 1})));
  value_of(writer->line(end_line(0)));
  value_of(writer->finish());
  const std::string foreign = bytes_of(writer->unfinished());
  const std::vector<std::function<std::string(std::string)>> damages{
      [](std::string bytes) {
        bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
        return bytes;
      },
      [](std::string bytes) { return bytes.substr(0, bytes.size() / 2); },
      [](const std::string&) { return std::string{}; },
      [&](const std::string&) { return foreign; }};
  for (const auto& damage : damages) {
    Archivist archivist{folder.path, *store};
    std::error_code absent;
    // So small a day leaves the compressor when it is closed.
    while (std::filesystem::file_size(unfinished, absent) == 0 || absent) {
      REQUIRE(value_of(archivist.step()));
    }
    write_bytes(unfinished, damage(bytes_of(unfinished)));
    auto found = archivist.step();
    while (found && *found) found = archivist.step();
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == ErrorKind::damaged);
    CHECK_FALSE(std::filesystem::exists(unfinished));
    CHECK_FALSE(std::filesystem::exists(day));
    CHECK(value_of(list(folder.path)).empty());
    CHECK(value_of(store->unarchived()).has_value());
  }
  Archivist again{folder.path, *store};
  run(again);
  CHECK(entries_of(day).size() == 600);
  CHECK_FALSE(value_of(store->unarchived()).has_value());
}

TEST_CASE("what is not an archive file is refused with words") {
  const Folder folder;
  const auto file = folder.path / "2023-12-21.ndjson.zst";
  CHECK(read_header(file).error().kind == ErrorKind::unreadable);
  write_bytes(file, "no zstd at all, whatever its name says");
  CHECK(read_header(file).error().kind == ErrorKind::damaged);
  const auto with_lines = [&](const std::vector<std::string>& lines) {
    auto writer = value_of(FileWriter::create(file));
    for (const std::string& line : lines) value_of(writer->line(line));
    value_of(writer->finish());
    value_of(writer->publish());
    return read(file, [](Entry&&) { return true; });
  };
  const std::string header =
      header_line({.day = "2023-12-21", .part = 1, .previous = std::string(64, '0'), .upto = 5});
  const std::string entry = entry_line({"a", UtcMillis{2}, UtcMillis{1}, R"({"top":1})"});
  CHECK(with_lines({header, entry, end_line(1)}));
  for (const auto& lines : std::vector<std::vector<std::string>>{
           {},
           {entry, end_line(1)},
           {header, entry},
           {header, entry, end_line(2)},
           {header, "{}", end_line(1)},
           {header, entry, end_line(1), entry},
           {header + " ", entry, end_line(1)},
           {header, std::string(kLineBytesMax + 1, 'x'), end_line(1)}}) {
    const auto found = with_lines(lines);
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == ErrorKind::damaged);
  }
}
