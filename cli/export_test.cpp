#include "server/transfer/export.h"

#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/transfer.h"
#include "server/store/folder_test.h"
#include "server/store/sqlite.h"

// What `idast export` gives, whoever takes it.

using namespace idast;
using store::Folder;
using store::value_of;
using telemetry::position_of;

namespace {

constexpr std::int64_t kNoon = 1'703'160'000'000;  // 2023-12-21 12:00:00 UTC.
// More than what is in flight between two threads, and no whole number of blocks.
constexpr std::int64_t kRows = 6 * transfer::ExportBlock::kRowsMax + 7;

telemetry::Record sample(std::int64_t number) {
  telemetry::Record record;
  // Every third is a fielded tracker's, without identity.
  record.device = number % 3 == 0 ? "fielded" : "ours";
  record.received = UtcMillis{kNoon + 40 + number * 350};
  record.ts = UtcMillis{kNoon + number * 350};
  const auto add = [&](const char* column, std::int64_t value) {
    for (std::size_t i = 0; i < telemetry::kFieldCount; ++i) {
      if (telemetry::kFieldInfo[i].column != column) continue;
      record.value[i] = value;
      record.present.add(i);
    }
  };
  add("ts", record.ts.unix_ms());
  add("power_w", 850 + number);
  add("energy_wh", number);
  if (number % 5 == 0) record.null.add(position_of("wind_ms"));
  if (number % 7 == 0) record.extra = R"({"note":"a \"quoted\" word"})";
  add("device_name", 0);
  // Another one now and then, so that a text of a row before would be seen.
  if (number % 11 == 0) record.present.remove(position_of("device_name"));
  record.text[position_of("device_name")] = "Phone, " + std::to_string(number / 200);
  if (number % 3 == 0) return record;
  add("boot_id", 0);
  record.text[position_of("boot_id")] = "00000000000000aa";
  add("seq", number);
  add("uptime_ms", number * 350);
  return record;
}

std::filesystem::path filled(const Folder& folder) {
  const std::string path = folder.file("idast.db");
  const auto store = value_of(store::open_sqlite(path));
  std::vector<telemetry::Record> batch;
  for (std::int64_t i = 0; i < kRows; ++i) batch.push_back(sample(i));
  REQUIRE(value_of(store->commit(batch)).inserted == static_cast<std::size_t>(kRows));
  return path;
}

std::string by_one_thread(const std::filesystem::path& database, transfer::Format format) {
  const auto scan = value_of(store::SampleScan::open(database.string(), {}));
  std::string text;
  const auto done = transfer::export_samples(
      *scan, {}, format,
      [&](std::string_view piece) {
        text.append(piece);
        return true;
      },
      [](double) {});
  REQUIRE(done.has_value());
  return text;
}

std::string content(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

TEST_CASE("two threads export the bytes of one, as json and as csv") {
  const Folder folder;
  const auto database = filled(folder);
  for (const auto& [name, format] :
       {std::pair{"json", transfer::Format::json}, std::pair{"csv", transfer::Format::csv}}) {
    const std::string file = folder.file(name);
    std::ostringstream err;
    CHECK(cli::run_export({.database = database, .format = name, .file = file}, -1, err) == 0);
    CAPTURE(err.str());
    CHECK(err.str().find(": " + std::to_string(kRows) + " samples") != std::string::npos);
    const std::string text = content(file);
    CHECK(text.size() > 100'000);
    CHECK((text == by_one_thread(database, format)));
  }
}

TEST_CASE("a full disk ends an export with its reason, and leaves no thread waiting") {
  const Folder folder;
  const auto database = filled(folder);
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  std::ostringstream err;
  CHECK(cli::run_export({.database = database}, full, err) == 1);
  CHECK(err.str().find("the export could not be written: No space left") != std::string::npos);
  ::close(full);
}

TEST_CASE("a reader that has seen enough ends an export without a word") {
  const Folder folder;
  const auto database = filled(folder);
  int pipe[2];
  REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
  ::close(pipe[0]);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  std::ostringstream err;
  CHECK(cli::run_export({.database = database, .format = "csv"}, pipe[1], err) == 0);
  CHECK(err.str().empty());
  std::signal(SIGPIPE, before);
  ::close(pipe[1]);
}

TEST_CASE("a row that cannot be read ends an export with its reason") {
  const Folder folder;
  const auto database = filled(folder);
  {
    auto connection = value_of(
        store::Connection::open(database.string(), store::Connection::Mode::read_write_create));
    value_of(
        connection.execute("PRAGMA foreign_keys = 0; UPDATE sample SET base = 999999 "
                           "WHERE id = (SELECT max(id) FROM sample) - 3"));
  }
  const std::string file = folder.file("all.ndjson");
  std::ostringstream err;
  CHECK(cli::run_export({.database = database, .file = file}, -1, err) == 1);
  CHECK(err.str().find("base 999999 is missing") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(file));
}
