#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "core/units/units.h"

// What the outside world must offer to core/node. Boards implement these with pins and radios, the
// twin with physics and a seed, the storm with faults: faults come through the same port as the
// truth.
//
// Threads: a node and all its ports live on one thread (a board's task, the twin's loop). No call
// blocks for longer than the port's comment says, and none throws.
namespace idast::ports {

// Everything the transmitter can sense in one control step. What is not fitted or did not answer is
// absent; nothing is ever invented.
struct Readings {
  std::optional<std::uint16_t> top, left, right, bottom;  // ADC counts, 0-4095.
  std::optional<Volts> panel_voltage;
  std::optional<Amperes> panel_current;
  std::optional<Celsius> panel_temperature;
  std::optional<Volts> battery_voltage;
  std::optional<Amperes> battery_current;  // Positive when charging.
  std::optional<Percent> battery_charge;
  std::optional<MetresPerSecond> wind;
  std::optional<WattHours> servo_energy, device_energy;  // Counters since the sensor board started.
  FixedText<64> phone;  // Label of the phone now charging, or empty.
};

class Sensors {
 public:
  virtual ~Sensors() = default;
  // One reading of everything; ≤ 10 ms.
  virtual Readings read() = 0;
};

struct ServoAngles {
  Degrees tilt, pan;
};

class Motors {
 public:
  virtual ~Motors() = default;
  // Commands servo angles, already limited and rate-limited by core/control.
  virtual void move(ServoAngles target) = 0;
  // Takes the drive away: the servos hold by friction. Must be safe to call at any time.
  virtual void off() = 0;
};

class Radio {
 public:
  virtual ~Radio() = default;
  // Queues one frame of at most 250 bytes to the other board. False when the queue is full: the
  // caller counts it.
  virtual bool send(Bytes frame) = 0;
  // The oldest frame received, copied into `buffer`; its bytes, or nothing when none waits.
  virtual std::optional<std::size_t> receive(std::span<std::byte> buffer) = 0;
};

// Proof of one QoS 1 delivery, handed back when the broker confirmed it.
using Ticket = std::uint32_t;

enum class PublishError : std::uint8_t { offline, queue_full, too_large };

class Broker {
 public:
  virtual ~Broker() = default;
  virtual bool connected() const = 0;
  // Hands a message over; never waits. QoS 1 yields a ticket, QoS 0 yields 0.
  virtual std::expected<Ticket, PublishError> publish(std::string_view topic,
                                                      std::string_view payload, int qos,
                                                      bool retain) = 0;
  // Subscribes now and after every reconnect.
  virtual void subscribe(std::string_view topic) = 0;
  struct Incoming {
    FixedText<128> topic;
    FixedText<1024> payload;  // CONTRACT: a command is at most 1 KiB; longer ones are counted and
                              // dropped by the port.
  };
  // The oldest message received, or nothing.
  virtual std::optional<Incoming> receive() = 0;
};

enum class FileError : std::uint8_t { absent, full, failed };

class Files {
 public:
  virtual ~Files() = default;
  // Appends and closes: what returned without error survives a power cut.
  virtual std::expected<void, FileError> append(std::string_view name, std::string_view text) = 0;
  // Replaces the file's whole content, or leaves the old one whole.
  virtual std::expected<void, FileError> replace(std::string_view name, std::string_view text) = 0;
  // Up to buffer.size() bytes from `offset`; 0 at the end.
  virtual std::expected<std::size_t, FileError> read(std::string_view name, std::size_t offset,
                                                     std::span<char> buffer) = 0;
  virtual std::expected<std::size_t, FileError> size_bytes(std::string_view name) = 0;
  // Takes the place of `to`, if that exists.
  virtual std::expected<void, FileError> rename(std::string_view from, std::string_view to) = 0;
  virtual std::expected<void, FileError> remove(std::string_view name) = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;                   // Monotonic since boot.
  virtual std::optional<UtcMillis> utc() const = 0;  // Absent until the time of day is known.
};

enum class Level : std::uint8_t { debug, info, warn, error };

class Log {
 public:
  virtual ~Log() = default;
  // event: a stable dotted name. detail: short text for a person; no secrets.
  virtual void write(Level level, std::string_view event, std::string_view detail) = 0;
};

}  // namespace idast::ports
