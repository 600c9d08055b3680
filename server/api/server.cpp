#include "server/api/connection.h"

namespace idast::api {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Accepting stops for this long when the system has no file or memory left for a connection.
constexpr Millis kAcceptPause{100};

}  // namespace

std::expected<std::uint16_t, std::string> Server::Core::listen(const std::string& address,
                                                               std::uint16_t port) {
  error_code error;
  const tcp::endpoint endpoint{asio::ip::make_address(address, error), port};
  const std::string where = address + ":" + std::to_string(port);
  if (error) return std::unexpected{"http: " + address + " is not an address"};
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    acceptor.close();
    const bool taken = error == asio::error::address_in_use;
    return std::unexpected{"cannot listen on " + where + ": " +
                           (taken ? "the port is taken by another program (choose one with --http)"
                                  : error.message())};
  }
  load.assign(workers.count, 0);
  accept();
  tick();
  return acceptor.local_endpoint().port();
}

void Server::Core::accept() {
  acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
    if (self->stopped) return;
    if (error) {
      self->pause.expires_after(kAcceptPause);
      self->pause.async_wait([self](const error_code& cancelled) {
        if (!cancelled) self->accept();
      });
      return;
    }
    ++self->counters.connections_accepted;
    if (self->connections.size() < kConnectionsMax) {
      std::make_shared<Connection>(std::move(socket), self)->read();
    } else {
      ++self->counters.connections_refused;
    }
    self->accept();
  });
}

void Server::Core::tick() {
  ticker.expires_after(live::kBatchEvery);
  ticker.async_wait([self = shared_from_this()](const error_code& cancelled) {
    if (cancelled || self->stopped) return;
    self->hub.tick(self->clock.now(), self->clock.utc());
    self->tick();
  });
}

void Server::Core::stop() {
  stopped = true;
  error_code ignored;
  acceptor.close(ignored);
  pause.cancel();
  ticker.cancel();
  const std::vector<Connection*> open{connections.begin(), connections.end()};
  for (Connection* const connection : open) connection->close();
}

Server::Server(asio::io_context& io, Options options, const Routes& routes, Workers workers,
               live::Hub& hub, Clock clock)
    : core_{std::make_shared<Core>(io, std::move(options), routes, std::move(workers), hub,
                                   std::move(clock))} {}
Server::~Server() { core_->stop(); }

std::expected<std::uint16_t, std::string> Server::listen(const std::string& address,
                                                         std::uint16_t port) {
  return core_->listen(address, port);
}

void Server::stop() { core_->stop(); }

const Server::Counters& Server::counters() const {
  core_->counters.connections = core_->connections.size();
  core_->counters.jobs = 0;
  for (const std::size_t waiting : core_->load) core_->counters.jobs += waiting;
  return core_->counters;
}

}  // namespace idast::api
