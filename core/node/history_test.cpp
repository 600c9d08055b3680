#include "core/node/history.h"

#include <string>

#include <doctest/doctest.h>

#include "core/node/fakes_test.h"
#include "core/node/settings.h"

using namespace idast;
using namespace idast::node;

namespace {

HistoryRow row() {
  return {.timestamp_ms = 1'702'761'600'123,
          .energy = watt_hours(1250.5),
          .battery = percent(87.5f),
          .device_name = "ESP32-Solar",
          .session_minutes = 120};
}

}  // namespace

TEST_CASE("a new history begins with the header and holds a line a row") {
  FakeFiles files;
  CHECK(append(files, row()));
  CHECK(append(files, row()));
  CHECK(files.files["history.csv"] ==
        "timestamp,energy_wh,battery_pct,device_name,session_min\n"
        "1702761600,1250.5,87.5,ESP32-Solar,120\n"
        "1702761600,1250.5,87.5,ESP32-Solar,120\n");
}

TEST_CASE("a comma in a name is a blank, no name is Unknown, no number is empty") {
  char buffer[200];
  TextWriter out{buffer, sizeof buffer};
  HistoryRow odd = row();
  odd.device_name = "a,b\"c";
  print_csv(odd, out);
  odd = {.timestamp_ms = 5'000, .energy = {}, .battery = {}, .device_name = {}};
  print_csv(odd, out);
  CHECK(out.view() == "1702761600,1250.5,87.5,a b c,120\n5,,,Unknown,0\n");
}

TEST_CASE("a history cut at any byte goes on with whole lines") {
  FakeFiles sound;
  REQUIRE(append(sound, row()));
  REQUIRE(append(sound, row()));
  const std::string whole = sound.files["history.csv"];
  const std::string line = "1702761600,1250.5,87.5,ESP32-Solar,120\n";
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    FakeFiles files;
    files.files["history.csv"] = whole.substr(0, cut);
    REQUIRE(append(files, row()));
    const std::string& text = files.files["history.csv"];
    CHECK(text.ends_with("\n" + line));
    CHECK(text.starts_with(kHistoryHeader));
    // No part of a row reads as a row.
    std::size_t rows = 0;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      const std::string one = text.substr(at, text.find('\n', at) + 1 - at);
      if (!read_csv(std::string_view{one}.substr(0, one.size() - 1))) continue;
      CHECK(one == line);
      ++rows;
    }
    const std::size_t written =
        cut < kHistoryHeader.size() ? 0 : (cut - kHistoryHeader.size()) / line.size();
    CHECK(rows == written + 1);
  }
}

TEST_CASE("a history at its limit becomes the old one") {
  FakeFiles files;
  files.files["history.csv"] = std::string(kHistoryBytesMax, 'x');
  CHECK(append(files, row()));
  CHECK(files.files["history_old.csv"].size() == kHistoryBytesMax);
  CHECK(files.files["history.csv"].starts_with(kHistoryHeader));
}

TEST_CASE("a full disk is an error, not a crash") {
  FakeFiles files;
  files.refuse = ports::FileError::full;
  CHECK(append(files, row()).error() == ports::FileError::full);
}

TEST_CASE("settings come back as they were kept, and a damaged file is as none") {
  FakeFiles files;
  CHECK_FALSE(load_settings(files));
  KeptSettings kept{.grid_price = 12.25, .device_name = "kitchen \"phone\"", .site = batangas()};
  kept.site->mount = control::MountKind::az_el;
  REQUIRE(save_settings(files, kept));
  const auto loaded = load_settings(files);
  REQUIRE(loaded);
  CHECK(loaded->grid_price == doctest::Approx(12.25));
  CHECK(loaded->device_name.view() == "kitchen \"phone\"");
  CHECK(loaded->site->place.longitude == degrees(121.05f));
  CHECK(loaded->site->mount == control::MountKind::az_el);

  const std::string whole = files.files["settings.json"];
  for (std::size_t cut = 0; cut + 2 < whole.size(); ++cut) {
    files.files["settings.json"] = whole.substr(0, cut);
    CHECK_FALSE(load_settings(files));
  }
}
