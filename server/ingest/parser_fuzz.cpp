#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/telemetry/row.h"
#include "server/ingest/parser.h"

using namespace idast;

// Whatever is read prints as a message that is read again as the same sample.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ingest::Parser parser;
  constexpr std::string_view kTopic = "solar-tracker/a/telemetry";
  constexpr UtcMillis kReceived{1'703'123'457'000};
  const std::string_view payload{reinterpret_cast<const char*>(data), size};
  const auto record = parser.parse(kTopic, payload, kReceived);
  if (!record) return 0;
  std::string message;
  telemetry::print_message(*record, message);
  // Escaping what need not be escaped may pass the limit; nothing else may stop it.
  if (message.size() > ingest::kPayloadBytesMax) return 0;
  const auto again = parser.parse(kTopic, message, kReceived);
  if (!again) std::abort();
  std::string twice;
  telemetry::print_message(*again, twice);
  if (message != twice || !telemetry::changed_columns(*record, *again).empty()) std::abort();
  return 0;
}
