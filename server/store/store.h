#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/telemetry/history.h"
#include "core/telemetry/record.h"

// The database seam. A Store is opened once (migrated to the newest schema), written by one thread
// through commit(), and read by any number of threads, each through a Reader of its own.
//
// Reading is bounded: what one answer may read is limited, past that it is an error with words.
//
// Rules: commit is all or nothing and durable when it returns; a sample that is already stored
// (same device, boot, seq) is absorbed, never doubled and never changed; rows of fielded devices,
// which carry no identity, are stored as often as they come.
namespace idast::store {

enum class StoreErrorKind : std::uint8_t {
  unavailable,   // Locked, gone, or not answering: try again.
  disk_full,     // Try again when there is room.
  read_only,     // Try again when it is writable.
  newer_schema,  // Made by a newer IDAST: never touched. Start-up only.
  corrupt,       // The file is not a database. Start-up only.
};
struct StoreError {
  StoreErrorKind kind;
  std::string words;  // For a person: what happened and what to do.
};
template <class T>
using Result = std::expected<T, StoreError>;

// How far a boot is complete: every seq 0..upto is stored or was given up. -1: seq 0 is missing.
struct Progress {
  std::string device;
  std::string boot;  // 16 hexadecimal digits.
  std::int64_t upto = -1;
};

struct Committed {
  std::size_t inserted = 0;
  std::size_t absorbed = 0;        // Were stored before.
  std::vector<Progress> progress;  // One for every boot that the batch touched.
  // The row of each record of the batch, in its order; 0 for one that was absorbed.
  std::vector<std::int64_t> rows = {};
  // Of the receivers' own rows.
  std::size_t history_inserted = 0;
  std::size_t history_absorbed = 0;
};

// A stored sample with the id of its row. `boot_started` orders boots: when the first sample of it
// that came was taken (its ts, or its receipt if that was earlier), less that sample's uptime. So a
// boot that is heard late, after the next one, is the earlier one all the same, if its device has a
// clock. Absent without a boot.
struct StoredRecord {
  std::int64_t id = 0;
  telemetry::Record record;
  std::optional<UtcMillis> boot_started;
};

// Half-open: from <= ts < to. An empty device means all devices.
struct Range {
  std::string device;
  UtcMillis from;
  UtcMillis to;
};

// One bucket of one column.
struct Bucket {
  std::optional<double> low, mean, high;
};
// Column-wise answer: times are bucket starts; buckets[f][i] belongs to fields[f] at times[i].
// Empty buckets are left out.
struct Buckets {
  std::vector<UtcMillis> times;
  std::vector<std::vector<Bucket>> fields;
};

// What a day, an hour or a month of one device adds up to.
struct Period {
  UtcMillis start;
  double energy_wh = 0;  // By differences of the counter; a fall starts a new count (energy.h).
  std::int64_t samples = 0;
  std::int64_t minutes_covered = 0;  // Distinct minutes with at least one sample.
  std::optional<double> battery_pct_mean;
  std::string device_name_last;          // The last non-empty one.
  std::optional<UtcMillis> first, last;  // First and last sample.
};

struct DeviceSeen {
  std::string device;
  UtcMillis last_seen;  // The newest ts.
};

// A day of which the archive does not have everything.
struct Unarchived {
  std::int64_t day = 0;   // Whole days since 1970, UTC.
  std::int64_t upto = 0;  // The newest row there is.
};

class Reader {
 public:
  virtual ~Reader() = default;
  virtual Result<void> ping() = 0;
  virtual Result<std::vector<DeviceSeen>> devices() = 0;
  // The newest sample by (boot start, seq), without identity by receive order; over all devices,
  // the one received last.
  virtual Result<std::optional<StoredRecord>> latest(const std::string& device) = 0;
  // Ascending by ts, then id; at most `limit`. Stops early when `row` returns false.
  virtual Result<void> rows(const Range& range, std::size_t limit,
                            const std::function<bool(StoredRecord&&)>& row) = 0;
  // What a receiver noted of itself (core/telemetry/history.h), ascending; at most `limit`, device
  // required. `taken` comes back in whole seconds.
  virtual Result<std::vector<telemetry::HistoryRow>> history(const Range& /*range*/,
                                                             std::size_t /*limit*/) {
    return std::vector<telemetry::HistoryRow>{};
  }
  // Whether a ten-second row of the store's own making may stand for a sample without identity of
  // this time. Which ones it was made of is not known any more.
  virtual Result<bool> may_be_thinned(const std::string& /*device*/, UtcMillis /*ts*/) {
    return false;
  }
  // Buckets of `step` aligned to range.from, for numeric and boolean fields (positions in
  // kFieldInfo), in the field's unit. A mean is that of the exact sum, whatever it was read from.
  virtual Result<Buckets> buckets(const Range& range, Millis step,
                                  std::span<const std::size_t> fields) = 0;
  // One entry for each [starts[i], starts[i+1]), device required; empty periods have samples 0. The
  // difference that crosses a boundary belongs to the period of its later sample.
  virtual Result<std::vector<Period>> periods(const std::string& device,
                                              std::span<const UtcMillis> starts) = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  // Losses are recorded, as durable and as idempotent, so that progress can pass them. So are the
  // receivers' own rows; of two with one key the first stands.
  virtual Result<Committed> commit(std::span<const telemetry::Record> batch,
                                   std::span<const telemetry::Loss> losses,
                                   std::span<const telemetry::HistoryRow> history) = 0;
  Result<Committed> commit(std::span<const telemetry::Record> batch,
                           std::span<const telemetry::Loss> losses) {
    return commit(batch, losses, {});
  }
  Result<Committed> commit(std::span<const telemetry::Record> batch) {
    return commit(batch, {}, {});
  }
  // The server's clock says `now` and had said more before: boots that seem to have started since
  // are put before it, in their order and after all others of their device, so that what starts
  // from now on is the latest. On the thread that commits.
  virtual Result<void> settle_clock(UtcMillis) { return {}; }
  // What is better done while nobody waits for a commit: some milliseconds of it. Call it after
  // each commit, on the same thread, and again while it says true and nothing is to be committed;
  // without it the database grows, and ranges are slow to read.
  virtual bool tidy() { return false; }
  // The same for days that are old by the newest receipt, when tidy() has nothing left: some of it
  // goes for good, so not within an hour of a clock that was set.
  virtual bool thin() { return false; }
  // Why one of them stands still for good: something in the database cannot be read. A lock or a
  // full disk passes, and commit() says so. On their thread.
  virtual std::optional<StoreError> upkeep_trouble() { return std::nullopt; }
  // The oldest day that is over since an hour, is summed up and has samples that archived() was not
  // told of.
  virtual Result<std::optional<Unarchived>> unarchived() { return std::nullopt; }
  // Its rows up to `upto` are in the archive for good. When it got others meanwhile, it comes
  // again.
  virtual Result<void> archived(const Unarchived&) { return {}; }
  // Thread-safe; the reader itself belongs to one thread.
  virtual Result<std::unique_ptr<Reader>> open_reader() = 0;
  // What the database takes on disk, its log included: for /metrics. Thread-safe.
  struct Size {
    std::int64_t bytes = 0;
    // Of an older database, days of devices that are not summed up yet: read by samples.
    std::int64_t unsummed_days = 0;
    // Samples since the start that came for a minute of which only ten-second rows are left.
    std::int64_t late_thinned = 0;
    // Since the start: samples that only a summary brought of which the last was there already.
    // Each is a loss with the reason `overlap`.
    std::int64_t overlapped = 0;
    // Of the bytes, those in the database that are free, and used again before it grows.
    std::int64_t free_bytes = 0;
    // Rows of each kind and an estimate of their bytes: all pages in use, divided by rows.
    struct Tier {
      std::int64_t rows = 0;
      std::int64_t bytes = 0;
    };
    Tier raw;      // As they came, a tracker's own summaries among them.
    Tier thinned;  // Ten-second rows that stand for thinned_samples.
    Tier rollups;
    std::int64_t thinned_samples = 0;
    // Of the newest day that is summed up: what a day brings.
    std::int64_t samples_a_day = 0;
    std::int64_t minutes_a_day = 0;
    std::int64_t rollups_a_day = 0;
  };
  virtual Result<Size> size() = 0;
};

}  // namespace idast::store
