#include "core/node/boot_count.h"

#include <doctest/doctest.h>

#include "core/node/fakes_test.h"
#include "core/node/settings.h"

using namespace idast;
using namespace idast::node;

TEST_CASE("every start has a number above all before it, also past the file's turn") {
  FakeFiles files;
  for (std::uint32_t i = 1; i <= 1'000; ++i) {
    const BootCount count = count_boot(files);
    REQUIRE(count.number == i);
    CHECK(count.kept);
    CHECK(files.files[std::string{kBootsFile}].size() <= kBootsBytesMax);
  }
}

TEST_CASE("after a cut at any byte the number does not go back behind one that was given out") {
  FakeFiles whole;
  for (int i = 0; i < 5; ++i) count_boot(whole);
  const std::string before = whole.files[std::string{kBootsFile}];
  count_boot(whole);
  const std::string after = whole.files[std::string{kBootsFile}];
  // The sixth start was cut off while it wrote: it had no number yet.
  for (std::size_t cut = before.size(); cut < after.size(); ++cut) {
    FakeFiles files;
    files.files[std::string{kBootsFile}] = after.substr(0, cut);
    CHECK(count_boot(files).number == 6);
    CHECK(count_boot(files).number == 7);
  }
}

TEST_CASE("a file of rubbish, and one that cannot be written, give a number all the same") {
  FakeFiles files;
  files.files[std::string{kBootsFile}] = "rubbish\n99999999999\n0000000007\n-000000009\n\n12";
  CHECK(count_boot(files).number == 8);
  files.refuse = ports::FileError::full;
  const BootCount count = count_boot(files);
  CHECK(count.number == 9);
  CHECK_FALSE(count.kept);
}

TEST_CASE("settings cut at any byte are the old ones or none, never others") {
  FakeFiles whole;
  KeptSettings settings;
  settings.grid_price = 12.5;
  settings.device_name = FixedText<64>{std::string_view{"the roof"}};
  settings.site = batangas();
  REQUIRE(save_settings(whole, settings));
  const std::string text = whole.files[std::string{kSettingsFile}];
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    FakeFiles files;
    files.files[std::string{kSettingsFile}] = text.substr(0, cut);
    const auto read = load_settings(files);
    if (!read) continue;
    CHECK(read->grid_price == settings.grid_price);
    CHECK(read->device_name == settings.device_name);
    CHECK(read->site.has_value());
  }
}
