#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/ingest/status.h"
#include "server/store/sqlite_latest.h"
#include "server/store/store.h"
#include "server/transfer/input.h"
#include "server/transfer/message.h"

// Samples from files into the store: our own export (export.h, each format), and a `telemetry`
// table of the original back end as a dump or as CSV. What is already stored is absorbed, so an
// import that was interrupted is simply run again, and two exports may overlap.
//
// A sample of a device that numbers its samples is the same when device, boot and seq are. Of
// others, one is already there when the store held one of the same device, time and values before
// this import began; doubles within the files stay doubles, as the store took them.
namespace idast::transfer {

struct ImportOptions {
  std::string device;       // Whose rows a table's are when they do not say.
  bool assume_utc = false;  // Of a dump that does not say so.
};

struct Imported {
  std::uint64_t taken = 0;
  std::uint64_t absorbed = 0;                           // By identity.
  std::uint64_t known = 0;                              // By device, time and values.
  std::uint64_t losses = 0;                             // Given up by devices.
  std::uint64_t history_taken = 0;                      // Ten-minute rows of receivers.
  std::uint64_t history_absorbed = 0;                   // By device and second.
  std::map<std::string, std::uint64_t> refused;         // Rows, by reason.
  std::map<std::string, std::uint64_t> fields_refused;  // Values, by column.
  // Files of our own that end before their last line.
  std::vector<std::string> cut_off;
};

// One owner, one thread; it alone writes to the store.
class Import {
 public:
  // `path` is the store's database.
  Import(store::Store& store, store::Reader& reader, std::string path, ImportOptions options)
      : store_{store}, reader_{reader}, path_{std::move(path)}, options_{std::move(options)} {}

  // Takes one file; what kind it is, its beginning tells. The error is one sentence; everything
  // before it is stored.
  std::expected<void, std::string> take(Source source, const std::string& name);

  // Takes one message, as the archive has it. The error is one sentence.
  std::expected<void, std::string> take(const std::string& device, UtcMillis received, UtcMillis ts,
                                        std::string_view message);

  // To be called once after the last file: what was received long ago is not the newest. The error
  // is one sentence.
  std::expected<void, std::string> finish();

  const Imported& imported() const { return imported_; }

 private:
  using Done = std::expected<void, std::string>;
  class Lines;

  Done take_message(std::string_view device, UtcMillis received, UtcMillis ts,
                    std::string_view message, bool latest);
  Done remember_devices();
  Done take_table(Input& input, bool dump);
  Done take_export(Input& input, const std::string& name);
  Done take_history(std::string_view device, UtcMillis received, UtcMillis taken,
                    std::string_view message);
  Done take_history(const Row& row);
  // Samples gather until there are enough for a commit; a loss comes after those before it.
  Done add(telemetry::Record record, bool latest = false);
  Done add(telemetry::Loss loss);
  Done add(telemetry::HistoryRow row);
  Done commit();
  // What the store already had of the samples without identity is taken out.
  Done drop_known();
  std::expected<bool, std::string> is_known(const telemetry::Record& record);
  void refuse(std::string_view reason) { ++imported_.refused[std::string{reason}]; }

  store::Store& store_;
  store::Reader& reader_;
  const std::string path_;
  const ImportOptions options_;
  Imported imported_;
  std::vector<telemetry::Record> batch_;
  std::vector<telemetry::Loss> losses_;
  std::vector<telemetry::Loss> starts_;  // Of boots in the batch.
  std::vector<telemetry::HistoryRow> history_;
  MessageReader messages_;
  ingest::StatusReader rows_;
  std::unordered_map<std::string, UtcMillis> started_;  // Boots with no sample yet, "device/boot".
  std::unordered_set<std::string> before_;              // Devices that had samples already.
  bool begun_ = false;
  store::PlainLatest plain_before_;
  store::PlainLatest plain_certain_;
  bool marked_ = false;         // The batch ends with the newest without identity of its device.
  std::int64_t first_row_ = 0;  // That this import made; 0: none yet.
};

}  // namespace idast::transfer
