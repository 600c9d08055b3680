#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/time.h"
#include "server/app/config.h"

namespace spdlog {
class logger;
}

// What happened, on standard error: an event with a stable dotted name, values as fields. Any
// thread. No secrets.
//
//   text: 2026-11-22T14:45:55.123Z warn  ingest.refused reason=not_json size_bytes=5
//   json: {"time":"2026-11-22T14:45:55.123Z","level":"warn","event":"ingest.refused",…}
namespace idast::app {

enum class Level : std::uint8_t { debug, info, warn, error };

struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};
using Fields = std::vector<Field>;

class Log {
 public:
  explicit Log(LogFormat format);
  ~Log();
  void write(Level level, std::string_view event, const Fields& fields = {}) const;
  void info(std::string_view event, const Fields& fields = {}) const {
    write(Level::info, event, fields);
  }
  void warn(std::string_view event, const Fields& fields = {}) const {
    write(Level::warn, event, fields);
  }
  void error(std::string_view event, const Fields& fields = {}) const {
    write(Level::error, event, fields);
  }

 private:
  LogFormat format_;
  // Shared by spdlog's own design: its registry holds one too.
  std::shared_ptr<spdlog::logger> logger_;
};

// The part of a line behind time and level; for tests.
std::string to_line(LogFormat format, std::string_view event, const Fields& fields);

// Lets through a few events a second, so that a flood of bad messages does not fill the disk. One
// thread.
class LogLimit {
 public:
  static constexpr int kPerSecond = 5;
  // False: leave it out. After a pause, held_back() says how many were left out.
  bool allows(Instant now) {
    if (now - begun_ >= Millis{1'000}) {
      begun_ = now;
      count_ = 0;
    }
    if (count_ < kPerSecond) {
      ++count_;
      return true;
    }
    ++held_back_;
    return false;
  }
  std::int64_t held_back() { return std::exchange(held_back_, 0); }

 private:
  Instant begun_{Millis{-1'000'000}};
  int count_ = 0;
  std::int64_t held_back_ = 0;
};

}  // namespace idast::app
