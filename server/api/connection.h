#pragma once
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "server/api/server.h"

// One client's connection, and what all of them share. Heavy: included by server.cpp and
// connection.cpp only.
namespace idast::api {

class Connection;

class Server::Core : public std::enable_shared_from_this<Server::Core> {
 public:
  Core(boost::asio::io_context& context, Options given, const Routes& table, Workers pool,
       live::Hub& streams, Clock time)
      : io{context},
        options{std::move(given)},
        routes{table},
        workers{std::move(pool)},
        hub{streams},
        clock{std::move(time)},
        acceptor{context},
        pause{context},
        ticker{context} {}

  std::expected<std::uint16_t, std::string> listen(const std::string& address, std::uint16_t port);
  void stop();
  void accept();
  void tick();
  std::size_t idlest() const {
    return static_cast<std::size_t>(std::min_element(load.begin(), load.end()) - load.begin());
  }

  boost::asio::io_context& io;
  Options options;
  const Routes& routes;
  Workers workers;
  live::Hub& hub;
  Clock clock;
  boost::asio::ip::tcp::acceptor acceptor;
  boost::asio::steady_timer pause;
  boost::asio::steady_timer ticker;
  std::set<Connection*> connections;
  std::vector<std::size_t> load;  // Jobs waiting or running, by worker.
  Counters counters;
  bool stopped = false;
};

// Kept alive by its own pending operations: whichever ends last lets it go. A worker's job gives
// its hold back with its answer, because a connection may only end on the thread of the io_context.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<Server::Core> core)
      : stream_{std::move(socket)}, core_{std::move(core)} {
    core_->connections.insert(this);
  }
  ~Connection() {
    leave_stream();
    core_->connections.erase(this);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void read();
  void close();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void on_read(const boost::system::error_code& error);
  void handle();
  void handle_route(const Match& match, Request request);
  void handle_page(const Target& target);
  void run_on_worker(const Match& match, Request request);
  void run_more();
  void on_outcome(Outcome outcome, bool original);
  void refuse(ApiError error, bool original = false) { send(to_answer(error, original)); }
  void send_options(bool original);
  void send(Answer answer);
  void send_pieces(Answer answer);
  void write_piece(std::string piece, bool last);
  void wait_for_end();
  void finish_answer(const boost::system::error_code& error);
  void common(boost::beast::http::fields& fields) const;

  void open_stream(const Target& target);
  void send_next_event();
  void watch_for_end();
  void leave_stream();

  std::string_view header(boost::beast::http::field field) const {
    const auto text = request_[field];
    return {text.data(), text.size()};
  }
  bool is_head() const { return request_.method() == boost::beast::http::verb::head; }

  boost::beast::tcp_stream stream_;
  std::shared_ptr<Server::Core> core_;
  boost::beast::flat_buffer buffer_{kHeaderBytesMax + kBodyBytesMax};
  std::optional<Parser> parser_;
  boost::beast::http::request<boost::beast::http::string_body> request_;
  std::string pattern_;  // For the counters: never text of the client's.
  bool original_ = false;
  bool keep_alive_ = false;

  std::optional<boost::beast::http::response<boost::beast::http::string_body>> response_;
  std::optional<boost::beast::http::response<boost::beast::http::empty_body>> head_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::empty_body>>
      serializer_;
  More more_;
  std::string piece_;
  std::size_t worker_ = 0;

  std::optional<live::StreamId> stream_id_;
  live::Text event_;
  bool writing_ = false;
  std::array<char, 256> ignored_{};
};

}  // namespace idast::api
