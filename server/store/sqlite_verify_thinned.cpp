#include "server/store/sqlite_verify_thinned.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/base/calendar.h"
#include "server/store/sqlite_rows.h"
#include "server/store/sqlite_scan.h"

namespace idast::store {
namespace {

using telemetry::kFieldCount;
using telemetry::kFieldInfo;
using telemetry::Record;

constexpr std::size_t kExamplesMax = 5;
constexpr int kDay = kLevels - 1;

constexpr std::size_t kBootId = telemetry::position_of("boot_id");
constexpr std::size_t kSeq = telemetry::position_of("seq");
constexpr std::size_t kEnergy = telemetry::position_of("energy_wh");
constexpr std::size_t kDeviceName = telemetry::position_of("device_name");

// kSampleOrder within one millisecond; what is absent comes first.
auto order_of(const Record& record) {
  const auto text = [&](std::size_t field) {
    return record.has(field) ? std::optional<std::string_view>{record.text[field]} : std::nullopt;
  };
  return std::tuple{text(kBootId), record.number(kSeq), record.number(kEnergy), text(kDeviceName)};
}

// What a sum that got a sample after it was thinned does not know exactly.
void forget_order(RollupHead& head) {
  head.energy_first = head.energy_last = std::nullopt;
  head.energy_rise = 0;
  head.device_name.clear();
}

std::string head_difference(const RollupHead& kept, const RollupHead& again) {
  if (kept.samples != again.samples) {
    return "the number of samples, " + std::to_string(kept.samples) + " for " +
           std::to_string(again.samples);
  }
  if (kept.first_ms != again.first_ms || kept.last_ms != again.last_ms) return "first and last";
  if (kept.minutes != again.minutes) return "the number of minutes";
  if (kept.battery_sum != again.battery_sum || kept.battery_samples != again.battery_samples) {
    return "battery_pct";
  }
  if (kept.device_name != again.device_name) return "device_name";
  return kept == again ? "" : "energy_wh";
}

// Which field of the two differs; empty: none.
std::string difference(Rollup kept, Rollup again, bool late) {
  if (late) {
    forget_order(kept.head);
    forget_order(again.head);
  }
  if (std::string words = head_difference(kept.head, again.head); !words.empty()) return words;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!(kept.fields[i] == again.fields[i])) return std::string{kFieldInfo[i].column};
  }
  return "";
}

}  // namespace

Result<std::unique_ptr<ThinnedMinutes>> ThinnedMinutes::open(const std::string& path) {
  auto connection = Connection::open(path, Connection::Mode::read_only);
  if (!connection) return std::unexpected{connection.error()};
  if (auto same = check_current(*connection, path); !same) return std::unexpected{same.error()};
  return std::unique_ptr<ThinnedMinutes>{new ThinnedMinutes{std::move(*connection)}};
}

Result<bool> ThinnedMinutes::begin(std::int64_t day) {
  const std::string text = std::to_string(day);
  const auto waiting = connection_.integer(
      "SELECT EXISTS (SELECT 1 FROM archive_due WHERE day = " + text +
      ") OR EXISTS (SELECT 1 FROM rollup_due WHERE level = " + std::to_string(kDay) +
      " AND start = " + text + ")");
  if (!waiting) return std::unexpected{waiting.error()};
  if (waiting->value_or(0) != 0) return false;
  auto rows = connection_.prepare(
      "SELECT " + std::string{kHeadColumns} +
      ", fields, device.name FROM device CROSS JOIN rollup ON rollup.level = 0 AND "
      "rollup.device = device.id AND rollup.start >= ?1 AND rollup.start < ?2 "
      "JOIN rollup_fields USING(level, device, start) ORDER BY device.name, rollup.start");
  if (!rows) return std::unexpected{rows.error()};
  rows_ = std::move(*rows);
  rows_->bind(1, unit_of(0, unit_start(kDay, day)));
  rows_->bind(2, unit_of(0, unit_start(kDay, day + 1)));
  if (auto done = next(); !done) return std::unexpected{done.error()};
  return true;
}

Result<void> ThinnedMinutes::next() {
  kept_.reset();
  const auto there = rows_->step();
  if (!there) return std::unexpected{there.error()};
  if (!*there) return {};
  KeptMinute& kept = kept_.emplace();
  kept.minute = rows_->integer(0);
  kept.device = rows_->text(kHeadColumnCount + 1);
  kept.sum.head = stored_head(*rows_, 0);
  kept.sound = read_fields(rows_->blob(kHeadColumnCount), kept.sum);
  return {};
}

void ThinnedMinutes::note(const std::string& device, std::int64_t minute,
                          const std::string& words) {
  ++check_.faults;
  if (check_.examples.size() >= kExamplesMax) return;
  const auto at = to_iso(UtcMillis{unit_start(0, minute)});
  check_.examples.push_back(device + ", " + std::string{at.view().substr(0, 16)} + "Z: " + words);
}

Result<void> ThinnedMinutes::add(const Record& sample, bool late) {
  const std::int64_t minute = unit_of(0, sample.ts.unix_ms());
  if (sum_.head.samples + static_cast<std::int64_t>(same_time_.size()) > 0 &&
      (minute != minute_ || sample.device != device_)) {
    if (auto done = close(); !done) return done;
  }
  device_ = sample.device;
  minute_ = minute;
  late_ = late_ || late;
  if (!same_time_.empty() && same_time_.front().ts != sample.ts) add_same_time();
  same_time_.push_back(sample);
  return {};
}

void ThinnedMinutes::add_same_time() {
  // What is the same in all of that adds up the same in either order.
  std::ranges::sort(same_time_, {}, order_of);
  for (const Record& record : same_time_) sum_.add(record);
  same_time_.clear();
}

// All of a minute was added.
Result<void> ThinnedMinutes::close() {
  add_same_time();
  const Rollup again = std::exchange(sum_, Rollup{});
  const bool late = std::exchange(late_, false);
  if (again.head.samples == 0) return {};
  while (kept_ && std::tie(kept_->device, kept_->minute) < std::tie(device_, minute_)) {
    ++check_.looked_at;
    note(kept_->device, kept_->minute, "is summed up, but the archive has no sample of it");
    if (auto done = next(); !done) return done;
  }
  ++check_.looked_at;
  if (!kept_ || kept_->device != device_ || kept_->minute != minute_) {
    note(device_, minute_, "has samples in the archive, but no sum");
    return {};
  }
  const std::string differs =
      kept_->sound ? difference(kept_->sum, again, late) : "what is kept, which cannot be read";
  if (!differs.empty()) {
    note(device_, minute_, differs + ": not what its samples in the archive add up to");
  }
  return next();
}

Result<void> ThinnedMinutes::end() {
  if (auto done = close(); !done) return done;
  while (kept_) {
    ++check_.looked_at;
    note(kept_->device, kept_->minute, "is summed up, but the archive has no sample of it");
    if (auto done = next(); !done) return done;
  }
  rows_.reset();
  return {};
}

}  // namespace idast::store
