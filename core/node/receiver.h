#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/ring.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "core/node/command.h"
#include "core/node/history.h"
#include "core/node/history_upload.h"
#include "core/node/message.h"
#include "core/node/radio_link.h"
#include "core/node/sample_memory.h"
#include "core/node/settings.h"
#include "core/node/status.h"
#include "core/ports/ports.h"
#include "core/telemetry/factors.h"
#include "core/telemetry/json.h"
#include "core/telemetry/sample.h"
#include "core/wire/frame.h"

// The board at the network, whole: check frame → number → derive → remember → publish, and the
// other way round: command → order → result. Publishes one message for each fresh sample and none
// without. What the server has not confirmed by `stored` is sent again, behind what is fresh: after
// every reconnect, and when nothing was confirmed for a while (CONTRACT §1, Identity).
//
// Driven: the owner calls step() often (every few ms on a board). One owner, one thread, no heap.
// The ports must outlive the node.
namespace idast::node {

inline constexpr Millis kHeartbeat = std::chrono::seconds{60};        // CONTRACT §1: status
inline constexpr Millis kHistoryEvery = std::chrono::minutes{10};     // CONTRACT §1
inline constexpr Millis kTimeEvery = std::chrono::seconds{60};        // time and site by radio
inline constexpr Millis kTimeEveryAtFirst = std::chrono::seconds{2};  // frames get lost
inline constexpr int kTimesAtFirst = 5;
inline constexpr Millis kStatusMin = std::chrono::seconds{1};  // progress at most this often
inline constexpr Millis kOrderRepeat{240};                     // four of the other's loops
inline constexpr Millis kOrderFor = std::chrono::seconds{10};  // then: no answer
inline constexpr std::size_t kOrdersMax = 4;                   // waiting for an answer
inline constexpr std::size_t kResultsKept = 8;  // a command redelivered by the broker is not redone
// Without progress of `stored` everything unconfirmed is sent again; the pause doubles each time in
// vain, or a server that is away for hours would find the same samples a thousand times.
inline constexpr Millis kResendAfter = std::chrono::seconds{10};  // CONTRACT §1
inline constexpr Millis kResendAfterMax = std::chrono::minutes{10};
// A server that commits seldom, to spare its disk, confirms seldom: twice its usual pause is not
// yet too long. No more than this is ever called usual.
inline constexpr Millis kUsualPauseMax = std::chrono::seconds{30};
// 50 samples a second: ten minutes at 350 ms are behind in 34 s, and live ones find a short queue.
inline constexpr Millis kResendEvery{20};

struct ReceiverSettings {
  FixedText<64> device_id;  // CONTRACT §1
  wire::SenderId self, transmitter;
  std::uint32_t radio_boot = 0;  // counts this board's starts: see core/wire/frame.h
  telemetry::BootId boot;        // drawn at random by the owner, new at every start
  FixedText<32> mode;            // live, sim
  telemetry::Factors factors;
  std::optional<Site> site;  // until a person has set another one
  BoardFacts board;
  bool can_restart = true;
};

struct ReceiverPorts {
  ports::Radio& radio;
  ports::Broker& broker;
  ports::Files& files;
  const ports::Clock& clock;  // only utc() is asked
  ports::Log& log;
};

struct ReceiverCounts {
  LinkCounts radio;
  std::uint32_t samples_published = 0;
  std::uint32_t samples_resent = 0;
  std::uint32_t losses_published = 0;
  std::uint32_t stored_refused = 0;         // words that cannot be about what was sent
  std::uint32_t history_failed = 0;         // rows that the file did not take
  std::uint32_t history_not_published = 0;  // at once; they follow from the file
  std::uint32_t history_uploaded = 0;
  std::uint32_t history_undated = 0;  // rows of a time without a clock: the file alone has them
  std::uint32_t settings_failed = 0;
  std::uint32_t commands_done = 0;
  std::uint32_t commands_refused = 0;
  std::uint32_t results_not_published = 0;
};

class Receiver {
 public:
  // Reads the kept settings and subscribes to the control topic.
  Receiver(const ReceiverSettings& settings, const ReceiverPorts& ports);

  // `now` is monotonic since this boot: it is the samples' uptime.
  void step(Instant now);

  // For the owner of the connection: the Last Will (retained, QoS 1), and the farewell before a
  // clean disconnect, which says the same.
  FixedText<128> status_topic() const;
  FixedText<kStatusBytesMax> offline_status() const;

  void describe(const BoardFacts& board);
  // Progress of a backlog, shown in the status until it is taken back.
  void show_backfill(std::optional<Backfill> backfill);

  // What is remembered and written down by now is delivered by the owner, not by this node, and
  // stays out of `lost`.
  void entrust();

  std::int64_t next_seq() const { return next_seq_; }
  // Every seq up to this one is confirmed; -1: none.
  std::int64_t confirmed() const { return confirmed_; }
  const SampleMemory& memory() const { return memory_; }
  telemetry::BootId boot() const { return settings_.boot; }
  ReceiverCounts counts() const {
    ReceiverCounts counts = counts_;
    counts.radio = link_.counts();
    counts.history_undated = upload_.undated();
    return counts;
  }
  const LostCounts& lost() const { return lost_; }
  bool restart_wanted() const { return restart_wanted_; }

 private:
  enum class ResultState : std::uint8_t { delivered, applied, rejected, expired };
  struct Result {
    CommandId id;
    ResultState state = ResultState::delivered;
    Why why = Why::none;
  };
  struct Pending {  // a command that the transmitter has not answered
    Order order;
    Command command;  // its part for this board is applied with the other's, or not at all
    Instant give_up_at;
  };

  // From the radio.
  void hear(Instant now);
  void take(const wire::Frame& frame, Instant now);
  void take_sample(Bytes payload, Instant now);
  void take_phone(const Phone& phone, Instant now);
  void take_answer(const Answer& answer);
  void remember(telemetry::Sample& sample);

  // What is not confirmed.
  void take_stored(std::string_view text, Instant now);
  void confirm(std::int64_t upto, Instant now);
  void resend(Instant now);
  void start_resending(Instant now);
  bool send_again(const telemetry::Sample& sample);
  void give_up(std::int64_t first, std::int64_t last, std::string_view reason);
  bool print_message(const telemetry::Sample& sample);
  void fill_in(telemetry::Sample& sample) const;

  // To the radio.
  void tell_time(Instant now);
  void tell_site();
  void push_order(Instant now);

  // From the broker.
  void listen(Instant now);
  void take_command(std::string_view text, Instant now);
  void carry_out(const Command& command, Instant now);
  void apply_here(const Command& command, Instant now);
  void finish(const Result& result);

  // To the broker.
  void report_status(Instant now);
  void report_history(Instant now);
  void upload_history(Instant now);
  bool publish_history(const HistoryRow& row, int qos);
  bool publish_result(const Result& result);
  FixedText<128> topic(std::string_view leaf) const;
  std::int64_t stamp(Instant now) const;
  std::string_view device_name() const;
  void keep_settings();

  ReceiverSettings settings_;
  ReceiverPorts ports_;
  KeptSettings kept_;
  RadioLink link_;
  ReceiverCounts counts_;
  LostCounts lost_;

  SampleMemory memory_;
  std::int64_t next_seq_ = 0;
  std::int64_t confirmed_ = -1;
  std::int64_t entrusted_ = -1;  // up to here another delivers
  struct Fallback {              // the server said less than before
    std::int64_t upto;
    Instant at;
  };
  std::optional<Fallback> fallback_;
  bool server_speaks_ = false;  // it has confirmed something of this boot, or said that it cannot
  bool resending_ = false;
  std::int64_t resend_until_ = 0;           // what came later was published when it came
  std::optional<telemetry::Sample> again_;  // read from the memory, not yet taken by the broker
  Instant resend_due_;
  Instant progress_at_;
  Millis patience_ = kResendAfter;
  Instant confirmed_at_;
  int resends_in_vain_ = 0;    // since then
  Millis usual_pause_{0};      // between two words that confirm something; forgotten slowly
  std::size_t text_size_ = 0;  // of the sample in text_

  bool sample_since_row_ = false;
  std::optional<WattHours> energy_;
  std::optional<Percent> battery_;

  Phone phone_;
  std::optional<Instant> session_since_;

  std::uint32_t order_number_ = 0;
  Ring<Pending, kOrdersMax> orders_;
  Ring<Result, kResultsKept> results_;
  Instant order_due_;
  Instant time_due_;
  int times_told_ = 0;  // since this or the other board started

  bool was_connected_ = false;
  bool status_wanted_ = false;
  Instant status_due_, status_at_;
  std::optional<Instant> history_due_;
  HistoryUpload upload_;
  Instant upload_due_;
  std::optional<Backfill> backfill_;
  bool restart_wanted_ = false;
  Instant now_;

  std::array<char, telemetry::kMessageBytesMax> text_{};  // every message is printed here
};

}  // namespace idast::node
