#pragma once
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"

// idast export csv|json|history, idast import FILE…: what the store holds as plain text, and back.
namespace idast::cli {

struct ExportOptions {
  std::filesystem::path database{};
  std::string format = "json";  // or csv, history
  std::string device{};         // empty: all
  std::string from{}, to{};     // ISO 8601 or Unix ms; empty: no limit. from <= ts < to
  std::string file{};           // empty: the standard output
  bool force = false;
  bool terminal = false;
};
// One sentence when the options contradict themselves (exit code 2).
std::optional<std::string> fault_of(const ExportOptions& options);
// `output` is the file descriptor that takes the text without a file. 0 done; 1 with one sentence
// on `err`.
int run_export(const ExportOptions& options, int output, std::ostream& err);

struct ImportFiles {
  std::filesystem::path data{};
  std::filesystem::path database{};
  std::vector<std::string> files{};  // "-": the standard input; *.ndjson.zst: an archived day
  std::string device{};
  bool assume_utc = false;
  bool terminal = false;
};
// 0 everything was taken or already there; 1 when a file could not be read to its end, or a row was
// refused. Refused while a server holds the data folder: it would not show what came in.
int run_import(const ImportFiles& options, std::ostream& out, std::ostream& err);

// "2026-11-22", "2026-11-22T10:00:00+08:00" or Unix milliseconds.
std::optional<UtcMillis> read_time(const std::string& text);

}  // namespace idast::cli
