#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "mqtt/session.h"

namespace idast::mqtt {

// Runs the loop until the claim holds. The limit is there for a claim that never will; no test
// depends on how long anything takes.
template <class Claim>
bool run_until(boost::asio::io_context& io, Claim claim) {
  const auto expired = std::make_shared<bool>(false);  // the cancelled wait may come later
  boost::asio::steady_timer limit{io, std::chrono::seconds{20}};
  limit.async_wait([expired](const auto& error) { *expired = !error; });
  while (!*expired && !claim()) {
    io.restart();
    io.run_one();
  }
  return claim();
}

// A session whose callbacks are written down.
struct Probe {
  struct Received {
    std::string topic;
    std::string payload;
    std::uint8_t qos;
    bool retain;
    bool duplicate;
    AckToken token;
  };

  Probe(boost::asio::io_context& io, Options options)
      : session{io,
                std::move(options),
                {.connected = [this](bool present) { session_present.push_back(present); },
                 .disconnected = [this](const DisconnectReason& why) { ends.push_back(why); },
                 .message =
                     [this](const Message& message) {
                       messages.push_back({std::string{message.topic}, std::string{message.payload},
                                           message.qos, message.retain, message.duplicate,
                                           message.token});
                     },
                 .subscribed = [this] { ++subscribed; },
                 .subscription_refused =
                     [this](std::string_view filter) { refused.emplace_back(filter); }}} {}

  std::size_t connects() const { return session_present.size(); }

  std::vector<bool> session_present;
  std::vector<DisconnectReason> ends;
  std::vector<Received> messages;
  std::vector<std::string> refused;
  int subscribed = 0;
  Session session;  // last: it calls the lambdas above
};

// Options whose delays are short enough to be met in a test.
inline Options probe_options(std::uint16_t port, std::string client_id) {
  Options options;
  options.port = port;
  options.client_id = std::move(client_id);
  options.reconnect_delay_min = std::chrono::milliseconds{1};
  options.reconnect_delay_max = std::chrono::milliseconds{20};
  return options;
}

}  // namespace idast::mqtt
