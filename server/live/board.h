#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/time.h"
#include "core/telemetry/record.h"
#include "server/live/backfill.h"

// What every tracker says at this moment, before anything is committed.
//
// Threads: any; one lock inside, held for a copy of a few pointers. The board is driven: it asks no
// clock and is told the time. Everything in it is bounded by the constants below.
namespace idast::live {

// Ids come from outside: without a limit, invented ones would fill the memory. A device past the
// limit is stored all the same, and counted here.
constexpr std::size_t kDevicesMax = 4'096;
// Boots of one device that can be told apart: an old boot's backlog may come in late.
constexpr std::size_t kBootsMax = 8;
// No board was on for that long: no boot that still sends can have started before.
constexpr Millis kUptimeMax = std::chrono::hours{24 * 365 * 10};
// Samples of one device between two readings of the board (50 ms); more are merged into one.
constexpr std::size_t kSamplesPendingMax = 64;

enum class Status : std::uint8_t {
  live,     // A sample within 2 s.
  delayed,  // Within 15 s.
  stale,    // Older.
  offline,  // Nothing for 90 s, or the broker delivered the Last Will.
  asleep,   // As stale or offline, but the sun is down there: nothing is wrong.
};
std::string_view name(Status status);

// The ages (now - receipt of the newest sample) at which a status ends.
constexpr Millis kLiveBelow = std::chrono::seconds{2};
constexpr Millis kDelayedUpTo = std::chrono::seconds{15};
constexpr Millis kStaleUpTo = std::chrono::seconds{90};

// What the registry knows of a device, ready to print.
struct Profile {
  std::string name;
  std::string site_json = "null";   // An object as the stream shows it, or null.
  std::string mount_json = "null";  // A string in quotes, or null.
  friend bool operator==(const Profile&, const Profile&) = default;
};

// A record is shared by the board, the pending changes and whoever prints it; it is never changed.
using SharedRecord = std::shared_ptr<const telemetry::Record>;

// Counts receipts of this process: "all up to 17 are committed".
using Receipt = std::uint64_t;

struct View {
  std::string device;
  Profile profile;
  Status status = Status::offline;
  std::optional<UtcMillis> last_seen{};  // When its newest sample was received.
  std::optional<bool> online{};          // By its own word, or the broker's; absent: never said.
  SharedRecord latest{};                 // Null: never seen.
  bool committed = false;                // `latest` is in the database.
  std::int64_t row_id = 0;               // Where it is there; 0: not known.
  std::optional<Progress> backfill{};
};

// A sample that moved "latest" forward, and the columns in which it differs from the one before.
struct Step {
  SharedRecord record;
  telemetry::KeySet changed;
};

struct Change {
  std::string device;
  bool appeared = false;  // Then `view` stands for everything.
  bool status = false, last_seen = false, online = false, backfill = false, profile = false;
  std::vector<Step> samples{};
  View view{};
};

struct Drained {
  std::vector<Change> changes;
  std::vector<View> views;  // Filled when asked for; consistent with `changes`.
};

class Board {
 public:
  struct Counters {
    std::uint64_t received = 0;
    std::uint64_t late = 0;             // Older than what the board shows.
    std::uint64_t devices_refused = 0;  // Past kDevicesMax.
    std::uint64_t merged = 0;           // Past kSamplesPendingMax.
    std::size_t devices = 0;
    std::uint64_t not_stored = 0;  // Received, not yet committed.
  };

  // A configured device; it is shown even before it was ever heard. The newest word stands.
  void describe(const std::string& device, Profile profile);
  // Whether the sun is above the horizon there; absent without a site.
  void set_sun(const std::string& device, std::optional<bool> up);
  // What the database held when this process started, and in which row. Call before the first
  // receive().
  void restore(telemetry::Record latest, std::optional<UtcMillis> boot_started,
               std::int64_t row_id = 0);

  // As Store::settle_clock(): the server's clock fell to `now`.
  void settle_clock(UtcMillis now);

  // `to_be_stored` is false for a sample that is shown only (thinned out by configuration).
  Receipt receive(const telemetry::Record& record, bool to_be_stored = true);
  // A receipt's sample is in this row of the database.
  struct Row {
    std::string_view device;
    Receipt receipt = 0;
    std::int64_t id = 0;
  };
  // Everything received up to and including this receipt is in the database; `rows` where it is.
  void committed(Receipt upto, std::span<const Row> rows = {});
  // These were dropped, for the broker delivers them again: until then they are in no database,
  // whatever is committed meanwhile.
  void voided(std::vector<Receipt> receipts);
  // A status message or the Last Will.
  void set_online(const std::string& device, bool online, UtcMillis received);
  // What a status message says of the device's backlog.
  void set_backfill(const std::string& device, std::optional<Backfill::Word> word,
                    UtcMillis received);

  std::optional<View> view(const std::string& device, UtcMillis now) const;
  std::vector<View> views(UtcMillis now) const;
  // The view of the device whose "latest" was received last; empty when nothing ever came.
  std::optional<View> newest(UtcMillis now) const;

  // What changed since the last call; one caller.
  Drained drain(UtcMillis now, bool with_views);
  Counters counters() const;

 private:
  struct Boot {
    std::string text;
    UtcMillis started;
  };
  struct Device {
    Profile profile;
    SharedRecord latest;
    Receipt receipt = 0;
    std::int64_t row_id = 0;
    bool stored_at_all = true;
    bool voided = false;  // `latest` was dropped and has not come again.
    std::vector<Boot> boots;
    std::optional<bool> sun_up;
    std::optional<bool> online;
    UtcMillis online_at;
    Backfill backfill;
    // Since the last drain.
    std::vector<Step> pending;
    bool appeared = true;
    bool profile_changed = false;
    // As last told to the streams.
    Status status_told = Status::offline;
    std::optional<bool> online_told;
    std::optional<Progress> backfill_told;
    UtcMillis backfill_told_at;
  };
  using Devices = std::map<std::string, Device, std::less<>>;

  Device* find_or_add(const std::string& device) REQUIRES(mutex_);
  // What a device's status and its neighbours in View are at this moment.
  struct Standing {
    Status status = Status::offline;
    std::optional<UtcMillis> last_seen{};
    bool committed = false;
  };
  Standing standing_of(const Device& device, UtcMillis now) const REQUIRES(mutex_);
  View view_of(const std::string& id, const Device& device, UtcMillis now) const REQUIRES(mutex_);
  std::optional<Change> change_of(const std::string& id, Device& device, UtcMillis now)
      REQUIRES(mutex_);
  static UtcMillis boot_start(Device& device, const telemetry::Record& record);
  static bool is_newer(Device& device, const telemetry::Record& record);
  static bool is_shown(const Device& device, const telemetry::Record& record);

  mutable Mutex mutex_;
  Devices devices_ GUARDED_BY(mutex_);
  Receipt received_ GUARDED_BY(mutex_) = 0;
  Receipt committed_ GUARDED_BY(mutex_) = 0;
  Counters counters_ GUARDED_BY(mutex_);
};

}  // namespace idast::live
