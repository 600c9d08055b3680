#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/text.h"
#include "core/base/time.h"

// Wall time and the calendar, always UTC and Gregorian; years 1 to 9999. Pure, no heap, any thread.
namespace idast {

// The parts of a date and time as people write them.
struct CivilTime {
  int year = 1970;
  int month = 1;  // 1..12
  int day = 1;    // 1..31
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
  friend bool operator==(const CivilTime&, const CivilTime&) = default;
};

// None when a part is out of its range (31 April, hour 24, second 60).
std::optional<UtcMillis> utc_from(const CivilTime& civil);
// Instants outside the years 1 to 9999 give the nearest one inside.
CivilTime civil_from(UtcMillis at);

// ISO 8601 as programs write it:
//
//   date = YYYY "-" MM "-" DD
//   time = HH ":" MM [ ":" SS [ ("." | ",") 1 to 9 digits ] ]
//   text = date [ ("T" | " ") time [ "Z" | ("+" | "-") HH [":"] MM ] ]
//
// No zone means UTC; digits beyond milliseconds are cut. None for anything else.
std::optional<UtcMillis> utc_from_iso(std::string_view text);

// Appends "2005-05-22T07:47:42.000Z".
TextWriter& write_iso(TextWriter& out, UtcMillis at);
// The same by value.
FixedText<24> to_iso(UtcMillis at);

}  // namespace idast
