#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "server/api/routes.h"
#include "server/live/hub.h"

namespace boost::asio {
class io_context;
}

// HTTP/1.1: keep-alive, one request of a connection at a time (pipelined ones wait in the socket),
// the endpoints of Routes, the live stream, the page.
//
// Threads: everything here runs on the one thread that runs the io_context; endpoints marked
// Where::worker run where `Workers` puts them and never wait on this thread.
namespace idast::api {

constexpr std::uint32_t kHeaderBytesMax = 8 * 1024;
constexpr std::uint64_t kBodyBytesMax = 64 * 1024;
// Streams (live::kStreamsMax) and short requests beside them, below the usual 1024 open files.
constexpr std::size_t kConnectionsMax = 768;
// Waiting jobs of all workers; more are answered 503 at once.
constexpr std::size_t kJobsMax = 256;
constexpr Millis kHeaderWithin = std::chrono::seconds{10};  // From the first byte on.
constexpr Millis kIdleAtMost = std::chrono::seconds{30};    // Between two requests.
constexpr Millis kWriteWithin = std::chrono::seconds{30};   // One piece of an answer.

// What the system buffers for a stream; a larger buffer only makes a slow reader's news older.
constexpr int kStreamSendBufferBytes = 64 * 1024;

// Threads of the app, each with its own Routes and database reader.
struct Workers {
  std::size_t count = 1;
  // Runs the job on worker `index`, one at a time there, in order. The job must not be lost.
  std::function<void(std::size_t index, std::function<void(const Routes&)> job)> run;
};

struct Clock {
  std::function<Instant()> now;
  std::function<UtcMillis()> utc;
};

struct Options {
  // Host names that a browser may use besides addresses and localhost. A page elsewhere that points
  // its own name at this machine (DNS rebinding) is answered 421.
  std::vector<std::string> hosts;
  // Told of answers 500 and above: event and detail.
  std::function<void(std::string_view event, std::string_view detail)> warn;
};

class Server {
 public:
  struct Counters {
    std::map<std::pair<std::string, int>, std::uint64_t> requests;  // By pattern and status.
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_refused = 0;  // Past kConnectionsMax.
    std::uint64_t requests_malformed = 0;
    std::uint64_t requests_busy = 0;  // Past kJobsMax.
    std::size_t connections = 0;
    std::size_t jobs = 0;
  };

  // `routes` is matched here and its at_once endpoints run here; a worker's Routes must have the
  // same order. Everything must outlive the server and the io_context's last handler.
  Server(boost::asio::io_context& io, Options options, const Routes& routes, Workers workers,
         live::Hub& hub, Clock clock);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and listens; port 0 takes a free one. Gives the port, or one sentence.
  std::expected<std::uint16_t, std::string> listen(const std::string& address, std::uint16_t port);
  // Closes the listener and every connection.
  void stop();

  const Counters& counters() const;

  class Core;

 private:
  // Shared with the connections' asynchronous operations, which may complete after the server went.
  std::shared_ptr<Core> core_;
};

}  // namespace idast::api
