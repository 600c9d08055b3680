#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/telemetry/record_summary.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_samples.h"
#include "server/store/sqlite_statements.h"
#include "server/store/store.h"

// Old days in fewer rows: samples of one tracker that join (core/telemetry/record_summary.h) within
// ten seconds of UTC become one row of `sample`, with the sums of record_summary.h.
//
//   thin_due  day, ts_ms, device    may be thinned; all before that slot, and in it up to that
//                                   device, is
//   thinned   day, samples, rows    what was taken away, and the rows that stand for it
//
// A day may be thinned once the archive has all of it, whoever keeps the archive has said so
// (Store::archived), everything of it is summed up, and it ended more than so many days before the
// newest sample was received. A sample that comes later makes the day wait until that one is in
// the archive too. Such a sample stays by itself in an old slot; a slot that nothing was taken from
// is thinned as any other.
//
// What stays as it was:
//   - every rollup, to the bit: they are true of the samples that were there (sqlite_rollups.h);
//   - identity: a row has the largest id of those it stands for and accounts for seqFrom..seq,
//     so that `stored`, the archive's `upto` and what is absorbed do not change;
//   - the newest sample of a boot, and the newest without identity, are left alone: `latest`;
//   - a row that stands for several already, and one that nothing joins.
// What goes: single samples, and rows of `odd`. Rows of `base` stay, a twentieth of what remains.
//
// Each piece is one transaction, in which rows go and the row for them comes: killed at any moment
// nothing is doubled or lost, and the next piece goes on. Slots come one after another for all
// trackers, because that is how rows lie on disk.
namespace idast::store {

class Thinner {
 public:
  // `keep_days` 0: for ever. The connection is used for as long as the thinner lives.
  static Result<Thinner> prepare(Connection& connection, int keep_days, int piece_rows);

  // Does `piece_rows` rows of what may be thinned, in a transaction of its own. `newest` is when
  // the newest sample was received: the only clock here. False: nothing is left for now.
  Result<bool> step(UtcMillis newest);
  // There may be a day that was not there before.
  void wake() { asleep_day_.reset(); }

  // The SQL that lets a day be thinned, from its beginning.
  static std::string permit_sql(std::int64_t day);

 private:
  struct Place {
    std::int64_t day = 0;
    std::int64_t slot_ms = 0;
    std::int64_t device = 0;
  };
  // A row that is there.
  struct Row {
    std::int64_t id = 0;
    std::optional<std::int64_t> boot;
    bool has_odd = false;
  };
  // Rows that join, in order.
  struct Group {
    std::vector<Row> rows;
    telemetry::RecordSummary sum;
    bool alone = false;  // Nothing joins it.
  };
  struct Counts {
    std::int64_t samples = 0;
    std::int64_t rows = 0;
  };

  Thinner(Connection& connection, SampleWriter writer, int keep_days, int piece_rows)
      : connection_{&connection},
        writer_{std::move(writer)},
        keep_days_{keep_days},
        piece_rows_{piece_rows} {}
  Result<std::optional<Place>> find(std::int64_t today);
  Result<void> work(Place place);
  // The slot of the first sample from a time on; nothing: none is left of its day.
  Result<std::optional<std::int64_t>> next_slot(const Place& place);
  Result<std::optional<std::int64_t>> next_device(std::int64_t after);
  // How many rows were read.
  Result<int> thin_slot(const Place& place, Counts& counts);
  Result<void> take(const Place& place, const Statement& row, std::vector<Group>& groups);
  Result<void> write(std::int64_t device, Group& group, Counts& counts);
  // A sample that some answer names as the newest.
  Result<bool> is_newest(const Place& place, const Row& row, const telemetry::Record& record);
  Result<void> save(const Place& place, const Counts& counts, bool done);

  Connection* connection_;
  Statements statements_{*connection_};
  SampleWriter writer_;
  int keep_days_;
  int piece_rows_;
  // Nothing was left when this was the day of the newest sample.
  std::optional<std::int64_t> asleep_day_;
  // Within one piece.
  std::map<std::int64_t, std::int64_t> last_seq_;  // By boot.
  std::map<std::int64_t, std::int64_t> plain_;     // By device.
};

}  // namespace idast::store
