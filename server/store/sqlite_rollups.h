#pragma once
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>

#include "core/base/time.h"
#include "server/store/rollup.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_statements.h"

// Keeps the rollups true, whatever comes when, at the cost of one row a device and minute.
//
//   rollup         level, device, start, …    what a unit adds up to (rollup.h)
//   rollup_fields  level, device, start, fields
//   rollup_due     level, device, start, whole
//
// A unit that has samples has either its rollup, which is then true of every one of them, or its
// line in rollup_due, never both and never neither; so whoever reads may trust what is there and
// look beneath what is due. The first sample of a minute lists that minute, and each unit around
// it, in the transaction that stores the sample, and takes away the rollups that are true no more.
// Later samples of that minute write nothing further. Once a unit is over, step() writes its
// rollup: a minute's from its samples, a longer one's from the units within it. Samples that come
// in their turn are added up as they come, so that their minute need not be read again; the result
// is the same, and a minute of which one came out of turn is read.
//
// A day that gets its first sample, or another one after it was summed up, is listed in
// archive_due.
//
// Where ten-second rows have taken the place of samples (sqlite_thinning.h), a minute's rollup is
// all that is known of them: it is never due again, and what comes late is added to it. The
// result is what all samples would give, in any order of arrival, but for the energy of a minute
// in which the counter fell or was silent, and for its phone when two were named in it.
//
// `whole`: nothing within the unit is listed, all of it must be read from samples. That is how an
// older database begins; step() opens such units, the smallest first.
namespace idast::store {

class RollupKeeper {
 public:
  explicit RollupKeeper(Connection& connection) : connection_{connection} {}

  // A sample was inserted. Must run inside its transaction. True: its minute has no longer all its
  // samples, so that it was added to what is kept of them.
  Result<bool> note(std::int64_t device, const telemetry::Record& record);
  // That transaction failed, or another program wrote.
  void forget() {
    listed_.clear();
    sums_.clear();
  }

  // Does some milliseconds of what is due, in a transaction of its own. `newest` is when the newest
  // sample was received: the only clock here. False: nothing is left that could be done now.
  Result<bool> step(UtcMillis newest);

 private:
  struct Unit {
    int level = 0;
    std::int64_t device = 0;
    std::int64_t start = 0;
  };
  Result<void> forget_others();
  Result<bool> work(std::int64_t over_ms);
  // Writes units of a level that are over; how many rows it took.
  Result<int> write_level(int level, std::int64_t over_ms, int rows_max);
  Result<int> write(const Unit& unit);
  // Adds up what the unit consists of; how many rows were read.
  Result<int> add_parts(const Unit& unit, Rollup& sum);
  Result<int> add_samples(const Unit& minute, Rollup& sum);
  Result<int> add_units(const Unit& unit, Rollup& sum);
  Result<void> save(const Unit& unit, const Rollup& rollup);
  // Opens one unit that is due as a whole; false: there is none.
  Result<bool> open_one();
  Result<void> open(const Unit& unit);
  enum class Listed : std::uint8_t {
    before,  // It was listed already.
    first,   // It had no sample before this one.
    untrue,  // Its rollup was no longer true, and is gone.
  };
  Result<Listed> list(const Unit& unit);
  // One more sample of a listed minute; `first`: its first.
  void sum_up(const Unit& minute, bool first, const telemetry::Record& record);
  // Adds one to a minute that cannot be read from its samples any more; false: it can.
  Result<bool> add_late(const Unit& minute, const telemetry::Record& record);
  Result<void> set_due(const Unit& unit, bool whole);
  Result<void> run(const char* sql, const Unit& unit);

  Connection& connection_;
  Statements statements_{connection_};
  // Each device's minute that is known to be listed, so that most samples ask nothing.
  std::unordered_map<std::int64_t, std::int64_t> listed_;
  // Minutes, by device and start, of which all samples came in their turn.
  std::map<std::pair<std::int64_t, std::int64_t>, Rollup> sums_;
  std::int64_t version_ = -1;  // SQLite's data_version, as step() last saw it.
  bool late_ = true;           // Something that was over before may be due.
  std::int64_t done_ms_ = 0;   // What was over then is written, unless late_.
};

}  // namespace idast::store
