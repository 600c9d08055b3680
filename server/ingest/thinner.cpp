#include "server/ingest/thinner.h"

#include <algorithm>

namespace idast::ingest {

bool Thinner::keep(const telemetry::Record& record) {
  if (interval_ <= Millis{0}) return true;
  std::string key = record.device + '/';
  if (record.identified()) key += record.text[telemetry::position_of("boot_id")];
  if (boots_.size() >= kBootsMax && !boots_.contains(key)) boots_.clear();
  Boot& boot = boots_[key];
  boot.numbered = record.identified();

  const std::int64_t time_ms = record.ts.unix_ms();
  const std::int64_t length_ms = interval_.count();
  // Rounded down, also before 1970.
  const std::int64_t number = time_ms / length_ms - (time_ms % length_ms < 0 ? 1 : 0);
  const std::int64_t sample = boot.numbered ? record.value[telemetry::position_of("seq")] : time_ms;
  const auto known = std::ranges::find(boot.intervals, number, &Interval::number);
  if (known != boot.intervals.end()) {
    if (known->kept == sample) return true;
    ++thinned_;
    return false;
  }
  if (boot.intervals.size() >= kIntervalsMax) boot.intervals.erase(boot.intervals.begin());
  boot.intervals.push_back({number, sample});
  return true;
}

void Thinner::connected() {
  std::erase_if(boots_, [](const auto& boot) { return !boot.second.numbered; });
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
