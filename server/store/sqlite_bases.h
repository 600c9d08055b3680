#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "core/telemetry/record.h"
#include "server/store/packing.h"
#include "server/store/sqlite_connection.h"

// The rows of `base`: values that many samples are near to, so that a sample keeps small
// differences (packing.h). A device has one for every context it is in, and a new one when the
// old has grown apart from what it sends.
namespace idast::store {

// A record's numbers as they are stored, against one base.
struct Difference {
  std::array<std::int64_t, telemetry::kFieldCount> rest{};  // From the guess alone.
  std::array<std::int64_t, telemetry::kFieldCount> step{};  // From the guess and the base.
  std::int64_t rests = 0;                                   // Column `rests`.
  bool odd = false;                                         // A row of `odd` is needed.
  int bytes = 0;                                            // What it takes.
};

class BaseKeeper {
 public:
  static Result<BaseKeeper> prepare(Connection& connection);

  struct Stored {
    std::int64_t base;
    Difference difference;
  };
  // Finds or makes the base for a record of this device in this context. Must run inside the
  // transaction that stores the record.
  Result<Stored> store(Connection& connection, const telemetry::Record& record, std::int64_t device,
                       std::int64_t context);

  // The transaction failed, and with it the rows that were made in it.
  void forget() { bases_.clear(); }

 private:
  struct Base {
    std::int64_t id = 0;
    std::array<std::int64_t, telemetry::kFieldCount> rest{};
    telemetry::KeySet present;
    int samples = 0;
    int block_bytes = 0;
    int block_bytes_least = 0;
    int excess_bytes = 0;

    Difference difference(const telemetry::Record& record) const;
    // Counts what a sample took; true when a new base would have been cheaper.
    bool worn_by(int bytes);
  };

  explicit BaseKeeper(Statement insert) : insert_{std::move(insert)} {}
  Result<void> renew(Connection& connection, Base& base, const telemetry::Record& record,
                     std::int64_t context);

  Statement insert_;
  std::map<std::pair<std::int64_t, std::int64_t>, Base> bases_;  // By device and context.
};

}  // namespace idast::store
