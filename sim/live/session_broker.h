#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "core/base/time.h"
#include "core/ports/ports.h"
#include "mqtt/session.h"

namespace idast::sim {

// The Broker port over a real connection: one for each tracker, as a board has one. Threads: the
// one that runs the io_context.
class SessionBroker final : public ports::Broker {
 public:
  // Commands waiting for the node's next step; more are dropped and counted.
  static constexpr std::size_t kInboxMax = 16;
  // What the session holds for a broker that is away: six minutes of live samples.
  static constexpr std::size_t kOutgoingMax = 1'000;

  struct Events {                              // all optional
    std::function<void(UtcMillis)> delivered;  // a live sample of this time is with the broker
    std::function<void(std::string_view payload)> stored;  // the server's word, see CONTRACT §1
    std::function<void(const mqtt::DisconnectReason&)> disconnected;
    std::function<void()> connected;
  };

  SessionBroker(boost::asio::io_context& io, mqtt::Options options, const std::string& device_id,
                Events events);

  void start() { session_.start(); }
  // Says farewell, lets the broker acknowledge what it can, and disconnects. Where the farewell
  // finds no room, the connection is left to be cut: the will says the same.
  void stop(std::string_view offline_status, std::function<void()> done);

  // The time of the samples that are published from now on.
  void set_time(UtcMillis time) { time_ = time; }

  // A message of the past, at QoS 1. False when there is no room.
  bool publish_past(std::string_view topic, std::string_view payload,
                    std::function<void()> acknowledged);
  std::size_t outgoing() const { return session_.counters().outgoing; }
  std::uint64_t commands_dropped() const { return commands_dropped_; }

  bool connected() const override { return session_.connected(); }
  std::expected<ports::Ticket, ports::PublishError> publish(std::string_view topic,
                                                            std::string_view payload, int qos,
                                                            bool retain) override;
  void subscribe(std::string_view topic) override;
  std::optional<Incoming> receive() override;

 private:
  mqtt::Callbacks callbacks();
  void take(const mqtt::Message& message);

  boost::asio::io_context& io_;
  std::string root_;  // solar-tracker/ID/
  Events events_;
  mqtt::Session session_;
  std::deque<Incoming> inbox_;
  std::uint64_t commands_dropped_ = 0;
  UtcMillis time_;
  ports::Ticket ticket_ = 0;
};

}  // namespace idast::sim
