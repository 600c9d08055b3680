#include "sim/live/session_broker.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "core/base/require.h"

namespace idast::sim {
namespace {

ports::PublishError error_of(mqtt::PublishError error) {
  switch (error) {
    case mqtt::PublishError::queue_full:
      return ports::PublishError::queue_full;
    case mqtt::PublishError::too_large:
    case mqtt::PublishError::bad_topic:
      return ports::PublishError::too_large;
    case mqtt::PublishError::offline:
    case mqtt::PublishError::stopped:
      break;
  }
  return ports::PublishError::offline;
}

}  // namespace

SessionBroker::SessionBroker(boost::asio::io_context& io, mqtt::Options options,
                             const std::string& device_id, Events events)
    : io_{io},
      root_{"solar-tracker/" + device_id + "/"},
      events_{std::move(events)},
      session_{io, std::move(options), callbacks()} {}

mqtt::Callbacks SessionBroker::callbacks() {
  mqtt::Callbacks made;
  made.connected = [this](bool) {
    if (events_.connected) events_.connected();
  };
  made.disconnected = [this](const mqtt::DisconnectReason& reason) {
    if (events_.disconnected) events_.disconnected(reason);
  };
  made.message = [this](const mqtt::Message& message) { take(message); };
  return made;
}

void SessionBroker::take(const mqtt::Message& message) {
  // A command that could not be kept would only come again later, and late is worse than never.
  session_.acknowledge(message.token);
  if (message.topic == root_ + "stored") {
    if (events_.stored) events_.stored(message.payload);
    // The next word says it again; a command has no next.
    if (inbox_.size() >= kInboxMax / 2) return;
  }
  Incoming incoming;
  const bool fits =
      incoming.topic.assign(message.topic) && incoming.payload.assign(message.payload);
  if (!fits || inbox_.size() == kInboxMax) {
    ++commands_dropped_;
    return;
  }
  inbox_.push_back(incoming);
}

void SessionBroker::stop(std::string_view offline_status, std::function<void()> done) {
  if (!session_.publish(root_ + "status", offline_status, 1, true)) {
    boost::asio::post(io_, std::move(done));
    return;
  }
  session_.stop(std::move(done));
}

bool SessionBroker::publish_past(std::string_view topic, std::string_view payload,
                                 std::function<void()> acknowledged) {
  return session_.publish(topic, payload, 1, false, std::move(acknowledged)).has_value();
}

std::expected<ports::Ticket, ports::PublishError> SessionBroker::publish(std::string_view topic,
                                                                         std::string_view payload,
                                                                         int qos, bool retain) {
  std::function<void()> acknowledged;
  const bool sample = topic.ends_with("/telemetry");
  // Without a connection the node's own memory keeps it, and knows what to leave out when it is
  // full.
  if (sample && !session_.connected()) return std::unexpected{ports::PublishError::offline};
  if (sample && events_.delivered) {
    acknowledged = [this, time = time_] { events_.delivered(time); };
  }
  const auto published = session_.publish(topic, payload, static_cast<std::uint8_t>(qos), retain,
                                          std::move(acknowledged));
  if (!published) return std::unexpected{error_of(published.error())};
  return qos == 0 ? 0 : ++ticket_;
}

void SessionBroker::subscribe(std::string_view topic) {
  const auto subscribed = session_.subscribe(topic, 1);
  require(subscribed.has_value(), "SessionBroker: a tracker has few topics of its own");
}

std::optional<ports::Broker::Incoming> SessionBroker::receive() {
  if (inbox_.empty()) return std::nullopt;
  const Incoming oldest = inbox_.front();
  inbox_.pop_front();
  return oldest;
}

}  // namespace idast::sim
