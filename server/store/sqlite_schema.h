#pragma once
#include <cstddef>
#include <string>

#include "core/base/time.h"
#include "server/store/sqlite_connection.h"

// The tables beneath, and the view `telemetry` over them. Everything that names a telemetry field
// is generated from kFieldInfo: a field appended there gets its column at the next start.
//
//   device   id, name                                 one row a tracker
//   boot     id, device, boot_id, started_ms, upto    one row a start of a receiver
//   island   boot, first, last                        accounted for beyond upto, past a hole
//   loss     boot, first, last, reason                given up by the device
//   context  id, what changes seldom                  packing.h
//   base     id, context, …                           what many samples are near to, packing.h
//   sample   id, device, boot, base, ts_ms, …         scaled whole numbers, as differences
//   odd      sample, …                                what does not fit two bits of sample.rests
//   rollup…  level, device, start, …                  what minutes, hours, days add up to
//   history  device, timestamp_s, …                   what receivers noted of themselves
//   thin…    day, …                                   days of ten-second rows, sqlite_thinning.h
namespace idast::store {

// Brings the database to this program's schema in one transaction. A newer schema is refused before
// anything is written.
Result<void> migrate(Connection& connection, const std::string& path);

// SQL over the tables of the view, which are named by kTables.
extern const std::string kTables;            // "sample JOIN device … "
std::string scaled_sql(std::size_t field);   // The scaled whole number, boolean, bits or text.
std::string column_sql(std::size_t field);   // As the view shows it: in the field's unit.
std::string stored_name(std::size_t field);  // The column beneath, without its table.
std::string column_name(std::size_t field);  // The same in quotes.
// The difference from the guess, as a scaled whole number, of a field that has_base().
std::string rest_sql(std::size_t field);

// "2023-12-21 01:50:56.789", as the view's `ts`; times outside the years 1 to 9999 give the
// nearest.
std::string sql_time(UtcMillis at);

}  // namespace idast::store
