#include "server/app/data_folder.h"

#include <cstdlib>
#include <fstream>

#include <doctest/doctest.h>

#include "core/base/temporary_folder_test.h"

namespace idast::app {

TEST_CASE("a missing data folder is made, and the client id in it stays the same") {
  const TemporaryFolder folder;
  const auto path = folder.path / "new" / "data";
  std::string id;
  {
    const auto opened = DataFolder::open(path);
    REQUIRE(opened.has_value());
    id = opened->client_id();
    CHECK(id.starts_with("idast"));
    CHECK(id.size() == 21);
  }
  CHECK(DataFolder::open(path)->client_id() == id);
  CHECK(DataFolder::open(folder.path / "other")->client_id() != id);
}

TEST_CASE("a damaged client id is drawn anew") {
  const TemporaryFolder folder;
  std::ofstream{folder.path / "mqtt-client-id"} << "bad id with spaces\n";
  CHECK(DataFolder::open(folder.path)->client_id().size() == 21);
}

TEST_CASE("two servers cannot share a folder") {
  const TemporaryFolder folder;
  const auto first = DataFolder::open(folder.path);
  REQUIRE(first.has_value());
  const auto second = DataFolder::open(folder.path);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().find("another idast serve") != std::string::npos);
}

TEST_CASE("a folder that cannot be made is one sentence") {
  const TemporaryFolder folder;
  std::ofstream{folder.path / "file"} << "x";
  const auto opened = DataFolder::open(folder.path / "file" / "data");
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().find("--data") != std::string::npos);
}

}  // namespace idast::app
