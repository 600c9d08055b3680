#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/telemetry/record.h"
#include "server/ingest/parser.h"

// What must hold in a storm, kept apart from the code under test: what each device said, what the
// database took, and what was promised to whom. The first broken promise is kept in words.
namespace idast::storm {

// One boot of one device.
struct BootKey {
  std::string device, boot;
  friend auto operator<=>(const BootKey&, const BootKey&) = default;
};

class Ledger {
 public:
  // A device handed this message to its broker. Said twice, a sample must be the same.
  void said(std::string_view topic, std::string_view payload);
  // The database took these, for good.
  void committed(const std::vector<telemetry::Record>& records,
                 const std::vector<telemetry::Loss>& losses);
  // The spool took these: they may be acknowledged, and must not be let go of before they are in
  // the database.
  void spooled(const std::vector<telemetry::Record>& records);
  // The spool keeps this no more.
  void let_go(std::string_view topic, std::string_view payload);
  // The broker was told that this message need not be kept.
  void acknowledged(std::string_view topic, std::string_view payload);
  // A device was told that everything up to `upto` is stored.
  void told(std::string_view topic, std::string_view payload);
  // A row of the database: it was said, and it is there once.
  void row(const telemetry::Record& record);
  // All rows were given: none is missing that was taken.
  void rows_end();

  // Every seq of the boot up to this one is in the database or was given up; -1: none.
  std::int64_t upto(const BootKey& boot) const;
  std::int64_t given_up() const { return given_up_; }
  std::int64_t through_spool() const { return through_spool_; }

  void fault(std::string words) {
    if (!fault_) fault_ = std::move(words);
  }
  const std::optional<std::string>& fault() const { return fault_; }

 private:
  struct Boot {
    std::map<std::int64_t, std::vector<std::string>> said;  // By seq: the message, and summaries.
    std::map<std::int64_t, std::int64_t> taken;             // first -> last, apart from each other
    std::set<std::int64_t> stored;                          // seq of the rows committed
    std::set<std::int64_t> spooled;                         // seq of what the spool took
    std::set<std::int64_t> rows;                            // seq of the rows read back
  };
  static void take(Boot& boot, std::int64_t first, std::int64_t last);
  bool has(const Boot& boot, std::int64_t seq) const;

  ingest::Parser parser_;
  std::map<BootKey, Boot> boots_;
  std::int64_t given_up_ = 0;
  std::int64_t through_spool_ = 0;
  std::optional<std::string> fault_;
};

}  // namespace idast::storm
