#include "tests/storm/ledger.h"

#include <algorithm>
#include <iterator>

#include "core/telemetry/row.h"

namespace idast::storm {
namespace {

constexpr std::size_t kBootId = telemetry::position_of("boot_id");
constexpr std::size_t kSeq = telemetry::position_of("seq");
constexpr std::size_t kSeqFrom = telemetry::position_of("seq_from");
constexpr std::size_t kPower = telemetry::position_of("power_w");
constexpr std::size_t kEnergy = telemetry::position_of("energy_wh");
constexpr std::int64_t kSlotMs = 10'000;

std::string device_of(std::string_view topic) {
  const std::size_t begin = topic.find('/') + 1;
  return std::string{topic.substr(begin, topic.find('/', begin) - begin)};
}

// The nodes print without white space and each key once.
std::optional<std::int64_t> number(std::string_view text, std::string_view key) {
  const std::string wanted = "\"" + std::string{key} + "\":";
  const std::size_t at = text.find(wanted);
  if (at == std::string_view::npos) return std::nullopt;
  return std::stoll(std::string{text.substr(at + wanted.size(), 24)});
}

std::string boot_of(std::string_view text) {
  const std::size_t at = text.find("\"boot\":\"");
  return at == std::string_view::npos ? std::string{} : std::string{text.substr(at + 8, 16)};
}

bool same(const telemetry::Record& a, const telemetry::Record& b) {
  if (a.present != b.present || a.null != b.null || a.extra != b.extra) return false;
  for (std::size_t i = 0; i < telemetry::kFieldCount; ++i) {
    if (!a.has(i)) continue;
    if (telemetry::kFieldInfo[i].sql.kind == telemetry::Kind::text ? a.text[i] != b.text[i]
                                                                   : a.value[i] != b.value[i]) {
      return false;
    }
  }
  return true;
}

// Whatever is no number.
bool same_words(const telemetry::Record& a, const telemetry::Record& b) {
  for (std::size_t i = 0; i < telemetry::kFieldCount; ++i) {
    const telemetry::Kind kind = telemetry::kFieldInfo[i].sql.kind;
    if (kind == telemetry::Kind::text && a.text[i] != b.text[i]) return false;
    const bool word = kind == telemetry::Kind::boolean || kind == telemetry::Kind::keys;
    if (word && a.number(i) != b.number(i)) return false;
  }
  return true;
}

std::string place(const BootKey& key, std::int64_t seq) {
  return key.device + " boot " + key.boot + " seq " + std::to_string(seq);
}

}  // namespace

void Ledger::said(std::string_view topic, std::string_view payload) {
  if (!topic.ends_with("/telemetry")) return;
  const BootKey key{device_of(topic), boot_of(payload)};
  const auto seq = number(payload, "seq");
  if (key.boot.empty() || !seq) return fault("a sample without identity: " + std::string{payload});
  auto& versions = boots_[key].said[*seq];
  if (std::ranges::find(versions, payload) != versions.end()) return;
  const bool summary = number(payload, "seqFrom").has_value();
  if (!summary) {
    for (const std::string& version : versions) {
      if (number(version, "seqFrom")) continue;
      fault(place(key, *seq) + " was said in two ways:\n  " + version + "\n  " +
            std::string{payload});
    }
  }
  versions.emplace_back(payload);
}

void Ledger::take(Boot& boot, std::int64_t first, std::int64_t last) {
  auto after = boot.taken.upper_bound(last + 1);
  while (after != boot.taken.begin()) {
    const auto before = std::prev(after);
    if (before->second < first - 1) break;
    first = std::min(first, before->first);
    last = std::max(last, before->second);
    after = boot.taken.erase(before);
  }
  boot.taken[first] = last;
}

bool Ledger::has(const Boot& boot, std::int64_t seq) const {
  const auto after = boot.taken.upper_bound(seq);
  return after != boot.taken.begin() && std::prev(after)->second >= seq;
}

void Ledger::committed(std::span<const telemetry::Record> records,
                       std::span<const telemetry::Loss> losses,
                       std::span<const std::int64_t> rows) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    const telemetry::Record& record = records[i];
    if (!record.identified()) continue;
    const BootKey key{record.device, record.text[kBootId]};
    Boot& boot = boots_[key];
    const std::int64_t seq = record.value[kSeq];
    if (rows[i] == 0) {
      if (!has(boot, seq)) fault(place(key, seq) + " was called stored before it came");
    } else if (boot.stored.emplace(seq, taken_.size()).second) {
      taken_.emplace_back(rows[i], record);
    } else {
      fault(place(key, seq) + " was taken in twice");
    }
    take(boot, std::min(seq, record.number(kSeqFrom).value_or(seq)), seq);
  }
  for (const telemetry::Loss& loss : losses) {
    take(boots_[{loss.device, loss.boot}], loss.first, loss.last);
    given_up_ += loss.last - loss.first + 1;
  }
}

void Ledger::archived(const telemetry::Record& record) {
  if (!record.identified()) return;
  boots_[{record.device, record.text[kBootId]}].archived.insert(record.value[kSeq]);
}

void Ledger::spooled(const std::vector<telemetry::Record>& records) {
  for (const telemetry::Record& record : records) {
    if (!record.identified()) continue;
    boots_[{record.device, record.text[kBootId]}].spooled.insert(record.value[kSeq]);
    ++through_spool_;
  }
}

void Ledger::let_go(std::string_view topic, std::string_view payload) {
  if (!topic.ends_with("/telemetry")) return;
  const BootKey key{device_of(topic), boot_of(payload)};
  const auto seq = number(payload, "seq");
  if (!seq || !boots_[key].spooled.contains(*seq) || has(boots_[key], *seq)) return;
  fault(place(key, *seq) + " was let go of by the spool before it was stored");
}

void Ledger::acknowledged(std::string_view topic, std::string_view payload) {
  if (!topic.ends_with("/telemetry")) return;
  const BootKey key{device_of(topic), boot_of(payload)};
  const auto seq = number(payload, "seq");
  const Boot& boot = boots_[key];
  if (seq && !has(boot, *seq) && !boot.spooled.contains(*seq)) {
    fault(place(key, *seq) + " was acknowledged before it was stored or spooled");
  }
}

void Ledger::told(std::string_view topic, std::string_view payload) {
  const BootKey key{device_of(topic), boot_of(payload)};
  const auto word = number(payload, "upto");
  if (!word) return fault("a word without upto: " + std::string{payload});
  if (*word > upto(key)) {
    fault(place(key, *word) + " was called stored, but only up to " + std::to_string(upto(key)) +
          " everything is there");
  }
}

std::int64_t Ledger::upto(const BootKey& key) const {
  const auto boot = boots_.find(key);
  if (boot == boots_.end() || boot->second.taken.empty()) return -1;
  const auto& [first, last] = *boot->second.taken.begin();
  return first <= 0 ? last : -1;
}

void Ledger::row(const telemetry::Record& record) {
  if (!record.identified()) return fault("a row without identity");
  const BootKey key{record.device, record.text[kBootId]};
  const std::int64_t seq = record.value[kSeq];
  Boot& boot = boots_[key];
  const std::int64_t first = std::min(seq, record.number(kSeqFrom).value_or(seq));
  const auto after = boot.rows.lower_bound(first);
  if (after != boot.rows.end() && after->second <= seq) {
    return fault(place(key, std::max(first, after->second)) + " is stored twice");
  }
  boot.rows.emplace(seq, first);
  const auto versions = boot.said.find(seq);
  if (versions == boot.said.end()) return fault(place(key, seq) + " was never said");
  const std::string topic = "solar-tracker/" + record.device + "/telemetry";
  for (const std::string& version : versions->second) {
    const auto read = parser_.parse(topic, version, record.received);
    if (read && same(*read, record)) return;
  }
  if (first < seq) return thinned_row(key, boot, record);
  std::string message;
  telemetry::print_message(record, message);
  fault(place(key, seq) + " is stored as it was never said:\n  " + message + "\n  " +
        versions->second.front());
}

// A row of the database's own making: the last of those that it stands for, with their mean.
void Ledger::thinned_row(const BootKey& key, const Boot& boot, const telemetry::Record& record) {
  const std::int64_t last = record.value[kSeq], first = record.value[kSeqFrom];
  std::int64_t power = 0;
  for (std::int64_t seq = first; seq <= last; ++seq, ++thinned_) {
    const auto stored = boot.stored.find(seq);
    if (stored == boot.stored.end()) {
      return fault(place(key, seq) + " was never stored, and a ten-second row stands for it");
    }
    if (!boot.archived.contains(seq)) {
      return fault(place(key, seq) + " was thinned before the archive had it");
    }
    const telemetry::Record& one = taken_[stored->second].second;
    if (one.ts.unix_ms() / kSlotMs != record.ts.unix_ms() / kSlotMs || !same_words(one, record)) {
      return fault(place(key, seq) + " stands in a ten-second row that it does not belong to");
    }
    power += one.number(kPower).value_or(0);
    if (seq == last && (one.ts != record.ts || one.number(kEnergy) != record.number(kEnergy))) {
      fault(place(key, seq) + " is not the last of its ten-second row");
    }
  }
  const std::int64_t count = last - first + 1;
  if (record.number(kPower).value_or(0) != (power + count / 2) / count) {
    fault(place(key, last) + " has not the mean power of its ten seconds");
  }
}

void Ledger::rows_end() {
  for (const auto& [key, boot] : boots_) {
    for (const std::int64_t seq : boot.spooled) {
      if (!has(boot, seq)) fault(place(key, seq) + " was spooled and never stored");
    }
    for (const auto& [seq, taken] : boot.stored) {
      const auto row = boot.rows.lower_bound(seq);
      const bool there = row != boot.rows.end() && row->second <= seq;
      if (!there) fault(place(key, seq) + " was committed and is gone");
    }
    for (const auto& [seq, first] : boot.rows) {
      if (!boot.stored.contains(seq)) {
        fault(place(key, seq) + " is a row that was never committed");
      }
    }
  }
}

}  // namespace idast::storm
