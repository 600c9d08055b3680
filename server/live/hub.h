#pragma once
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/telemetry/sample.h"
#include "server/live/board.h"

// Every open stream: first the whole state, then changes in batches. Streams that ask for the same
// devices and fields share one channel and its printed text. A reader that does not keep up loses
// the batches in between and gets a new state; nobody waits for it.
//
// Threads: one. Every call, also tick(), must come from the same thread; `wake` is called from
// within tick(), must not throw, and may call take() but not open() or close().
namespace idast::live {

// The page paints once a frame; more than twenty batches a second only cost radio time on a phone.
constexpr Millis kBatchEvery{50};
// An empty batch says that the server lives and what its clock says.
constexpr Millis kSilenceMax = std::chrono::seconds{1};
// Browsers of a whole school, and 200 slow ones among them.
constexpr std::size_t kStreamsMax = 512;
// Different filters. A page for one tracker is one; each costs a history.
constexpr std::size_t kChannelsMax = 128;
constexpr std::size_t kFilterDevicesMax = 64;
// What all channels together remember for readers that come back.
constexpr std::size_t kHistoryBytesMax = 4'194'304;
constexpr std::size_t kHistoryBytesMin = 32'768;  // Of one channel, however many there are.
// A channel without readers is kept this long for one that comes back.
constexpr Millis kChannelLinger = std::chrono::seconds{30};
// Batches that wait for one reader: two seconds of them.
constexpr std::size_t kOutboxMax = 40;
constexpr std::size_t kOutboxBytesMax = 262'144;
// A printed state serves everyone who needs one within this time.
constexpr Millis kStateShared = std::chrono::seconds{1};

struct Filter {
  std::set<std::string> devices{};  // Empty: all.
  telemetry::KeySet fields{};       // Columns besides `ts`.
  bool wants(const std::string& device) const {
    return devices.empty() || devices.contains(device);
  }
  friend auto operator<=>(const Filter& a, const Filter& b) {
    return std::pair{a.fields.bits, std::cref(a.devices).get()} <=>
           std::pair{b.fields.bits, std::cref(b.devices).get()};
  }
  friend bool operator==(const Filter&, const Filter&) = default;
};

enum class OpenError : std::uint8_t { too_many_streams, too_many_filters };

using StreamId = std::uint64_t;
using EventId = std::uint64_t;
// One or more whole events, as text/event-stream has them; shared by all readers of a channel.
using Text = std::shared_ptr<const std::string>;

class Hub {
 public:
  struct Counters {
    std::uint64_t opened = 0;
    std::uint64_t resumed = 0;
    std::uint64_t refused = 0;
    std::uint64_t states = 0;           // Given to readers.
    std::uint64_t batches = 0;          // Given to readers.
    std::uint64_t batches_dropped = 0;  // Lost by readers that did not keep up.
    std::size_t streams = 0;
    std::size_t channels = 0;
    std::size_t history_bytes = 0;
  };

  // Event ids grow from first_id; a later process must start higher, so that an id of an earlier
  // one is not taken for its own. `broker` is shown to people; it must hold no secret.
  Hub(Board& board, EventId first_id, std::string broker);

  // last_event: what the reader says it saw last. When the channel still remembers everything since
  // then, the stream goes on from there; otherwise it starts with the state. `wake` says that
  // take() has something again after it had nothing.
  std::expected<StreamId, OpenError> open(Filter filter, std::optional<EventId> last_event,
                                          std::function<void()> wake);
  void close(StreamId stream);
  // The next text to send; null when there is none at present.
  Text take(StreamId stream);

  // Every kBatchEvery. `now` measures, `utc` is printed.
  void tick(Instant now, UtcMillis utc);

  const Counters& counters();

 private:
  struct Entry {
    EventId id;
    Text text;
  };
  struct Stream {
    std::function<void()> wake;
    std::deque<Text> outbox;
    std::size_t outbox_bytes = 0;
    bool needs_state = false;
    bool waiting = true;  // take() had nothing.
  };
  struct Channel {
    std::map<StreamId, Stream> streams;
    std::deque<Entry> history;
    std::size_t history_bytes = 0;
    EventId last_id = 0;
    Instant last_batch;
    Instant deserted_at;
    // The newest printed state and when; later batches are in the history.
    Entry state{};
    Instant state_at;
  };
  using Channels = std::map<Filter, Channel>;

  void batch(const Filter& filter, Channel& channel, const std::vector<Change>& changes,
             Instant now, UtcMillis utc);
  void give(Stream& stream, Text text);
  void give_state(const Filter& filter, Channel& channel, const std::vector<View>& views,
                  Instant now, UtcMillis utc);
  Text print_state(const Filter& filter, EventId id, const std::vector<View>& views,
                   UtcMillis utc) const;
  void forget(Channel& channel, std::size_t bytes_max);
  bool remembers(const Channel& channel, EventId id) const;
  bool state_wanted() const;

  Board& board_;
  EventId next_id_;
  std::string broker_;
  StreamId next_stream_ = 1;
  Channels channels_;
  std::map<StreamId, Channels::iterator> channel_of_;
  Counters counters_;
};

}  // namespace idast::live
