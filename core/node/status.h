#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/telemetry/sample.h"

// The status message: retained, so that whoever comes later knows whether the device is there.
namespace idast::node {

inline constexpr std::size_t kStatusBytesMax = 1024;

// What only the board knows about itself. Empty text and absent numbers are left out.
struct BoardFacts {
  bool wifi_connected = false;
  FixedText<32> wifi_ssid;
  FixedText<45> address;  // of the station, as text
  FixedText<24> firmware;
  FixedText<24> reset_reason;
  std::optional<std::int32_t> rssi_dbm;
  std::optional<std::int64_t> heap_bytes;
};

// Samples that will never reach the server, by the reason for it.
struct LostCounts {
  std::uint32_t ring_full = 0;    // the memory had no room left, even for summaries
  std::uint32_t too_large = 0;    // for this broker
  std::uint32_t unprintable = 0;  // longer than CONTRACT §1 allows a message to be
};

// A backlog on its way: samples confirmed, and samples in all.
struct Backfill {
  std::int64_t done = 0;
  std::int64_t total = 0;
  friend bool operator==(const Backfill&, const Backfill&) = default;
};

struct Status {
  bool online = true;
  std::optional<std::int64_t> timestamp;  // as a sample's; absent in the will: nobody knows when
  std::string_view device_id;
  BoardFacts board;
  bool mqtt_connected = false;
  std::optional<Millis> uptime;
  telemetry::BootId boot;
  std::uint32_t radio_lost = 0;  // frames of the transmitter that did not arrive
  std::size_t ring_used = 0;     // bytes of the memory, and all it has
  std::size_t ring_size = 0;
  LostCounts lost;
  std::optional<Backfill> backfill;
};

void print_json(const Status& status, TextWriter& out);

}  // namespace idast::node
