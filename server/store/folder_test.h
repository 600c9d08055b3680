#pragma once
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

#include "core/base/temporary_folder_test.h"
#include "server/store/store.h"

// What the tests of the store share.
namespace idast::store {

using Folder = TemporaryFolder;

template <class T>
T value_of(Result<T>&& result) {
  if (!result) FAIL(result.error().words);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace idast::store
