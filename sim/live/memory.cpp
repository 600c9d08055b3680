#include "sim/live/memory.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/json_reader.h"
#include "core/telemetry/json.h"

namespace idast::sim {
namespace {

constexpr std::string_view kDeliveredFile = "twin.json";
constexpr std::string_view kBacklogPrefix = "backlog-";
constexpr std::string_view kBacklogSuffix = ".json";

std::string backlog_file(telemetry::BootId boot) {
  return std::string{kBacklogPrefix} + std::string{telemetry::to_text(boot).view()} +
         std::string{kBacklogSuffix};
}

void member(TextWriter& out, std::string_view key, double value, int decimals) {
  out.character(',').json_string(key).character(':');
  out.decimal(std::llround(value * std::pow(10.0, decimals)), decimals);
}
void member(TextWriter& out, std::string_view key, std::int64_t value) {
  out.character(',').json_string(key).character(':').integer(value);
}
void member(TextWriter& out, std::string_view key, std::string_view value) {
  out.character(',').json_string(key).character(':').json_string(value);
}

std::optional<std::uint64_t> hexadecimal(JsonValue value) {
  const auto text = value.text<16>();
  if (!text || text->view().size() != 16) return std::nullopt;
  std::uint64_t number = 0;
  const auto digits = text->view();
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::string learned_file(telemetry::BootId boot) {
  return "learned-" + std::string{telemetry::to_text(boot).view()} + ".txt";
}

void print_errors(TextWriter& out, const BodyErrors& errors) {
  member(out, "yaw_error_deg", static_cast<double>(errors.yaw.in(degrees)), 4);
  member(out, "tilt_error_deg", static_cast<double>(errors.tilt.in(degrees)), 4);
  member(out, "ldr_mismatch", static_cast<double>(errors.ldr_mismatch), 6);
}

// Absent in what an earlier version wrote: that had none but the mismatch that is usual.
BodyErrors read_errors(JsonValue root) {
  BodyErrors errors;
  const auto number = [&](std::string_view key, float usual) {
    return static_cast<float>(root[key].number().value_or(static_cast<double>(usual)));
  };
  errors.yaw = degrees(number("yaw_error_deg", 0.f));
  errors.tilt = degrees(number("tilt_error_deg", 0.f));
  errors.ldr_mismatch = number("ldr_mismatch", errors.ldr_mismatch);
  return errors;
}

std::optional<Backlog> read_backlog(JsonValue root) {
  const auto boot = hexadecimal(root["boot"]);
  const auto law = control::law_from(root["law"].text<16>().value_or(FixedText<16>{}).view());
  const auto from = root["from"].integer();
  const auto to = root["to"].integer();
  const auto energy = root["energy_wh"].number();
  const auto charge = root["charge"].number();
  const auto settings = root["settings"].text<JsonDocument::kBytesMax>();
  const auto total = root["total"].integer();
  const auto done = root["done"].integer();
  const auto digest = hexadecimal(root["digest"]);
  if (!boot || !law || !from || !to || !energy || !charge || !settings || !total || !done ||
      !digest) {
    return std::nullopt;
  }
  if (*to < *from || *done < 0 || *done > *total) return std::nullopt;
  return Backlog{.boot = {*boot},
                 .law = *law,
                 .errors = read_errors(root),
                 .from = UtcMillis{*from},
                 .to = UtcMillis{*to},
                 .energy = watt_hours(*energy),
                 .charge = *charge,
                 .settings = std::string{settings->view()},
                 .learned = {},
                 .total = *total,
                 .done = *done,
                 .digest = *digest};
}

}  // namespace

std::optional<Delivered> load_delivered(ports::Files& files) {
  const std::string text = whole(files, kDeliveredFile);
  const auto document = JsonDocument::parse(text);
  if (!document) return std::nullopt;
  const auto until = document->root()["delivered_until"].integer();
  const auto energy = document->root()["energy_wh"].number();
  const auto charge = document->root()["charge"].number();
  if (!until || !energy || !charge) return std::nullopt;
  return Delivered{.until = UtcMillis{*until},
                   .energy = watt_hours(*energy),
                   .charge = std::clamp(*charge, 0.0, 1.0),
                   .errors = read_errors(document->root())};
}

bool save(ports::Files& files, const Delivered& delivered) {
  std::array<char, 256> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  out.text("{\"version\":1");
  member(out, "delivered_until", delivered.until.unix_ms());
  member(out, "energy_wh", delivered.energy.in(watt_hours), 6);
  member(out, "charge", delivered.charge, 6);
  print_errors(out, delivered.errors);
  out.text("}\n");
  return files.replace(kDeliveredFile, out.view()).has_value();
}

std::vector<Backlog> load_backlogs(Folder& folder) {
  std::vector<Backlog> backlogs;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{folder.path(), error}) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kBacklogPrefix) || !name.ends_with(kBacklogSuffix)) continue;
    const std::string text = whole(folder, name);
    const auto document = JsonDocument::parse(text);
    auto backlog = document ? read_backlog(document->root()) : std::nullopt;
    if (backlog) {
      backlog->learned = whole(folder, learned_file(backlog->boot));
      backlogs.push_back(*backlog);
    } else {
      std::filesystem::remove(entry.path(), error);
    }
  }
  std::ranges::sort(backlogs, {}, &Backlog::from);
  while (backlogs.size() > kBacklogsMax) {
    forget(folder, backlogs.front());
    backlogs.erase(backlogs.begin());
  }
  return backlogs;
}

bool save(ports::Files& files, const Backlog& backlog) {
  std::array<char, JsonDocument::kBytesMax> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  out.text("{\"version\":1");
  member(out, "boot", telemetry::to_text(backlog.boot).view());
  member(out, "law", control::to_text(backlog.law));
  print_errors(out, backlog.errors);
  member(out, "from", backlog.from.unix_ms());
  member(out, "to", backlog.to.unix_ms());
  member(out, "energy_wh", backlog.energy.in(watt_hours), 6);
  member(out, "charge", backlog.charge, 6);
  member(out, "settings", backlog.settings);
  member(out, "total", backlog.total);
  member(out, "done", backlog.done);
  member(out, "digest", telemetry::to_text(telemetry::BootId{backlog.digest}).view());
  out.text("}\n");
  if (out.overflowed()) return false;
  const std::string learned = learned_file(backlog.boot);
  if (!backlog.learned.empty() && !files.size_bytes(learned) &&
      !files.replace(learned, backlog.learned)) {
    return false;
  }
  return files.replace(backlog_file(backlog.boot), out.view()).has_value();
}

bool forget(ports::Files& files, const Backlog& backlog) {
  const bool removed = files.remove(backlog_file(backlog.boot)).has_value();
  if (!backlog.learned.empty()) static_cast<void>(files.remove(learned_file(backlog.boot)));
  return removed;
}

}  // namespace idast::sim
