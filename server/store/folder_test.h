#pragma once
#include <filesystem>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>
#include <stdlib.h>

#include "server/store/store.h"

// What the tests of the store share.
namespace idast::store {

// A directory of its own, gone at the end.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "idast-store-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string file(const std::string& name) const { return (path / name).string(); }
};

template <class T>
T value_of(Result<T>&& result) {
  if (!result) FAIL(result.error().words);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace idast::store
