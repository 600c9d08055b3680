#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mqtt/outgoing.h"
#include "mqtt/packets.h"
#include "mqtt/session.h"

// What a session's values say to a person: what is wrong with options, and the words of its enums.
namespace idast::mqtt {

std::optional<std::string> fault_of(const Options& options) {
  if (options.host.empty()) return "the broker's host is empty";
  if (options.port == 0) return "the broker's port is 0";
  if (options.client_id.empty() && !options.clean_session) {
    return "a session that the broker keeps needs a client id";
  }
  if (options.username.empty() && !options.password.empty()) {
    return "a password needs a user name";
  }
  if (options.keep_alive.count() < 0 || options.keep_alive.count() > 65'535) {
    return "keep_alive must be 0 to 65535 s";
  }
  if (options.packet_bytes_max < 1024 || options.packet_bytes_max > kRemainingLengthMax) {
    return "packet_bytes_max must be 1 KiB to 256 MiB";
  }
  if (options.outgoing_max < 1 || options.outgoing_max > kPublishIdMax) {
    return "outgoing_max must be 1 to 60000";
  }
  if (options.inflight_max < 1 || options.inflight_max > options.outgoing_max) {
    return "inflight_max must be 1 to outgoing_max";
  }
  const bool delays = options.reconnect_delay_min.count() >= 1 &&
                      options.reconnect_delay_min <= options.reconnect_delay_max;
  if (!delays) return "reconnect delays must be at least 1 ms, and the minimum below the maximum";
  if (options.connect_timeout.count() < 1 || options.answer_timeout.count() < 1) {
    return "connect_timeout and answer_timeout must be at least 1 ms";
  }
  if (options.will && options.will->qos > 1) return "the will's QoS must be 0 or 1";

  // What is left can be said best by encoding it.
  Connect connect{.client_id = options.client_id, .clean_session = options.clean_session};
  if (options.will) {
    connect.will = ConnectWill{.topic = options.will->topic, .payload = options.will->payload};
  }
  if (!options.username.empty()) connect.username = options.username;
  if (!options.password.empty()) connect.password = options.password;
  std::string bytes;
  const auto encoded = encode(connect, bytes);
  if (encoded) return std::nullopt;
  return "client id, user name, password or will cannot be sent: " +
         std::string{name(encoded.error())};
}

std::string_view name(DisconnectKind kind) {
  switch (kind) {
    case DisconnectKind::stopped:
      return "stopped";
    case DisconnectKind::resolve_failed:
      return "resolve_failed";
    case DisconnectKind::connect_failed:
      return "connect_failed";
    case DisconnectKind::tls_failed:
      return "tls_failed";
    case DisconnectKind::timed_out:
      return "timed_out";
    case DisconnectKind::refused:
      return "refused";
    case DisconnectKind::closed_by_broker:
      return "closed_by_broker";
    case DisconnectKind::line_dead:
      return "line_dead";
    case DisconnectKind::network_error:
      return "network_error";
    case DisconnectKind::protocol_error:
      return "protocol_error";
  }
  return "unknown";
}

std::string_view name(PublishError error) {
  switch (error) {
    case PublishError::queue_full:
      return "queue_full";
    case PublishError::too_large:
      return "too_large";
    case PublishError::bad_topic:
      return "bad_topic";
    case PublishError::offline:
      return "offline";
    case PublishError::stopped:
      return "stopped";
  }
  return "unknown";
}

std::string_view name(SubscribeError error) {
  switch (error) {
    case SubscribeError::bad_filter:
      return "bad_filter";
    case SubscribeError::too_many:
      return "too_many";
  }
  return "unknown";
}

}  // namespace idast::mqtt
