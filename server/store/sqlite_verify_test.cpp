#include "server/store/sqlite_verify.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include <doctest/doctest.h>

#include "server/store/folder_test.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_connection.h"

using namespace idast;
using namespace idast::store;
using telemetry::Loss;
using telemetry::position_of;
using telemetry::Record;

namespace {

constexpr std::int64_t kNoon = 1'703'160'000'000;
constexpr const char* kBoot = "00000000000000aa";

Record sample(const std::string& device, std::int64_t number) {
  Record record;
  record.device = device;
  record.ts = record.received = UtcMillis{kNoon + number * 350};
  for (const auto& [field, value] :
       {std::pair{position_of("top"), 2'500 + number % 7},
        {position_of("left"), 2'400 + number},
        {position_of("right"), 2'300},
        {position_of("energy_wh"), 1'000 * number},
        // Far from what the others let one guess: a row of `odd`.
        {position_of("avg"), number % 5 == 0 ? 9 : 2'350 + number / 2}}) {
    record.value[field] = value;
    record.present.add(field);
  }
  return record;
}

Record identified(const std::string& device, std::int64_t seq, std::int64_t from = -1) {
  Record record = sample(device, seq);
  record.text[position_of("boot_id")] = kBoot;
  record.present.add(position_of("boot_id"));
  record.value[position_of("seq")] = seq;
  record.present.add(position_of("seq"));
  if (from >= 0) {
    record.value[position_of("seq_from")] = from;
    record.present.add(position_of("seq_from"));
  }
  return record;
}

// A station as it is after a while: two trackers with numbers, one without; a hole, a summary,
// spans given up, and a message with more in it than the columns.
void fill(const std::string& path) {
  const auto store = value_of(open_sqlite(path));
  std::vector<Record> batch;
  for (int seq = 0; seq < 40; ++seq) batch.push_back(identified("a", seq));
  batch.push_back(identified("a", 69, 60));  // 40 to 49 are lost, 50 to 59 not here yet.
  for (int seq = 0; seq < 10; ++seq) batch.push_back(identified("b", seq));
  for (int number = 0; number < 10; ++number) batch.push_back(sample("c", number));
  batch.back().extra = R"({"note":"cloudy"})";
  const std::vector<Loss> losses{{"a", kBoot, 40, 49, "no_room", UtcMillis{kNoon}}};
  value_of(store->commit(batch, losses));
  // Later than all that, so that what came before is over and summed up.
  Record later = sample("c", 0);
  later.ts = later.received = UtcMillis{kNoon + 3 * 86'400'000};
  value_of(store->commit(std::vector{later}));
  for (int i = 0; i < 1'000 && store->tidy(); ++i) continue;
}

std::vector<Check> verify(const std::string& path, const VerifyOptions& options = {}) {
  double share = 0;
  auto checks = value_of(verify_database(path, options, [&](double now) {
    CHECK(now >= share);
    CHECK(now <= 1.0);
    share = now;
  }));
  return checks;
}

std::vector<std::string> wrong(const std::vector<Check>& checks) {
  std::vector<std::string> names;
  for (const Check& check : checks) {
    if (check.faults == 0) continue;
    CHECK_FALSE(check.examples.empty());
    names.push_back(check.name);
  }
  return names;
}

struct Damage {
  const char* what;
  const char* sql;
  std::vector<std::string> found;  // Checks that must say so, by name.
};

}  // namespace

TEST_CASE("nothing is said against a database as the store made it") {
  const Folder folder;
  const std::string path = (folder.path / "a.db").string();
  fill(path);
  const auto checks = verify(path);
  CHECK(wrong(checks).empty());
  REQUIRE(checks.size() == 7);
  const auto looked_at = [&](const char* name) {
    return std::ranges::find(checks, name, &Check::name)->looked_at;
  };
  CHECK(looked_at("samples") == 62);
  CHECK(looked_at("identity") == 51);
  CHECK(looked_at("accounted") == 2);
  CHECK(looked_at("latest") == 3);
  // Three trackers, each with a minute, a quarter, an hour, a watch and a day.
  CHECK(looked_at("rollups") == 15);
}

TEST_CASE("every planted damage is found") {
  const std::vector<Damage> damages{
      {"a sample is gone", "DELETE FROM sample WHERE seq = 7 AND device = 1", {"accounted"}},
      {"all of a boot is gone",
       "DELETE FROM odd WHERE sample IN (SELECT id FROM sample WHERE device = 2);"
       "DELETE FROM sample WHERE device = 2",
       {"accounted"}},
      {"a device was told too much", "UPDATE boot SET upto = 59 WHERE device = 1", {"accounted"}},
      {"a device was told too little", "UPDATE boot SET upto = 5 WHERE device = 2", {"accounted"}},
      {"an island is gone", "DELETE FROM island", {"accounted"}},
      {"an island grew", "UPDATE island SET last = last + 1", {"accounted"}},
      {"an island was not joined", "INSERT INTO island VALUES(2, 10, 9 + 1)", {"accounted"}},
      {"a loss is gone", "DELETE FROM loss", {"accounted"}},
      {"a base is gone", "DELETE FROM base WHERE id = 1", {"references", "samples"}},
      {"a context is gone", "DELETE FROM context WHERE id = 1", {"references", "samples"}},
      {"a device is gone", "DELETE FROM device WHERE id = 3", {"references", "samples"}},
      {"a boot is gone", "DELETE FROM boot WHERE id = 2", {"references", "samples"}},
      {"odd values are gone", "DELETE FROM odd", {"samples"}},
      {"odd values of no sample", "INSERT INTO odd(sample) VALUES(9999)", {"samples"}},
      {"a value beyond its column", "UPDATE base SET top = top + 99999999999", {"samples"}},
      {"a message that is none", "UPDATE sample SET extra = '{' WHERE extra NOT NULL", {"samples"}},
      {"a patch that is none", "UPDATE context SET patch = substr(patch, 2)", {"samples"}},
      {"another tracker's boot",
       "UPDATE sample SET device = 2 WHERE device = 1 AND seq = 39",
       {"identity"}},
      {"the newest is another",
       "UPDATE device SET plain_sample = plain_sample - 1 WHERE id = 3",
       {"latest"}},
      {"a day is another",
       "UPDATE rollup SET energy_rise = energy_rise + 1 WHERE level = 4",
       {"rollups"}},
      {"a minute is another",
       "UPDATE rollup SET samples = samples + 1 WHERE level = 0",
       {"rollups"}},
      {"an hour's fields are gone", "DELETE FROM rollup_fields WHERE level = 2", {"rollups"}},
      {"a minute's fields are others",
       "UPDATE rollup_fields SET fields = (SELECT fields FROM rollup_fields WHERE device = 2 AND "
       "level = 0) WHERE device = 1 AND level = 0",
       {"rollups"}},
      {"a minute is gone", "DELETE FROM rollup WHERE level = 0 AND device = 1", {"rollups"}},
      {"a day is due, and there",
       "INSERT INTO rollup_due SELECT level, device, start, 0 FROM rollup WHERE level = 4",
       {"rollups"}},
      {"a sample's value is another",
       "UPDATE sample SET energy_wh = energy_wh + 1 WHERE id = 5",
       {"rollups"}},
      {"the newest is forgotten", "UPDATE device SET plain_sample = NULL", {"latest"}},
  };
  const Folder folder;
  const std::string good = (folder.path / "good.db").string();
  fill(good);
  for (const Damage& damage : damages) {
    CAPTURE(damage.what);
    const std::string path = (folder.path / "damaged.db").string();
    for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(path + part);
    std::filesystem::copy_file(good, path);
    {
      auto connection = value_of(Connection::open(path, Connection::Mode::read_write_create));
      value_of(connection.execute(damage.sql));
    }
    const auto names = wrong(verify(path));
    for (const std::string& name : damage.found) {
      CAPTURE(name);
      CHECK(std::ranges::find(names, name) != names.end());
    }
  }
}

TEST_CASE("a page that was overwritten is found, wherever it is") {
  const Folder folder;
  const std::string good = (folder.path / "good.db").string();
  fill(good);
  constexpr std::streamoff kPage = 4'096;
  const auto pages = static_cast<std::streamoff>(std::filesystem::file_size(good)) / kPage;
  REQUIRE(pages > 10);
  for (std::streamoff page = 1; page < pages; ++page) {
    CAPTURE(page);
    const std::string path = (folder.path / "damaged.db").string();
    for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(path + part);
    std::filesystem::copy_file(good, path);
    {
      std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
      file.seekp(page * kPage);
      file << std::string(64, '\xa5');
    }
    const auto checks = verify_database(path, {}, [](double) {});
    CHECK((!checks || !wrong(*checks).empty()));
  }
}

TEST_CASE("numbers without a row are no fault where samples are left out on purpose") {
  const Folder folder;
  const std::string path = (folder.path / "a.db").string();
  {
    const auto store = value_of(open_sqlite(path));
    const std::vector<Record> batch{identified("a", 0), identified("a", 3)};
    const std::vector<Loss> thinned{{"a", kBoot, 1, 2, "", UtcMillis{kNoon}}};
    value_of(store->commit(batch, thinned));
  }
  CHECK(wrong(verify(path)) == std::vector<std::string>{"accounted"});
  CHECK(wrong(verify(path, {.thinned = true})).empty());
}
