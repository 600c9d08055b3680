#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "server/store/sqlite_connection.h"
#include "server/store/store.h"

// Everything that a database holds, once: for what leaves the house (export) and for what checks it
// (verify). One snapshot from open() to the end, also while a server writes; until then the
// database's log grows, so an open scan is not kept. One thread.
namespace idast::store {

// Half-open by the sample's time; an absent end is open, an empty device means all.
struct ScanRange {
  std::string device;
  std::optional<UtcMillis> from;
  std::optional<UtcMillis> to;
  bool whole() const { return device.empty() && !from && !to; }
};

struct ScannedBoot {
  std::int64_t id = 0;
  std::string device;
  std::string boot;  // 16 hexadecimal digits.
  UtcMillis started;
  std::int64_t upto = -1;
};

class SampleScan {
 public:
  // Read only; the file may be in use. Errors: corrupt (no database, or another program's),
  // newer_schema (also an older one: the words say what to do), unavailable.
  static Result<std::unique_ptr<SampleScan>> open(const std::string& path, const ScanRange& range);

  // How many samples next() will give.
  std::int64_t rows() const { return count_; }
  // Samples in the order of their commits, which is the order of their ids; null at the end. Valid
  // until the next call. Columns are put together here and not by SQL: 5 joins a row would take
  // three times as long.
  Result<const StoredRecord*> next();
  // The row of `boot` that the last sample names; 0 without one.
  std::int64_t boot_row() const { return boot_row_; }
  // The row of a tracker's newest sample without identity; 0 without one.
  Result<std::int64_t> plain_latest(const std::string& device);

  // For further questions to the same snapshot; on the same thread, and only to read.
  Connection& connection() { return connection_; }
  // By start, then device and boot.
  Result<void> boots(const std::function<void(const ScannedBoot&)>& each);
  // Accounted for past a hole, by boot row; boots in the same order.
  Result<void> islands(
      const std::function<void(std::int64_t boot, std::int64_t first, std::int64_t last)>& each);
  // Given up by devices; `boot` is the row.
  Result<void> losses(
      const std::function<void(std::int64_t boot, const telemetry::Loss& loss)>& each);
  // What receivers noted of themselves in the range, by device and time; false from `each` stops.
  Result<void> history(const ScanRange& range,
                       const std::function<bool(const telemetry::HistoryRow& row)>& each);

 private:
  // What samples of one base share, and the record that is filled in for each of them.
  struct Shared {
    std::array<std::int64_t, telemetry::kFieldCount> base{};
    telemetry::KeySet base_present;
    telemetry::KeySet removed;
    telemetry::KeySet context_present;
    telemetry::KeySet context_null;  // And what has no base, unless removed.
    std::int64_t device = 0;
    std::int64_t boot = 0;
    StoredRecord stored;
  };
  struct BootName {
    std::string text;
    UtcMillis started;
  };

  explicit SampleScan(Connection connection) : connection_{std::move(connection)} {}
  Result<void> prepare(const ScanRange& range);
  Result<Shared*> shared_of(std::int64_t base, std::int64_t device);
  Result<void> read_base(std::int64_t base, Shared& shared);
  Result<void> read_context(std::int64_t context, Shared& shared);
  Result<void> read_odd(std::int64_t sample);
  Result<void> take_boot(Shared& shared, StoredRecord& stored);
  void take_fields(const Shared& shared, std::int64_t rests, telemetry::Record& record) const;
  std::optional<std::int64_t> rest_of(const Shared& shared, std::size_t field,
                                      std::int64_t rests) const;

  Connection connection_;
  std::optional<Statement> rows_, base_, context_, odd_, device_, boot_;
  std::string device_wanted_;
  std::int64_t count_ = 0;
  std::int64_t boot_row_ = 0;
  std::array<std::optional<std::int64_t>, telemetry::kFieldCount> odd_values_{};
  std::unordered_map<std::int64_t, std::unique_ptr<Shared>> shared_;
  Shared* last_ = nullptr;  // The shared_ of last_base_.
  std::int64_t last_base_ = 0;
  std::unordered_map<std::int64_t, BootName> boots_;
  std::unordered_map<std::string, std::int64_t> plain_;
};

// Refuses a database that this program does not read exactly as it is: another program's, a newer
// one's, and an older one's, which `idast serve` migrates when it starts.
Result<void> check_current(Connection& connection, const std::string& path);

}  // namespace idast::store
