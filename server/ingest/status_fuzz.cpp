#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/ingest/parser.h"
#include "server/ingest/status.h"

using namespace idast;

// Whatever is read keeps its promises.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ingest::StatusReader reader;
  const std::string_view payload{reinterpret_cast<const char*>(data), size};
  const auto status = reader.read_status("solar-tracker/a/status", payload);
  if (status) {
    if (status->device != "a" || status->lost.size() > ingest::kLossReasonsMax) std::abort();
    if (status->backfill && status->backfill->done > status->backfill->total) std::abort();
  }
  const auto loss = reader.read_lost("solar-tracker/a/lost", payload, UtcMillis{5});
  if (loss && (loss->first < 0 || loss->last < loss->first || loss->reason.empty())) std::abort();
  const auto row = reader.read_history("solar-tracker/a/history", payload, UtcMillis{5});
  if (row) {
    const bool says = row->energy || row->battery || row->session_min || !row->device_name.empty();
    if (!says || row->taken > row->received + ingest::kAheadMax) std::abort();
  }
  return 0;
}
