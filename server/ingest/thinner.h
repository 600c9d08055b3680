#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "core/telemetry/record.h"

// INGEST_INTERVAL_MS: stores at most one sample per device per interval. A thinned sample is
// acknowledged, counted, and told to the store as a Loss without a reason, so that progress passes
// it and the device may forget it.
namespace idast::ingest {

class Thinner {
 public:
  // Without an interval everything is kept.
  explicit Thinner(Millis interval) : interval_{interval} {}

  // Whether to store the sample. By the samples' own time: of a backlog, too, one per interval
  // stays.
  bool keep(const telemetry::Record& record);
  // What stands for a thinned sample of a device that numbers them; nothing for others.
  static std::optional<telemetry::Loss> loss_of(const telemetry::Record& record);

  std::uint64_t thinned() const { return thinned_; }

 private:
  // Devices remembered; when there are more, all are forgotten and each may store one sample early.
  static constexpr std::size_t kDevicesMax = 4'096;

  Millis interval_;
  std::unordered_map<std::string, UtcMillis> kept_;
  std::uint64_t thinned_ = 0;
};

}  // namespace idast::ingest
