#pragma once
#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

// What ingest does not take, and why. A refused message is counted, its head logged, and then
// acknowledged: refusing it again tomorrow would help nobody.
namespace idast::ingest {

enum class Refusal : std::uint8_t {
  bad_topic,       // Not solar-tracker/{id}/….
  bad_device_id,   // Not 1 to 64 characters of [A-Za-z0-9_.-].
  too_large,       // Over kPayloadBytesMax.
  bad_utf8,        // RFC 3629.
  not_json,        // RFC 8259, except for the bare words of parser.h.
  not_object,      // JSON, but no object.
  too_deep,        // Deeper than kDepthMax.
  foreign_device,  // `device_id` names another device than the topic.
  bad_content,     // A status, lost or other small message without what makes it one.
};
inline constexpr std::array<std::string_view, 9> kRefusalNames{
    "bad_topic",  "bad_device_id", "too_large",      "bad_utf8",   "not_json",
    "not_object", "too_deep",      "foreign_device", "bad_content"};
constexpr std::string_view name(Refusal refusal) {
  return kRefusalNames[static_cast<std::size_t>(refusal)];
}

// CONTRACT §1. The broker lets larger packets through, so that they are seen and counted here.
inline constexpr std::size_t kPayloadBytesMax = 65'536;
// The outermost object is 1 deep.
inline constexpr int kDepthMax = 16;

struct Topic {
  std::string_view device;
  std::string_view kind;  // "telemetry", "status", …
};
// Reads solar-tracker/{id}/{kind}; errors bad_topic and bad_device_id.
std::expected<Topic, Refusal> read_topic(std::string_view topic);

// The first 256 bytes for a log line: what is not printable ASCII is escaped as \xNN.
std::string escaped_head(std::string_view payload);

}  // namespace idast::ingest
