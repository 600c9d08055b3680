#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/request.h"

// Reads a request target: believes nothing, allocates at most a few times its length. Pure.
namespace idast::api {

constexpr std::size_t kTargetBytesMax = 4'096;
constexpr std::size_t kParametersMax = 32;

enum class UrlError : std::uint8_t {
  too_long,
  not_a_path,   // Does not begin with a slash.
  bad_percent,  // % without two hexadecimal digits.
  bad_text,     // A control character or broken UTF-8 after decoding.
  dots,         // A segment "." or "..", also written with percents.
  too_many_parameters,
};
std::string_view name(UrlError error);

struct Target {
  std::vector<std::string> segments;  // Decoded; "/a/b" has two, "/" has one empty.
  std::string path;                   // The segments joined again.
  std::vector<Parameter> parameters;
};

// target = path [ "?" name [ "=" value ] *( "&" … ) ] [ "#" ignored ]
std::expected<Target, UrlError> parse_target(std::string_view target);

// Whole milliseconds since 1970, or ISO 8601 (core/base/calendar.h). A plus that arrived as a space
// is read as a plus: people write +08:00 without encoding it.
std::optional<UtcMillis> parse_time(std::string_view text);

// A decimal integer without sign, within [low, high].
std::optional<std::int64_t> parse_count(std::string_view text, std::int64_t low, std::int64_t high);

}  // namespace idast::api
