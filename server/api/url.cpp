#include "server/api/url.h"

#include <charconv>

#include "core/base/calendar.h"
#include "core/base/text.h"

namespace idast::api {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::expected<std::string, UrlError> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex(text[i + 1]) : -1;
      const int low = high >= 0 ? hex(text[i + 2]) : -1;
      if (low < 0) return std::unexpected{UrlError::bad_percent};
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return std::unexpected{UrlError::bad_text};
    out.push_back(c);
  }
  if (!is_utf8(out)) return std::unexpected{UrlError::bad_text};
  return out;
}

std::expected<std::vector<Parameter>, UrlError> parse_parameters(std::string_view query) {
  std::vector<Parameter> parameters;
  while (!query.empty()) {
    const std::string_view piece = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), piece.size() + 1));
    if (piece.empty()) continue;
    if (parameters.size() == kParametersMax) {
      return std::unexpected{UrlError::too_many_parameters};
    }
    const std::size_t equals = piece.find('=');
    auto name = decode(piece.substr(0, equals), true);
    if (!name) return std::unexpected{name.error()};
    auto value = decode(equals == std::string_view::npos ? "" : piece.substr(equals + 1), true);
    if (!value) return std::unexpected{value.error()};
    parameters.push_back({std::move(*name), std::move(*value)});
  }
  return parameters;
}

}  // namespace

std::string_view name(UrlError error) {
  switch (error) {
    case UrlError::too_long:
      return "the address is longer than 4096 bytes";
    case UrlError::not_a_path:
      return "the address must begin with a slash";
    case UrlError::bad_percent:
      return "a % in the address is not followed by two hexadecimal digits";
    case UrlError::bad_text:
      return "the address holds a control character or is not UTF-8";
    case UrlError::dots:
      return "the address holds . or .. as a segment";
    case UrlError::too_many_parameters:
      return "the address has more than 32 parameters";
  }
  return "";
}

std::expected<Target, UrlError> parse_target(std::string_view target) {
  if (target.size() > kTargetBytesMax) return std::unexpected{UrlError::too_long};
  if (!target.starts_with('/')) return std::unexpected{UrlError::not_a_path};
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  std::string_view path =
      target.substr(1, question == std::string_view::npos ? question : question - 1);
  Target parsed;
  while (true) {
    const std::size_t slash = path.find('/');
    auto segment = decode(path.substr(0, slash), false);
    if (!segment) return std::unexpected{segment.error()};
    if (*segment == "." || *segment == "..") return std::unexpected{UrlError::dots};
    parsed.path.append("/").append(*segment);
    parsed.segments.push_back(std::move(*segment));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  if (question == std::string_view::npos) return parsed;
  auto parameters = parse_parameters(target.substr(question + 1));
  if (!parameters) return std::unexpected{parameters.error()};
  parsed.parameters = std::move(*parameters);
  return parsed;
}

std::optional<std::int64_t> parse_count(std::string_view text, std::int64_t low,
                                        std::int64_t high) {
  if (text.empty() || text.front() == '-') return std::nullopt;
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end || value < low || value > high) {
    return std::nullopt;
  }
  return value;
}

std::optional<UtcMillis> parse_time(std::string_view text) {
  // The last millisecond of the year 9999, the last that ISO 8601 can write in four digits.
  constexpr std::int64_t kUnixMsMax = 253'402'300'799'999;
  if (const auto unix_ms = parse_count(text, 0, kUnixMsMax)) return UtcMillis{*unix_ms};
  if (const auto time = utc_from_iso(text)) return time;
  std::string with_plus{text};
  const std::size_t space = with_plus.rfind(' ');
  if (space == std::string::npos) return std::nullopt;
  with_plus[space] = '+';
  return utc_from_iso(with_plus);
}

}  // namespace idast::api
