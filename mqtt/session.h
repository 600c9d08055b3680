#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mqtt/url.h"

namespace boost::asio {
class io_context;
}

// A lasting conversation with one MQTT 3.1.1 broker: it connects, subscribes, reconnects and
// resubscribes until it is stopped. What sets it apart from other clients: a received message is
// acknowledged only when the caller says so, for instance after the database has committed it.
//
// Threads: one. Every call must come from the thread that runs the io_context, and every callback
// comes on it. Callbacks may call any method of the session, also destroy it; they must not throw.
namespace idast::mqtt {

// The largest packet taken from a broker or sent to one, header included. The server itself sees,
// refuses and counts payloads above 64 KiB, so they must reach it; 256 KiB leaves room to spare and
// still bounds what a session can hold. A larger PUBLISH is skipped without being stored, counted
// and, at QoS 1, acknowledged, because the broker would redeliver it for ever; any other larger
// packet is a protocol error, which ends the connection. What number a skipped sample had is not
// known: its sender must give it up itself. Our boards cannot make one (server/app/pipeline.cpp).
constexpr std::size_t kPacketBytesMax = 256uz * 1024;

// A message the broker publishes for us when the connection ends without our DISCONNECT.
struct Will {
  std::string topic = {};
  std::string payload = {};
  std::uint8_t qos = 1;  // 0 or 1
  bool retain = true;
};

struct Options {
  // An address, or a name: Asio looks names up on a thread of its own, because the system's lookup
  // blocks; its end may wait for the resolver's timeout when the io_context is destroyed.
  std::string host = "127.0.0.1";
  std::uint16_t port = kPlainPort;
  bool tls = false;          // TLS 1.2 or later; the certificate must be valid for `host`
  std::string ca_file = {};  // PEM; empty: the certificates the operating system trusts
  std::string client_id = {};
  bool clean_session = false;           // true: the broker forgets us at every disconnect
  std::string username = {};            // empty: none
  std::string password = {};            // sent only with a user name
  std::chrono::seconds keep_alive{30};  // 0: no pings, a dead broker is then noticed by TCP alone
  std::optional<Will> will = {};

  std::size_t packet_bytes_max = kPacketBytesMax;
  // QoS 1 publishes accepted and not yet acknowledged by the broker, waiting or in flight.
  std::size_t outgoing_max = 1'000;  // 1 … 60 000 (they share the 16-bit packet ids)
  std::size_t outgoing_bytes_max = 4096uz * 1024;
  std::size_t inflight_max = 100;  // of these, sent at once; 1 … outgoing_max

  std::chrono::milliseconds connect_timeout{10'000};  // from the name lookup to CONNACK
  std::chrono::milliseconds answer_timeout{20'000};   // from SUBSCRIBE to SUBACK
  std::chrono::milliseconds stop_timeout{2'000};      // what stop() waits at most
  // The wait before a new attempt doubles from min to max, times a random 0.5 … 1. It starts again
  // at min only after a connection that lived for stable_after: two sessions that take over one
  // client id from each other slow down instead of storming.
  std::chrono::milliseconds reconnect_delay_min{100};
  std::chrono::milliseconds reconnect_delay_max{10'000};
  std::chrono::milliseconds stable_after{5'000};
  // How often the line is looked at: a silent one is pinged twice and given up at the third look.
  // 0: a third of keep_alive, so that a line silent for a whole keep-alive is dead.
  std::chrono::milliseconds line_check{0};
  std::uint64_t jitter_seed = 1;  // give every process its own
};

// One sentence when the options contradict each other or MQTT; for configuration checks. Session's
// constructor requires that there is none.
std::optional<std::string> fault_of(const Options& options);

enum class DisconnectKind : std::uint8_t {
  stopped,           // stop() was called
  resolve_failed,    // the host name has no address
  connect_failed,    // no TCP connection
  tls_failed,        // bad CA file, handshake failed, or certificate not valid for the host
  timed_out,         // connect_timeout or answer_timeout passed
  refused,           // CONNACK said no; DisconnectReason::connack_code says why
  closed_by_broker,  // also what a client id taken over by another session looks like
  line_dead,         // no answer to a ping
  network_error,
  protocol_error,  // the broker broke MQTT; counted
};

struct DisconnectReason {
  DisconnectKind kind = DisconnectKind::stopped;
  std::uint8_t connack_code = 0;          // 1 … 5 when refused (MQTT 3.1.1 table 3.1)
  bool was_connected = false;             // false: an attempt failed before the broker's CONNACK
  std::string words = {};                 // for a person, without secrets
  std::chrono::milliseconds retry_in{0};  // until the next attempt; 0 after stop()
};

// A stable word for logs and metrics, such as "connect_failed".
std::string_view name(DisconnectKind kind);

// What PUBACK needs. packet_id 0: a QoS 0 message, nothing to acknowledge. A broker that sends a
// message again on the same connection makes the earlier token void: only the last one says PUBACK,
// so that none goes out before what came last is safe.
struct AckToken {
  std::uint64_t connection = 0;
  std::uint16_t packet_id = 0;
  std::uint32_t serial = 0;  // Of this delivery.
  friend bool operator==(const AckToken&, const AckToken&) = default;
};

struct Message {  // the views are valid during the callback only
  std::string_view topic = {};
  std::string_view payload = {};
  std::uint8_t qos = 0;  // 0 or 1
  bool retain = false;
  bool duplicate = false;
  AckToken token = {};
};

struct Callbacks {  // all optional
  std::function<void(bool session_present)> connected = {};
  // After every connection that ended and every attempt that failed; never from within a call of
  // stop() itself.
  std::function<void(const DisconnectReason&)> disconnected = {};
  // May come before `subscribed`: a resumed session delivers at once.
  std::function<void(const Message&)> message = {};
  // Every remembered filter is confirmed; again after every connect.
  std::function<void()> subscribed = {};
  // The broker answered "failure" for this filter; it is tried again at the next connect.
  std::function<void(std::string_view filter)> subscription_refused = {};
};

enum class PublishError : std::uint8_t {
  queue_full,  // outgoing_max or outgoing_bytes_max reached; try again after an acknowledgement
  too_large,   // the packet would pass packet_bytes_max
  bad_topic,   // empty, wildcard, not UTF-8, or too long
  offline,     // QoS 0 while not connected: dropped
  stopped,     // before start() or after stop()
};
std::string_view name(PublishError error);

enum class SubscribeError : std::uint8_t {
  bad_filter,
  too_many,  // kSubscriptionsMax
};
std::string_view name(SubscribeError error);

// Filters a session remembers: a server needs under ten, a twin one per simulated device.
constexpr std::size_t kSubscriptionsMax = 4'096;

// Everything since the session was made, for metrics. Gauges stand at the end.
struct Counters {
  std::uint64_t connects = 0;          // CONNACK "accepted"
  std::uint64_t connect_failures = 0;  // attempts that ended before that
  std::uint64_t connects_refused = 0;  // of these, by a CONNACK code
  std::uint64_t disconnects = 0;       // connections that ended, stop() included
  std::uint64_t protocol_errors = 0;
  std::uint64_t lines_dead = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;

  std::uint64_t messages_received = 0;    // given to the callback
  std::uint64_t duplicates_received = 0;  // of these, marked DUP by the broker
  std::uint64_t messages_oversize = 0;    // skipped, see kPacketBytesMax
  std::uint64_t messages_bad_topic = 0;   // not UTF-8, a wildcard or empty: acknowledged, not given
  std::uint64_t acknowledgements_sent = 0;
  std::uint64_t acknowledgements_stale = 0;    // of an older connection: ignored
  std::uint64_t acknowledgements_unknown = 0;  // given twice, or never received: ignored
  std::uint64_t acknowledgements_void = 0;     // of a message that came again since: ignored

  std::uint64_t publishes_sent = 0;  // written, resends not included
  std::uint64_t publishes_resent = 0;
  std::uint64_t publishes_acknowledged = 0;
  std::uint64_t publishes_queue_full = 0;
  std::uint64_t publishes_too_large = 0;
  std::uint64_t publishes_bad_topic = 0;
  std::uint64_t publishes_offline = 0;    // QoS 0 while not connected
  std::uint64_t publishes_abandoned = 0;  // QoS 1, not acknowledged when stop() ended
  std::uint64_t subscriptions_refused = 0;
  std::uint64_t answers_unexpected = 0;  // PUBACK, SUBACK for nothing we asked: ignored

  std::size_t held = 0;      // received at QoS 1 on this connection, not yet acknowledged
  std::size_t held_max = 0;  // the most at once: a lower bound of the broker's in-flight window
  std::size_t outgoing = 0;  // QoS 1 publishes accepted, not yet acknowledged by the broker
};

class Session {
 public:
  // The io_context must outlive the session. Nothing happens before start().
  Session(boost::asio::io_context& io, Options options, Callbacks callbacks);
  // Cuts the connection without DISCONNECT (the will fires) and calls nothing any more.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();
  // Waits at most stop_timeout for the broker to acknowledge what was published, then sends
  // DISCONNECT, which suppresses the will. From now on no message is given; `done` comes once, from
  // the io_context, never from within this call. start() may follow after `done`.
  void stop(std::function<void()> done = {});

  // Remembered, and subscribed again after every connect. A known filter: its QoS is changed.
  std::expected<void, SubscribeError> subscribe(std::string_view filter, std::uint8_t qos);
  void unsubscribe(std::string_view filter);

  // QoS 1: kept over reconnects, resent with DUP, `acknowledged` comes at PUBACK (or never).
  // QoS 0: written when connected, otherwise dropped, counted and refused. Nothing is written
  // within the call: many publishes make one write.
  std::expected<void, PublishError> publish(std::string_view topic, std::string_view payload,
                                            std::uint8_t qos, bool retain,
                                            std::function<void()> acknowledged = {});

  // PUBACK, in the order given, all in one write. A token of an older connection is ignored and
  // counted: the broker redelivers that message on the present one.
  void acknowledge(AckToken token);
  void acknowledge(std::span<const AckToken> tokens);

  bool connected() const;
  bool subscribed() const;  // connected, and every filter confirmed
  const Counters& counters() const;

 private:
  class Core;
  // Shared with the asynchronous operations still in the io_context when the session goes: they
  // complete after it and must find their state.
  std::shared_ptr<Core> core_;
};

}  // namespace idast::mqtt
