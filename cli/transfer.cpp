#include "cli/transfer.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <ostream>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/export_by_two.h"
#include "cli/lab_progress.h"
#include "cli/whole_file.h"
#include "core/base/calendar.h"
#include "server/app/data_folder.h"
#include "server/archive/archive.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_scan.h"
#include "server/transfer/export.h"
#include "server/transfer/import.h"

namespace idast::cli {
namespace {

constexpr int kFailure = 1;
constexpr std::string_view kArchiveEnding = ".ndjson.zst";

int failed(std::ostream& err, const char* command, const std::string& words) {
  err << "idast " << command << ": " << words << "\n";
  return kFailure;
}

std::optional<transfer::Format> format_of(const std::string& word) {
  if (word == "json") return transfer::Format::json;
  if (word == "csv") return transfer::Format::csv;
  if (word == "history") return transfer::Format::history;
  return std::nullopt;
}

store::ScanRange range_of(const ExportOptions& options) {
  return {.device = options.device,
          .from = options.from.empty() ? std::nullopt : read_time(options.from),
          .to = options.to.empty() ? std::nullopt : read_time(options.to)};
}

// A file to read, or the standard input; closed at the end.
class Reading {
 public:
  static std::expected<Reading, std::string> open(const std::string& name) {
    if (name == "-") return Reading{STDIN_FILENO, 0};
    const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::unexpected{name + ": " + std::strerror(errno)};
    struct stat about{};
    const bool known = ::fstat(file, &about) == 0 && S_ISREG(about.st_mode);
    if (S_ISDIR(about.st_mode)) {
      ::close(file);
      return std::unexpected{name + " is a folder; name the files in it"};
    }
    return Reading{file, known ? static_cast<double>(about.st_size) : 0};
  }
  ~Reading() {
    if (file_ > STDIN_FILENO) ::close(file_);
  }
  Reading(Reading&& other) noexcept
      : bytes_{other.bytes_}, read_{other.read_}, file_{std::exchange(other.file_, -1)} {}
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  Reading& operator=(Reading&&) = delete;

  std::expected<std::size_t, std::string> read(std::span<char> into) {
    for (;;) {
      const ssize_t got = ::read(file_, into.data(), into.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return std::unexpected{std::string{std::strerror(errno)}};
      read_ += static_cast<double>(got);
      return static_cast<std::size_t>(got);
    }
  }
  // 0 of what has no known length.
  double share() const { return bytes_ > 0 ? read_ / bytes_ : 0; }
  double bytes() const { return bytes_; }

 private:
  Reading(int file, double bytes) : bytes_{bytes}, file_{file} {}
  double bytes_;
  double read_ = 0;
  int file_;
};

void print_report(const transfer::Imported& done, std::ostream& out) {
  const auto line = [&](std::uint64_t count, const std::string& words) {
    if (count != 0) out << words << ": " << count << "\n";
  };
  out << "samples taken: " << done.taken << "\n";
  line(done.absorbed, "already there, by device, boot and number");
  line(done.known, "already there, by device, time and values");
  line(done.losses, "spans that devices had given up");
  line(done.history_taken, "ten-minute rows of receivers taken");
  line(done.history_absorbed, "ten-minute rows already there, by device and second");
  for (const auto& [reason, count] : done.refused) line(count, "refused, " + reason);
  for (const auto& [column, count] : done.fields_refused) {
    line(count, "values that do not fit their column, left out, " + column);
  }
}

// A day of the archive, in the place of a text. The error is one sentence.
std::expected<void, std::string> take_archive(const std::string& name, transfer::Import& import) {
  std::expected<void, std::string> taken;
  const auto read = archive::read(name, [&](archive::Entry&& entry) {
    taken = import.take(entry.device, entry.received, entry.ts, entry.message);
    return taken.has_value();
  });
  if (!taken) return std::unexpected{name + ": " + taken.error()};
  if (!read) return std::unexpected{name + ": " + read.error().words};
  return {};
}

}  // namespace

std::optional<UtcMillis> read_time(const std::string& text) {
  std::int64_t unix_ms = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, unix_ms);
  // Four digits are a year.
  if (read.ec == std::errc{} && read.ptr == end && text.size() > 4) return UtcMillis{unix_ms};
  return utc_from_iso(text);
}

std::optional<std::string> fault_of(const ExportOptions& options) {
  if (!format_of(options.format)) {
    return "\"" + options.format + "\" is neither csv nor json nor history";
  }
  for (const auto& [name, text] :
       {std::pair{"--from", options.from}, std::pair{"--to", options.to}}) {
    if (text.empty() || read_time(text)) continue;
    return std::string{name} + ": \"" + text +
           "\" is no time, such as 2026-11-22, 2026-11-22T10:00:00Z or milliseconds since 1970";
  }
  const auto range = range_of(options);
  if (range.from && range.to && *range.from >= *range.to) return "--from is not before --to";
  return std::nullopt;
}

int run_export(const ExportOptions& options, int output, std::ostream& err) {
  const store::ScanRange range = range_of(options);
  auto scan = store::SampleScan::open(options.database.string(), range);
  if (!scan) return failed(err, "export", scan.error().words);
  std::optional<WholeFile> file;
  if (!options.file.empty()) {
    auto created = WholeFile::create(options.file, options.force);
    if (!created) return failed(err, "export", created.error());
    file.emplace(std::move(*created));
  }
  int cause = 0;
  const transfer::Sink sink = [&](std::string_view text) {
    const bool written = file ? file->write(text) : write_all(output, text);
    if (!written) cause = errno;
    return written;
  };
  const auto format = format_of(options.format).value_or(transfer::Format::json);
  std::expected<transfer::Exported, std::string> exported;
  {
    LabProgress bar{{1.0}, err, options.terminal};
    const transfer::Progress progress = [&](double share) { bar.report(0, share); };
    transfer::Export work{**scan, range, format, sink, progress};
    exported = export_by_two(work);
  }
  // Whoever reads the output has seen enough: `idast export csv | head`.
  if (!exported && !file && cause == EPIPE) return 0;
  if (!exported) {
    const std::string why = cause == 0 ? "" : std::string{": "} + std::strerror(cause);
    return failed(err, "export", exported.error() + why);
  }
  if (!file) return 0;
  if (auto done = file->finish(); !done) return failed(err, "export", done.error());
  err << options.file << ": ";
  if (format != transfer::Format::history) err << exported->rows << " samples, ";
  if (format != transfer::Format::csv && exported->history_rows != 0) {
    err << exported->history_rows << " ten-minute rows of receivers, ";
  }
  err << exported->bytes / 1'000 << " kB\n";
  if (format == transfer::Format::csv && exported->history_rows != 0) {
    err << "not in it: " << exported->history_rows
        << " ten-minute rows of receivers; `idast export history` has them\n";
  }
  return 0;
}

int run_import(const ImportFiles& options, std::ostream& out, std::ostream& err) {
  std::vector<Reading> readings;
  std::vector<double> weights;
  for (const std::string& name : options.files) {
    auto reading = Reading::open(name);
    if (!reading) return failed(err, "import", reading.error());
    weights.push_back(reading->bytes());
    readings.push_back(std::move(*reading));
  }
  const auto folder = app::DataFolder::open(options.data);
  if (!folder) {
    return failed(err, "import", folder.error() + "; stop it while samples are imported");
  }
  auto store = store::open_sqlite(options.database.string());
  if (!store) {
    return failed(err, "import", options.database.string() + ": " + store.error().words);
  }
  auto reader = (*store)->open_reader();
  if (!reader) return failed(err, "import", reader.error().words);
  transfer::Import import{
      **store, **reader, options.database.string(), {options.device, options.assume_utc}};
  std::optional<std::string> fault;
  {
    LabProgress bar{weights, err, options.terminal};
    for (std::size_t i = 0; i < readings.size() && !fault; ++i) {
      const auto source = [&](std::span<char> into) {
        auto got = readings[i].read(into);
        bar.report(i, readings[i].share());
        return got;
      };
      const std::string& name = options.files[i];
      auto taken =
          name.ends_with(kArchiveEnding) ? take_archive(name, import) : import.take(source, name);
      if (!taken) fault = taken.error();
    }
  }
  if (const auto finished = import.finish(); !finished && !fault) fault = finished.error();
  const transfer::Imported& done = import.imported();
  print_report(done, out);
  for (const std::string& name : done.cut_off) {
    err << "idast import: " << name
        << " ends before its last line; what is missing there was not taken\n";
  }
  if (fault) return failed(err, "import", *fault);
  return done.cut_off.empty() && done.refused.empty() ? 0 : kFailure;
}

}  // namespace idast::cli
