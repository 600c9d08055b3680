#include "server/ingest/refusal.h"

#include <algorithm>

#include "core/base/hex.h"

namespace idast::ingest {
namespace {

constexpr std::string_view kRoot = "solar-tracker/";
constexpr std::size_t kDeviceIdMax = 64;
constexpr std::size_t kHeadBytes = 256;

bool is_id_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

}  // namespace

std::expected<Topic, Refusal> read_topic(std::string_view topic) {
  if (!topic.starts_with(kRoot)) return std::unexpected{Refusal::bad_topic};
  topic.remove_prefix(kRoot.size());
  const std::size_t slash = topic.find('/');
  if (slash == std::string_view::npos) return std::unexpected{Refusal::bad_topic};
  const Topic read{topic.substr(0, slash), topic.substr(slash + 1)};
  if (read.kind.empty() || read.kind.find('/') != std::string_view::npos) {
    return std::unexpected{Refusal::bad_topic};
  }
  if (read.device.empty() || read.device.size() > kDeviceIdMax ||
      !std::ranges::all_of(read.device, is_id_character)) {
    return std::unexpected{Refusal::bad_device_id};
  }
  return read;
}

std::string escaped_head(std::string_view payload) {
  std::string text;
  for (const char c : payload.substr(0, kHeadBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '\\') {
      text.push_back(c);
    } else {
      text.append("\\x");
      text.push_back(kHexDigits[byte >> 4]);
      text.push_back(kHexDigits[byte & 15]);
    }
  }
  return text;
}

}  // namespace idast::ingest
