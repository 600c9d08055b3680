#include "core/base/require.h"

#include <cstdio>
#include <cstdlib>

namespace idast {
namespace {
RequireHandler g_handler = nullptr;
}

void set_require_handler(RequireHandler handler) { g_handler = handler; }

void require_failed(const char* words) {
  if (g_handler != nullptr) g_handler(words);
  std::fprintf(stderr, "require failed: %s\n", words);
  std::abort();
}

}  // namespace idast
