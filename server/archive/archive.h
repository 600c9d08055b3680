#pragma once
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"

// The daily archive: every original message once, in plain compressed text that outlives this
// program, and a chain of sums in which no bit can change unseen.
//
//   folder      := SHA256SUMS DATE.ndjson.zst*
//   SHA256SUMS  := (sha256 "  " name "\n")*             in the order of writing; `sha256sum -c`
//   reads
//                                                       it
//   name        := DATE ".ndjson.zst" | DATE "." part ".ndjson.zst"       part 2, 3, …: what came
//                                                       after the day was archived
//   file        := zstd(header entry* end)              a JSON object a line
//   header      := {"archive":1,"day":"DATE","part":n,"previous":"sha256","upto":row}
//   entry       := {"device":"id","received":ms,"ts":ms,"message":{…}}
//   end         := {"samples":n}
//
// `previous` is the sum of the file written before, 64 zeros for the first. `upto`: this file has
// the day's rows up to that id of the database which the day's file before did not have. Entries
// stand by device, then ts, then id. `message` is the original, without what JSON cannot hold
// (CONTRACT §4).
//
// Reading functions keep one line in memory (kLineBytesMax), open files for reading only, and may
// run on any thread, also while a server writes: what is not in SHA256SUMS yet is not there yet.
namespace idast::archive {

enum class ErrorKind : std::uint8_t {
  unreadable,  // A file or folder cannot be read; the words say why.
  damaged,     // It is not what was written.
  unwritable,  // Disk full, read-only, gone: try again later. Writing only.
  store,       // The database could not be read. Writing only.
};
struct Error {
  ErrorKind kind;
  std::string words;  // For a person.
};
template <class T>
using Result = std::expected<T, Error>;

// A message is at most 64 KiB (CONTRACT §1) and its frame a few hundred bytes.
inline constexpr std::size_t kLineBytesMax = 128 * 1024;
inline constexpr std::string_view kSumsName = "SHA256SUMS";

struct Entry {
  std::string device;
  UtcMillis received;   // When the server read it.
  UtcMillis ts;         // The sample's time by the rule of CONTRACT §1, Time.
  std::string message;  // A JSON object.
};

struct Header {
  std::string day;  // "2026-11-22", UTC.
  int part = 1;
  std::string previous;  // 64 hexadecimal digits.
  std::int64_t upto = 0;
};

// A line of SHA256SUMS.
struct Sum {
  std::string sha256;
  std::string name;
};

// Files in the order of writing; none when there is no archive yet.
Result<std::vector<Sum>> list(const std::filesystem::path& folder);

// Calls `take` for each entry, in order; stops early when it returns false. Everything is checked
// that one file can say of itself. Sums are not: that is verify()'s.
Result<Header> read(const std::filesystem::path& file,
                    const std::function<bool(Entry&& entry)>& take);

// The header alone.
Result<Header> read_header(const std::filesystem::path& file);

// Calls `take` for each entry of a day, "2026-11-22", out of its file and its supplements together:
// by device, then ts; with the file's part. Stops early when it returns false. Some megabytes of
// each file are in memory. No file of the day is an error, and so are more than kPartsMax.
inline constexpr std::size_t kPartsMax = 64;
Result<void> read_day(const std::filesystem::path& folder, const std::string& day,
                      const std::function<bool(const Entry& entry, int part)>& take);

struct Fault {
  std::string file;
  std::string words;
};
struct Verified {
  std::int64_t files = 0;
  std::int64_t samples = 0;
  std::int64_t bytes = 0;
  std::map<std::string, std::int64_t> samples_of_day;  // "2026-11-22", of files that are whole.
  std::vector<Fault> faults;                           // Empty: all of it is as it was written.
};
// Bytes read of all bytes there are.
using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

// Reads everything: each file's sum, each link of the chain, each line, and whether a file is there
// that the sums do not name. What it cannot know is whether the newest files and their lines of
// SHA256SUMS were taken away together; compare the days with the database's.
Result<Verified> verify(const std::filesystem::path& folder, const Progress& progress = {});

}  // namespace idast::archive
