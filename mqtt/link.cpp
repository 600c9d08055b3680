#include "mqtt/link.h"

#include <array>
#include <exception>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace idast::mqtt {
namespace asio = boost::asio;
namespace {

// The outbox keeps its memory between writes up to this size; a burst's larger one is given back.
constexpr std::size_t kOutboxBytesKept = 256uz * 1024;

}  // namespace

Link::Link(asio::io_context& io, Target target, std::weak_ptr<Owner> owner, Counters& counters)
    : io_{io},
      target_{std::move(target)},
      owner_{std::move(owner)},
      counters_{counters},
      resolver_{io},
      socket_{io},
      decoder_{target_.packet_bytes_max} {}

template <class Operation>
void Link::with_stream(Operation operation) {
  if (tls_) {
    operation(*tls_);
  } else {
    operation(socket_);
  }
}

void Link::open() {
  // Asio reports by exception what is wrong before an operation starts: no memory for a TLS
  // context, no thread for the name lookup. To a session these are failed attempts like any other.
  try {
    if (target_.endpoint.tls) set_up_tls();
    if (closed_) return;
    Error not_an_address;
    const auto address = asio::ip::make_address(target_.endpoint.host, not_an_address);
    if (not_an_address) {
      resolve();
    } else {
      connect(std::array{asio::ip::tcp::endpoint{address, target_.endpoint.port}});
    }
  } catch (const std::exception& exception) {
    fail(DisconnectKind::connect_failed, "cannot start to connect", exception.what());
  }
}

void Link::resolve() {
  resolver_.async_resolve(target_.endpoint.host, std::to_string(target_.endpoint.port),
                          [self = shared_from_this()](const Error& error, const auto& endpoints) {
                            if (self->closed_) return;
                            if (error) {
                              return self->fail(DisconnectKind::resolve_failed, "unknown host",
                                                error.message());
                            }
                            self->connect(endpoints);
                          });
}

template <class Endpoints>
void Link::connect(const Endpoints& endpoints) {
  asio::async_connect(
      socket_, endpoints, [self = shared_from_this()](const Error& error, const auto&) {
        if (self->closed_) return;
        if (error) {
          return self->fail(DisconnectKind::connect_failed, "cannot connect", error.message());
        }
        Error ignored;  // small packets then wait for each other: slower, not wrong
        self->socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
        self->shake_hands();
      });
}

void Link::set_up_tls() {
  tls_context_.emplace(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls_context_->native_handle(), TLS1_2_VERSION);
  Error error;
  if (target_.ca_file.empty()) {
    tls_context_->set_default_verify_paths(error);
  } else {
    tls_context_->load_verify_file(target_.ca_file, error);
  }
  if (error) {
    return fail(DisconnectKind::tls_failed, "cannot read CA file " + target_.ca_file,
                error.message());
  }
  tls_.emplace(socket_, *tls_context_);
  tls_->set_verify_mode(asio::ssl::verify_peer, error);

  // OpenSSL itself compares the name, so that its verdict can be shown.
  SSL* const ssl = tls_->native_handle();
  X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const std::string& host = target_.endpoint.host;
  Error not_an_address;
  asio::ip::make_address(host, not_an_address);
  const bool named = not_an_address.failed()
                         ? X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size()) == 1 &&
                               SSL_set_tlsext_host_name(ssl, host.c_str()) == 1
                         : X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1;
  if (error || !named) {
    fail(DisconnectKind::tls_failed, "cannot verify host name", host);
  }
}

void Link::shake_hands() {
  if (!tls_) return opened();
  tls_->async_handshake(
      asio::ssl::stream_base::client,
      [self = shared_from_this(), ssl = tls_->native_handle()](const Error& error) {
        if (self->closed_) return;
        if (!error) return self->opened();
        const long verdict = SSL_get_verify_result(ssl);
        self->fail(DisconnectKind::tls_failed, "TLS handshake failed",
                   verdict == X509_V_OK ? error.message() : X509_verify_cert_error_string(verdict));
      });
}

void Link::opened() {
  const auto owner = owner_.lock();
  if (!owner) return;
  open_ = true;
  read();
  owner->link_open();
}

void Link::read() {
  const std::span<char> room = decoder_.room();
  with_stream([&](auto& stream) {
    stream.async_read_some(asio::buffer(room.data(), room.size()),
                           [self = shared_from_this()](const Error& error, std::size_t count) {
                             self->on_read(error, count);
                           });
  });
}

void Link::on_read(const Error& error, std::size_t count) {
  const auto owner = owner_.lock();
  if (closed_ || !owner) return;
  if (error) return broken(error);
  ++counters_.reads;
  counters_.bytes_received += count;
  decoder_.received(count);
  while (true) {
    const auto packet = decoder_.next();
    if (!packet) {
      return fail(DisconnectKind::protocol_error, "the broker sent a malformed packet",
                  std::string{name(packet.error())});
    }
    const std::optional<Packet>& complete = *packet;
    if (!complete) break;
    owner->link_packet(*complete);
    if (closed_) return;
  }
  read();
}

// A broker that goes away is seen by whichever comes first, the read or the write.
void Link::broken(const Error& error) {
  const bool closed_by_broker =
      error == asio::error::eof || error == asio::ssl::error::stream_truncated ||
      error == asio::error::connection_reset || error == asio::error::broken_pipe;
  if (closed_by_broker) {
    return fail(DisconnectKind::closed_by_broker, "the broker closed the connection", {});
  }
  fail(DisconnectKind::network_error, "the network failed", error.message());
}

void Link::flush() {
  if (closed_ || !open_ || flush_posted_ || !writing_.empty()) return;
  flush_posted_ = true;
  asio::post(io_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->write();
  });
}

void Link::write() {
  if (closed_ || !writing_.empty()) return;
  if (outbox_.empty()) {
    if (!finishing_) return;
    Error ignored;  // a connection already broken ends by its read
    socket_.shutdown(Socket::shutdown_send, ignored);
    return;
  }
  writing_.swap(outbox_);
  with_stream([&](auto& stream) {
    asio::async_write(stream, asio::buffer(writing_),
                      [self = shared_from_this()](const Error& error, std::size_t count) {
                        self->on_write(error, count);
                      });
  });
}

void Link::on_write(const Error& error, std::size_t count) {
  const auto owner = owner_.lock();
  if (closed_ || !owner) return;
  if (error) return broken(error);
  ++counters_.writes;
  counters_.bytes_sent += count;
  if (writing_.capacity() > kOutboxBytesKept) std::string{}.swap(writing_);
  writing_.clear();
  owner->link_written();
  write();
}

void Link::finish() {
  finishing_ = true;
  flush();
}

void Link::close() {
  owner_.reset();
  shut();
}

void Link::shut() {
  closed_ = true;
  resolver_.cancel();
  Error ignored;  // closing is all that is left to do
  socket_.close(ignored);
}

void Link::fail(DisconnectKind kind, std::string_view what, const std::string& why) {
  if (closed_) return;
  shut();
  std::string words{what};
  if (!why.empty()) words.append(": ").append(why);
  // Posted: open() may fail while its caller is still at work.
  asio::post(io_, [self = shared_from_this(), kind, words = std::move(words)]() mutable {
    if (const auto owner = self->owner_.lock()) owner->link_closed(kind, std::move(words));
  });
}

}  // namespace idast::mqtt
