#include "tests/storm/storm.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <span>
#include <utility>

#include "core/base/require.h"
#include "core/telemetry/row.h"
#include "server/store/sqlite.h"
#include "tests/storm/device.h"
#include "tests/storm/lying_broker.h"
#include "tests/storm/server.h"
#include "tests/storm/spool_disk.h"

namespace idast::storm {
namespace {

constexpr Millis kTick{60};  // the boards' loop
// What a healthy chain has under way: the slow linger, and a word a second.
constexpr std::int64_t kUnderWayMax = 20;

class World {
 public:
  World(std::uint64_t seed, const std::vector<Fault>& faults, Plant plant, const app::Log& log)
      : faults_{faults},
        broker_{kDevices, ledger_, Random{seed}.fork(2).next()},
        keeps_old_days_{std::ranges::count(faults, FaultKind::days_pass, &Fault::kind) > 0},
        store_{opened(keeps_old_days_), ledger_, plant},
        server_{store_, spool_disk_, broker_, ledger_, log, plant} {
    if (keeps_old_days_) server_.keep_old_days();
    for (std::size_t i = 0; i < kDevices; ++i) {
      broker_.line(i).swallow_again = plant == Plant::lost_resend;
      devices_.push_back(std::make_unique<Device>(i, seed, broker_.end(i), ledger_));
    }
  }

  Outcome run() {
    Outcome outcome;
    while (!ledger_.fault() && now_.since_start() < kStormLasts) step();
    calm();
    const Instant calm_at = now_;
    while (!ledger_.fault() && !healed() && now_ - calm_at < kHealWithin) step();
    outcome.healed_after = now_ - calm_at;
    if (!ledger_.fault() && !healed()) ledger_.fault(wound());
    if (!ledger_.fault()) outcome.digest = read_back(outcome);
    if (!ledger_.fault()) compare_sums();
    outcome.at = now_;
    outcome.fault = ledger_.fault();
    for (const auto& device : devices_) outcome.samples += device->receiver().next_seq();
    outcome.given_up = ledger_.given_up();
    outcome.through_spool = ledger_.through_spool();
    outcome.thinned = ledger_.thinned();
    return outcome;
  }

 private:
  static std::unique_ptr<store::Store> opened(bool keeps_old_days) {
    // Small pieces: much happens between two of them.
    auto store = store::open_sqlite(
        ":memory:", {.keep_raw_days = keeps_old_days ? 1 : 0, .thin_piece_rows = 40});
    require(store.has_value(), "storm: no database in memory");
    return std::move(*store);
  }

  void step() {
    now_ = now_ + kTick;
    apply_faults();
    for (auto& device : devices_) device->step(kTick);
    server_.step(now_, kStart + now_.since_start());
    broker_.deliver_words(now_);
  }

  bool active(const Fault& fault) const { return fault.from <= now_ && now_ < fault.until; }
  bool begins(const Fault& fault) const { return fault.from <= now_ && now_ < fault.from + kTick; }

  // What lasts is taken from all faults that are active; what happens at once, when it begins.
  void apply_faults() {
    Lies lies;
    bool fails = false, spool_full = false;
    std::array<sim::AirParameters, kDevices> air;
    air.fill(sim::kGoodAir);
    std::array<bool, kDevices> away{}, full{}, clockless{};
    for (const Fault& fault : faults_) {
      if (begins(fault)) happen(fault);
      if (!active(fault)) continue;
      const double chance = fault.strength;
      switch (fault.kind) {
        case FaultKind::bad_air:
          air[fault.device] = {.loss = 0.9 * chance,
                               .bit_flip = 0.5 * chance,
                               .duplicate = chance,
                               .reorder = chance};
          break;
        case FaultKind::broker_away:
          away[fault.device] = true;
          break;
        case FaultKind::broker_full:
          full[fault.device] = true;
          break;
        case FaultKind::broker_drops:
          lies.drop = chance;
          break;
        case FaultKind::broker_doubles:
          lies.doubled = chance;
          break;
        case FaultKind::broker_reorders:
          lies.reorder = chance;
          break;
        case FaultKind::words_lost:
          lies.words_lost = chance;
          break;
        case FaultKind::words_late:
          lies.words_late = chance;
          break;
        case FaultKind::store_fails:
          fails = true;
          break;
        case FaultKind::spool_full:
          spool_full = true;
          break;
        case FaultKind::device_clockless:
          clockless[fault.device] = true;
          break;
        default:
          break;
      }
    }
    broker_.lie(lies);
    store_.fail(fails);
    spool_disk_.fill(spool_full);
    for (std::size_t i = 0; i < kDevices; ++i) {
      devices_[i]->spoil(air[i]);
      devices_[i]->forget_time(clockless[i]);
      broker_.line(i).online = !away[i] && now_ >= back_at_;
      broker_.line(i).full = full[i];
    }
  }

  void happen(const Fault& fault) {
    Device& device = *devices_[fault.device];
    switch (fault.kind) {
      case FaultKind::broker_restarts:
        broker_.restart();
        server_.reconnect();
        back_at_ = now_ + Millis{1'000};
        break;
      case FaultKind::server_restarts:
        server_.start();
        break;
      case FaultKind::store_dies_after:
        server_.die_after_commit();
        break;
      case FaultKind::server_clock:
        server_.set_clock(Millis{fault.amount_ms});
        break;
      case FaultKind::device_clock:
        device.set_clock(Millis{fault.amount_ms});
        break;
      case FaultKind::days_pass:
        server_.set_clock(Millis{fault.amount_ms});
        for (auto& one : devices_) one->set_clock(Millis{fault.amount_ms});
        break;
      case FaultKind::receiver_restarts:
        device.restart_receiver();
        break;
      case FaultKind::transmitter_restarts:
        device.restart_transmitter();
        break;
      default:
        break;
    }
  }

  void calm() { faults_.clear(); }

  bool healed() const {
    if (server_.owes()) return false;
    return std::ranges::all_of(devices_, [&](const auto& device) {
      const std::int64_t made = device->receiver().next_seq();
      return ledger_.upto(device->boot()) >= made - kUnderWayMax &&
             device->receiver().confirmed() >= made - kUnderWayMax;
    });
  }
  std::string wound() const {
    std::string words = "not healed after " + std::to_string(kHealWithin.count() / 1'000) + " s:";
    for (const auto& device : devices_) {
      words += "\n  " + device->id() + " made " + std::to_string(device->receiver().next_seq()) +
               ", stored without a hole up to " + std::to_string(ledger_.upto(device->boot())) +
               ", knows of " + std::to_string(device->receiver().confirmed());
    }
    return words;
  }

  std::uint64_t read_back(Outcome& outcome) {
    auto reader = store_.open_reader();
    require(reader.has_value(), "storm: the database has no reader");
    std::uint64_t digest = 0xcbf29ce484222325u;
    const auto read = (*reader)->rows(kEverything, SIZE_MAX / 2, [&](store::StoredRecord&& row) {
      ledger_.row(row.record);
      std::string text = std::to_string(row.id) + row.record.device;
      telemetry::print_message(row.record, text);
      for (const char c : text) {
        digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
      }
      ++outcome.stored;
      return true;
    });
    if (!read) ledger_.fault("rows are not read back: " + read.error().words);
    ledger_.rows_end();
    return digest;
  }

  // What minutes and hours add up to, in a database that got the same samples in the order of their
  // time, all at once.
  void compare_sums() {
    auto ordered = opened(false);
    const std::vector<telemetry::Record> samples = by_time();
    require(ordered->commit(samples).has_value(), "storm: a database in memory takes rows");
    while (ordered->tidy()) {
    }
    while (store_.tidy()) {
    }
    auto ours = store_.open_reader(), theirs = ordered->open_reader();
    require(ours && theirs, "storm: the databases have readers");
    // To a minute of which only ten-second rows are left, the energy of a late sample is added as
    // far as it can be told (docs/storage.md).
    const auto size = store_.size();
    const bool late = !size || size->late_thinned > 0;
    for (const auto& device : devices_) {
      for (const Millis unit : {Millis{60'000}, Millis{3'600'000}}) {
        for (const UtcMillis from : units_with_rows(samples, device->id(), unit)) {
          const std::array starts{from, from + unit};
          if (!same_sums(**ours, **theirs, device->id(), starts, late)) {
            ledger_.fault(device->id() + ": what came in another order adds up to something else");
          }
        }
      }
    }
  }
  // What was taken in, by time, then by row.
  std::vector<telemetry::Record> by_time() const {
    auto taken = ledger_.taken();
    std::ranges::sort(taken, {},
                      [](const auto& one) { return std::pair{one.second.ts, one.first}; });
    std::vector<telemetry::Record> samples;
    for (auto& [row, record] : taken) samples.push_back(std::move(record));
    return samples;
  }
  static std::set<UtcMillis> units_with_rows(std::span<const telemetry::Record> rows,
                                             const std::string& device, Millis unit) {
    std::set<UtcMillis> starts;
    for (const telemetry::Record& row : rows) {
      const std::int64_t ms = row.ts.unix_ms();
      if (row.device == device) starts.insert(UtcMillis{ms - ms % unit.count()});
    }
    return starts;
  }
  static bool same_sums(store::Reader& ours, store::Reader& theirs, const std::string& device,
                        std::span<const UtcMillis> starts, bool but_energy) {
    const auto a = ours.periods(device, starts), b = theirs.periods(device, starts);
    constexpr std::array kFields{telemetry::position_of("power_w"), telemetry::position_of("left")};
    const store::Range range{device, starts.front(), starts.back()};
    const auto c = ours.buckets(range, starts.back() - starts.front(), kFields);
    const auto d = theirs.buckets(range, starts.back() - starts.front(), kFields);
    if (!a || !b || !c || !d || c->fields.size() != d->fields.size()) return false;
    for (std::size_t i = 0; i < a->size(); ++i) {
      const store::Period &x = (*a)[i], &y = (*b)[i];
      const bool energy = but_energy || x.energy_wh == y.energy_wh;
      if (!energy || x.samples != y.samples || x.first != y.first || x.last != y.last ||
          x.battery_pct_mean != y.battery_pct_mean) {
        return false;
      }
    }
    for (std::size_t i = 0; i < c->fields.size(); ++i) {
      for (std::size_t j = 0; j < c->fields[i].size(); ++j) {
        const store::Bucket &x = c->fields[i][j], &y = d->fields[i][j];
        if (x.low != y.low || x.mean != y.mean || x.high != y.high) return false;
      }
    }
    return c->times == d->times;
  }

  static constexpr UtcMillis kStart{1'750'478'400'000};

  inline static const store::Range kEverything{
      .device = "", .from = UtcMillis{0}, .to = UtcMillis{INT64_MAX / 2}};

  std::vector<Fault> faults_;
  Ledger ledger_;
  LyingBroker broker_;
  bool keeps_old_days_;
  FaultyStore store_;
  SpoolDisk spool_disk_{ledger_};
  Server server_;
  std::vector<std::unique_ptr<Device>> devices_;
  Instant now_;
  Instant back_at_;
};

}  // namespace

Outcome run(std::uint64_t seed, const std::vector<Fault>& faults, Plant plant) {
  static const app::Log log{app::LogFormat::text};
  return World{seed, faults, plant, log}.run();
}

std::vector<Fault> shrink(std::uint64_t seed, std::vector<Fault> faults, Plant plant) {
  for (std::size_t i = 0; i < faults.size();) {
    std::vector<Fault> fewer = faults;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    if (run(seed, fewer, plant).fault) {
      faults = std::move(fewer);
    } else {
      ++i;
    }
  }
  return faults;
}

}  // namespace idast::storm
