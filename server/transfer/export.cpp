#include "server/transfer/export.h"

#include <array>
#include <bit>
#include <unordered_map>
#include <utility>

#include "core/base/calendar.h"
#include "core/base/decimal.h"
#include "core/telemetry/row.h"

namespace idast::transfer {
namespace {

using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Kind;

constexpr std::size_t kPieceBytes = 256 * 1024;  // Handed on at once.
constexpr std::int64_t kProgressEvery = 4'096;   // Rows.

void print_time(UtcMillis at, std::string& out) {
  out.append("\"").append(to_iso(at).view()).append("\"");
}

// Samples come a few in a second: the date is printed anew when the second changes.
class Clockface {
 public:
  // "2005-05-22T07:47:42.000Z", with the character between date and time as asked.
  std::string_view text(UtcMillis at, char between) {
    const std::int64_t second = at.unix_ms() / 1'000;
    if (at.unix_ms() < 0 || second != second_) {
      const auto iso = to_iso(at);
      iso.view().copy(text_, sizeof text_);
      second_ = at.unix_ms() < 0 ? -1 : second;
    } else {
      const auto rest = static_cast<int>(at.unix_ms() % 1'000);
      text_[20] = static_cast<char>('0' + rest / 100);
      text_[21] = static_cast<char>('0' + rest / 10 % 10);
      text_[22] = static_cast<char>('0' + rest % 10);
    }
    text_[10] = between;
    return {text_, sizeof text_};
  }

 private:
  char text_[24] = {};
  std::int64_t second_ = -1;
};

// Quoted, with the quotes inside doubled.
void print_quoted(std::string_view text, std::string& out) {
  out.push_back('"');
  for (std::size_t quote = text.find('"'); quote != text.npos; quote = text.find('"')) {
    out.append(text, 0, quote + 1).push_back('"');
    text.remove_prefix(quote + 1);
  }
  out.append(text).push_back('"');
}

void print_number(std::int64_t scaled, int decimals, std::string& out) {
  char digits[kDecimalBytesMax];
  out.append(digits, print_decimal(scaled, decimals, digits));
}

consteval telemetry::KeySet text_fields() {
  telemetry::KeySet set;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kFieldInfo[i].sql.kind == Kind::text) set.add(i);
  }
  return set;
}

// Without the texts of absent fields: a copy of all of them takes longer than all the rest.
void copy(const store::StoredRecord& from, store::StoredRecord& to) {
  to.id = from.id;
  to.boot_started = from.boot_started;
  to.record.device = from.record.device;
  to.record.received = from.record.received;
  to.record.ts = from.record.ts;
  to.record.value = from.record.value;
  to.record.present = from.record.present;
  to.record.null = from.record.null;
  to.record.extra = from.record.extra;
  std::uint64_t left = from.record.present.bits & text_fields().bits;
  for (; left != 0; left &= left - 1) {
    const auto field = static_cast<std::size_t>(std::countr_zero(left));
    to.record.text[field] = from.record.text[field];
  }
}

}  // namespace

struct Export::Work {
 public:
  Work(store::SampleScan& scan, const store::ScanRange& range, Format format, const Sink& sink,
       const Progress& progress)
      : scan_{scan}, range_{range}, format_{format}, sink_{sink}, progress_{progress} {}

  Done begin();
  std::expected<bool, std::string> read(ExportBlock& block);
  Done print(const ExportBlock& block);
  std::expected<Exported, std::string> end();

 private:
  using Row = ExportBlock::Row;

  Done pass(bool last);
  static Done done(const store::Result<void>& result) {
    if (!result) return std::unexpected{result.error().words};
    return {};
  }

  void print_head();
  void print_names();
  void print_sample(const Row& row);
  void print_line(const store::StoredRecord& stored);
  void print_word(const telemetry::Record& record, std::size_t field);
  Done print_boots();
  Done print_rest();
  Done each_history_row();
  void print_history(const telemetry::HistoryRow& row);
  void print_history_line(const telemetry::HistoryRow& row);

  store::SampleScan& scan_;
  const store::ScanRange& range_;
  const Format format_;
  const Sink& sink_;
  const Progress& progress_;
  std::string out_;
  std::string raw_;
  Clockface received_, taken_;
  Exported exported_;
  bool all_read_ = false;
};

// Hands the text on when there is enough of it.
Export::Done Export::Work::pass(bool last) {
  if (out_.size() < kPieceBytes && !last) return {};
  exported_.bytes += static_cast<std::int64_t>(out_.size());
  if (!sink_(out_)) return std::unexpected{"the export could not be written"};
  out_.clear();
  return {};
}

std::expected<bool, std::string> Export::Work::read(ExportBlock& block) {
  block.count = 0;
  if (format_ == Format::history || all_read_) return false;
  while (block.count < ExportBlock::kRowsMax) {
    const auto next = scan_.next();
    if (!next) return std::unexpected{next.error().words};
    all_read_ = *next == nullptr;  // Asked once more, it would begin again.
    if (all_read_) break;
    const store::StoredRecord& stored = **next;
    Row& row = block.rows[block.count++];
    copy(stored, row.stored);
    row.latest = false;
    if (stored.record.identified()) continue;
    const auto latest = scan_.plain_latest(stored.record.device);
    if (!latest) return std::unexpected{latest.error().words};
    row.latest = *latest == stored.id;
  }
  return block.count > 0;
}

Export::Done Export::Work::print(const ExportBlock& block) {
  for (std::size_t i = 0; i < block.count; ++i) {
    const Row& row = block.rows[i];
    format_ == Format::csv ? print_line(row.stored) : print_sample(row);
    if (auto passed = pass(false); !passed) return passed;
    if (++exported_.rows % kProgressEvery == 0) {
      progress_(static_cast<double>(exported_.rows) / static_cast<double>(scan_.rows()));
    }
  }
  return {};
}

void Export::Work::print_head() {
  const auto time_or_null = [&](std::optional<UtcMillis> at) {
    if (at) print_time(*at, out_);
    if (!at) out_.append("null");
  };
  out_.append(R"({"idast_export":1,"device":)");
  if (range_.device.empty()) out_.append("null");
  if (!range_.device.empty()) telemetry::print_text(range_.device, out_);
  out_.append(R"(,"from":)");
  time_or_null(range_.from);
  out_.append(R"(,"to":)");
  time_or_null(range_.to);
  out_.append(R"(,"rows":)").append(std::to_string(scan_.rows())).append("}\n");
}

Export::Done Export::Work::print_boots() {
  return done(scan_.boots([&](const store::ScannedBoot& boot) {
    if (!range_.device.empty() && boot.device != range_.device) return;
    out_.append(R"({"boot":")").append(boot.boot).append(R"(","device":)");
    telemetry::print_text(boot.device, out_);
    out_.append(R"(,"started":)");
    print_time(boot.started, out_);
    out_.append("}\n");
  }));
}

void Export::Work::print_sample(const Row& row) {
  const telemetry::Record& record = row.stored.record;
  out_.append(R"({"device":)");
  telemetry::print_text(record.device, out_);
  out_.append(R"(,"received":")");
  out_.append(received_.text(record.received, 'T')).append(R"(","ts":")");
  out_.append(taken_.text(record.ts, 'T')).append(R"(","row":)");
  print_number(row.stored.id, 0, out_);
  out_.append(row.latest ? R"(,"latest":true,"message":)" : R"(,"message":)");
  telemetry::print_message(record, out_);
  out_.append("}\n");
}

Export::Done Export::Work::each_history_row() {
  Done passed;
  const auto scanned = scan_.history(range_, [&](const telemetry::HistoryRow& row) {
    ++exported_.history_rows;
    // As csv they are only counted, so that their owner hears of them.
    if (format_ == Format::json) print_history(row);
    if (format_ == Format::history) print_history_line(row);
    passed = pass(false);
    return passed.has_value();
  });
  if (!passed) return passed;
  return done(scanned);
}

void Export::Work::print_history(const telemetry::HistoryRow& row) {
  out_.append(R"({"device":)");
  telemetry::print_text(row.device, out_);
  out_.append(R"(,"received":")");
  out_.append(received_.text(row.received, 'T')).append(R"(","ts":")");
  out_.append(taken_.text(row.taken, 'T')).append(R"(","history":{)");
  const auto number = [&](std::string_view key, std::optional<std::int64_t> value, int decimals) {
    if (!value) return;
    out_.append(key);
    print_number(*value, decimals, out_);
    out_.push_back(',');
  };
  number(R"("energy_wh":)", row.energy, telemetry::kHistoryEnergy.decimals);
  number(R"("battery_pct":)", row.battery, telemetry::kHistoryBattery.decimals);
  number(R"("session_min":)", row.session_min, 0);
  if (!row.device_name.empty()) {
    out_.append(R"("device_name":)");
    telemetry::print_text(row.device_name, out_);
  }
  if (out_.back() == ',') out_.pop_back();
  out_.append("}}\n");
}

void Export::Work::print_history_line(const telemetry::HistoryRow& row) {
  const auto number = [&](std::optional<std::int64_t> value, int decimals) {
    out_.push_back(',');
    if (value) print_number(*value, decimals, out_);
  };
  print_quoted(row.device, out_);
  out_.append(",").append(taken_.text(row.taken, ' ').substr(0, 23));
  number(row.energy, telemetry::kHistoryEnergy.decimals);
  number(row.battery, telemetry::kHistoryBattery.decimals);
  out_.push_back(',');
  if (!row.device_name.empty()) print_quoted(row.device_name, out_);
  number(row.session_min, 0);
  out_.append(",").append(received_.text(row.received, ' ').substr(0, 23)).append("\r\n");
}

// What is known of boots and losses besides their samples, and what receivers noted.
Export::Done Export::Work::print_rest() {
  if (auto ok = each_history_row(); !ok) return ok;
  const auto lost = scan_.losses([&](std::int64_t, const telemetry::Loss& loss) {
    if (!range_.device.empty() && loss.device != range_.device) return;
    // A loss has no time of its own but that of its receipt.
    if (range_.from && loss.received < *range_.from) return;
    if (range_.to && loss.received >= *range_.to) return;
    out_.append(R"({"lost":{"device":)");
    telemetry::print_text(loss.device, out_);
    out_.append(R"(,"boot":")").append(loss.boot).append(R"(","from":)");
    out_.append(std::to_string(loss.first)).append(R"(,"to":)");
    out_.append(std::to_string(loss.last)).append(R"(,"reason":)");
    telemetry::print_text(loss.reason, out_);
    out_.append(R"(,"received":)");
    print_time(loss.received, out_);
    out_.append("}}\n");
  });
  if (auto ok = done(lost); !ok) return ok;
  if (!range_.whole()) return {};
  std::unordered_map<std::int64_t, std::string> names;
  const auto print = [&](std::int64_t boot, std::int64_t first, std::int64_t last) {
    out_.append(names[boot]).append(R"(,"accounted":[)").append(std::to_string(first));
    out_.append(",").append(std::to_string(last)).append("]}\n");
  };
  const auto up = scan_.boots([&](const store::ScannedBoot& boot) {
    std::string& name = names[boot.id];
    name.append(R"({"boot":")").append(boot.boot).append(R"(","device":)");
    telemetry::print_text(boot.device, name);
    if (boot.upto >= 0) print(boot.id, 0, boot.upto);
  });
  if (auto ok = done(up); !ok) return ok;
  return done(scan_.islands(print));
}

// What is neither a number nor yes or no.
void Export::Work::print_word(const telemetry::Record& record, std::size_t field) {
  constexpr std::size_t kTs = telemetry::position_of("ts");
  constexpr std::size_t kDeviceId = telemetry::position_of("device_id");
  if (field == kTs) {
    // As the view shows it: a space, and no Z.
    out_.append(taken_.text(record.ts, ' ').substr(0, 23));
  } else if (field == kDeviceId) {
    print_quoted(record.device, out_);
  } else if (record.has(field) && kFieldInfo[field].sql.kind == Kind::text) {
    print_quoted(record.text[field], out_);
  } else if (record.has(field)) {
    raw_.clear();
    telemetry::print_column(record, field, raw_);
    print_quoted(raw_, out_);
  }
}

void Export::Work::print_line(const store::StoredRecord& stored) {
  const telemetry::Record& record = stored.record;
  // Numbers gather until something else comes; there is room for all of them.
  std::array<char, (kFieldCount + 2) * (kDecimalBytesMax + 1)> numbers;
  char* at = print_decimal(stored.id, 0, numbers.data());
  const auto hand_on = [&] { out_.append(numbers.data(), std::exchange(at, numbers.data())); };
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    *at++ = ',';
    if (i == telemetry::kOriginalFieldCount) {
      hand_on();
      telemetry::print_message_in_quotes(record, out_);
      *at++ = ',';
    }
    const telemetry::Sql& sql = kFieldInfo[i].sql;
    if (sql.kind != Kind::number && sql.kind != Kind::boolean) {
      hand_on();
      print_word(record, i);
    } else if (record.has(i)) {
      at = print_decimal(record.value[i], sql.decimals, at);
    }
  }
  hand_on();
  out_.append("\r\n");
}

void Export::Work::print_names() {
  out_.append("id");
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (i == telemetry::kOriginalFieldCount) out_.append(",raw_json");
    out_.append(",").append(kFieldInfo[i].column);
  }
  out_.append("\r\n");
}

Export::Done Export::Work::begin() {
  out_.reserve(2 * kPieceBytes);
  if (format_ == Format::json) {
    print_head();
    return print_boots();
  }
  if (format_ == Format::csv) print_names();
  if (format_ == Format::history) out_.append(kHistoryNames).append("\r\n");
  return {};
}

std::expected<Exported, std::string> Export::Work::end() {
  if (format_ == Format::json) {
    if (auto ok = print_rest(); !ok) return std::unexpected{ok.error()};
    out_.append(R"({"end":true,"rows":)").append(std::to_string(exported_.rows)).append("}\n");
  } else if (auto ok = each_history_row(); !ok) {
    return std::unexpected{ok.error()};
  }
  if (auto ok = pass(true); !ok) return std::unexpected{ok.error()};
  return exported_;
}

Export::Export(store::SampleScan& scan, const store::ScanRange& range, Format format,
               const Sink& sink, const Progress& progress)
    : work_{std::make_unique<Work>(scan, range, format, sink, progress)} {}
Export::~Export() = default;
Export::Done Export::begin() { return work_->begin(); }
std::expected<bool, std::string> Export::read(ExportBlock& block) { return work_->read(block); }
Export::Done Export::print(const ExportBlock& block) { return work_->print(block); }
std::expected<Exported, std::string> Export::end() { return work_->end(); }

std::expected<Exported, std::string> export_samples(store::SampleScan& scan,
                                                    const store::ScanRange& range, Format format,
                                                    const Sink& sink, const Progress& progress) {
  Export work{scan, range, format, sink, progress};
  if (auto begun = work.begin(); !begun) return std::unexpected{begun.error()};
  ExportBlock block;
  for (;;) {
    const auto more = work.read(block);
    if (!more) return std::unexpected{more.error()};
    if (!*more) return work.end();
    if (auto printed = work.print(block); !printed) return std::unexpected{printed.error()};
  }
}

}  // namespace idast::transfer
