#include "core/node/boot_counter.h"

#include <string>

#include <doctest/doctest.h>

#include "core/node/fakes_test.h"

using namespace idast;
using namespace idast::node;

TEST_CASE("every start has a number of its own, one after the other") {
  FakeFiles files;
  for (std::uint32_t boot = 1; boot < 12; ++boot) CHECK(count_boot(files) == boot);
}

TEST_CASE("a number that could not be kept is not given out") {
  FakeFiles files;
  REQUIRE(count_boot(files) == 1u);
  files.refuse = ports::FileError::full;
  CHECK(count_boot(files).error() == ports::FileError::full);
  files.refuse.reset();
  CHECK(count_boot(files) == 2u);
}

TEST_CASE("a file that holds no number is not taken for the first start, and stays as it is") {
  const std::string last = "4294967295\n";
  for (const std::string& text :
       {std::string{}, std::string{"7"}, std::string{"\n"}, std::string{"-1\n"},
        std::string{"7 \n"}, std::string{"4294967296\n"}, std::string{"00000000000000007\n"},
        last}) {
    CAPTURE(text);
    FakeFiles files;
    files.files[std::string{kBootsFile}] = text;
    CHECK(count_boot(files).error() == ports::FileError::failed);
    CHECK(files.files[std::string{kBootsFile}] == text);
  }
  FakeFiles files;
  files.files[std::string{kBootsFile}] = "4294967294\n";
  CHECK(count_boot(files) == UINT32_MAX);
  CHECK_FALSE(count_boot(files));
}
