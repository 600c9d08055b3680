#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "server/store/sqlite_scan.h"

// What the store holds as plain text, for its owner. No clock, no file: a sink takes the text.
//
// json: one JSON object a line.
//
//   {"idast_export":1,"device":…,"from":…,"to":…,"rows":n}       what this is; null: no limit
//   {"boot":"16 digits","device":"…","started":TIME}             each start of a receiver
//   {"device":"…","received":TIME,"ts":TIME,"row":id,"message":{…}}   each sample, as it was sent;
//       "latest":true before the message: of a tracker's samples without identity the newest
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
namespace idast::transfer {

enum class Format : std::uint8_t { json, csv };

struct Exported {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
};

// False: it cannot take more, and the export ends with an error.
using Sink = std::function<bool(std::string_view text)>;
// How much is done, 0 to 1; called a hundred times or more.
using Progress = std::function<void(double share)>;

// The error is one sentence. Memory does not grow with the rows.
std::expected<Exported, std::string> export_samples(store::SampleScan& scan,
                                                    const store::ScanRange& range, Format format,
                                                    const Sink& sink, const Progress& progress);

}  // namespace idast::transfer
