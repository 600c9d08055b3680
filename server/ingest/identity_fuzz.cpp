#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/ingest/identity.h"
#include "server/ingest/parser.h"

using namespace idast;

// Of a message that can be read, no other sample is named than the one that it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ingest::Parser parser;
  const std::string_view payload{reinterpret_cast<const char*>(data), size};
  const auto named = ingest::legible_identity(payload);
  const auto record = parser.parse("solar-tracker/a/telemetry", payload, UtcMillis{1});
  if (!named || !record || !record->identified()) return 0;
  const std::int64_t seq = record->value[telemetry::position_of("seq")];
  const std::int64_t first = record->number(telemetry::position_of("seq_from")).value_or(seq);
  if (named->last != seq || named->first != first ||
      named->boot != record->text[telemetry::position_of("boot_id")]) {
    std::abort();
  }
  return 0;
}
