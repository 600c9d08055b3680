#include "server/ingest/thinner.h"

namespace idast::ingest {

bool Thinner::keep(const telemetry::Record& record) {
  if (interval_ <= Millis{0}) return true;
  const auto last = kept_.find(record.device);
  if (last != kept_.end()) {
    // Going back in time is a backlog, which has intervals of its own.
    const Millis apart =
        record.ts < last->second ? last->second - record.ts : record.ts - last->second;
    if (apart < interval_) {
      ++thinned_;
      return false;
    }
    last->second = record.ts;
    return true;
  }
  if (kept_.size() >= kDevicesMax) kept_.clear();
  kept_.emplace(record.device, record.ts);
  return true;
}

std::optional<telemetry::Loss> Thinner::loss_of(const telemetry::Record& record) {
  if (!record.identified()) return std::nullopt;
  const std::int64_t seq = record.value[telemetry::position_of("seq")];
  const auto from = record.number(telemetry::position_of("seq_from"));
  return telemetry::Loss{.device = record.device,
                         .boot = record.text[telemetry::position_of("boot_id")],
                         .first = from.value_or(seq),
                         .last = seq,
                         .reason = {},
                         .received = record.received};
}

}  // namespace idast::ingest
