#pragma once
#include <chrono>
#include <compare>
#include <cstdint>

// Two clocks that do not convert. Instant is monotonic (ms since some start); UtcMillis is wall
// time (ms since 1970-01-01T00:00:00Z, leap seconds not counted). Only rooms listed under [clocks]
// in layers.toml may ask a clock; all others are told. No time ever passes through a float.
namespace idast {

using Millis = std::chrono::duration<std::int64_t, std::milli>;

class Instant {
 public:
  constexpr Instant() = default;
  constexpr explicit Instant(Millis since_start) : since_start_{since_start} {}
  constexpr Millis since_start() const { return since_start_; }

  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant at, Millis by) {
    return Instant{at.since_start_ + by};
  }
  friend constexpr Instant operator-(Instant at, Millis by) {
    return Instant{at.since_start_ - by};
  }
  friend constexpr Millis operator-(Instant a, Instant b) {
    return a.since_start_ - b.since_start_;
  }

 private:
  Millis since_start_{0};
};

class UtcMillis {
 public:
  constexpr UtcMillis() = default;
  constexpr explicit UtcMillis(std::int64_t unix_ms) : unix_ms_{unix_ms} {}
  constexpr std::int64_t unix_ms() const { return unix_ms_; }

  friend constexpr auto operator<=>(UtcMillis, UtcMillis) = default;
  friend constexpr UtcMillis operator+(UtcMillis at, Millis by) {
    return UtcMillis{at.unix_ms_ + by.count()};
  }
  friend constexpr UtcMillis operator-(UtcMillis at, Millis by) {
    return UtcMillis{at.unix_ms_ - by.count()};
  }
  friend constexpr Millis operator-(UtcMillis a, UtcMillis b) {
    return Millis{a.unix_ms_ - b.unix_ms_};
  }

 private:
  std::int64_t unix_ms_{0};
};

}  // namespace idast
