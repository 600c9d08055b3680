#include "mqtt/session.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/base/random.h"
#include "core/base/require.h"
#include "mqtt/link.h"
#include "mqtt/packets.h"

namespace idast::mqtt {
namespace asio = boost::asio;
namespace {

// Packet ids 1 … 60 000 belong to our publishes, in turn; the rest to SUBSCRIBE and UNSUBSCRIBE.
// A broker forbids one id for both at a time, and ranges that never meet need no bookkeeping.
constexpr std::uint16_t kPublishIdMax = 60'000;
constexpr std::uint16_t kSubscribeIdMin = kPublishIdMax + 1;

// What may wait for one write. QoS 1 publishes above it wait in the queue, QoS 0 ones are refused.
constexpr std::size_t kOutboxBytesMax = 1024uz * 1024;

// A SUBSCRIBE packet stays below this, since brokers limit packets (ours to 128 KiB).
constexpr std::size_t kSubscribeBytesMax = 16uz * 1024;

// Looks at the line in one keep-alive: a silent line is pinged at the first and the second, and
// dead at the third.
constexpr int kLooks = 3;

// Doublings after which every reconnect delay has reached its maximum.
constexpr int kDoublingsMax = 20;

// A timer that calls one function at a time: setting it again or cancelling it makes sure that the
// earlier function is not called, even if it was due already.
class Alarm {
 public:
  explicit Alarm(asio::io_context& io) : timer_{io} {}

  template <class Call>
  void set(std::chrono::milliseconds delay, Call call) {
    const std::uint64_t turn = ++*turn_;
    timer_.expires_after(delay);
    timer_.async_wait([turn, last = turn_, call = std::move(call)](const auto& error) {
      if (!error && *last == turn) call();
    });
  }
  void cancel() {
    ++*turn_;
    timer_.cancel();
  }

 private:
  asio::steady_timer timer_;
  // Shared with waits that outlive the alarm.
  std::shared_ptr<std::uint64_t> turn_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace

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
  void acknowledge(AckToken token);
  bool connected() const { return state_ == State::online || state_ == State::draining; }
  bool subscribed() const;
  const Counters& counters() const { return counters_; }

  void link_open() override;
  void link_packet(const Packet& packet) override;
  void link_written() override;
  void link_closed(DisconnectKind kind, std::string words) override;

 private:
  // idle ─start─▶ opening ─TCP, TLS─▶ greeting ─CONNACK─▶ online ─stop─▶ draining ─▶ leaving
  // leaving ─▶ idle. A lost connection leads to waiting, and ─delay─▶ opening again.
  enum class State : std::uint8_t { idle, waiting, opening, greeting, online, draining, leaving };

  struct Subscription {
    std::string filter;
    std::uint8_t qos = 0;
    enum class Is : std::uint8_t { unsent, pending, confirmed, refused } is = Is::unsent;
    std::uint16_t packet_id = 0;  // while pending: of the SUBSCRIBE that asks
    std::size_t position = 0;     // and the place in it
  };

  struct Outgoing {
    std::string packet;  // as on the wire; the id follows from the place in the queue
    std::function<void()> acknowledged;
    bool written = false;  // on some connection: the broker may have it
    bool done = false;     // acknowledged before an older one was
  };

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

  std::uint16_t next_subscribe_id();
  void send_subscriptions();
  void send_outgoing();
  void resend_all();
  std::uint32_t hold(std::uint16_t packet_id);
  void send_puback(std::uint16_t packet_id);
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

  std::uint64_t connection_ = 0;
  // By packet id: the last delivery at QoS 1 that is not yet acknowledged; 0: none is.
  std::vector<std::uint32_t> held_ = std::vector<std::uint32_t>(65'536);
  std::uint32_t serial_ = 0;  // of the last delivery

  std::vector<Subscription> subscriptions_;
  std::uint16_t subscribe_id_ = kSubscribeIdMin;

  std::deque<Outgoing> outgoing_;
  std::size_t outgoing_bytes_ = 0;
  std::size_t sent_ = 0;        // the first so many of outgoing_ were written on this connection
  std::uint16_t first_id_ = 1;  // packet id of outgoing_.front(), or of the next one
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
  ++connection_;
  std::ranges::fill(held_, 0u);
  counters_.held = 0;
  deadline_.cancel();
  stable_.set(options_.stable_after, later(&Core::lived_long));
  line_received_ = line_sent_ = 0;
  silent_looks_ = 0;
  watch_line();
  for (Subscription& subscription : subscriptions_) subscription.is = Subscription::Is::unsent;
  send_subscriptions();
  resend_all();
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
  counters_.held = 0;
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
  line_.cancel();
  require(encode(Disconnect{}, link_->outbox()).has_value(), "Session: DISCONNECT is constant");
  link_->finish();
}

void Session::Core::end_stop() {
  const bool was_connected = connected() || state_ == State::leaving;
  destroy();
  if (was_connected) ++counters_.disconnects;
  counters_.held = 0;
  counters_.publishes_abandoned += counters_.outgoing;
  counters_.outgoing = 0;
  first_id_ = 1;
  outgoing_.clear();
  outgoing_bytes_ = sent_ = 0;
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
  const std::uint32_t serial = packet.qos == 1 ? hold(packet.packet_id) : 0;
  if (!valid_topic(packet.topic)) {
    ++counters_.messages_bad_topic;
    if (packet.qos == 1) send_puback(packet.packet_id);
    return;
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
                      .token = packet.qos == 1 ? AckToken{connection_, packet.packet_id, serial}
                                               : AckToken{connection_, 0, 0}});
}

void Session::Core::on(const OversizePublish& packet) {
  ++counters_.messages_oversize;
  if (packet.qos == 0) return;
  hold(packet.packet_id);
  send_puback(packet.packet_id);
}

std::uint32_t Session::Core::hold(std::uint16_t packet_id) {
  if (++serial_ == 0) serial_ = 1;
  if (std::exchange(held_[packet_id], serial_) != 0) return serial_;
  ++counters_.held;
  counters_.held_max = std::max(counters_.held_max, counters_.held);
  return serial_;
}

void Session::Core::send_puback(std::uint16_t packet_id) {
  held_[packet_id] = 0;
  --counters_.held;
  ++counters_.acknowledgements_sent;
  require(encode(Puback{.packet_id = packet_id}, link_->outbox()).has_value(),
          "Session: a held packet id is not 0");
  link_->flush();
}

void Session::Core::acknowledge(AckToken token) {
  if (token.packet_id == 0) return;
  if (!connected() || token.connection != connection_) {
    ++counters_.acknowledgements_stale;
    return;
  }
  const std::uint32_t held = held_[token.packet_id];
  if (held != token.serial || held == 0) {
    ++(held == 0 ? counters_.acknowledgements_unknown : counters_.acknowledgements_void);
    return;
  }
  send_puback(token.packet_id);
}

// ---- Subscribing

bool Session::Core::subscribed() const {
  return state_ == State::online && std::ranges::all_of(subscriptions_, [](const auto& one) {
           return one.is == Subscription::Is::confirmed;
         });
}

std::expected<void, SubscribeError> Session::Core::subscribe(std::string_view filter,
                                                             std::uint8_t qos) {
  require(qos <= 1, "Session: QoS 2 is never asked for");
  if (!valid_filter(filter)) return std::unexpected{SubscribeError::bad_filter};
  const auto known = std::ranges::find(subscriptions_, filter, &Subscription::filter);
  if (known != subscriptions_.end()) {
    known->qos = qos;
    known->is = Subscription::Is::unsent;
  } else if (subscriptions_.size() == kSubscriptionsMax) {
    return std::unexpected{SubscribeError::too_many};
  } else {
    subscriptions_.push_back({.filter = std::string{filter}, .qos = qos});
  }
  if (state_ == State::online) send_subscriptions();
  return {};
}

void Session::Core::unsubscribe(std::string_view filter) {
  const auto known = std::ranges::find(subscriptions_, filter, &Subscription::filter);
  if (known == subscriptions_.end()) return;
  if (state_ == State::online) {
    const Unsubscribe packet{.packet_id = next_subscribe_id(), .filters = {known->filter}};
    require(encode(packet, link_->outbox()).has_value(), "Session: a known filter is valid");
    link_->flush();
  }
  subscriptions_.erase(known);
}

std::uint16_t Session::Core::next_subscribe_id() {
  const std::uint16_t id = subscribe_id_;
  subscribe_id_ = id == 65'535 ? kSubscribeIdMin : static_cast<std::uint16_t>(id + 1);
  return id;
}

// All filters not yet sent, in as few packets as their limit allows.
void Session::Core::send_subscriptions() {
  Subscribe packet{.packet_id = next_subscribe_id()};
  std::size_t bytes = 0;
  bool sent = false;
  const auto send = [&] {
    sent = true;
    require(encode(packet, link_->outbox()).has_value(), "Session: known filters are valid");
    packet = {.packet_id = next_subscribe_id()};
    bytes = 0;
  };
  for (Subscription& subscription : subscriptions_) {
    if (subscription.is != Subscription::Is::unsent) continue;
    subscription.is = Subscription::Is::pending;
    subscription.packet_id = packet.packet_id;
    subscription.position = packet.requests.size();
    packet.requests.push_back({.filter = subscription.filter, .qos = subscription.qos});
    bytes += subscription.filter.size();
    if (bytes >= kSubscribeBytesMax) send();
  }
  if (!packet.requests.empty()) send();
  if (!sent) return;
  deadline_.set(options_.answer_timeout, later(&Core::timed_out_answering));
  link_->flush();
}

void Session::Core::on(const Suback& packet) {
  bool answered = false;
  std::vector<std::string> refused;  // copies: a callback may change the list
  for (Subscription& subscription : subscriptions_) {
    const bool asked =
        subscription.is == Subscription::Is::pending && subscription.packet_id == packet.packet_id;
    if (!asked) continue;
    answered = true;
    if (subscription.position >= packet.return_codes.size()) {
      return unexpected("SUBACK with too few answers");
    }
    const auto code = static_cast<std::uint8_t>(packet.return_codes[subscription.position]);
    // A lower QoS than asked is a refusal too: what it delivers is not redelivered.
    const bool granted = code != kSubackFailure && code >= subscription.qos;
    subscription.is = granted ? Subscription::Is::confirmed : Subscription::Is::refused;
    if (!granted) refused.push_back(subscription.filter);
  }
  if (!answered) ++counters_.answers_unexpected;
  counters_.subscriptions_refused += refused.size();
  const bool pending = std::ranges::any_of(
      subscriptions_, [](const Subscription& one) { return one.is == Subscription::Is::pending; });
  if (!pending && state_ == State::online) deadline_.cancel();
  for (const std::string& filter : refused) {
    if (callbacks_.subscription_refused) callbacks_.subscription_refused(filter);
    if (state_ != State::online) return;  // the callback stopped or destroyed the session
  }
  if (answered && subscribed() && callbacks_.subscribed) callbacks_.subscribed();
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
  const bool full = qos == 0 ? link_->outbox().size() + bytes > kOutboxBytesMax
                             : outgoing_.size() == options_.outgoing_max ||
                                   outgoing_bytes_ + bytes > options_.outgoing_bytes_max;
  if (full) {
    ++counters_.publishes_queue_full;
    return std::unexpected{PublishError::queue_full};
  }
  Publish packet{.topic = topic, .payload = payload, .qos = qos, .retain = retain};
  if (qos == 0) {
    require(encode(packet, link_->outbox()).has_value(), "Session: publish() checked the packet");
    ++counters_.publishes_sent;
    link_->flush();
    return {};
  }
  packet.packet_id =
      static_cast<std::uint16_t>((first_id_ - 1 + outgoing_.size()) % kPublishIdMax + 1);
  Outgoing& entry = outgoing_.emplace_back();
  entry.packet.reserve(bytes);
  entry.acknowledged = std::move(acknowledged);
  require(encode(packet, entry.packet).has_value(), "Session: publish() checked the packet");
  outgoing_bytes_ += bytes;
  ++counters_.outgoing;
  send_outgoing();
  return {};
}

void Session::Core::resend_all() {
  sent_ = 0;
  send_outgoing();
}

void Session::Core::send_outgoing() {
  if (!connected()) return;
  std::string& outbox = link_->outbox();
  while (sent_ < outgoing_.size() && sent_ < options_.inflight_max &&
         outbox.size() < kOutboxBytesMax) {
    Outgoing& entry = outgoing_[sent_++];
    if (entry.done) continue;
    if (entry.written) mark_duplicate(entry.packet);
    ++(entry.written ? counters_.publishes_resent : counters_.publishes_sent);
    entry.written = true;
    outbox.append(entry.packet);
  }
  link_->flush();
}

void Session::Core::link_written() { send_outgoing(); }

void Session::Core::on(const Puback& packet) {
  // Ids were given in turn, so the id says the place in the queue.
  const std::size_t place =
      static_cast<std::size_t>(packet.packet_id + kPublishIdMax - first_id_) % kPublishIdMax;
  const bool known = packet.packet_id <= kPublishIdMax && place < sent_ && !outgoing_[place].done;
  if (!known) {
    ++counters_.answers_unexpected;
    return;
  }
  Outgoing& entry = outgoing_[place];
  entry.done = true;
  outgoing_bytes_ -= entry.packet.size();
  std::string{}.swap(entry.packet);
  const auto acknowledged = std::exchange(entry.acknowledged, {});
  while (!outgoing_.empty() && outgoing_.front().done) {
    outgoing_.pop_front();
    --sent_;
    first_id_ = static_cast<std::uint16_t>(first_id_ % kPublishIdMax + 1);
  }
  --counters_.outgoing;
  ++counters_.publishes_acknowledged;
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
