#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "mqtt/packets.h"

namespace idast::mqtt {

// A broker that follows a script, one per connection, read top to bottom:
//
//   broker.connection()
//       .expect(Connect{.client_id = "idast"})
//       .reply_with(Connack{})
//       .expect(Puback{.packet_id = 7})
//       .close();
//
// Anything the client sends that the script does not expect next is a fault. Run the io_context
// until finished(), then fault() must be empty.
class FakeBroker {
 public:
  class Script {
   public:
    template <class P>
    Script& expect(const P& packet) {
      return add({Step::Kind::expect, bytes_of(packet), {}});
    }
    // Any CONNECT, for conversations about something else.
    Script& expect_connect() { return add({Step::Kind::expect_connect, {}, {}}); }
    template <class... P>
    Script& reply_with(const P&... packets) {
      return send_bytes((bytes_of(packets) + ...));
    }
    Script& send_bytes(std::string bytes) { return add({Step::Kind::send, std::move(bytes), {}}); }
    template <class... P>
    Script& send_byte_by_byte(const P&... packets) {
      for (const char byte : (bytes_of(packets) + ...)) send_bytes({byte});
      return *this;
    }
    // Something the test does at this point of the conversation.
    Script& then(std::function<void()> call) {
      return add({Step::Kind::call, {}, std::move(call)});
    }
    // The client closes without sending more.
    Script& expect_close() { return add({Step::Kind::expect_close, {}, {}}); }
    Script& close() { return add({Step::Kind::close, {}, {}}); }

   private:
    friend class FakeBroker;
    struct Step {
      enum class Kind : std::uint8_t { expect, expect_connect, send, call, expect_close, close };
      Kind kind;
      std::string bytes;
      std::function<void()> call;
    };
    Script& add(Step step) {
      steps_.push_back(std::move(step));
      return *this;
    }
    std::deque<Step> steps_;
  };

  explicit FakeBroker(boost::asio::io_context& io)
      : io_{io}, acceptor_{io, {boost::asio::ip::address_v4::loopback(), 0}} {
    accept();
  }

  // The script of the next connection.
  Script& connection() { return scripts_.emplace_back(); }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::size_t connections() const { return connections_.size(); }
  const std::string& fault() const { return fault_; }
  bool finished() const {
    if (!fault_.empty()) return true;
    for (const Script& script : scripts_) {
      if (!script.steps_.empty()) return false;
    }
    return true;
  }

 private:
  using Step = Script::Step;
  struct Connection {
    boost::asio::ip::tcp::socket socket;
    Script* script;
    Decoder decoder{1024 * 1024};
    bool closed = false;
  };

  template <class P>
  static std::string bytes_of(const P& packet) {
    std::string bytes;
    if (!encode(packet, bytes)) bytes = "a packet that cannot be encoded";
    return bytes;
  }

  static std::string bytes_of(const Packet& packet) {
    return std::visit(
        [](const auto& one) -> std::string {
          if constexpr (std::is_same_v<std::decay_t<decltype(one)>, OversizePublish>) {
            return "a packet too large for the fake broker";
          } else {
            return bytes_of(one);
          }
        },
        packet);
  }

  static std::string readable(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes.substr(0, 80)) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte < 0x7f) {
        text.push_back(c);
      } else {
        text.append("\\x").push_back(kDigits[byte >> 4]);
        text.push_back(kDigits[byte & 15]);
      }
    }
    return text;
  }

  void accept() {
    acceptor_.async_accept([this](const auto& error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      if (connections_.size() == scripts_.size()) {
        fault_ = "a connection without a script";
        return;
      }
      boost::system::error_code ignored;
      socket.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
      Script& script = scripts_[connections_.size()];
      connections_.push_back(std::make_unique<Connection>(std::move(socket), &script));
      advance(*connections_.back());
      accept();
    });
  }

  void advance(Connection& connection) {
    std::deque<Step>& steps = connection.script->steps_;
    while (fault_.empty() && !connection.closed) {
      if (steps.empty()) return listen(connection);  // for what should not come
      Step& step = steps.front();
      switch (step.kind) {
        case Step::Kind::send:
          return send(connection);
        case Step::Kind::call: {
          const auto call = std::exchange(step.call, {});
          steps.pop_front();
          call();
          break;
        }
        case Step::Kind::close: {
          boost::system::error_code ignored;
          connection.socket.close(ignored);
          connection.closed = true;
          steps.pop_front();
          return;
        }
        default:
          return listen(connection);
      }
    }
  }

  void send(Connection& connection) {
    const std::string& bytes = connection.script->steps_.front().bytes;
    boost::asio::async_write(connection.socket, boost::asio::buffer(bytes),
                             [this, &connection](const auto& error, std::size_t) {
                               if (error) {
                                 fault_ = "the client closed while the broker was sending";
                                 return;
                               }
                               connection.script->steps_.pop_front();
                               advance(connection);
                             });
  }

  void listen(Connection& connection) {
    const auto packet = connection.decoder.next();
    if (!packet) {
      fault_ = "the client sent a malformed packet: " + std::string{name(packet.error())};
      return;
    }
    if (*packet) return received(connection, **packet);
    const auto room = connection.decoder.room();
    connection.socket.async_read_some(boost::asio::buffer(room.data(), room.size()),
                                      [this, &connection](const auto& error, std::size_t count) {
                                        if (connection.closed) return;
                                        if (error) return closed(connection);
                                        connection.decoder.received(count);
                                        listen(connection);
                                      });
  }

  void received(Connection& connection, const Packet& packet) {
    std::deque<Step>& steps = connection.script->steps_;
    const std::string bytes = bytes_of(packet);
    const bool expected =
        !steps.empty() &&
        ((steps.front().kind == Step::Kind::expect && steps.front().bytes == bytes) ||
         (steps.front().kind == Step::Kind::expect_connect &&
          std::holds_alternative<Connect>(packet)));
    if (!expected) {
      fault_ = "expected " + (steps.empty() ? "nothing" : readable(steps.front().bytes)) +
               ", received " + readable(bytes);
      return;
    }
    steps.pop_front();
    advance(connection);
  }

  void closed(Connection& connection) {
    std::deque<Step>& steps = connection.script->steps_;
    connection.closed = true;
    boost::system::error_code ignored;
    connection.socket.close(ignored);
    if (steps.empty()) return;
    if (steps.front().kind == Step::Kind::expect_close) {
      steps.pop_front();
    } else {
      fault_ = "the client closed; expected " + readable(steps.front().bytes);
    }
  }

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::deque<Script> scripts_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::string fault_;
};

}  // namespace idast::mqtt
