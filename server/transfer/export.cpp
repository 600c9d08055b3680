#include "server/transfer/export.h"

#include "core/base/calendar.h"
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
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

class Exporter {
 public:
  Exporter(store::SampleScan& scan, const store::ScanRange& range, const Sink& sink,
           const Progress& progress)
      : scan_{scan}, range_{range}, sink_{sink}, progress_{progress} {}

  std::expected<Exported, std::string> json();
  std::expected<Exported, std::string> csv();

 private:
  using Done = std::expected<void, std::string>;

  template <class Print>
  Done each_sample(Print print);
  Done pass(bool last);
  static Done done(const store::Result<void>& result) {
    if (!result) return std::unexpected{result.error().words};
    return {};
  }

  void print_head();
  void print_sample(const store::StoredRecord& stored);
  bool is_plain_latest(const store::StoredRecord& stored);
  void print_line_csv(const store::StoredRecord& stored);
  void print_column_csv(const telemetry::Record& record, std::size_t field);
  Done print_boots();
  Done print_rest();

  store::SampleScan& scan_;
  const store::ScanRange& range_;
  const Sink& sink_;
  const Progress& progress_;
  std::string out_;
  std::string raw_;
  Clockface received_, taken_;
  Exported exported_;
  std::optional<std::string> fault_;
};

// Hands the text on when there is enough of it.
Exporter::Done Exporter::pass(bool last) {
  if (out_.size() < kPieceBytes && !last) return {};
  exported_.bytes += static_cast<std::int64_t>(out_.size());
  if (!sink_(out_)) return std::unexpected{"the export could not be written"};
  out_.clear();
  return {};
}

template <class Print>
Exporter::Done Exporter::each_sample(Print print) {
  for (;;) {
    const auto stored = scan_.next();
    if (!stored) return std::unexpected{stored.error().words};
    if (*stored == nullptr) return {};
    print(**stored);
    if (fault_) return std::unexpected{*fault_};
    if (auto passed = pass(false); !passed) return passed;
    if (++exported_.rows % kProgressEvery == 0) {
      progress_(static_cast<double>(exported_.rows) / static_cast<double>(scan_.rows()));
    }
  }
}

void Exporter::print_head() {
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

Exporter::Done Exporter::print_boots() {
  return done(scan_.boots([&](const store::ScannedBoot& boot) {
    if (!range_.device.empty() && boot.device != range_.device) return;
    out_.append(R"({"boot":")").append(boot.boot).append(R"(","device":)");
    telemetry::print_text(boot.device, out_);
    out_.append(R"(,"started":)");
    print_time(boot.started, out_);
    out_.append("}\n");
  }));
}

bool Exporter::is_plain_latest(const store::StoredRecord& stored) {
  if (stored.record.identified()) return false;
  const auto latest = scan_.plain_latest(stored.record.device);
  if (!latest) fault_ = latest.error().words;
  return latest && *latest == stored.id;
}

void Exporter::print_sample(const store::StoredRecord& stored) {
  out_.append(R"({"device":)");
  telemetry::print_text(stored.record.device, out_);
  out_.append(R"(,"received":")");
  out_.append(received_.text(stored.record.received, 'T')).append(R"(","ts":")");
  out_.append(taken_.text(stored.record.ts, 'T')).append(R"(","row":)");
  char digits[24];
  TextWriter id{digits, sizeof digits};
  out_.append(id.integer(stored.id).view())
      .append(is_plain_latest(stored) ? R"(,"latest":true,"message":)" : R"(,"message":)");
  telemetry::print_message(stored.record, out_);
  out_.append("}\n");
}

// What is known of boots and losses besides their samples.
Exporter::Done Exporter::print_rest() {
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

std::expected<Exported, std::string> Exporter::json() {
  print_head();
  if (auto ok = print_boots(); !ok) return std::unexpected{ok.error()};
  const auto print = [&](const store::StoredRecord& stored) { print_sample(stored); };
  if (auto ok = each_sample(print); !ok) return std::unexpected{ok.error()};
  if (auto ok = print_rest(); !ok) return std::unexpected{ok.error()};
  out_.append(R"({"end":true,"rows":)").append(std::to_string(exported_.rows)).append("}\n");
  if (auto ok = pass(true); !ok) return std::unexpected{ok.error()};
  return exported_;
}

void Exporter::print_column_csv(const telemetry::Record& record, std::size_t field) {
  constexpr std::size_t kTs = telemetry::position_of("ts");
  constexpr std::size_t kDeviceId = telemetry::position_of("device_id");
  if (field == kTs) {
    // As the view shows it: a space, and no Z.
    out_.append(taken_.text(record.ts, ' ').substr(0, 23));
  } else if (field == kDeviceId) {
    print_quoted(record.device, out_);
  } else if (record.has(field) && kFieldInfo[field].sql.kind == Kind::text) {
    print_quoted(record.text[field], out_);
  } else if (record.has(field) && kFieldInfo[field].sql.kind == Kind::keys) {
    raw_.clear();
    telemetry::print_column(record, field, raw_);
    print_quoted(raw_, out_);
  } else if (record.has(field)) {
    telemetry::print_column(record, field, out_);
  }
}

void Exporter::print_line_csv(const store::StoredRecord& stored) {
  char digits[24];
  TextWriter id{digits, sizeof digits};
  out_.append(id.integer(stored.id).view());
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    out_.push_back(',');
    if (i == telemetry::kOriginalFieldCount) {
      raw_.clear();
      telemetry::print_message(stored.record, raw_);
      print_quoted(raw_, out_);
      out_.push_back(',');
    }
    print_column_csv(stored.record, i);
  }
  out_.append("\r\n");
}

std::expected<Exported, std::string> Exporter::csv() {
  out_.append("id");
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (i == telemetry::kOriginalFieldCount) out_.append(",raw_json");
    out_.append(",").append(kFieldInfo[i].column);
  }
  out_.append("\r\n");
  const auto print = [&](const store::StoredRecord& stored) { print_line_csv(stored); };
  if (auto ok = each_sample(print); !ok) return std::unexpected{ok.error()};
  if (auto ok = pass(true); !ok) return std::unexpected{ok.error()};
  return exported_;
}

}  // namespace

std::expected<Exported, std::string> export_samples(store::SampleScan& scan,
                                                    const store::ScanRange& range, Format format,
                                                    const Sink& sink, const Progress& progress) {
  Exporter exporter{scan, range, sink, progress};
  return format == Format::csv ? exporter.csv() : exporter.json();
}

}  // namespace idast::transfer
