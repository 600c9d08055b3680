#include "mqtt/session.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "core/base/random.h"
#include "core/base/require.h"
#include "mqtt/alarm.h"
#include "mqtt/deliveries.h"
#include "mqtt/link.h"
#include "mqtt/outgoing.h"
#include "mqtt/packets.h"
#include "mqtt/subscriptions.h"

namespace idast::mqtt {
namespace asio = boost::asio;
namespace {

// Looks at the line in one keep-alive: a silent line is pinged at the first and the second, and
// dead at the third.
constexpr int kLooks = 3;

// Doublings after which every reconnect delay has reached its maximum.
constexpr int kDoublingsMax = 20;

}  // namespace

class Session::Core : public Link::Owner, public std::enable_shared_from_this<Session::Core> {
 public:
  Core(asio::io_context& io, Options options, Callbacks callbacks);

  void start();
  void stop(std::function<void()> done);
  void destroy();
  std::expected<void, SubscribeError> subscribe(std::string_view filter, std::uint8_t qos);
  void unsubscribe(std::string_view filter);
  std::expected<void, PublishError> publish(std::string_view topic, std::string_view payload,
                                            std::uint8_t qos, bool retain,
                                            std::function<void()> acknowledged);
  void acknowledge(AckToken token) { send_puback(token); }
  bool connected() const { return state_ == State::online || state_ == State::draining; }
  bool subscribed() const { return state_ == State::online && subscriptions_.confirmed(); }
  const Counters& counters() const { return counters_; }

  void link_open() override;
  void link_packet(const Packet& packet) override;
  void link_written() override;
  void link_closed(DisconnectKind kind, std::string words) override;

 private:
  // idle ─start─▶ opening ─TCP, TLS─▶ greeting ─CONNACK─▶ online ─stop─▶ draining ─▶ leaving
  // leaving ─▶ idle. A lost connection leads to waiting, and ─delay─▶ opening again.
  enum class State : std::uint8_t { idle, waiting, opening, greeting, online, draining, leaving };

  void open();
  void lose(DisconnectKind kind, std::string words, std::uint8_t connack_code = 0);
  std::chrono::milliseconds next_delay();
  void leave();
  void drained();
  void end_stop();

  void on(const Connack& packet);
  void on(const Publish& packet);
  void on(const Puback& packet);
  void on(const Suback& packet);
  void on(const OversizePublish& packet);
  void on(const Unsuback&) {}
  void on(const Pingresp&) {}
  void on(const Connect&) { unexpected("CONNECT"); }
  void on(const Subscribe&) { unexpected("SUBSCRIBE"); }
  void on(const Unsubscribe&) { unexpected("UNSUBSCRIBE"); }
  void on(const Pingreq&) { unexpected("PINGREQ"); }
  void on(const Disconnect&) { unexpected("DISCONNECT"); }
  void unexpected(std::string_view packet);

  void send_puback(AckToken token);
  void send_subscriptions();
  void send_outgoing();
  void watch_line();
  void look_at_line();

  // Runs a member function after a delay, unless the session is gone by then.
  auto later(void (Core::*call)()) {
    return [weak = weak_from_this(), call] {
      if (const auto self = weak.lock()) (self.get()->*call)();
    };
  }
  void timed_out_connecting();
  void timed_out_answering();
  void lived_long() { attempt_ = 0; }

  asio::io_context& io_;
  const Options options_;
  const Callbacks callbacks_;
  Counters counters_;
  Random random_;

  State state_ = State::idle;
  bool stopped_ = false;  // stop() was called and no start() since
  std::shared_ptr<Link> link_;
  int attempt_ = 0;  // failed ones in a row, short-lived connections among them
  Alarm retry_;
  Alarm deadline_;  // of connecting, of SUBACK, of stopping
  Alarm stable_;
  Alarm line_;
  std::uint64_t line_received_ = 0;  // byte counts at the last look
  std::uint64_t line_sent_ = 0;
  int silent_looks_ = 0;
  std::vector<std::function<void()>> done_;

  Deliveries deliveries_{counters_};
  Subscriptions subscriptions_;
  Outgoing outgoing_{options_, counters_};
};

Session::Core::Core(asio::io_context& io, Options options, Callbacks callbacks)
    : io_{io},
      options_{std::move(options)},
      callbacks_{std::move(callbacks)},
      random_{options_.jitter_seed},
      retry_{io},
      deadline_{io},
      stable_{io},
      line_{io} {}

// ---- Coming and going

void Session::Core::start() {
  require(state_ == State::idle, "Session: start() while it runs");
  stopped_ = false;
  attempt_ = 0;
  open();
}

void Session::Core::open() {
  state_ = State::opening;
  link_ = std::make_shared<Link>(
      io_,
      Link::Target{.endpoint = {.host = options_.host, .port = options_.port, .tls = options_.tls},
                   .ca_file = options_.ca_file,
                   .packet_bytes_max = options_.packet_bytes_max},
      weak_from_this(), counters_);
  deadline_.set(options_.connect_timeout, later(&Core::timed_out_connecting));
  link_->open();
}

void Session::Core::timed_out_connecting() {
  ++counters_.timeouts;
  lose(DisconnectKind::timed_out, state_ == State::opening
                                      ? "no connection in time"
                                      : "the broker did not answer CONNECT in time");
}

void Session::Core::timed_out_answering() {
  ++counters_.timeouts;
  lose(DisconnectKind::timed_out, "the broker did not answer SUBSCRIBE in time");
}

void Session::Core::link_open() {
  state_ = State::greeting;
  Connect connect{.client_id = options_.client_id,
                  .clean_session = options_.clean_session,
                  .keep_alive_s = static_cast<std::uint16_t>(options_.keep_alive.count())};
  if (options_.will) {
    connect.will = ConnectWill{.topic = options_.will->topic,
                               .payload = options_.will->payload,
                               .qos = options_.will->qos,
                               .retain = options_.will->retain};
  }
  if (!options_.username.empty()) connect.username = options_.username;
  if (!options_.password.empty()) connect.password = options_.password;
  require(encode(connect, link_->outbox()).has_value(), "Session: CONNECT passed fault_of()");
  link_->flush();
}

void Session::Core::on(const Connack& packet) {
  if (packet.return_code != 0) {
    ++counters_.connects_refused;
    return lose(DisconnectKind::refused, std::string{connack_words(packet.return_code)},
                packet.return_code);
  }
  state_ = State::online;
  ++counters_.connects;
  deliveries_.open();
  deadline_.cancel();
  stable_.set(options_.stable_after, later(&Core::lived_long));
  line_received_ = line_sent_ = 0;
  silent_looks_ = 0;
  watch_line();
  subscriptions_.forget_answers();
  send_subscriptions();
  outgoing_.rewind();
  send_outgoing();
  if (callbacks_.connected) callbacks_.connected(packet.session_present);
}

void Session::Core::link_closed(DisconnectKind kind, std::string words) {
  lose(kind, std::move(words));
}

// The one place where a connection, or the attempt to make one, ends without stop().
void Session::Core::lose(DisconnectKind kind, std::string words, std::uint8_t connack_code) {
  if (kind == DisconnectKind::protocol_error) ++counters_.protocol_errors;
  if (state_ == State::draining || state_ == State::leaving) return end_stop();
  const bool was_connected = connected();
  link_->close();
  link_.reset();
  deadline_.cancel();
  stable_.cancel();
  line_.cancel();
  ++(was_connected ? counters_.disconnects : counters_.connect_failures);
  deliveries_.close();
  state_ = State::waiting;
  const std::chrono::milliseconds delay = next_delay();
  retry_.set(delay, later(&Core::open));
  if (!callbacks_.disconnected) return;
  callbacks_.disconnected({.kind = kind,
                           .connack_code = connack_code,
                           .was_connected = was_connected,
                           .words = std::move(words),
                           .retry_in = delay});
}

std::chrono::milliseconds Session::Core::next_delay() {
  const auto factor = std::int64_t{1} << std::min(attempt_, kDoublingsMax);
  ++attempt_;
  const auto full = std::min(options_.reconnect_delay_min * factor, options_.reconnect_delay_max);
  return std::chrono::duration_cast<std::chrono::milliseconds>(full * random_.between(0.5, 1.0));
}

void Session::Core::stop(std::function<void()> done) {
  done_.push_back(std::move(done));
  stopped_ = true;
  switch (state_) {
    case State::draining:
    case State::leaving:
      return;
    case State::online:
      break;
    default:
      return end_stop();
  }
  state_ = State::draining;
  stable_.cancel();
  deadline_.set(options_.stop_timeout, later(&Core::end_stop));
  drained();
}

// Everything published has arrived: say goodbye.
void Session::Core::drained() {
  if (state_ == State::draining && outgoing_.empty()) leave();
}

void Session::Core::leave() {
  state_ = State::leaving;
  deliveries_.close();
  line_.cancel();
  require(encode(Disconnect{}, link_->outbox()).has_value(), "Session: DISCONNECT is constant");
  link_->finish();
}

void Session::Core::end_stop() {
  const bool was_connected = connected() || state_ == State::leaving;
  destroy();
  if (was_connected) ++counters_.disconnects;
  deliveries_.close();
  outgoing_.abandon();
  asio::post(io_, [weak = weak_from_this(), was_connected, done = std::exchange(done_, {})] {
    // The session may be destroyed by any of these calls; it then wants no more of them.
    if (const auto self = weak.lock(); self && self->callbacks_.disconnected) {
      self->callbacks_.disconnected({.was_connected = was_connected, .words = "stopped"});
    }
    for (const auto& call : done) {
      if (call && !weak.expired()) call();
    }
  });
}

void Session::Core::destroy() {
  state_ = State::idle;
  retry_.cancel();
  deadline_.cancel();
  stable_.cancel();
  line_.cancel();
  if (link_) link_->close();
  link_.reset();
}

// ---- The line

void Session::Core::watch_line() {
  if (options_.keep_alive.count() == 0) return;
  const std::chrono::milliseconds part = std::chrono::milliseconds{options_.keep_alive} / kLooks;
  line_.set(options_.line_check.count() > 0 ? options_.line_check : part,
            later(&Core::look_at_line));
}

// A ping goes out when the last interval was silent in either direction: we must be heard once per
// keep-alive (3.1.2.10), and want to hear. Any byte counts as an answer, since behind a backlog
// PINGRESP comes last. One silent look is not enough for a verdict: after a pause of the whole
// process the timer is due before the bytes that wait in the socket were read.
void Session::Core::look_at_line() {
  const std::uint64_t received = counters_.bytes_received;
  const std::uint64_t sent = counters_.bytes_sent;
  const bool heard = received != std::exchange(line_received_, received);
  const bool spoke = sent != std::exchange(line_sent_, sent);
  silent_looks_ = heard ? 0 : silent_looks_ + 1;
  if (silent_looks_ == kLooks) {
    ++counters_.lines_dead;
    return lose(DisconnectKind::line_dead, "the broker did not answer pings");
  }
  if (!heard || !spoke) {
    require(encode(Pingreq{}, link_->outbox()).has_value(), "Session: PINGREQ is constant");
    link_->flush();
  }
  watch_line();
}

// ---- Receiving

void Session::Core::link_packet(const Packet& packet) {
  if (state_ == State::leaving) return;  // nothing may be sent after DISCONNECT
  if (state_ == State::greeting && !std::holds_alternative<Connack>(packet)) {
    return unexpected("a packet before CONNACK");
  }
  if (state_ != State::greeting && std::holds_alternative<Connack>(packet)) {
    return unexpected("CONNACK");
  }
  std::visit([this](const auto& one) { on(one); }, packet);
}

void Session::Core::unexpected(std::string_view packet) {
  std::string words = "the broker sent ";
  words.append(packet);
  lose(DisconnectKind::protocol_error, std::move(words));
}

void Session::Core::on(const Publish& packet) {
  const AckToken token = deliveries_.receive(packet.packet_id);
  if (!valid_topic(packet.topic)) {
    ++counters_.messages_bad_topic;
    return send_puback(token);
  }
  if (state_ != State::online) return;  // stopping: the broker redelivers what is not acknowledged
  ++counters_.messages_received;
  if (packet.duplicate) ++counters_.duplicates_received;
  if (!callbacks_.message) return;
  callbacks_.message({.topic = packet.topic,
                      .payload = packet.payload,
                      .qos = packet.qos,
                      .retain = packet.retain,
                      .duplicate = packet.duplicate,
                      .token = token});
}

void Session::Core::on(const OversizePublish& packet) {
  ++counters_.messages_oversize;
  send_puback(deliveries_.receive(packet.packet_id));
}

void Session::Core::send_puback(AckToken token) {
  if (!deliveries_.settle(token)) return;
  require(encode(Puback{.packet_id = token.packet_id}, link_->outbox()).has_value(),
          "Session: a held packet id is not 0");
  link_->flush();
}

// ---- Subscribing

std::expected<void, SubscribeError> Session::Core::subscribe(std::string_view filter,
                                                             std::uint8_t qos) {
  require(qos <= 1, "Session: QoS 2 is never asked for");
  const auto added = subscriptions_.add(filter, qos);
  if (added && state_ == State::online) send_subscriptions();
  return added;
}

void Session::Core::unsubscribe(std::string_view filter) {
  const bool online = state_ == State::online;
  const bool known = subscriptions_.remove(filter, online ? &link_->outbox() : nullptr);
  if (known && online) link_->flush();
}

void Session::Core::send_subscriptions() {
  if (!subscriptions_.send(link_->outbox())) return;
  deadline_.set(options_.answer_timeout, later(&Core::timed_out_answering));
  link_->flush();
}

void Session::Core::on(const Suback& packet) {
  const auto answered = subscriptions_.answer(packet);
  if (!answered) return unexpected("SUBACK with too few answers");
  if (!answered->asked) ++counters_.answers_unexpected;
  counters_.subscriptions_refused += answered->refused.size();
  if (!subscriptions_.pending() && state_ == State::online) deadline_.cancel();
  for (const std::string& filter : answered->refused) {
    if (callbacks_.subscription_refused) callbacks_.subscription_refused(filter);
    if (state_ != State::online) return;  // the callback stopped or destroyed the session
  }
  if (answered->asked && subscribed() && callbacks_.subscribed) callbacks_.subscribed();
}

// ---- Publishing

std::expected<void, PublishError> Session::Core::publish(std::string_view topic,
                                                         std::string_view payload, std::uint8_t qos,
                                                         bool retain,
                                                         std::function<void()> acknowledged) {
  require(qos <= 1, "Session: QoS 2 is not offered");
  if (stopped_) return std::unexpected{PublishError::stopped};
  if (!valid_topic(topic)) {
    ++counters_.publishes_bad_topic;
    return std::unexpected{PublishError::bad_topic};
  }
  const std::size_t bytes = publish_bytes(topic.size(), payload.size(), qos);
  if (bytes > options_.packet_bytes_max) {
    ++counters_.publishes_too_large;
    return std::unexpected{PublishError::too_large};
  }
  if (qos == 0 && state_ != State::online) {
    ++counters_.publishes_offline;
    return std::unexpected{PublishError::offline};
  }
  const bool room =
      qos == 0 ? link_->outbox().size() + bytes <= kOutboxBytesMax : outgoing_.has_room(bytes);
  if (!room) {
    ++counters_.publishes_queue_full;
    return std::unexpected{PublishError::queue_full};
  }
  const Publish packet{.topic = topic, .payload = payload, .qos = qos, .retain = retain};
  if (qos == 0) {
    require(encode(packet, link_->outbox()).has_value(), "Session: publish() checked the packet");
    ++counters_.publishes_sent;
    link_->flush();
    return {};
  }
  outgoing_.add(packet, bytes, std::move(acknowledged));
  send_outgoing();
  return {};
}

void Session::Core::send_outgoing() {
  if (!connected()) return;
  outgoing_.send(link_->outbox());
  link_->flush();
}

void Session::Core::link_written() { send_outgoing(); }

void Session::Core::on(const Puback& packet) {
  const auto acknowledged = outgoing_.acknowledge(packet.packet_id);
  if (acknowledged) acknowledged();
  send_outgoing();
  drained();
}

// ---- The public face

Session::Session(asio::io_context& io, Options options, Callbacks callbacks) {
  const auto fault = fault_of(options);
  require(!fault, "Session: the options passed fault_of()");
  core_ = std::make_shared<Core>(io, std::move(options), std::move(callbacks));
}

Session::~Session() { core_->destroy(); }

void Session::start() { core_->start(); }
void Session::stop(std::function<void()> done) { core_->stop(std::move(done)); }

std::expected<void, SubscribeError> Session::subscribe(std::string_view filter, std::uint8_t qos) {
  return core_->subscribe(filter, qos);
}
void Session::unsubscribe(std::string_view filter) { core_->unsubscribe(filter); }

std::expected<void, PublishError> Session::publish(std::string_view topic, std::string_view payload,
                                                   std::uint8_t qos, bool retain,
                                                   std::function<void()> acknowledged) {
  return core_->publish(topic, payload, qos, retain, std::move(acknowledged));
}

void Session::acknowledge(AckToken token) { core_->acknowledge(token); }
void Session::acknowledge(std::span<const AckToken> tokens) {
  for (const AckToken token : tokens) core_->acknowledge(token);
}

bool Session::connected() const { return core_->connected(); }
bool Session::subscribed() const { return core_->subscribed(); }
const Counters& Session::counters() const { return core_->counters(); }

}  // namespace idast::mqtt
