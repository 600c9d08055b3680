#include "server/transfer/message.h"

#include "server/ingest/refusal.h"

namespace idast::transfer {

std::expected<telemetry::Record, std::string_view> MessageReader::read(std::string_view device,
                                                                       UtcMillis received,
                                                                       UtcMillis ts,
                                                                       std::string_view message) {
  topic_.assign("solar-tracker/").append(device).append("/telemetry");
  auto record = parser_.parse(topic_, message, received);
  if (!record) return std::unexpected{ingest::name(record.error())};
  record->ts = ts;
  return std::move(*record);
}

}  // namespace idast::transfer
