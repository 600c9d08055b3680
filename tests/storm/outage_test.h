#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/node/history.h"
#include "server/store/folder_test.h"
#include "server/store/sqlite.h"
#include "tests/storm/device.h"
#include "tests/storm/server.h"

// One tracker's way to the database, whole: the boards' own nodes, a broker that can be away, the
// server's own way of a message and a real database, in simulated time.
namespace idast::storm {

inline constexpr UtcMillis kStart{1'750'478'400'000};     // as the device's
inline constexpr UtcMillis kMidnight{1'750'464'000'000};  // before it
inline constexpr UtcMillis kNextMidnight = kMidnight + Millis{86'400'000};
inline constexpr Millis kTick{60};  // the boards' loop
// From the broker's return on, for what may be three hours behind.
inline constexpr Millis kWholeAgainWithin = std::chrono::minutes{10};

inline std::string csv_of(const node::HistoryRow& row) {
  std::array<char, node::kHistoryRowBytesMax> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  node::print_csv(row, out);
  return std::string{out.view()};
}

// A row of the database, in the words of the receiver's file.
inline std::string csv_of(const telemetry::HistoryRow& row) {
  node::HistoryRow said;
  said.timestamp_ms = row.taken.unix_ms();
  if (row.energy) said.energy = watt_hours(static_cast<double>(*row.energy) / 1e3);
  if (row.battery) said.battery = percent(static_cast<float>(*row.battery) / 10.f);
  said.device_name = FixedText<64>{std::string_view{row.device_name}};
  said.session_minutes = row.session_min.value_or(0);
  return csv_of(said);
}

inline const app::Log& quiet_log() {
  static const app::Log log{app::LogFormat::text};
  return log;
}

class Outage {
 public:
  // `database`: as open_sqlite() has it. The files must outlive it.
  Outage(const std::string& database, ports::Files& receiver_files)
      : store_{store::value_of(store::open_sqlite(database)), ledger_, Plant::none},
        device_{0, 7, broker_.end(0), ledger_, &receiver_files} {}

  void run(Millis lasting, Millis tick = kTick) {
    for (const Instant until = now_ + lasting; now_ < until;) step(tick);
  }
  // False: not within that time.
  bool run_until(const std::function<bool()>& holds, Millis within) {
    for (const Instant until = now_ + within; now_ < until; step(kTick)) {
      if (holds()) return true;
    }
    return holds();
  }

  // What the broker knew is gone, and so are all connections.
  void broker_goes() {
    broker_.restart();
    broker_.line(0).online = false;
  }
  void broker_comes() {
    broker_.line(0).online = true;
    server_.reconnect();
  }
  void command(std::string_view text) {
    ports::Broker::Incoming incoming;
    REQUIRE(incoming.topic.assign("solar-tracker/" + device_.id() + "/control"));
    REQUIRE(incoming.payload.assign(text));
    broker_.line(0).inbox.push_back(incoming);
  }

  // Nothing fresh comes, and everything that was taken becomes known to be stored; how long it
  // took.
  std::optional<Millis> settle() {
    const Instant from = now_;
    device_.spoil({.loss = 1.0});
    const auto whole = [&] {
      return device_.receiver().confirmed() == device_.receiver().next_seq() - 1;
    };
    if (!run_until(whole, kWholeAgainWithin)) return std::nullopt;
    const Millis took = now_ - from;
    while (store_.tidy()) {
    }
    return took;
  }

  // The rows that the receiver noted of itself, as they are stored.
  std::vector<std::string> stored_history(UtcMillis from) {
    const store::Range range{device_.id(), from, kNextMidnight};
    const auto reader = store::value_of(store_.open_reader());
    std::vector<std::string> rows;
    for (const auto& row : store::value_of(reader->history(range, SIZE_MAX))) {
      rows.push_back(csv_of(row));
    }
    return rows;
  }

  Device& device() { return device_; }
  FaultyStore& store() { return store_; }
  Ledger& ledger() { return ledger_; }

 private:
  void step(Millis tick) {
    now_ = now_ + tick;
    device_.step(tick);
    server_.step(now_, kStart + now_.since_start());
    broker_.deliver_words(now_);
    store_.tidy();
  }

  Ledger ledger_;
  LyingBroker broker_{1, ledger_, 3};
  FaultyStore store_;
  SpoolDisk disk_{ledger_};
  Server server_{store_, disk_, broker_, ledger_, quiet_log(), Plant::none};
  Device device_;
  Instant now_;
};

}  // namespace idast::storm
