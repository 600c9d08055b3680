#include "server/live/board.h"

#include <algorithm>
#include <tuple>

#include "core/telemetry/row.h"

namespace idast::live {
namespace {

using telemetry::kEveryField;
using telemetry::KeySet;
using telemetry::position_of;
using telemetry::Record;

// A rate that flickers at every sample cannot be read, and costs the stream.
constexpr Millis kBackfillToldEvery{500};

Status status_of(std::optional<Millis> age, bool said_offline, std::optional<bool> sun_up) {
  if (!age) return Status::offline;
  if (!said_offline && *age < kLiveBelow) return Status::live;
  if (!said_offline && *age <= kDelayedUpTo) return Status::delayed;
  if (sun_up && !*sun_up) return Status::asleep;
  return said_offline || *age > kStaleUpTo ? Status::offline : Status::stale;
}

}  // namespace

std::string_view name(Status status) {
  switch (status) {
    case Status::live:
      return "live";
    case Status::delayed:
      return "delayed";
    case Status::stale:
      return "stale";
    case Status::offline:
      return "offline";
    case Status::asleep:
      return "asleep";
  }
  return "";
}

Board::Device* Board::find_or_add(const std::string& device) {
  if (const auto found = devices_.find(device); found != devices_.end()) return &found->second;
  if (devices_.size() >= kDevicesMax) {
    ++counters_.devices_refused;
    return nullptr;
  }
  Device& added = devices_[device];
  added.profile.name = device;
  return &added;
}

void Board::describe(const std::string& device, Profile profile) {
  Lock lock{mutex_};
  Device* const found = find_or_add(device);
  if (found == nullptr || found->profile == profile) return;
  found->profile = std::move(profile);
  found->profile_changed = true;
}

void Board::set_sun(const std::string& device, std::optional<bool> up) {
  Lock lock{mutex_};
  const auto found = devices_.find(device);
  if (found != devices_.end()) found->second.sun_up = up;
}

void Board::restore(Record latest, std::optional<UtcMillis> boot_started, std::int64_t row_id) {
  Lock lock{mutex_};
  Device* const found = find_or_add(latest.device);
  if (found == nullptr) return;
  if (latest.identified() && boot_started) {
    found->boots.push_back({latest.text[position_of("boot_id")], *boot_started});
  }
  found->latest = std::make_shared<const Record>(std::move(latest));
  found->row_id = row_id;
}

void Board::settle_clock(UtcMillis now) {
  Lock lock{mutex_};
  for (auto& [id, device] : devices_) {
    std::ranges::sort(device.boots, {}, [](const Boot& b) { return std::tie(b.started, b.text); });
    UtcMillis before = now - kUptimeMax;
    for (Boot& boot : device.boots) {
      if (boot.started > now) boot.started = before + Millis{1};
      before = boot.started;
    }
  }
}

UtcMillis Board::boot_start(Device& device, const Record& record) {
  const std::string& text = record.text[position_of("boot_id")];
  const Millis uptime{record.number(position_of("uptime_ms")).value_or(0)};
  const UtcMillis started = std::min(record.ts, record.received) - uptime;
  for (const Boot& boot : device.boots) {
    if (boot.text == text) return boot.started;
  }
  if (device.boots.size() == kBootsMax) {
    device.boots.erase(
        std::min_element(device.boots.begin(), device.boots.end(),
                         [](const Boot& a, const Boot& b) { return a.started < b.started; }));
  }
  device.boots.push_back({text, started});
  return started;
}

bool Board::is_newer(Device& device, const Record& record) {
  if (!record.identified()) return true;
  const UtcMillis started = boot_start(device, record);
  if (!device.latest || !device.latest->identified()) return true;
  const UtcMillis shown_started = boot_start(device, *device.latest);
  constexpr std::size_t kSeq = position_of("seq"), kBootId = position_of("boot_id");
  // Of two boots that seem to have started at once the one heard later, as in the database.
  const std::string& boot = record.text[kBootId];
  if (started == shown_started && boot != device.latest->text[kBootId]) {
    return device.boots.back().text == boot;
  }
  return std::pair{started, record.value[kSeq]} >
         std::pair{shown_started, device.latest->value[kSeq]};
}

bool Board::is_shown(const Device& device, const Record& record) {
  constexpr std::size_t kSeq = position_of("seq"), kBootId = position_of("boot_id");
  const Record& shown = *device.latest;
  return record.identified() && shown.identified() && record.value[kSeq] == shown.value[kSeq] &&
         record.text[kBootId] == shown.text[kBootId];
}

Receipt Board::receive(const Record& record, bool to_be_stored) {
  Lock lock{mutex_};
  ++received_;
  ++counters_.received;
  Device* const device = find_or_add(record.device);
  if (device == nullptr) return received_;
  device->backfill.receive(record.ts, record.received);
  if (!is_newer(*device, record)) {
    ++counters_.late;
    if (device->voided && is_shown(*device, record)) {
      device->receipt = received_;
      device->voided = false;
    }
    return received_;
  }
  KeySet changed =
      device->latest ? telemetry::changed_columns(*device->latest, record) : kEveryField;
  if (device->pending.size() == kSamplesPendingMax) {
    counters_.merged += device->pending.size();
    device->pending.clear();
    changed = kEveryField;
  }
  device->latest = std::make_shared<const Record>(record);
  device->receipt = received_;
  device->row_id = 0;
  device->voided = false;
  device->stored_at_all = to_be_stored;
  device->pending.push_back({device->latest, changed});
  return received_;
}

void Board::committed(Receipt upto, std::span<const Row> rows) {
  Lock lock{mutex_};
  committed_ = std::max(committed_, upto);
  for (const Row& row : rows) {
    const auto found = devices_.find(row.device);
    if (found == devices_.end() || found->second.receipt != row.receipt) continue;
    found->second.row_id = row.id;
  }
}

void Board::voided(std::vector<Receipt> receipts) {
  if (receipts.empty()) return;
  std::ranges::sort(receipts);
  Lock lock{mutex_};
  for (auto& [id, device] : devices_) {
    if (std::ranges::binary_search(receipts, device.receipt)) device.voided = true;
  }
}

void Board::set_online(const std::string& device, bool online, UtcMillis received) {
  Lock lock{mutex_};
  Device* const found = find_or_add(device);
  if (found == nullptr) return;
  found->online = online;
  found->online_at = received;
}

void Board::set_backfill(const std::string& device, std::optional<Backfill::Word> word,
                         UtcMillis received) {
  Lock lock{mutex_};
  Device* const found = find_or_add(device);
  if (found != nullptr) found->backfill.say(word, received);
}

Board::Standing Board::standing_of(const Device& device, UtcMillis now) const {
  Standing standing;
  std::optional<Millis> age;
  bool said_offline = device.online == false;
  if (device.latest) {
    standing.last_seen = device.latest->received;
    standing.committed = device.stored_at_all && !device.voided && device.receipt <= committed_;
    // A clock set back makes receipts lie in the future: as untrue as being old.
    const Millis apart = now - device.latest->received;
    age = apart < Millis{0} ? -apart : apart;
    // A sample after the Last Will says more than the Last Will.
    said_offline = said_offline && device.online_at >= device.latest->received;
  }
  standing.status = status_of(age, said_offline, device.sun_up);
  return standing;
}

View Board::view_of(const std::string& id, const Device& device, UtcMillis now) const {
  const Standing standing = standing_of(device, now);
  View view{.device = id, .profile = device.profile};
  view.status = standing.status;
  view.last_seen = standing.last_seen;
  view.online = device.online;
  view.latest = device.latest;
  view.committed = standing.committed;
  if (standing.committed) view.row_id = device.row_id;
  view.backfill = device.backfill.progress(now);
  return view;
}

std::optional<View> Board::view(const std::string& device, UtcMillis now) const {
  Lock lock{mutex_};
  const auto found = devices_.find(device);
  if (found == devices_.end()) return std::nullopt;
  return view_of(found->first, found->second, now);
}

std::vector<View> Board::views(UtcMillis now) const {
  Lock lock{mutex_};
  std::vector<View> views;
  views.reserve(devices_.size());
  for (const auto& [id, device] : devices_) views.push_back(view_of(id, device, now));
  return views;
}

std::optional<View> Board::newest(UtcMillis now) const {
  Lock lock{mutex_};
  const auto order = [](const Device& device) {
    // Restored records have no receipt in this process: among them the time decides.
    return std::pair{device.receipt, device.latest ? device.latest->received : UtcMillis{}};
  };
  const Devices::value_type* best = nullptr;
  for (const auto& entry : devices_) {
    if (!entry.second.latest) continue;
    if (best == nullptr || order(entry.second) > order(best->second)) best = &entry;
  }
  if (best == nullptr) return std::nullopt;
  return view_of(best->first, best->second, now);
}

std::optional<Change> Board::change_of(const std::string& id, Device& device, UtcMillis now) {
  // Asked twenty times a second for every device: only what changed is worth the copies of a View.
  const Status status = standing_of(device, now).status;
  const std::optional<Progress> backfill = device.backfill.progress(now);
  Change change;
  change.appeared = device.appeared;
  change.profile = device.profile_changed;
  change.status = status != device.status_told;
  change.online = device.online != device.online_told;
  change.last_seen = !device.pending.empty();
  const bool backfill_ended_or_began = backfill.has_value() != device.backfill_told.has_value();
  change.backfill =
      backfill_ended_or_began ||
      (backfill != device.backfill_told && now - device.backfill_told_at >= kBackfillToldEvery);
  if (!change.appeared && !change.profile && !change.status && !change.online &&
      !change.last_seen && !change.backfill) {
    return std::nullopt;
  }
  device.status_told = status;
  device.online_told = device.online;
  if (change.backfill) {
    device.backfill_told = backfill;
    device.backfill_told_at = now;
  }
  device.appeared = device.profile_changed = false;
  change.device = id;
  change.view = view_of(id, device, now);
  change.samples = std::exchange(device.pending, {});
  return change;
}

Drained Board::drain(UtcMillis now, bool with_views) {
  Lock lock{mutex_};
  Drained drained;
  for (auto& [id, device] : devices_) {
    if (auto change = change_of(id, device, now)) drained.changes.push_back(std::move(*change));
    if (with_views) drained.views.push_back(view_of(id, device, now));
  }
  return drained;
}

Board::Counters Board::counters() const {
  Lock lock{mutex_};
  Counters counters = counters_;
  counters.devices = devices_.size();
  counters.not_stored = received_ - committed_;
  return counters;
}

}  // namespace idast::live
