#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/sqlite_scan.h"

// What the store holds as plain text, for its owner. No clock, no file: a sink takes the text.
//
// json: one JSON object a line.
//
//   {"idast_export":1,"device":…,"from":…,"to":…,"rows":n}       what this is; null: no limit
//   {"boot":"16 digits","device":"…","started":TIME}             each start of a receiver
//   {"device":"…","received":TIME,"ts":TIME,"row":id,"message":{…}}   each sample, as it was sent;
//       "latest":true before the message: of a tracker's samples without identity the newest
//   {"device":"…","received":TIME,"ts":TIME,"history":{…}}       each ten-minute row of a receiver,
//       with what is known of energy_wh, battery_pct, device_name and session_min; by device, time
//   {"lost":{"device","boot","from","to","reason","received"}}   each span a device gave up
//   {"boot":"…","device":"…","accounted":[first,last]}           what `stored` may say of it
//   {"end":true,"rows":n}                                        nothing is missing before it
//
// Samples come in the order of their commits, so that a store which takes them anew gives the same
// answers. `accounted` is only in an export of everything: of a part it would promise more than
// there is. TIME is ISO 8601 UTC with milliseconds.
//
// csv: RFC 4180, the columns of the view `telemetry` under their names, one sample a line. An
// absent value is nothing at all, an empty text is "". The time of receipt is not in it.
//
// history: CSV, too, but of the receivers' ten-minute rows; device_id, ts, energy_wh, battery_pct,
// device_name, session_min, received. Another table, so another file: programs that read CSV know
// one table a file.
namespace idast::transfer {

enum class Format : std::uint8_t { json, csv, history };

// The names in the first line of Format::history.
inline constexpr std::string_view kHistoryNames =
    "device_id,ts,energy_wh,battery_pct,device_name,session_min,received";

struct Exported {
  std::int64_t rows = 0;          // Samples.
  std::int64_t history_rows = 0;  // Of receivers. As csv: left out.
  std::int64_t bytes = 0;
};

// False: it cannot take more, and the export ends with an error.
using Sink = std::function<bool(std::string_view text)>;
// How much is done, 0 to 1; called a hundred times or more.
using Progress = std::function<void(double share)>;

// Some samples, copied out of a scan.
struct ExportBlock {
  // 2.2 kB each. With a quarter of them two threads woke each other so often that it took a tenth
  // longer.
  static constexpr std::size_t kRowsMax = 512;
  struct Row {
    store::StoredRecord stored;
    bool latest = false;  // Of a tracker's samples without identity the newest.
  };
  std::vector<Row> rows = std::vector<Row>(kRowsMax);  // Texts of absent fields have no meaning.
  std::size_t count = 0;
};

// An export in steps: begin(), then read() until it says false and print() of each block in that
// order, then end(). What read() touches print() does not, so two threads may share the work: one
// reads a block while the other prints the one before. Errors are one sentence each, and the end.
class Export {
 public:
  using Done = std::expected<void, std::string>;

  // All of them outlive it.
  Export(store::SampleScan& scan, const store::ScanRange& range, Format format, const Sink& sink,
         const Progress& progress);
  ~Export();
  Export(const Export&) = delete;
  Export& operator=(const Export&) = delete;

  Done begin();
  // False: there is no sample any more, and none in the block.
  std::expected<bool, std::string> read(ExportBlock& block);
  Done print(const ExportBlock& block);
  std::expected<Exported, std::string> end();

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

// All of it on one thread. The error is one sentence. Memory does not grow with the rows.
std::expected<Exported, std::string> export_samples(store::SampleScan& scan,
                                                    const store::ScanRange& range, Format format,
                                                    const Sink& sink, const Progress& progress);

}  // namespace idast::transfer
