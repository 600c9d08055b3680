#pragma once
#include <string>

#include "server/store/rollup.h"
#include "server/store/sqlite_connection.h"
#include "server/store/store.h"

// Whole rows out of the tables of the view.
namespace idast::store {

// "SELECT … FROM …" of everything that a record needs; a WHERE may follow. `more` is ", column …",
// and stands from column kMoreColumns on.
std::string columns_sql(const std::string& more = "");
extern const int kMoreColumns;

// The record of the row that a statement of columns_sql() stands on: the inverse of what the store
// does when it inserts one.
StoredRecord stored_record(const Statement& row);

// The order of a device's samples in time: it depends on nothing but what they are. Not on a boot's
// start, which follows from whichever of its samples came first; two boots in one millisecond are
// one board that was restarted while a clock stood still, and any order of them that lasts will do.
extern const std::string kSampleOrder;  // " ORDER BY sample.ts_ms, …"
// The same backwards.
extern const std::string kSampleOrderBackwards;

// Columns of `rollup`, and the head of the row that a statement beginning with them stands on.
inline constexpr const char* kHeadColumns =
    "start, samples, minutes, first_rest, last_rest, energy_first, energy_last, energy_rise, "
    "battery_sum, battery_samples, device_name";
inline constexpr int kHeadColumnCount = 11;
RollupHead stored_head(const Statement& row, int level);

}  // namespace idast::store
