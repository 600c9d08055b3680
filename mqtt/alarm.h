#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

// Inside this room only; everything else includes session.h.
namespace idast::mqtt {

// A timer that calls one function at a time: setting it again or cancelling it makes sure that the
// earlier function is not called, even if it was due already.
class Alarm {
 public:
  explicit Alarm(boost::asio::io_context& io) : timer_{io} {}

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
  boost::asio::steady_timer timer_;
  // Shared with waits that outlive the alarm.
  std::shared_ptr<std::uint64_t> turn_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace idast::mqtt
