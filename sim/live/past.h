#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "core/ports/ports.h"
#include "sim/live/folder.h"
#include "sim/live/memory.h"
#include "sim/live/pair.h"

// The past of a tracker, simulated quickly: first to know where it ends, then once more to deliver
// it. Both runs give the same bytes, so nothing of it needs to be kept.
namespace idast::sim {

inline constexpr Millis kPastStep = std::chrono::seconds{10};
inline constexpr Millis kPastSampleEvery = std::chrono::seconds{60};
// At night nothing moves and nothing is learned: a step a sample.
inline constexpr Millis kPastStepAtNight = kPastSampleEvery;
inline constexpr Millis kLiveSampleEvery{350};

// Always connected, takes everything, and knows what it took: how many samples, and a digest of
// every sample's and history row's bytes in their order (FNV-1a, 64 bit).
class PastBroker final : public ports::Broker {
 public:
  struct Message {
    std::string_view topic, payload;
    std::int64_t seq;  // of the sample, or of the next one for a history row
    bool sample;
  };
  std::function<void(const Message&)> take;  // optional

  bool connected() const override { return true; }
  std::expected<ports::Ticket, ports::PublishError> publish(std::string_view topic,
                                                            std::string_view payload, int qos,
                                                            bool retain) override;
  void subscribe(std::string_view) override {}
  std::optional<Incoming> receive() override { return std::nullopt; }

  std::int64_t samples() const { return samples_; }
  std::uint64_t digest() const { return digest_; }

 private:
  std::int64_t samples_ = 0;
  std::uint64_t digest_ = 0xcbf29ce484222325u;
};

// A pair on its way through the past of a backlog. `backlog` must have everything but total, done
// and digest. The pair can go on living when the past is over.
class Past {
 public:
  Past(const Identity& identity, const Sky& sky, const Backlog& backlog, ports::Log& log);

  // One step; false when the past is over.
  bool step();
  PastBroker& broker() { return broker_; }
  const PastBroker& broker() const { return broker_; }
  MemoryFiles& files() { return files_; }
  MemoryFiles& transmitter_files() { return transmitter_files_; }

  // The pair, at the end of its past; this object stays behind with ports that it no longer uses
  // (turn its switches first).
  std::unique_ptr<Pair> release() { return std::move(pair_); }
  Pair& pair() { return *pair_; }

 private:
  UtcMillis to_;
  PastBroker broker_;
  MemoryFiles files_, transmitter_files_;
  std::unique_ptr<Pair> pair_;
};

}  // namespace idast::sim
