#include "server/store/sqlite_verify.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "core/telemetry/row.h"
#include "server/store/packing.h"
#include "server/store/sqlite_backup.h"
#include "server/store/sqlite_scan.h"
#include "server/store/sqlite_verify_rollups.h"

namespace idast::store {
namespace {

using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;
using telemetry::Record;

constexpr std::size_t kExamplesMax = 5;
constexpr int kIntegrityFaultsMax = 100;
constexpr std::int64_t kProgressEvery = 16'384;  // Samples.
// How much of the whole each part takes, as measured on a month of one tracker.
constexpr double kIntegrityShare = 0.4;
constexpr double kReferencesShare = 0.2;

constexpr std::size_t kSeq = telemetry::position_of("seq");
constexpr std::size_t kSeqFrom = telemetry::position_of("seq_from");

void note(Check& check, std::string words) {
  ++check.faults;
  if (check.examples.size() < kExamplesMax) check.examples.push_back(std::move(words));
}

// Disjoint stretches of numbers, none touching another. Samples come nearly in order, so there are
// as few as there are holes.
class Spans {
 public:
  void add(std::int64_t first, std::int64_t last) {
    auto next = spans_.upper_bound(first);
    if (next != spans_.begin()) {
      const auto before = std::prev(next);
      if (before->second + 1 >= first) {
        first = before->first;
        last = std::max(last, before->second);
        spans_.erase(before);
      }
    }
    while (next != spans_.end() && next->first <= last + 1) {
      last = std::max(last, next->second);
      next = spans_.erase(next);
    }
    spans_.emplace(first, last);
  }
  // What is in this and not in the other.
  std::vector<std::pair<std::int64_t, std::int64_t>> without(const Spans& other) const {
    std::vector<std::pair<std::int64_t, std::int64_t>> rest;
    for (const auto& [from, last] : spans_) {
      std::int64_t first = from;
      auto covered = other.spans_.upper_bound(first);
      if (covered != other.spans_.begin()) --covered;
      for (; covered != other.spans_.end() && covered->first <= last && first <= last; ++covered) {
        if (covered->second < first) continue;
        if (covered->first > first) rest.emplace_back(first, covered->first - 1);
        first = covered->second + 1;
      }
      if (first <= last) rest.emplace_back(first, last);
    }
    return rest;
  }

 private:
  std::map<std::int64_t, std::int64_t> spans_;
};

struct Boot {
  std::string device;
  std::string boot;
  std::int64_t upto = -1;
  Spans there;      // By rows and losses.
  Spans accounted;  // By upto and islands.
};

// What the rows say of the newest without identity.
struct Plain {
  std::int64_t newest = 0;
  std::int64_t received_last = 0;  // By the server's clock.
  UtcMillis latest_received;
};

class Verifier {
 public:
  Verifier(const std::string& path, const VerifyOptions& options, const VerifyProgress& progress)
      : path_{path}, options_{options}, progress_{progress} {}

  Result<std::vector<Check>> run();

 private:
  Result<void> check_integrity();
  Result<void> check_references(Connection& connection);
  Result<void> check_parts(Connection& connection);
  Result<void> check_samples(SampleScan& scan);
  Result<void> check_progress(SampleScan& scan);
  Result<void> check_latest(Connection& connection);
  void look_at(const StoredRecord& stored, std::int64_t boot);
  void compare(const Boot& boot);
  Result<void> each(Connection& connection, const std::string& sql, Check& check,
                    const std::function<std::string(const Statement&)>& words);

  const std::string& path_;
  const VerifyOptions& options_;
  const VerifyProgress& progress_;
  Check integrity_{"integrity", "SQLite's own check of every page", 0, 0, {}};
  Check references_{"references", "rows that others name are there", 0, 0, {}};
  Check samples_{"samples", "every sample can be read whole", 0, 0, {}};
  Check identity_{"identity", "a sample's boot is its own tracker's", 0, 0, {}};
  Check accounted_{"accounted", "what devices were told is stored is there", 0, 0, {}};
  Check latest_{"latest", "the newest sample of each tracker is known", 0, 0, {}};
  Check rollups_{"rollups", "minutes, hours and days add up", 0, 0, {}};
  std::map<std::int64_t, Boot> boots_;
  std::unordered_map<std::string, Plain> plain_;
};

Result<void> Verifier::check_integrity() {
  integrity_.looked_at = 1;
  const auto faults = integrity_faults(path_, kIntegrityFaultsMax);
  if (!faults) return std::unexpected{faults.error()};
  for (const std::string& fault : *faults) note(integrity_, fault);
  progress_(kIntegrityShare);
  return {};
}

// Every row of the answer is a fault.
Result<void> Verifier::each(Connection& connection, const std::string& sql, Check& check,
                            const std::function<std::string(const Statement&)>& words) {
  auto rows = connection.prepare(sql);
  if (!rows) return std::unexpected{rows.error()};
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return {};
    note(check, words(*rows));
  }
}

Result<void> Verifier::check_references(Connection& connection) {
  const auto tables = connection.integer(
      "SELECT count(*) FROM pragma_table_list JOIN pragma_foreign_key_list(name)");
  if (!tables) return std::unexpected{tables.error()};
  references_.looked_at = tables->value_or(0);
  auto done = each(connection, "PRAGMA foreign_key_check", references_, [](const Statement& row) {
    return std::string{row.text(0)} + " " + std::to_string(row.integer(1)) + " names a " +
           std::string{row.text(2)} + " that is not there";
  });
  progress_(kIntegrityShare + kReferencesShare);
  return done;
}

// What stands beside a sample's row.
Result<void> Verifier::check_parts(Connection& connection) {
  auto text =
      each(connection,
           "SELECT 'sample', id FROM sample WHERE extra IS NOT NULL AND NOT json_valid(extra) "
           "UNION ALL SELECT 'context', id FROM context WHERE NOT json_valid(patch)",
           samples_, [](const Statement& row) {
             return std::string{row.text(0)} + " " + std::to_string(row.integer(1)) +
                    " has text that is no JSON";
           });
  if (!text) return text;
  auto lost = each(connection,
                   "SELECT id FROM sample WHERE rests & (rests >> 1) & 0x5555555555555555 AND NOT "
                   "EXISTS (SELECT 1 FROM odd WHERE odd.sample = sample.id)",
                   samples_, [](const Statement& row) {
                     return "sample " + std::to_string(row.integer(0)) +
                            " has values in odd that are not there";
                   });
  if (!lost) return lost;
  return each(connection,
              "SELECT sample FROM odd WHERE NOT EXISTS "
              "(SELECT 1 FROM sample WHERE sample.id = odd.sample)",
              samples_, [](const Statement& row) {
                return "odd has values of sample " + std::to_string(row.integer(0)) +
                       ", which is not there";
              });
}

void Verifier::look_at(const StoredRecord& stored, std::int64_t boot) {
  const Record& record = stored.record;
  const std::string name = "sample " + std::to_string(stored.id) + " of " + record.device;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const auto& info = kFieldInfo[i];
    if (!record.has(i) || info.sql.kind == Kind::text || info.sql.kind == Kind::keys) continue;
    if (record.value[i] >= info.sql.low && record.value[i] <= info.sql.high) continue;
    note(samples_, name + " has a " + std::string{info.column} + " that its column cannot hold");
    break;
  }
  if (!record.identified()) {
    Plain& plain = plain_[record.device];
    plain.newest = stored.id;
    if (plain.received_last == 0 || record.received >= plain.latest_received) {
      plain.received_last = stored.id;
      plain.latest_received = record.received;
    }
    return;
  }
  ++identity_.looked_at;
  const auto owner = boots_.find(boot);
  if (owner == boots_.end()) return;  // A reference that is not there, already said.
  if (owner->second.device != record.device) {
    note(identity_,
         name + " is of boot " + owner->second.boot + ", which is of " + owner->second.device);
    return;
  }
  const std::int64_t seq = record.value[kSeq];
  owner->second.there.add(std::min(seq, record.number(kSeqFrom).value_or(seq)), seq);
}

Result<void> Verifier::check_samples(SampleScan& scan) {
  const auto boots = scan.boots([&](const ScannedBoot& boot) {
    boots_.emplace(boot.id, Boot{boot.device, boot.boot, boot.upto, {}, {}});
  });
  if (!boots) return boots;
  const double before = kIntegrityShare + kReferencesShare;
  for (;;) {
    const auto stored = scan.next();
    if (!stored && stored.error().kind != StoreErrorKind::corrupt) {
      return std::unexpected{stored.error()};
    }
    ++samples_.looked_at;
    if (!stored) {
      note(samples_, "a sample cannot be read: " + stored.error().words);
      // A row that names what is not there is followed by others; a broken page is not.
      if (samples_.faults > kIntegrityFaultsMax) return {};
      continue;
    }
    if (*stored == nullptr) {
      --samples_.looked_at;
      return {};
    }
    look_at(**stored, scan.boot_row());
    if (samples_.looked_at % kProgressEvery == 0) {
      const double share =
          static_cast<double>(samples_.looked_at) / static_cast<double>(scan.rows());
      progress_(before + (1.0 - before) * share);
    }
  }
}

std::string stretch(std::int64_t first, std::int64_t last) {
  const std::string from = std::to_string(first);
  return first == last ? "number " + from : "numbers " + from + " to " + std::to_string(last);
}

void Verifier::compare(const Boot& boot) {
  const std::string name = "boot " + boot.boot + " of " + boot.device;
  if (!options_.thinned) {
    for (const auto& [first, last] : boot.accounted.without(boot.there)) {
      note(accounted_, name + " was told that " + stretch(first, last) +
                           " is stored, but neither a sample nor a loss says so");
    }
  }
  for (const auto& [first, last] : boot.there.without(boot.accounted)) {
    note(accounted_, name + " has " + stretch(first, last) + ", which is not accounted for");
  }
}

Result<void> Verifier::check_progress(SampleScan& scan) {
  std::map<std::int64_t, std::int64_t> ends;  // Of the island before, by boot.
  for (auto& [id, boot] : boots_) {
    if (boot.upto >= 0) boot.accounted.add(0, boot.upto);
    ends[id] = boot.upto;
  }
  const auto islands = scan.islands([&](std::int64_t id, std::int64_t first, std::int64_t last) {
    const auto boot = boots_.find(id);
    if (boot == boots_.end()) return;  // A reference that is not there, already said.
    // One that touches what is before it should have been joined to it: `stored` stands still.
    if (first <= ends[id] + 1 || last < first) {
      note(accounted_, "boot " + boot->second.boot + " of " + boot->second.device + " keeps " +
                           stretch(first, last) + " apart from what it touches");
    }
    if (last >= first) boot->second.accounted.add(first, last);
    ends[id] = std::max(ends[id], last);
  });
  if (!islands) return islands;
  const auto losses = scan.losses([&](std::int64_t id, const telemetry::Loss& loss) {
    const auto boot = boots_.find(id);
    if (boot != boots_.end()) boot->second.there.add(loss.first, loss.last);
  });
  if (!losses) return losses;
  for (const auto& [id, boot] : boots_) {
    ++accounted_.looked_at;
    compare(boot);
  }
  return {};
}

Result<void> Verifier::check_latest(Connection& connection) {
  auto rows = connection.prepare("SELECT name, plain_sample FROM device ORDER BY id");
  if (!rows) return std::unexpected{rows.error()};
  for (;;) {
    const auto row = rows->step();
    if (!row) return std::unexpected{row.error()};
    if (!*row) return {};
    ++latest_.looked_at;
    const std::string name{rows->text(0)};
    const auto newest = plain_.find(name);
    const std::int64_t found = newest == plain_.end() ? 0 : newest->second.newest;
    // After an import of the past the newest is what was received last; else what came last.
    if (rows->integer(1) == found) continue;
    if (newest != plain_.end() && rows->integer(1) == newest->second.received_last) continue;
    note(latest_, name + " names sample " + std::to_string(rows->integer(1)) +
                      " as its newest without identity; it is " + std::to_string(found));
  }
}

Result<std::vector<Check>> Verifier::run() {
  auto scan = SampleScan::open(path_, {});
  // A page so broken that not even the tables can be read is a finding, not a failure.
  if (!scan && scan.error().kind != StoreErrorKind::corrupt) return std::unexpected{scan.error()};
  if (auto done = check_integrity(); !done) return std::unexpected{done.error()};
  if (!scan) {
    if (integrity_.faults == 0) return std::unexpected{scan.error()};
    return std::vector<Check>{integrity_};
  }
  Connection& connection = (*scan)->connection();
  const auto part = [&](const Result<void>& done, Check& check) -> Result<void> {
    if (done || done.error().kind != StoreErrorKind::corrupt) return done;
    note(check, "it could not be looked at to its end: " + done.error().words);
    return {};
  };
  for (auto&& done :
       {part(check_references(connection), references_), part(check_parts(connection), samples_),
        part(check_samples(**scan), samples_), part(check_progress(**scan), accounted_),
        part(check_latest(connection), latest_),
        part(check_rollups(connection, rollups_), rollups_)}) {
    if (!done) return std::unexpected{done.error()};
  }
  return std::vector<Check>{integrity_, references_, samples_, identity_,
                            accounted_, latest_,     rollups_};
}

}  // namespace

Result<std::vector<Check>> verify_database(const std::string& path, const VerifyOptions& options,
                                           const VerifyProgress& progress) {
  return Verifier{path, options, progress}.run();
}

}  // namespace idast::store
