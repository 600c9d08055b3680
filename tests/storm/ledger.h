#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
  // The database took these, for good: `rows` has the row of each record, 0 for one that was there.
  void committed(std::span<const telemetry::Record> records,
                 std::span<const telemetry::Loss> losses, std::span<const std::int64_t> rows);
  // The archive has this row.
  void archived(const telemetry::Record& record);
  // The spool took these: they may be acknowledged, and must not be let go of before they are in
  // the database.
  void spooled(const std::vector<telemetry::Record>& records);
  // The spool keeps this no more.
  void let_go(std::string_view topic, std::string_view payload);
  // The broker was told that this message need not be kept.
  void acknowledged(std::string_view topic, std::string_view payload);
  // A device was told that everything up to `upto` is stored.
  void told(std::string_view topic, std::string_view payload);
  // A row of the database: it was said, or stands for several that were, and it is there once.
  void row(const telemetry::Record& record);
  // All rows were given: none is missing that was taken.
  void rows_end();

  // Every seq of the boot up to this one is in the database or was given up; -1: none.
  std::int64_t upto(const BootKey& boot) const;
  std::int64_t given_up() const { return given_up_; }
  std::int64_t through_spool() const { return through_spool_; }
  // Samples for which ten-second rows of the database's own making stand.
  std::int64_t thinned() const { return thinned_; }
  // What the database took in, each sample once, with its row.
  const std::vector<std::pair<std::int64_t, telemetry::Record>>& taken() const { return taken_; }

  void fault(std::string words) {
    if (!fault_) fault_ = std::move(words);
  }
  const std::optional<std::string>& fault() const { return fault_; }

 private:
  struct Boot {
    std::map<std::int64_t, std::vector<std::string>> said;  // By seq: the message, and summaries.
    std::map<std::int64_t, std::int64_t> taken;             // first -> last, apart from each other
    std::map<std::int64_t, std::size_t> stored;             // seq of what was taken in: its place
    std::set<std::int64_t> spooled;                         // seq of what the spool took
    std::set<std::int64_t> archived;                        // seq of what the archive has
    std::map<std::int64_t, std::int64_t> rows;              // as read back: last -> first
  };
  void thinned_row(const BootKey& key, const Boot& boot, const telemetry::Record& record);
  static void take(Boot& boot, std::int64_t first, std::int64_t last);
  bool has(const Boot& boot, std::int64_t seq) const;

  ingest::Parser parser_;
  std::map<BootKey, Boot> boots_;
  std::int64_t given_up_ = 0;
  std::int64_t through_spool_ = 0;
  std::int64_t thinned_ = 0;
  std::vector<std::pair<std::int64_t, telemetry::Record>> taken_;
  std::optional<std::string> fault_;
};

}  // namespace idast::storm
