#include "server/spool/spool.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

#include "core/base/temporary_folder_test.h"

namespace idast::spool {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLimit = 100'000'000;
constexpr Instant kStart{Millis{1'000'000}};

struct Folder : TemporaryFolder {
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    const auto files = PosixDisk{path}.list().value();
    for (const Disk::File& file : files) names.push_back(file.name);
    return names;
  }
  std::string text(const std::string& name) const {
    std::ifstream in{path / name, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream{path / name, std::ios::binary} << text;
  }
};

// A real folder on a disk that fails when it is told to: after so many bytes, as a full one does.
class FaultyDisk final : public Disk {
 public:
  explicit FaultyDisk(const fs::path& folder) : disk_{folder} {}
  std::optional<DiskError> append_fails;
  std::size_t short_write = 0;
  bool cut_fails = false;

  DiskResult<std::vector<File>> list() override { return disk_.list(); }
  DiskResult<void> append(const std::string& name, std::string_view bytes) override {
    if (!append_fails) return disk_.append(name, bytes);
    REQUIRE(disk_.append(name, bytes.substr(0, short_write)));
    return std::unexpected{*append_fails};
  }
  DiskResult<void> cut(const std::string& name, std::uint64_t bytes) override {
    if (cut_fails) return std::unexpected{DiskError::failed};
    return disk_.cut(name, bytes);
  }
  DiskResult<std::size_t> read(const std::string& name, std::uint64_t offset,
                               std::span<char> out) override {
    return disk_.read(name, offset, out);
  }
  DiskResult<void> rename(const std::string& from, const std::string& to) override {
    return disk_.rename(from, to);
  }
  void remove(const std::string& name) override { disk_.remove(name); }

 private:
  PosixDisk disk_;
};

std::vector<Entry> entries(int first, int count, std::size_t payload_bytes = 20) {
  std::vector<Entry> some;
  for (int i = first; i < first + count; ++i) {
    some.push_back({.received = UtcMillis{1'700'000'000'000 + i},
                    .taken = UtcMillis{1'600'000'000'000 + i},
                    .topic = "solar-tracker/a/telemetry",
                    .payload = std::to_string(i) + std::string(payload_bytes, 'x')});
  }
  return some;
}

// Everything that the spool owes, committed as it is read.
std::vector<Entry> drain(Spool& spool) {
  std::vector<Entry> all;
  while (spool.owes()) {
    auto piece = spool.next(7, 100'000);
    REQUIRE(piece);
    for (Entry& entry : piece->entries) all.push_back(std::move(entry));
    spool.committed(kStart);
  }
  return all;
}

}  // namespace

TEST_CASE("what was put in comes out whole, the oldest first") {
  const Folder folder;
  PosixDisk disk{folder.path};
  Spool spool{disk, kLimit};
  REQUIRE(spool.open());
  CHECK_FALSE(spool.has_next());
  REQUIRE(spool.append(entries(0, 10)));
  REQUIRE(spool.append(entries(10, 10)));
  CHECK(spool.owes());
  CHECK(drain(spool) == entries(0, 20));
  CHECK_FALSE(spool.has_next());
  CHECK(spool.owed_bytes() == 0);
}

TEST_CASE("a piece comes again until it is committed") {
  const Folder folder;
  PosixDisk disk{folder.path};
  Spool spool{disk, kLimit};
  REQUIRE(spool.append(entries(0, 10)));
  CHECK(spool.next(4, 100'000)->entries == entries(0, 4));
  CHECK(spool.next(4, 100'000)->entries == entries(0, 4));
  spool.committed(kStart);
  CHECK(spool.next(4, 100'000)->entries == entries(4, 4));
  // What is put in meanwhile stands behind.
  REQUIRE(spool.append(entries(10, 5)));
  spool.committed(kStart);
  CHECK(drain(spool) == entries(8, 7));
}

TEST_CASE("a piece is bounded in bytes, but never empty") {
  const Folder folder;
  PosixDisk disk{folder.path};
  Spool spool{disk, kLimit};
  REQUIRE(spool.append(entries(0, 10, 100'000)));
  CHECK(spool.next(500, 250'000)->entries.size() == 3);
  CHECK(spool.next(500, 1)->entries.size() == 1);
  CHECK(drain(spool) == entries(0, 10, 100'000));
}

TEST_CASE("a restart finds what is owed, and what was committed once more") {
  const Folder folder;
  PosixDisk disk{folder.path};
  {
    Spool spool{disk, kLimit};
    REQUIRE(spool.append(entries(0, 5)));
    CHECK(drain(spool) == entries(0, 5));
    REQUIRE(spool.append(entries(5, 5)));
    CHECK(folder.files() ==
          std::vector<std::string>{"0000000000000001.done", "0000000000000002.spool"});
  }
  Spool spool{disk, kLimit};
  REQUIRE(spool.open());
  REQUIRE(spool.append(entries(10, 5)));
  CHECK(drain(spool) == entries(5, 10));
  CHECK_FALSE(spool.owes());
  REQUIRE(spool.has_next());
  const auto again = spool.next(100, 100'000);
  CHECK(again->again);
  CHECK(again->entries == entries(0, 5));
  spool.committed(kStart);
  CHECK_FALSE(spool.has_next());
}

TEST_CASE("a committed segment is deleted ten minutes later, and not before") {
  const Folder folder;
  PosixDisk disk{folder.path};
  Spool spool{disk, kLimit};
  REQUIRE(spool.append(entries(0, 5)));
  drain(spool);
  spool.tidy(kStart + kKept - Millis{1});
  CHECK(folder.files().size() == 1);
  spool.tidy(kStart + kKept);
  CHECK(folder.files().empty());
  CHECK(spool.bytes() == 0);
}

TEST_CASE("a tail torn at any byte costs nothing that was told to anyone") {
  const Folder folder;
  PosixDisk disk{folder.path};
  std::string before, whole;
  {
    Spool spool{disk, kLimit};
    REQUIRE(spool.append(entries(0, 3)));
    before = folder.text("0000000000000001.spool");
    REQUIRE(spool.append(entries(3, 1)));
    whole = folder.text("0000000000000001.spool");
  }
  for (std::size_t bytes = before.size(); bytes < whole.size(); ++bytes) {
    for (const bool zeros : {false, true}) {
      std::string torn = whole.substr(0, bytes);
      if (zeros) torn.append(whole.size() - bytes, '\0');
      for (const std::string& file : folder.files()) fs::remove(folder.path / file);
      folder.write("0000000000000001.spool", torn);
      Spool spool{disk, kLimit};
      REQUIRE(spool.open());
      REQUIRE(spool.append(entries(4, 2)));
      auto expected = entries(0, 3);
      for (const Entry& entry : entries(4, 2)) expected.push_back(entry);
      // Zeros behind the beginning of an entry are bytes of it that fail the check: not a clean
      // cut, so the file is kept for a person, but its whole entries are given.
      CHECK(drain(spool) == expected);
    }
  }
}

TEST_CASE("bad bytes in the middle cost what follows them in that file, which is kept") {
  const Folder folder;
  PosixDisk disk{folder.path};
  {
    Spool spool{disk, kLimit};
    REQUIRE(spool.append(entries(0, 10)));
  }
  std::string text = folder.text("0000000000000001.spool");
  text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 4);
  folder.write("0000000000000001.spool", text);
  Spool spool{disk, kLimit};
  REQUIRE(spool.open());
  REQUIRE(spool.append(entries(10, 2)));
  const auto read = drain(spool);
  auto expected = entries(0, 5);
  for (const Entry& entry : entries(10, 2)) expected.push_back(entry);
  CHECK(read == expected);
  CHECK(spool.bad_bytes() == text.size() / 2);
  CHECK(folder.text("0000000000000001.bad") == text);
}

TEST_CASE("a full disk keeps nothing of the batch and loses nothing before it") {
  const Folder folder;
  FaultyDisk disk{folder.path};
  Spool spool{disk, kLimit};
  REQUIRE(spool.append(entries(0, 3)));
  for (const std::size_t written : {std::size_t{0}, std::size_t{1}, std::size_t{90}}) {
    disk.append_fails = DiskError::full;
    disk.short_write = written;
    CHECK(spool.append(entries(3, 5)).error() == SpoolError::disk_full);
    CHECK(spool.append(entries(3, 5)).error() == SpoolError::disk_full);
  }
  disk.append_fails.reset();
  REQUIRE(spool.append(entries(3, 2)));
  CHECK(drain(spool) == entries(0, 5));
}

TEST_CASE("a full disk before the first entry leaves no file behind") {
  const Folder folder;
  FaultyDisk disk{folder.path};
  Spool spool{disk, kLimit};
  disk.append_fails = DiskError::full;
  disk.short_write = 10;
  CHECK(spool.append(entries(0, 5)).error() == SpoolError::disk_full);
  CHECK_FALSE(spool.owes());
  CHECK(folder.files().empty());
}

TEST_CASE("after a failed write the disk is asked again in another file") {
  const Folder folder;
  FaultyDisk disk{folder.path};
  Spool spool{disk, kLimit};
  REQUIRE(spool.append(entries(0, 3)));
  disk.append_fails = DiskError::failed;
  disk.cut_fails = true;
  disk.short_write = 50;
  CHECK(spool.append(entries(3, 5)).error() == SpoolError::disk_failed);
  disk.append_fails.reset();
  disk.cut_fails = false;
  REQUIRE(spool.append(entries(3, 2)));
  CHECK(folder.files().size() == 2);
  // What the failed write left in the first file is not read.
  CHECK(drain(spool) == entries(0, 5));
  CHECK(spool.bad_bytes() == 0);
}

TEST_CASE("at 80 % of the limit nothing more is taken until some of it is committed") {
  const Folder folder;
  PosixDisk disk{folder.path};
  Spool spool{disk, 30'000'000};
  int taken = 0;
  while (spool.append(entries(taken, 10, 100'000))) taken += 10;
  CHECK(spool.append(entries(taken, 10, 100'000)).error() == SpoolError::full);
  CHECK(spool.owed_bytes() <= 24'000'000);
  CHECK(spool.owed_bytes() > 22'000'000);
  // Room comes as soon as something is committed; what is kept for caution gives way.
  REQUIRE(spool.next(50, 100'000'000));
  spool.committed(kStart);
  CHECK(spool.append(entries(taken, 10, 100'000)));
  CHECK(spool.bytes() <= 24'000'000 + 2 * kSegmentBytes);
  CHECK(drain(spool).size() == static_cast<std::size_t>(taken) + 10 - 50);
}

}  // namespace idast::spool
