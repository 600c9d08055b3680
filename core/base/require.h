#pragma once

// require(promise, "words"): what only a bug can break. On in every build, never used on data from
// outside. A handler may be set once at start (a board cuts its motors there); then the process
// aborts, and on a board restarts.
namespace idast {

using RequireHandler = void (*)(const char* words);

// Called before the abort. Must not return control to the broken code and must not throw.
void set_require_handler(RequireHandler handler);

[[noreturn]] void require_failed(const char* words);

constexpr void require(bool promise, const char* words) {
  if (!promise) require_failed(words);
}

}  // namespace idast
