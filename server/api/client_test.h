#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// A client that says exactly what it is told, byte by byte; for tests.
namespace idast::api {

class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer_bytes = 0) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    if (receive_buffer_bytes > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                   sizeof receive_buffer_bytes);
    }
    // A test that waits for ever says less than one that fails.
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Until the server closes.
  std::string read_all() {
    while (read_some()) continue;
    return std::exchange(pending_, {});
  }
  // Up to and including `end`; what follows is kept. Everything, when it never comes.
  std::string read_until(std::string_view end) {
    while (true) {
      const std::size_t found = pending_.find(end);
      if (found != std::string::npos) {
        std::string text = pending_.substr(0, found + end.size());
        pending_.erase(0, found + end.size());
        return text;
      }
      if (!read_some()) return std::exchange(pending_, {});
    }
  }
  std::string read_bytes(std::size_t bytes) {
    while (pending_.size() < bytes && read_some()) continue;
    std::string text = pending_.substr(0, bytes);
    pending_.erase(0, text.size());
    return text;
  }

 private:
  bool read_some() {
    char buffer[16'384];
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  int socket_ = -1;
  bool connected_ = false;
  std::string pending_;
};

// One request on a connection of its own; the whole answer as it came.
inline std::string ask(std::uint16_t port, std::string_view request_line,
                       std::string_view headers = "") {
  Client client{port};
  std::string text{request_line};
  text.append(" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n").append(headers);
  client.send(text.append("\r\n"));
  return client.read_all();
}

}  // namespace idast::api
