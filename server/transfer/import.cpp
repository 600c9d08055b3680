#include "server/transfer/import.h"

#include <optional>
#include <utility>

#include <simdjson.h>

#include "core/base/calendar.h"
#include "core/telemetry/row.h"
#include "server/ingest/number.h"
#include "server/ingest/parser.h"
#include "server/ingest/refusal.h"
#include "server/transfer/export.h"
#include "server/transfer/original.h"

namespace idast::transfer {
namespace {

using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;
using telemetry::Loss;
using telemetry::Record;

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kBootId = telemetry::position_of("boot_id");
constexpr std::size_t kSeq = telemetry::position_of("seq");

// 2.2 kB each in memory. A commit costs an fsync, and a thousand samples cost as much as one.
constexpr std::size_t kBatchRows = 4'000;
constexpr std::int64_t kExportVersion = 1;
// Of one device and one millisecond; more are not compared.
constexpr std::size_t kSameTimeMax = 1'000;

bool same_values(const Record& a, const Record& b) {
  if (a.present != b.present || a.null != b.null || a.extra != b.extra) return false;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!a.has(i)) continue;
    const bool text = kFieldInfo[i].sql.kind == Kind::text;
    if (text ? a.text[i] != b.text[i] : a.value[i] != b.value[i]) return false;
  }
  return true;
}

bool is_history(const std::vector<std::string>& names) {
  std::string head;
  for (const std::string& name : names) head += (head.empty() ? "" : ",") + name;
  return head == kHistoryNames;
}

std::string boot_key(std::string_view device, std::string_view boot) {
  return std::string{device} + '/' + std::string{boot};
}

}  // namespace

// The lines of our own export.
class Import::Lines {
 public:
  explicit Lines(Import& import) : import_{import} {}

  Done take(std::string& line);
  bool ended() const { return ended_; }

 private:
  // What a line may say; views live until the next line.
  struct Said {
    std::optional<std::int64_t> version;
    std::string_view device, boot, message, history, reason;
    std::optional<UtcMillis> received, ts, started;
    std::optional<std::int64_t> first, last;
    bool end = false;
    bool latest = false;
    bool lost = false;
  };

  // False: no JSON, or a value of another kind than it must be.
  bool read(ondemand::object object, Said& said);
  bool read_member(std::string_view key, ondemand::value value, Said& said);
  static bool read_span(ondemand::value value, Said& said);
  Done take_sample(const Said& said);
  Done act(const Said& said);

  Import& import_;
  ondemand::parser json_;
  bool began_ = false;
  bool ended_ = false;
};

bool Import::Lines::read_span(ondemand::value value, Said& said) {
  ondemand::array span;
  if (value.get_array().get(span)) return false;
  for (auto item : span) {
    std::int64_t seq = 0;
    if (item.get_int64().get(seq)) return false;
    (said.first ? said.last : said.first) = seq;
  }
  return said.last.has_value();
}

bool Import::Lines::read_member(std::string_view key, ondemand::value value, Said& said) {
  const auto text = [&](std::string_view& out) { return !value.get_string().get(out); };
  const auto time = [&](std::optional<UtcMillis>& out) {
    std::string_view words;
    if (value.get_string().get(words)) return false;
    out = utc_from_iso(words);
    return out.has_value();
  };
  const auto whole = [&](std::optional<std::int64_t>& out) {
    std::int64_t number = 0;
    if (value.get_int64().get(number)) return false;
    out = number;
    return true;
  };
  if (key == "message" || key == "history") {
    ondemand::object message;
    if (value.get_object().get(message)) return false;
    return !message.raw_json().get(key == "message" ? said.message : said.history);
  }
  if (key == "device") {
    ondemand::json_type type{};
    if (value.type().get(type)) return false;
    return type == ondemand::json_type::null || text(said.device);
  }
  if (key == "boot") return text(said.boot);
  if (key == "received") return time(said.received);
  if (key == "ts") return time(said.ts);
  if (key == "started") return time(said.started);
  if (key == "reason") return text(said.reason);
  if (key == "accounted") return read_span(value, said);
  if (key == "idast_export") return whole(said.version);
  if (key == "end") return !value.get_bool().get(said.end);
  if (key == "latest") return !value.get_bool().get(said.latest);
  if (said.lost && key == "from") return whole(said.first);
  if (said.lost && key == "to") return whole(said.last);
  if (key == "lost") {
    said.lost = true;
    ondemand::object lost;
    return !value.get_object().get(lost) && read(lost, said);
  }
  return true;
}

bool Import::Lines::read(ondemand::object object, Said& said) {
  for (auto item : object) {
    ondemand::field member;
    std::string_view key;
    if (std::move(item).get(member) || member.unescaped_key().get(key)) return false;
    if (!read_member(key, member.value(), said)) return false;
  }
  return true;
}

Import::Done Import::Lines::take_sample(const Said& said) {
  return import_.take_message(said.device, *said.received, *said.ts, said.message, said.latest);
}

Import::Done Import::Lines::act(const Said& said) {
  const std::string device{said.device};
  const std::string boot{said.boot};
  if (said.message.data() != nullptr && said.received && said.ts) return take_sample(said);
  if (said.history.data() != nullptr && said.received && said.ts) {
    return import_.take_history(said.device, *said.received, *said.ts, said.history);
  }
  if (said.lost && said.first && said.last && said.received && !boot.empty()) {
    ++import_.imported_.losses;
    return import_.add(
        Loss{device, boot, *said.first, *said.last, std::string{said.reason}, *said.received});
  }
  if (said.started && !boot.empty()) {
    import_.started_[boot_key(device, boot)] = *said.started;
    return {};
  }
  if (said.first && said.last && !boot.empty()) {
    // A loss without a reason: accounted for, and not worth a record.
    const auto started = import_.started_.find(boot_key(device, boot));
    const UtcMillis at = started == import_.started_.end() ? UtcMillis{} : started->second;
    return import_.add(Loss{device, boot, *said.first, *said.last, {}, at});
  }
  if (said.end) {
    ended_ = true;
    return {};
  }
  import_.refuse("bad_line");
  return {};
}

Import::Done Import::Lines::take(std::string& line) {
  if (line.empty()) return {};
  line.reserve(line.size() + simdjson::SIMDJSON_PADDING);
  Said said;
  ondemand::document document;
  ondemand::object object;
  const bool legible = !json_.iterate(line.data(), line.size(), line.capacity()).get(document) &&
                       !document.get_object().get(object) && read(object, said);
  if (!std::exchange(began_, true)) {
    if (!legible || !said.version) {
      return std::unexpected{
          "it begins with JSON, but not with the first line of an export of IDAST"};
    }
    if (*said.version > kExportVersion) {
      return std::unexpected{"it was exported by a newer IDAST; import it with that version"};
    }
    return {};
  }
  if (!legible) {
    import_.refuse("bad_line");
    return {};
  }
  return act(said);
}

Import::Done Import::take_message(std::string_view device, UtcMillis received, UtcMillis ts,
                                  std::string_view message, bool latest) {
  auto record = messages_.read(device, received, ts, message);
  if (!record) {
    refuse(record.error());
    return {};
  }
  return add(std::move(*record), latest);
}

Import::Done Import::take_history(std::string_view device, UtcMillis received, UtcMillis taken,
                                  std::string_view message) {
  const std::string topic = "solar-tracker/" + std::string{device} + "/history";
  auto row = rows_.read_history(topic, message, received);
  if (!row) {
    refuse(ingest::name(row.error()));
    return {};
  }
  row->taken = taken;
  return add(std::move(*row));
}

// A line of Format::history, its values as a receiver says them.
Import::Done Import::take_history(const Row& row) {
  enum : std::size_t { device, ts, energy, battery, phone, session, received };
  const auto time_in = [&](std::size_t cell) {
    return row[cell].null ? std::nullopt : utc_from_iso(row[cell].text);
  };
  const auto taken = time_in(ts);
  const auto heard = time_in(received);
  if (!taken || !heard) {
    refuse("bad_ts");
    return {};
  }
  std::string message = R"({"device_name":)";
  telemetry::print_text(row[phone].text, message);
  for (const auto& [cell, key] : {std::pair{energy, "energy_wh"}, std::pair{battery, "battery_pct"},
                                  std::pair{session, "session_min"}}) {
    if (row[cell].null) continue;
    if (ingest::token_of(row[cell].text) != ingest::Token::number) {
      ++imported_.fields_refused[key];
      continue;
    }
    message.append(",\"").append(key).append("\":").append(row[cell].text);
  }
  message.push_back('}');
  return take_history(row[device].text, *heard, *taken, message);
}

Import::Done Import::take(const std::string& device, UtcMillis received, UtcMillis ts,
                          std::string_view message) {
  if (auto seen = remember_devices(); !seen) return seen;
  return take_message(device, received, ts, message, false);
}

Import::Done Import::take(Source source, const std::string& name) {
  Input input{std::move(source)};
  const std::string head{input.head(4)};
  if (input.fault()) return std::unexpected{name + ": " + *input.fault()};
  if (head.empty()) return std::unexpected{name + " is empty"};
  if (auto seen = remember_devices(); !seen) return seen;
  const bool is_export = head.front() == '{';
  const bool is_dump = head.starts_with("--") || head.starts_with("/*") || head == "INSE" ||
                       head == "CREA" || head == "SET " || head == "DROP";
  auto done = is_export ? take_export(input, name) : take_table(input, is_dump);
  // What came before an error is good.
  auto stored = commit();
  if (!done) return std::unexpected{name + ": " + done.error()};
  if (!stored) return std::unexpected{name + ": " + stored.error()};
  return {};
}

Import::Done Import::remember_devices() {
  if (std::exchange(begun_, true)) return {};
  const auto devices = reader_.devices();
  if (!devices) return std::unexpected{devices.error().words};
  for (const store::DeviceSeen& seen : *devices) before_.insert(seen.device);
  auto latest = store::plain_latest(path_);
  if (!latest) return std::unexpected{latest.error().words};
  plain_before_ = std::move(*latest);
  return {};
}

Import::Done Import::take_export(Input& input, const std::string& name) {
  Lines lines{*this};
  std::string line;
  while (input.line(line)) {
    if (auto taken = lines.take(line); !taken) return taken;
  }
  if (input.fault()) return std::unexpected{*input.fault()};
  if (!lines.ended()) imported_.cut_off.push_back(name);
  return {};
}

Import::Done Import::take_table(Input& input, bool dump) {
  OriginalRows rows{options_.device};
  std::uint64_t seen = 0;
  bool history = false;
  const TableSink sink{.columns = [&](const std::vector<std::string>& names) -> Done {
                         history = !dump && is_history(names);
                         return history ? Done{} : rows.columns(names);
                       },
                       .row = [&](const Row& row) -> Done {
                         ++seen;
                         if (history) return take_history(row);
                         auto record = rows.record(row);
                         if (record) return add(std::move(*record));
                         refuse(record.error());
                         return {};
                       }};
  auto read = dump ? read_dump(input, options_.assume_utc, sink) : read_csv(input, sink);
  for (const auto& [column, count] : rows.fields_refused()) {
    imported_.fields_refused[column] += count;
  }
  if (read && seen == 0 && !history)
    return std::unexpected{"there is no row of a table telemetry in it"};
  return read;
}

Import::Done Import::finish() {
  if (auto stored = commit(); !stored) return stored;
  const auto done = store::set_plain_latest(path_, plain_before_, plain_certain_);
  if (!done) return std::unexpected{done.error().words};
  return {};
}

Import::Done Import::add(Record record, bool latest) {
  if (record.identified()) {
    const std::string& boot = record.text[kBootId];
    const auto started = started_.find(boot_key(record.device, boot));
    if (started != started_.end()) {
      // The boot began when it did, not when the first sample of this file was received.
      const std::int64_t seq = record.value[kSeq];
      starts_.push_back(Loss{record.device, boot, seq, seq, {}, started->second});
      started_.erase(started);
    }
  }
  // One that had samples before knows its newest, or learns it from what is received later.
  const bool certain = latest && !record.identified() && !before_.contains(record.device);
  batch_.push_back(std::move(record));
  marked_ = certain;
  if (batch_.size() < kBatchRows && !certain) return {};
  return commit();
}

Import::Done Import::add(Loss loss) {
  losses_.push_back(std::move(loss));
  if (losses_.size() < kBatchRows) return {};
  return commit();
}

Import::Done Import::add(telemetry::HistoryRow row) {
  history_.push_back(std::move(row));
  if (history_.size() < kBatchRows) return {};
  return commit();
}

std::expected<bool, std::string> Import::is_known(const Record& record) {
  if (!before_.contains(record.device)) return false;
  bool known = false;
  const store::Range at{record.device, record.ts, record.ts + Millis{1}};
  const auto asked = reader_.rows(at, kSameTimeMax, [&](store::StoredRecord&& stored) {
    const bool before = first_row_ == 0 || stored.id < first_row_;
    known = before && same_values(stored.record, record);
    return !known;
  });
  if (!asked) return std::unexpected{asked.error().words};
  if (known) return known;
  // Of an old day only ten-second rows are left; what they stand for was there.
  const auto thinned = reader_.may_be_thinned(record.device, record.ts);
  if (!thinned) return std::unexpected{thinned.error().words};
  return *thinned;
}

Import::Done Import::drop_known() {
  // All are asked before any is moved: after an error the batch is what it was.
  std::vector<bool> known(batch_.size());
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    if (batch_[i].identified()) continue;
    const auto asked = is_known(batch_[i]);
    if (!asked) return std::unexpected{asked.error()};
    known[i] = *asked;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    if (known[i]) continue;
    if (kept != i) batch_[kept] = std::move(batch_[i]);
    ++kept;
  }
  imported_.known += batch_.size() - kept;
  batch_.resize(kept);
  return {};
}

Import::Done Import::commit() {
  if (auto dropped = drop_known(); !dropped) return dropped;
  const auto failed = [](const store::StoreError& error) {
    return std::unexpected{error.words + "; what came before is stored: run the same import again"};
  };
  if (!starts_.empty()) {
    if (auto done = store_.commit({}, starts_); !done) return failed(done.error());
    starts_.clear();
  }
  if (batch_.empty() && losses_.empty() && history_.empty()) return {};
  const auto done = store_.commit(batch_, losses_, history_);
  if (!done) return failed(done.error());
  imported_.taken += done->inserted;
  imported_.absorbed += done->absorbed;
  imported_.history_taken += done->history_inserted;
  imported_.history_absorbed += done->history_absorbed;
  if (std::exchange(marked_, false)) {
    // It is the last of its batch, and of a device that is new here: never dropped, never absorbed.
    plain_certain_[batch_.back().device] = done->rows.back();
  }
  for (const std::int64_t row : done->rows) {
    if (row != 0 && first_row_ == 0) first_row_ = row;
  }
  batch_.clear();
  losses_.clear();
  history_.clear();
  store_.tidy();
  return {};
}

}  // namespace idast::transfer
