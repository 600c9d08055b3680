#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "core/base/require.h"

namespace idast {

// A folder of a test's own; it goes with the test. Every room's tests may include this.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "idast-XXXXXX").string();
    require(::mkdtemp(name.data()) != nullptr, "TemporaryFolder: it cannot be made");
    path = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const std::string& name) const { return (path / name).string(); }

  std::filesystem::path path;
};

}  // namespace idast
