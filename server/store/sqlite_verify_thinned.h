#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/store/rollup.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_verify.h"

// Of a thinned day (sqlite_thinning.h) the samples are in the archive alone. Here its minutes are
// added up from them again and compared with what is kept; longer units follow from minutes, which
// verify_database() checks. One day and one minute at a time; a server may write meanwhile.
namespace idast::store {

// A minute as the database has it.
struct KeptMinute {
  std::string device;
  std::int64_t minute = 0;  // Since 1970.
  Rollup sum;
  bool sound = true;  // Its fields can be read.
};

// One owner, one thread.
class ThinnedMinutes {
 public:
  // Read only. Errors as SampleScan::open().
  static Result<std::unique_ptr<ThinnedMinutes>> open(const std::string& path);

  // A day since 1970, UTC, as thinned_days() gives it. False: not now, some of its samples wait to
  // be archived or summed up; then nothing may be added.
  Result<bool> begin(std::int64_t day);
  // Its archived samples by device, then time. `late`: from a supplement. What came after a minute
  // was thinned is added to the kept sum, whose energy and phone may then differ from the samples'
  // (docs/storage.md), so they are not compared.
  Result<void> add(const telemetry::Record& sample, bool late);
  Result<void> end();

  // Each minute counts; a fault names device, minute and what differs.
  const Check& check() const { return check_; }

 private:
  explicit ThinnedMinutes(Connection connection) : connection_{std::move(connection)} {}
  Result<void> next();
  void add_same_time();
  Result<void> close();
  void note(const std::string& device, std::int64_t minute, const std::string& words);

  Connection connection_;
  std::optional<Statement> rows_;
  std::optional<KeptMinute> kept_;  // The first that was not compared yet; nothing: none is left.
  // What the archive has of the minute at hand.
  std::string device_;
  std::int64_t minute_ = 0;
  Rollup sum_;
  bool late_ = false;
  std::vector<telemetry::Record> same_time_;  // Of one millisecond: their order is not the files'.
  Check check_{"thinned_sum", "minutes of such days add up from the archive", 0, 0, {}};
};

}  // namespace idast::store
