#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/telemetry/record.h"
#include "server/store/sqlite_bases.h"
#include "server/store/sqlite_connection.h"

// Writes rows of `sample` and of what they name: context, base, odd (packing.h). The inverse is
// sqlite_rows.h. One connection and one thread, as its statements.
namespace idast::store {

class SampleWriter {
 public:
  static Result<SampleWriter> prepare(Connection& connection);

  // Where a row belongs.
  struct Row {
    std::int64_t device = 0;
    std::optional<std::int64_t> boot = {};
    std::optional<std::int64_t> id = {};  // Absent: a new one, larger than all others.
    bool thinned = false;                 // packing.h, kThinnedBit.
  };
  // The id of the new row; nothing when its boot has a row of that seq already. Must run inside a
  // transaction.
  Result<std::optional<std::int64_t>> insert(Connection& connection,
                                             const telemetry::Record& record, const Row& row);
  // The transaction failed, and with it the rows that were made in it.
  void forget();

 private:
  // A row of `context`, and the record's fields that it stands for.
  struct Context {
    std::int64_t id = 0;
    telemetry::KeySet removed{};
    telemetry::KeySet present{};
    std::array<std::int64_t, telemetry::kFieldCount> value{};
    telemetry::Texts text{};

    bool holds(const telemetry::Record& record, telemetry::KeySet fields_removed) const;
  };

  SampleWriter(Statement find_context, Statement add_context, Statement add_sample,
               Statement add_odd, BaseKeeper bases)
      : find_context_{std::move(find_context)},
        add_context_{std::move(add_context)},
        add_sample_{std::move(add_sample)},
        add_odd_{std::move(add_odd)},
        bases_{std::move(bases)} {}
  Result<std::int64_t> context_of(Connection& connection, const telemetry::Record& record,
                                  std::int64_t device);
  Result<std::int64_t> find_or_add_context(Connection& connection, const telemetry::Record& record,
                                           telemetry::KeySet removed);
  Result<std::int64_t> add_context(Connection& connection, const telemetry::Record& record,
                                   telemetry::KeySet removed, const std::string& key);
  Result<void> add_odd(std::int64_t sample, const telemetry::Record& record,
                       const Difference& difference);

  Statement find_context_, add_context_, add_sample_, add_odd_;
  BaseKeeper bases_;
  std::unordered_map<std::int64_t, Context> newest_;        // By device.
  std::unordered_map<std::string, std::int64_t> contexts_;  // By key.
};

}  // namespace idast::store
