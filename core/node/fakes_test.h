#pragma once
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/node/receiver.h"
#include "core/node/transmitter.h"
#include "core/ports/ports.h"

// Ports that remember what was asked of them and fail on demand, and a pair of nodes between them.
namespace idast::node {

struct FakeClock final : ports::Clock {
  Instant now_{};
  std::optional<UtcMillis> utc_;
  Instant now() const override { return now_; }
  std::optional<UtcMillis> utc() const override { return utc_; }
};

struct FakeSensors final : ports::Sensors {
  ports::Readings readings;
  int reads = 0;
  ports::Readings read() override {
    ++reads;
    return readings;
  }
};

struct FakeMotors final : ports::Motors {
  std::optional<ports::ServoAngles> target;  // none: off
  int offs = 0;
  void move(ports::ServoAngles to) override { target = to; }
  void off() override {
    target.reset();
    ++offs;
  }
};

// One direction of the air. What is sent can be received at once.
struct FakeRadio final : ports::Radio {
  std::deque<std::vector<std::byte>>* out = nullptr;
  std::deque<std::vector<std::byte>> in;
  bool full = false;
  bool send(Bytes frame) override {
    if (full) return false;
    if (out != nullptr) out->emplace_back(frame.begin(), frame.end());
    return true;
  }
  std::optional<std::size_t> receive(std::span<std::byte> buffer) override {
    if (in.empty()) return std::nullopt;
    const auto frame = in.front();
    in.pop_front();
    std::memcpy(buffer.data(), frame.data(), frame.size());
    return frame.size();
  }
};

struct FakeBroker final : ports::Broker {
  struct Message {
    std::string topic, payload;
    int qos;
    bool retain;
  };
  std::vector<Message> published;
  std::vector<std::string> subscribed;
  std::deque<std::string> commands;
  std::deque<std::string> stored;  // words of the server
  std::string control_topic = "solar-tracker/esp32-receiver-A1B2C3/control";
  std::optional<ports::PublishError> refuse;
  bool online = true;
  bool confirms = true;  // as a server does that stores what it gets
  std::set<std::int64_t> heard;
  std::int64_t confirmed = -1;

  bool connected() const override { return online; }
  std::expected<ports::Ticket, ports::PublishError> publish(std::string_view topic,
                                                            std::string_view payload, int qos,
                                                            bool retain) override {
    if (!online) return std::unexpected{ports::PublishError::offline};
    if (refuse) return std::unexpected{*refuse};
    if (confirms && topic.ends_with("/telemetry")) confirm(payload);
    published.push_back({std::string{topic}, std::string{payload}, qos, retain});
    return static_cast<ports::Ticket>(published.size());
  }
  void confirm(std::string_view payload) {
    const auto boot = payload.find("\"boot\":\""), seq = payload.find("\"seq\":");
    heard.insert(std::atoll(payload.data() + seq + 6));
    while (heard.contains(confirmed + 1)) heard.erase(++confirmed);
    stored.push_back("{" + std::string{payload.substr(boot, 25)} +
                     ",\"upto\":" + std::to_string(confirmed) + "}");
  }
  void subscribe(std::string_view topic) override { subscribed.emplace_back(topic); }
  std::optional<Incoming> receive() override {
    Incoming incoming;
    if (!stored.empty()) {
      incoming.topic = "solar-tracker/esp32-receiver-A1B2C3/stored";
      if (!incoming.payload.assign(stored.front())) incoming.payload = {};
      stored.pop_front();
      return incoming;
    }
    if (commands.empty()) return std::nullopt;
    incoming.topic = FixedText<128>{control_topic};
    if (!incoming.payload.assign(commands.front())) incoming.payload = {};
    commands.pop_front();
    return incoming;
  }

  std::vector<Message> on(std::string_view leaf) const {
    std::vector<Message> found;
    for (const Message& message : published) {
      if (message.topic.ends_with("/" + std::string{leaf})) found.push_back(message);
    }
    return found;
  }
};

struct FakeFiles final : ports::Files {
  std::map<std::string, std::string, std::less<>> files;
  std::optional<ports::FileError> refuse;
  int replaced = 0;

  std::expected<void, ports::FileError> append(std::string_view name,
                                               std::string_view text) override {
    if (refuse) return std::unexpected{*refuse};
    files[std::string{name}] += text;
    return {};
  }
  std::expected<void, ports::FileError> replace(std::string_view name,
                                                std::string_view text) override {
    if (refuse) return std::unexpected{*refuse};
    files[std::string{name}] = text;
    ++replaced;
    return {};
  }
  std::expected<std::size_t, ports::FileError> read(std::string_view name, std::size_t offset,
                                                    std::span<char> buffer) override {
    const auto found = files.find(name);
    if (found == files.end()) return std::unexpected{ports::FileError::absent};
    if (offset >= found->second.size()) return std::size_t{0};
    return found->second.copy(buffer.data(), buffer.size(), offset);
  }
  std::expected<std::size_t, ports::FileError> size_bytes(std::string_view name) override {
    const auto found = files.find(name);
    if (found == files.end()) return std::unexpected{ports::FileError::absent};
    return found->second.size();
  }
  std::expected<void, ports::FileError> rename(std::string_view from,
                                               std::string_view to) override {
    const auto found = files.find(from);
    if (found == files.end()) return std::unexpected{ports::FileError::absent};
    files[std::string{to}] = found->second;
    files.erase(found);
    return {};
  }
  std::expected<void, ports::FileError> remove(std::string_view name) override {
    files.erase(std::string{name});
    return {};
  }
};

struct FakeLog final : ports::Log {
  std::vector<std::string> events;
  void write(ports::Level, std::string_view event, std::string_view) override {
    events.emplace_back(event);
  }
};

inline ports::Readings sunny() {
  ports::Readings readings;
  readings.top = 2500;
  readings.left = 2300;
  readings.right = 2400;
  readings.panel_voltage = volts(8.f);
  readings.panel_current = amperes(1.f);
  readings.panel_temperature = celsius(34.5f);
  readings.battery_voltage = volts(6.2f);
  readings.battery_current = amperes(1.f);
  readings.battery_charge = percent(87.5f);
  return readings;
}

// 2025-06-21T04:00:00Z: noon at Batangas.
inline constexpr UtcMillis kNoon{1'750'478'400'000};
inline constexpr wire::SenderId kTransmitterId{0x00a1b2c3}, kReceiverId{0x01a1b2c3};

inline Site batangas() {
  Site site;
  site.place = {degrees(13.75f), degrees(121.05f), metres(20.f)};
  return site;
}

// A transmitter and a receiver in one room, stepped every `kTick` with the receiver's clock set.
struct Pair {
  static constexpr Millis kTick{20};

  FakeClock transmitter_clock, receiver_clock;
  FakeSensors sensors;
  FakeMotors motors;
  FakeRadio transmitter_radio, receiver_radio;
  FakeBroker broker;
  FakeFiles files, transmitter_files;
  FakeLog log;
  TransmitterSettings transmitter_settings;
  ReceiverSettings receiver_settings;
  std::optional<Transmitter> transmitter;
  std::optional<Receiver> receiver;
  Instant now{};

  Pair() {
    transmitter_radio.out = &receiver_radio.in;
    receiver_radio.out = &transmitter_radio.in;
    sensors.readings = sunny();
    receiver_clock.utc_ = kNoon;
    transmitter_settings.self = receiver_settings.transmitter = kTransmitterId;
    transmitter_settings.receiver = receiver_settings.self = kReceiverId;
    receiver_settings.device_id = "esp32-receiver-A1B2C3";
    receiver_settings.boot = {0x0123456789abcdef};
    receiver_settings.mode = "sim";
    receiver_settings.site = batangas();
    start_transmitter();
    start_receiver();
  }
  Pair(const Pair&) = delete;

  void start_transmitter() {
    ++transmitter_settings.boot;
    transmitter.emplace(transmitter_settings,
                        TransmitterPorts{sensors, motors, transmitter_radio, transmitter_files,
                                         transmitter_clock, log});
  }
  void start_receiver() {
    ++receiver_settings.radio_boot;
    receiver.emplace(receiver_settings,
                     ReceiverPorts{receiver_radio, broker, files, receiver_clock, log});
  }
  void run(Millis lasting) {
    for (const Instant until = now + lasting; now < until;) {
      now = now + kTick;
      if (receiver_clock.utc_) receiver_clock.utc_ = *receiver_clock.utc_ + kTick;
      transmitter->step(now);
      receiver->step(now);
    }
  }
  std::vector<FakeBroker::Message> run_and_take(std::string_view leaf, Millis lasting) {
    broker.published.clear();
    run(lasting);
    return broker.on(leaf);
  }
};

}  // namespace idast::node
