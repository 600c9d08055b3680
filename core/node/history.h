#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/ports/ports.h"
#include "core/units/units.h"

// The device's own history: a row every ten minutes in a file that a person can open, so that a
// place without internet still has its figures.
namespace idast::node {

inline constexpr std::string_view kHistoryFile = "history.csv";
inline constexpr std::string_view kHistoryFileOld = "history_old.csv";
inline constexpr std::string_view kHistoryHeader =
    "timestamp,energy_wh,battery_pct,device_name,session_min\n";
// At 40 bytes a row, 90 days; the file before is kept, so between 90 and 180 days are there.
inline constexpr std::size_t kHistoryBytesMax = 524'288;

struct HistoryRow {
  std::int64_t timestamp_ms = 0;  // Unix ms, or ms since boot while there is no clock
  std::optional<WattHours> energy;
  std::optional<Percent> battery;
  FixedText<64> device_name;
  std::int64_t session_minutes = 0;
};

// A name of 64 bytes and four numbers.
inline constexpr std::size_t kHistoryRowBytesMax = 160;

// One line: the timestamp in whole seconds, an absent number empty, commas and quotes in the name
// as spaces, no name as Unknown.
void print_csv(const HistoryRow& row, TextWriter& out);
// The message on the history topic: the timestamp in ms, an absent number null.
void print_json(const HistoryRow& row, std::string_view device_id, TextWriter& out);

// What print_csv wrote, without its line's end; nothing for any other text. The timestamp comes
// back in whole seconds.
std::optional<HistoryRow> read_csv(std::string_view line);

// The next append() makes the file the old one, and what was the old one goes.
bool must_rotate(ports::Files& files);
// Appends the row; writes the header into a new file and anew where it was torn, ends a line that a
// power cut left torn so that nobody takes it for a row, and starts a new file at kHistoryBytesMax.
std::expected<void, ports::FileError> append(ports::Files& files, const HistoryRow& row);

}  // namespace idast::node
