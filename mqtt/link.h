#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "mqtt/packets.h"
#include "mqtt/session.h"

// Inside this room only; everything else includes session.h.
namespace idast::mqtt {

// One TCP or TLS connection that carries packets. It is opened once, closed once and thrown away;
// reconnecting is the session's work. One thread, the io_context's.
class Link : public std::enable_shared_from_this<Link> {
 public:
  // Who is told. Nothing is called any more after close() or after link_closed().
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void link_open() = 0;
    virtual void link_packet(const Packet& packet) = 0;
    virtual void link_written() = 0;  // the outbox has room again
    virtual void link_closed(DisconnectKind kind, std::string words) = 0;
  };
  struct Target {
    Endpoint endpoint;
    std::string ca_file;
    std::size_t packet_bytes_max;
  };

  // The counters must live as long as the owner.
  Link(boost::asio::io_context& io, Target target, std::weak_ptr<Owner> owner, Counters& counters);

  void open();

  // Packets are encoded straight into the outbox; flush() then sends all that is there with one
  // write, after the present handler has returned.
  std::string& outbox() { return outbox_; }
  void flush();

  // Sends what is in the outbox, says that nothing follows, and reads until the broker closes too:
  // closing at once with unread bytes would reset the connection, and a DISCONNECT lost that way
  // fires the will.
  void finish();
  void close();

 private:
  using Error = boost::system::error_code;
  using Socket = boost::asio::ip::tcp::socket;

  void resolve();
  template <class Endpoints>
  void connect(const Endpoints& endpoints);
  void set_up_tls();
  void shake_hands();
  void opened();
  void read();
  void on_read(const Error& error, std::size_t count);
  void write();
  void on_write(const Error& error, std::size_t count);
  void shut();
  void broken(const Error& error);
  void fail(DisconnectKind kind, std::string_view what, const std::string& why);
  template <class Operation>
  void with_stream(Operation operation);

  boost::asio::io_context& io_;
  Target target_;
  std::weak_ptr<Owner> owner_;
  Counters& counters_;  // touched only while the owner is locked
  boost::asio::ip::tcp::resolver resolver_;
  Socket socket_;
  std::optional<boost::asio::ssl::context> tls_context_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
  Decoder decoder_;
  std::string outbox_;
  std::string writing_;
  bool open_ = false;
  bool flush_posted_ = false;
  bool finishing_ = false;
  bool closed_ = false;
};

}  // namespace idast::mqtt
