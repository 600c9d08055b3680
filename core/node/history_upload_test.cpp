#include "core/node/history_upload.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

#include "core/node/fakes_test.h"

using namespace idast;
using namespace idast::node;
using namespace std::chrono_literals;

namespace {

HistoryRow row_of(int number) {
  HistoryRow row;
  row.timestamp_ms = 1'750'478'400'000 + number * 600'000LL;
  row.energy = watt_hours(1.5 * number);
  row.battery = percent(50.f);
  row.device_name = "a phone";
  row.session_minutes = number;
  return row;
}

// Everything that next() gives, as row numbers.
std::vector<int> drain(HistoryUpload& upload) {
  std::vector<int> numbers;
  while (const auto row = upload.next()) {
    numbers.push_back(static_cast<int>((row->timestamp_ms - 1'750'478'400'000) / 600'000));
    upload.taken();
  }
  return numbers;
}

void add(FakeFiles& files, HistoryUpload& upload, int number, bool published = false) {
  upload.before_append();
  REQUIRE(append(files, row_of(number)));
  upload.appended(published);
}

std::string text_of(const HistoryRow& row) {
  std::array<char, kHistoryRowBytesMax> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  print_csv(row, out);
  return std::string{out.view()};
}

}  // namespace

TEST_CASE("a row that was written is read back; any other text is not a row") {
  HistoryRow bare;
  bare.timestamp_ms = 5'000;
  for (const HistoryRow& row : {row_of(3), bare, row_of(0)}) {
    std::string line = text_of(row);
    line.pop_back();
    const auto read = read_csv(line);
    REQUIRE(read);
    CHECK(text_of(*read) == line + "\n");
  }
  for (const char* line :
       {"", "timestamp,energy_wh,battery_pct,device_name,session_min", "1,2,3,a", "1,2,3,a,5,6",
        "x,2,3,a,5", "1,2.,3,a,5", "1,2,3,a,", "-1,2,3,a,5", "1,1e5,3,a,5", "1,2,3,a,-5"}) {
    CHECK_MESSAGE(!read_csv(line), line);
  }
}

TEST_CASE("rows of an outage come afterwards, once, and nothing that was said before") {
  FakeFiles files;
  HistoryUpload upload{files};
  Instant now{1h};
  upload.connected(now);
  for (int i = 0; i < 3; ++i) add(files, upload, i, true);
  CHECK_FALSE(upload.next());
  now = now + 2min;
  upload.step(now);
  now = now + 2min;
  upload.step(now);
  upload.disconnected();
  for (int i = 3; i < 6; ++i) add(files, upload, i);
  upload.connected(now);
  CHECK(drain(upload) == std::vector{3, 4, 5});
  CHECK_FALSE(upload.next());
  add(files, upload, 6, true);
  CHECK_FALSE(upload.next());
}

TEST_CASE("a row that left just before the connection broke is said again") {
  FakeFiles files;
  HistoryUpload upload{files};
  Instant now{1h};
  upload.connected(now);
  add(files, upload, 0, true);
  for (int i = 0; i < 3; ++i) upload.step(now = now + 1min);
  add(files, upload, 1, true);
  upload.step(now = now + 30s);
  upload.disconnected();
  upload.connected(now = now + 1min);
  CHECK(drain(upload) == std::vector{1});
}

TEST_CASE("after a cut at any byte of any file every earlier row is there and goes out") {
  FakeFiles whole;
  {
    HistoryUpload upload{whole};
    upload.connected(Instant{1h});
    for (int i = 0; i < 4; ++i) add(whole, upload, i, true);
    upload.step(Instant{1h + 2min});
    upload.step(Instant{1h + 4min});
    upload.disconnected();
    for (int i = 4; i < 8; ++i) add(whole, upload, i);
  }
  for (const auto& [name, content] : whole.files) {
    for (std::size_t cut = 0; cut <= content.size(); ++cut) {
      FakeFiles files = whole;
      files.files[name].resize(cut);
      HistoryUpload upload{files};
      add(files, upload, 8);
      upload.connected(Instant{1s});
      const auto sent = drain(upload);
      const std::set<int> found{sent.begin(), sent.end()};
      CHECK(found.size() == sent.size());
      CHECK(found.contains(8));
      const std::string& left = files.files[std::string{kHistoryFile}];
      for (int i = 0; i < 8; ++i) {
        const bool there = left.find("\n" + text_of(row_of(i))) != std::string::npos;
        const bool survived = name != kHistoryFile ||
                              cut >= content.find(text_of(row_of(i))) + text_of(row_of(i)).size();
        CHECK(there >= survived);
        // What was surely with the server need not come again; all else does.
        if (there && i >= 4) CHECK(found.contains(i));
      }
    }
  }
}

TEST_CASE("a file that becomes the old one on the way loses no row that it still holds") {
  FakeFiles files;
  HistoryUpload upload{files};
  std::string rows{kHistoryHeader};
  int written = 0;
  while (rows.size() < kHistoryBytesMax) rows += text_of(row_of(written++));
  files.files[std::string{kHistoryFile}] = rows;
  upload.connected(Instant{1s});
  for (int i = 0; i < 100; ++i) {
    REQUIRE(upload.next());
    upload.taken();
  }
  add(files, upload, written++);  // turns
  CHECK(files.files.contains(kHistoryFileOld));
  const auto rest = drain(upload);
  REQUIRE(rest.size() == static_cast<std::size_t>(written - 100));
  CHECK(rest.front() == 100);
  CHECK(rest.back() == written - 1);

  // A cut between the turn and anything else: the mark that was kept still finds its row.
  HistoryUpload again{files};
  again.connected(Instant{1s});
  CHECK(drain(again).size() == static_cast<std::size_t>(written));
}

TEST_CASE("a mark outlives the turn of its file, however long the new one grows") {
  FakeFiles files;
  HistoryUpload upload{files};
  int written = 0;
  while (written < 100) add(files, upload, written++);
  upload.connected(Instant{1s});
  CHECK(drain(upload).size() == 100);
  upload.step(Instant{2min});
  upload.step(Instant{4min});
  upload.disconnected();
  std::string& rows = files.files[std::string{kHistoryFile}];
  while (rows.size() < kHistoryBytesMax) rows += text_of(row_of(written++));
  for (int i = 0; i < 200; ++i) add(files, upload, written++);  // turns with the first
  REQUIRE(files.files.contains(kHistoryFileOld));
  for (const bool restarted : {false, true}) {
    HistoryUpload again{files};
    HistoryUpload& late = restarted ? again : upload;
    late.connected(Instant{1h});
    const auto rest = drain(late);
    REQUIRE_FALSE(rest.empty());
    CHECK(rest.front() == 100);
    CHECK(rest.size() == static_cast<std::size_t>(written - 100));
    late.disconnected();
  }
}

TEST_CASE("rows of a time without a clock stay in the file and are counted") {
  FakeFiles files;
  HistoryUpload upload{files};
  HistoryRow undated = row_of(0);
  undated.timestamp_ms = 600'000;
  REQUIRE(append(files, undated));
  REQUIRE(append(files, row_of(1)));
  upload.connected(Instant{1s});
  CHECK(drain(upload) == std::vector{1});
  CHECK(upload.undated() == 1);
}
