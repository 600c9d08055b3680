#include "tests/storm/ledger.h"

#include <algorithm>
#include <iterator>

#include "core/telemetry/row.h"

namespace idast::storm {
namespace {

constexpr std::size_t kBootId = telemetry::position_of("boot_id");
constexpr std::size_t kSeq = telemetry::position_of("seq");
constexpr std::size_t kSeqFrom = telemetry::position_of("seq_from");

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

void Ledger::committed(const std::vector<telemetry::Record>& records,
                       const std::vector<telemetry::Loss>& losses) {
  for (const telemetry::Record& record : records) {
    if (!record.identified()) continue;
    Boot& boot = boots_[{record.device, record.text[kBootId]}];
    const std::int64_t seq = record.value[kSeq];
    boot.stored.insert(seq);
    take(boot, std::min(seq, record.number(kSeqFrom).value_or(seq)), seq);
  }
  for (const telemetry::Loss& loss : losses) {
    take(boots_[{loss.device, loss.boot}], loss.first, loss.last);
    given_up_ += loss.last - loss.first + 1;
  }
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
  if (!boot.rows.insert(seq).second) return fault(place(key, seq) + " is stored twice");
  const auto versions = boot.said.find(seq);
  if (versions == boot.said.end()) return fault(place(key, seq) + " was never said");
  const std::string topic = "solar-tracker/" + record.device + "/telemetry";
  for (const std::string& version : versions->second) {
    const auto read = parser_.parse(topic, version, record.received);
    if (read && same(*read, record)) return;
  }
  std::string message;
  telemetry::print_message(record, message);
  fault(place(key, seq) + " is stored as it was never said:\n  " + message + "\n  " +
        versions->second.front());
}

void Ledger::rows_end() {
  for (const auto& [key, boot] : boots_) {
    for (const std::int64_t seq : boot.spooled) {
      if (!has(boot, seq)) fault(place(key, seq) + " was spooled and never stored");
    }
    if (boot.rows == boot.stored) continue;
    std::vector<std::int64_t> missing;
    std::ranges::set_difference(boot.stored, boot.rows, std::back_inserter(missing));
    fault(place(key, missing.empty() ? *boot.rows.rbegin() : missing.front()) +
          (missing.empty() ? " is a row that was never committed" : " was committed and is gone"));
  }
}

}  // namespace idast::storm
