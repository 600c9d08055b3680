#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/ports/ports.h"
#include "mqtt/session.h"
#include "tests/storm/ledger.h"

// A broker that promises what brokers promise and does, when told to, what they really do: drops
// after it acknowledged, doubles, reorders, forgets everything. One server session; one connection
// for each device. Driven, one thread.
namespace idast::storm {

struct Lies {  // chances per message
  double drop = 0, doubled = 0, reorder = 0, words_lost = 0, words_late = 0;
};

class LyingBroker {
 public:
  static constexpr std::size_t kWindow = 50;  // unacknowledged at the server

  LyingBroker(std::size_t devices, Ledger& ledger, std::uint64_t seed);

  class End final : public ports::Broker {
   public:
    bool connected() const override { return online; }
    std::expected<ports::Ticket, ports::PublishError> publish(std::string_view topic,
                                                              std::string_view payload, int qos,
                                                              bool retain) override;
    void subscribe(std::string_view topic) override { topics.insert(std::string{topic}); }
    std::optional<Incoming> receive() override;

    LyingBroker* broker = nullptr;
    bool online = true, full = false;
    bool swallow_again = false;  // a planted fault: what was said once is not said again
    std::set<std::string> topics;
    std::deque<Incoming> inbox;
    std::set<std::string> said_before;
  };
  ports::Broker& end(std::size_t device) { return ends_[device]; }
  End& line(std::size_t device) { return ends_[device]; }

  void lie(const Lies& lies) { lies_ = lies; }
  // Everything it knew is gone.
  void restart();
  // A connection of the server's that begins: what it had not acknowledged comes again.
  void connect_server();
  // Hands over what the window has room for.
  void deliver(const std::function<void(const mqtt::Message&)>& receive);
  void acknowledge(const mqtt::AckToken& token);
  // The server's word to a device.
  void to_device(std::string_view topic, std::string_view payload, Instant now);
  void deliver_words(Instant now);

  bool idle() const { return queue_.empty(); }

 private:
  struct Queued {
    std::string topic, payload;
    int qos = 1;
    std::uint16_t packet_id = 0;  // 0: not handed over on this connection
    bool handed_before = false;
  };
  struct Word {
    std::string topic, payload;
    Instant at;
  };
  void take(std::string_view topic, std::string_view payload, int qos);
  bool happens(double chance) { return chance > 0 && random_.unit() < chance; }

  Ledger& ledger_;
  Random random_;
  Lies lies_;
  std::vector<End> ends_;
  std::deque<Queued> queue_;
  std::vector<Word> words_;
  std::uint64_t connection_ = 1;
  std::uint16_t packet_id_ = 0;
};

}  // namespace idast::storm
