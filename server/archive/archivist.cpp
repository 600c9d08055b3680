#include "server/archive/archivist.h"

#include <system_error>
#include <utility>

#include "core/base/calendar.h"
#include "core/telemetry/row.h"
#include "server/archive/archive_file.h"
#include "server/archive/file_reading.h"

namespace idast::archive {
namespace {

// Some 5 ms of reading, printing and compressing.
constexpr std::size_t kStepRows = 250;
constexpr std::int64_t kDayMillis = 86'400'000;

std::unexpected<Error> store_error(const store::StoreError& error) {
  return std::unexpected{Error{ErrorKind::store, error.words}};
}

std::string day_text(std::int64_t day) {
  return std::string{to_iso(UtcMillis{day * kDayMillis}).view().substr(0, 10)};
}

}  // namespace

struct Archivist::Work {
  store::Unarchived task;
  Header header;
  std::unique_ptr<store::Reader> reader;
  std::vector<store::DeviceSeen> devices;
  std::size_t device = 0;
  // The row written last of this device.
  UtcMillis last_ts;
  std::int64_t last_id = 0;
  std::unique_ptr<FileWriter> file;
  std::int64_t samples = 0;
  std::filesystem::path path;
  std::int64_t after = 0;  // Rows up to this one are in an earlier file of the day.
  // Once everything is written: what stands on the disk is read back.
  std::optional<FileReading> written;
  std::string sum;

  UtcMillis begins() const { return UtcMillis{task.day * kDayMillis}; }
  UtcMillis ends() const { return UtcMillis{(task.day + 1) * kDayMillis}; }
};

Archivist::Archivist(std::filesystem::path folder, store::Store& store)
    : folder_{std::move(folder)}, store_{store} {}
Archivist::~Archivist() = default;

Result<bool> Archivist::step() {
  auto more = work_ ? go_on() : begin();
  if (!more) work_.reset();
  return more;
}

Result<Header> Archivist::header_for(const store::Unarchived& task) const {
  const auto sums = list(folder_);
  if (!sums) return std::unexpected{sums.error()};
  Header header{.day = day_text(task.day), .part = 1, .previous = std::string(64, '0')};
  header.upto = 0;
  for (const Sum& sum : *sums) {
    header.previous = sum.sha256;
    if (!sum.name.starts_with(header.day)) continue;
    const auto earlier = read_header(folder_ / sum.name);
    if (!earlier) return std::unexpected{earlier.error()};
    header.part = earlier->part + 1;
    header.upto = earlier->upto;
  }
  return header;
}

Result<bool> Archivist::begin() {
  const auto task = store_.unarchived();
  if (!task) return store_error(task.error());
  if (!*task) return false;
  auto work = std::make_unique<Work>();
  work->task = **task;
  auto header = header_for(work->task);
  if (!header) return std::unexpected{header.error()};
  work->after = std::exchange(header->upto, work->task.upto);
  work->header = std::move(*header);
  auto reader = store_.open_reader();
  if (!reader) return store_error(reader.error());
  work->reader = std::move(*reader);
  auto devices = work->reader->devices();
  if (!devices) return store_error(devices.error());
  work->devices = std::move(*devices);
  work->last_ts = work->begins();
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  if (failed) {
    return std::unexpected{
        Error{ErrorKind::unwritable, folder_.string() + ": " + failed.message()}};
  }
  const std::string part = work->header.part == 1 ? "" : "." + std::to_string(work->header.part);
  work->path = folder_ / (work->header.day + part + ".ndjson.zst");
  auto file = FileWriter::create(work->path);
  if (!file) return std::unexpected{file.error()};
  work->file = std::move(*file);
  if (auto done = work->file->line(header_line(work->header)); !done) {
    return std::unexpected{done.error()};
  }
  work_ = std::move(work);
  return true;
}

Result<bool> Archivist::go_on() {
  Work& work = *work_;
  if (work.written) return read_back();
  if (work.device == work.devices.size()) return close();
  const store::Range range{work.devices[work.device].device, work.last_ts, work.ends()};
  std::size_t rows = 0;
  bool full = false;
  Result<void> written;
  const auto done = work.reader->rows(range, SIZE_MAX, [&](store::StoredRecord&& row) {
    if (row.record.ts == work.last_ts && row.id <= work.last_id) return true;
    if (++rows > kStepRows) {
      full = true;
      return false;
    }
    work.last_ts = row.record.ts;
    work.last_id = row.id;
    if (row.id <= work.after || row.id > work.task.upto) return true;
    Entry entry{row.record.device, row.record.received, row.record.ts, ""};
    telemetry::print_message(row.record, entry.message);
    written = work.file->line(entry_line(entry));
    ++work.samples;
    return written.has_value();
  });
  if (!done) return store_error(done.error());
  if (!written) return std::unexpected{written.error()};
  if (full) return true;
  ++work.device;
  work.last_ts = work.begins();
  work.last_id = 0;
  return true;
}

// All rows are written.
Result<bool> Archivist::close() {
  Work& work = *work_;
  if (work.samples == 0) return tell();
  if (auto done = work.file->line(end_line(work.samples)); !done) {
    return std::unexpected{done.error()};
  }
  auto sum = work.file->finish();
  if (!sum) return std::unexpected{sum.error()};
  work.sum = std::move(*sum);
  auto written = FileReading::open(work.file->unfinished());
  if (!written) return std::unexpected{written.error()};
  work.written.emplace(std::move(*written));
  return true;
}

// Rows are thinned out because of this file: it must be what was written, and readable.
Result<bool> Archivist::read_back() {
  Work& work = *work_;
  const auto more = work.written->step();
  if (!more || *more) return more;
  const auto header = work.written->header();
  if (!header) return std::unexpected{header.error()};
  if (work.written->samples() != work.samples || work.written->sum() != work.sum) {
    return std::unexpected{Error{
        ErrorKind::damaged, work.file->unfinished().string() + ": it is not what was written"}};
  }
  if (auto done = work.file->publish(); !done) return std::unexpected{done.error()};
  const std::string name = work.path.filename().string();
  if (auto done = append_line(folder_ / kSumsName, work.sum + "  " + name); !done) {
    return std::unexpected{done.error()};
  }
  ++figures_.files;
  figures_.samples += work.samples;
  figures_.last_day = work.header.day;
  return tell();
}

Result<bool> Archivist::tell() {
  if (auto done = store_.archived(work_->task); !done) return store_error(done.error());
  work_.reset();
  return true;
}

}  // namespace idast::archive
