#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/telemetry/record.h"

// INGEST_INTERVAL_MS: stores at most one sample per device, boot and interval of its own time: the
// first that comes. A thinned sample is acknowledged, counted, and told to the store as a Loss
// without a reason, so that progress passes it and the device may forget it.
//
// What was decided stays decided: a kept sample that is delivered again, because it was not
// committed when its connection ended, is kept again.
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
  // A new connection. Samples without identity cannot be recognised when they come again, and their
  // time may be that of their receipt: each of their devices may store one more.
  void connected();

  std::uint64_t thinned() const { return thinned_; }

 private:
  // Devices and boots remembered; when there are more, all are forgotten and each may store one
  // sample early.
  static constexpr std::size_t kBootsMax = 4'096;
  // Intervals of one boot that are remembered: those at the edges of live samples and a backlog
  // that come mixed. Of an older one, one sample more may be stored.
  static constexpr std::size_t kIntervalsMax = 4;

  struct Interval {
    std::int64_t number = 0;  // Of its length, since 1970.
    std::int64_t kept = 0;    // The sample: its seq, or its time.
  };
  struct Boot {
    bool numbered = false;
    std::vector<Interval> intervals;  // The one begun last stands last.
  };

  Millis interval_;
  std::unordered_map<std::string, Boot> boots_;  // By device and boot.
  std::uint64_t thinned_ = 0;
};

}  // namespace idast::ingest
