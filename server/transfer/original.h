#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/telemetry/record.h"
#include "server/ingest/parser.h"
#include "server/transfer/input.h"

// Rows of a `telemetry` table, of the original back end or of our view, as samples. The message is
// what `raw_json` says; a column that says otherwise stands in its column, and what the message
// said stays in the message, as with every value a column cannot hold. `ts` is the column's; the
// time of receipt is the same, because the table does not know it.
namespace idast::transfer {

// One owner, one thread.
class OriginalRows {
 public:
  // `device` is whose rows these are when a row does not say; may be empty.
  explicit OriginalRows(std::string device) : device_{std::move(device)} {}

  // What the values of the next rows are; columns that nobody knows are passed over. An error is
  // one sentence: there is no `ts`.
  std::expected<void, std::string> columns(const std::vector<std::string>& names);
  // The error is a stable word for counting: bad_ts, no_device, or the name of a Refusal.
  std::expected<telemetry::Record, std::string_view> record(const Row& row);

  // Values that their column cannot hold, by column; the sample was taken without them.
  const std::map<std::string, std::uint64_t>& fields_refused() const { return fields_refused_; }

 private:
  struct Place {
    std::size_t cell;
    std::size_t field;
  };
  std::expected<telemetry::Record, std::string_view> message(const Row& row, UtcMillis ts);
  std::string device_of(const Row& row, std::string_view raw) const;
  void apply(const Cell& cell, std::size_t field, telemetry::Record& record);

  std::string device_;
  ingest::Parser parser_;
  std::optional<std::size_t> ts_, raw_, device_column_;
  std::vector<Place> places_;
  std::map<std::string, std::uint64_t> fields_refused_;
};

}  // namespace idast::transfer
