#include "server/store/sqlite_summaries.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "core/base/require.h"
#include "core/telemetry/schema.h"
#include "server/store/energy.h"
#include "server/store/sqlite_rows.h"
#include "server/store/sqlite_schema.h"

namespace idast::store {
namespace {

using telemetry::kFieldInfo;

constexpr std::size_t kEnergy = telemetry::position_of("energy_wh");
constexpr std::size_t kBattery = telemetry::position_of("battery_pct");

// How many samples before a period are searched for the counter's last value. A device that sends
// no energy at all must not cost a walk through its whole past.
constexpr int kLookbackRows = 10'000;

double scale_of(std::size_t field) {
  double scale = 1;
  for (int i = 0; i < kFieldInfo[field].sql.decimals; ++i) scale *= 10;
  return scale;
}

double mean_of(Wide sum, std::int64_t count, std::size_t field) {
  return static_cast<double>(sum) / static_cast<double>(count) / scale_of(field);
}

Bucket bucket_of(const FieldSums& sums, std::size_t field) {
  if (sums.count == 0) return {};
  const double scale = scale_of(field);
  return {static_cast<double>(sums.low) / scale, mean_of(sums.sum, sums.count, field),
          static_cast<double>(sums.high) / scale};
}

// The longest level that every one of these times is a boundary of; -1: none is.
int level_of(std::span<const std::int64_t> times_ms) {
  for (int level = kLevels - 1; level >= 0; --level) {
    const std::int64_t length = kLevelMillis[static_cast<std::size_t>(level)];
    if (std::ranges::all_of(times_ms, [&](std::int64_t t) { return t % length == 0; }))
      return level;
  }
  return -1;
}

// Gathers what comes in order of time into buckets.
class BucketSums {
 public:
  BucketSums(UtcMillis from, Millis step, std::span<const std::size_t> fields)
      : from_{from}, step_{step}, fields_{fields}, sums_(fields.size()) {
    buckets_.fields.resize(fields.size());
  }

  // The sums that something at this time is to be added to.
  std::vector<FieldSums>& at(std::int64_t ts_ms) {
    const std::int64_t bucket = (ts_ms - from_.unix_ms()) / step_.count();
    if (open_ != bucket) close();
    open_ = bucket;
    return sums_;
  }
  Buckets take() {
    close();
    return std::move(buckets_);
  }

 private:
  void close() {
    if (!open_) return;
    buckets_.times.push_back(from_ + step_ * *open_);
    for (std::size_t f = 0; f < fields_.size(); ++f) {
      buckets_.fields[f].push_back(bucket_of(sums_[f], fields_[f]));
      sums_[f] = {};
    }
  }

  UtcMillis from_;
  Millis step_;
  std::span<const std::size_t> fields_;
  std::vector<FieldSums> sums_;
  std::optional<std::int64_t> open_;
  Buckets buckets_;
};

// Gathers what comes in order of time into periods.
class PeriodSums {
 public:
  PeriodSums(std::span<const UtcMillis> starts, std::optional<std::int64_t> energy_before)
      : starts_{starts}, heads_(starts.size() - 1), rises_(starts.size() - 1) {
    if (energy_before) counter_.add(*energy_before);
  }

  void add(const RollupHead& head) {
    while (head.first_ms >= starts_[now_ + 1].unix_ms()) ++now_;
    heads_[now_].add(head);
    if (!head.energy_first) return;
    // The difference that leads here from an earlier period is this period's too.
    rises_[now_] += Wide{counter_.add(*head.energy_first)} + head.energy_rise;
    counter_ = {};
    counter_.add(*head.energy_last);
  }

  std::vector<Period> take() const {
    std::vector<Period> periods(heads_.size());
    for (std::size_t i = 0; i < periods.size(); ++i) {
      Period& period = periods[i];
      const RollupHead& head = heads_[i];
      period.start = starts_[i];
      period.samples = head.samples;
      if (head.samples == 0) continue;
      period.energy_wh = static_cast<double>(rises_[i]) / scale_of(kEnergy);
      period.minutes_covered = head.minutes;
      if (head.battery_samples > 0) {
        period.battery_pct_mean = mean_of(head.battery_sum, head.battery_samples, kBattery);
      }
      period.device_name_last = head.device_name;
      period.first = UtcMillis{head.first_ms};
      period.last = UtcMillis{head.last_ms};
    }
    return periods;
  }

 private:
  std::span<const UtcMillis> starts_;
  std::vector<RollupHead> heads_;
  std::vector<Wide> rises_;
  EnergyCounter counter_;
  std::size_t now_ = 0;
};

template <class Take>
Result<void> each_row(Statement& row, Take&& take) {
  for (;;) {
    const auto there = row.step();
    if (!there) return std::unexpected{there.error()};
    if (!*there) return {};
    take();
  }
}

template <class Take>
Result<void> each_sample(Statement& row, std::int64_t& left, Take&& take) {
  for (;;) {
    const auto there = row.step();
    if (!there) return std::unexpected{there.error()};
    if (!*there) return {};
    if (--left < 0) {
      row.reset();
      return std::unexpected{StoreError{
          StoreErrorKind::unavailable,
          "that are too many samples for one answer; ask for a shorter time, or, if this database "
          "is new to this version, wait until it is summed up"}};
    }
    take();
  }
}

// What the periods need of a sample.
const std::string kEnergyTables =
    " FROM sample JOIN base ON base.id = sample.base JOIN context ON context.id = base.context "
    "LEFT JOIN boot ON boot.id = sample.boot WHERE sample.device = ?1 AND ";

}  // namespace

Result<std::vector<Summaries::Stretch>> Summaries::unlisted(std::int64_t device,
                                                            std::int64_t from_ms,
                                                            std::int64_t to_ms) {
  std::vector<Stretch> found;
  const auto find = statements_.prepared(
      "SELECT start FROM rollup_due WHERE level = ?1 AND device = ?2 AND start BETWEEN ?3 AND ?4 "
      "AND whole");
  if (!find) return std::unexpected{find.error()};
  for (int level = 1; level < kLevels; ++level) {
    Statement& row = (*find)->bind(1, std::int64_t{level}).bind(2, device);
    row.bind(3, unit_of(level, from_ms)).bind(4, unit_of(level, to_ms));
    const auto done = each_row(row, [&] {
      const std::int64_t unit = row.integer(0);
      const Stretch stretch{std::max(from_ms, unit_start(level, unit)),
                            std::min(to_ms, unit_start(level, unit + 1))};
      if (stretch.from_ms < stretch.to_ms) found.push_back(stretch);
    });
    if (!done) return std::unexpected{done.error()};
  }
  std::ranges::sort(found, {}, &Stretch::from_ms);
  return found;
}

Result<void> Summaries::walk(std::int64_t device, int level, Stretch stretch,
                             const Visitor& visitor) {
  const auto samples = unlisted(device, stretch.from_ms, stretch.to_ms);
  if (!samples) return std::unexpected{samples.error()};
  for (const Stretch& by_samples : *samples) {
    auto done = walk_listed(device, level, {stretch.from_ms, by_samples.from_ms}, visitor);
    if (done) done = visitor.samples(by_samples.from_ms, by_samples.to_ms);
    if (!done) return done;
    stretch.from_ms = by_samples.to_ms;
  }
  return walk_listed(device, level, stretch, visitor);
}

Result<void> Summaries::walk_listed(std::int64_t device, int level, Stretch stretch,
                                    const Visitor& visitor) {
  const auto [from_ms, to_ms] = stretch;
  if (from_ms >= to_ms) return {};
  if (level < 0) return visitor.samples(from_ms, to_ms);
  const std::int64_t first = unit_from(level, from_ms);
  const std::int64_t last = unit_of(level, to_ms);
  if (first >= last) return walk_listed(device, level - 1, stretch, visitor);
  auto done = walk_listed(device, level - 1, {from_ms, unit_start(level, first)}, visitor);
  if (!done) return done;
  const auto find = statements_.prepared(
      "SELECT start FROM rollup_due WHERE level = ?1 AND device = ?2 AND start >= ?3 AND "
      "start < ?4 ORDER BY start");
  if (!find) return std::unexpected{find.error()};
  Statement& row = (*find)->bind(1, std::int64_t{level}).bind(2, device).bind(3, first);
  std::vector<std::int64_t> due;
  done = each_row(row.bind(4, last), [&] { due.push_back(row.integer(0)); });
  if (!done) return done;
  std::int64_t next = first;
  for (const std::int64_t unit : due) {
    done = visitor.units(level, next, unit);
    next = unit + 1;
    const Stretch within{unit_start(level, unit), unit_start(level, next)};
    if (done) done = walk_listed(device, level - 1, within, visitor);
    if (!done) return done;
  }
  done = visitor.units(level, next, last);
  if (!done) return done;
  return walk_listed(device, level - 1, {unit_start(level, last), to_ms}, visitor);
}

Result<Buckets> Summaries::buckets(std::int64_t device, const Range& range, Millis step,
                                   std::span<const std::size_t> fields) {
  const std::int64_t from_ms = range.from.unix_ms();
  const std::int64_t to_ms = range.to.unix_ms();
  samples_left_ = samples_max_;
  BucketSums sums{range.from, step, fields};
  std::string sql = "SELECT sample.ts_ms";
  for (const std::size_t field : fields) sql += ", " + scaled_sql(field);
  sql += " FROM " + kTables +
         " WHERE sample.device = ?1 AND sample.ts_ms >= ?2 AND sample.ts_ms < ?3 "
         "ORDER BY sample.ts_ms";
  Visitor visitor;
  visitor.samples = [&](std::int64_t from, std::int64_t to) -> Result<void> {
    const auto find = statements_.prepared(sql);
    if (!find) return std::unexpected{find.error()};
    Statement& row = (*find)->bind(1, device).bind(2, from).bind(3, to);
    return each_sample(row, samples_left_, [&] {
      std::vector<FieldSums>& open = sums.at(row.integer(0));
      for (std::size_t f = 0; f < fields.size(); ++f) {
        const auto value = row.number(static_cast<int>(f) + 1);
        if (value) open[f].add(*value);
      }
    });
  };
  bool sound = true;
  visitor.units = [&](int level, std::int64_t first, std::int64_t last) -> Result<void> {
    if (first >= last) return {};
    const auto find = statements_.prepared(
        "SELECT start, fields FROM rollup_fields WHERE level = ?1 AND device = ?2 AND "
        "start >= ?3 AND start < ?4 ORDER BY start");
    if (!find) return std::unexpected{find.error()};
    Statement& row = (*find)->bind(1, std::int64_t{level}).bind(2, device).bind(3, first);
    return each_row(row.bind(4, last), [&] {
      auto& open = sums.at(unit_start(level, row.integer(0)));
      sound = add_fields(row.blob(1), fields, open) && sound;
    });
  };
  const int level = level_of(std::array{from_ms, step.count()});
  // A bucket that is no whole number of minutes, or does not begin with one, is walked by itself.
  const bool each = level < 0 && step.count() >= kLevelMillis[0];
  for (std::int64_t at = from_ms; at < to_ms; at = each ? at + step.count() : to_ms) {
    const std::int64_t end = each ? std::min(to_ms, at + step.count()) : to_ms;
    if (auto done = walk(device, each ? kLevels - 1 : level, {at, end}, visitor); !done) {
      return std::unexpected{done.error()};
    }
  }
  if (!sound) {
    return std::unexpected{StoreError{StoreErrorKind::corrupt, "a rollup cannot be read"}};
  }
  return sums.take();
}

Result<std::optional<std::int64_t>> Summaries::energy_before(std::int64_t device, UtcMillis start) {
  const auto find =
      statements_.prepared("SELECT base.energy_wh + sample.energy_wh" + kEnergyTables +
                           "sample.ts_ms < ?2" + kSampleOrderBackwards);
  if (!find) return std::unexpected{find.error()};
  Statement& row = (*find)->bind(1, device).bind(2, start.unix_ms());
  for (int i = 0; i < kLookbackRows; ++i) {
    const auto there = row.step();
    if (!there) return std::unexpected{there.error()};
    if (!*there) return std::nullopt;
    const std::optional<std::int64_t> value = row.number(0);
    if (!value) continue;
    row.reset();
    return value;
  }
  row.reset();
  return std::nullopt;
}

Result<std::vector<Period>> Summaries::periods(std::int64_t device,
                                               std::span<const UtcMillis> starts) {
  samples_left_ = samples_max_;
  const auto before = energy_before(device, starts.front());
  if (!before) return std::unexpected{before.error()};
  PeriodSums sums{starts, *before};
  Visitor visitor;
  visitor.samples = [&](std::int64_t from, std::int64_t to) -> Result<void> {
    const auto find = statements_.prepared(
        "SELECT sample.ts_ms, base.energy_wh + sample.energy_wh, "
        "base.battery_pct + sample.battery_pct, context.device_name" +
        kEnergyTables + "sample.ts_ms >= ?2 AND sample.ts_ms < ?3" + kSampleOrder);
    if (!find) return std::unexpected{find.error()};
    Statement& row = (*find)->bind(1, device).bind(2, from).bind(3, to);
    return each_sample(row, samples_left_, [&] {
      sums.add(head_of(row.integer(0), row.number(1), row.number(2), row.text(3)));
    });
  };
  visitor.units = [&](int level, std::int64_t first, std::int64_t last) -> Result<void> {
    if (first >= last) return {};
    const auto find = statements_.prepared(
        std::string{"SELECT "} + kHeadColumns +
        " FROM rollup WHERE level = ?1 AND device = ?2 AND start >= ?3 AND start < ?4 "
        "ORDER BY start");
    if (!find) return std::unexpected{find.error()};
    Statement& row = (*find)->bind(1, std::int64_t{level}).bind(2, device).bind(3, first);
    return each_row(row.bind(4, last), [&] { sums.add(stored_head(row, level)); });
  };
  std::vector<std::int64_t> times_ms;
  for (const UtcMillis start : starts) times_ms.push_back(start.unix_ms());
  // One walk where long units have the periods' boundaries, otherwise one for each period.
  const int level = level_of(times_ms);
  const bool each = level < static_cast<int>(Level::quarter);
  for (std::size_t i = 0; i + 1 < times_ms.size(); i = each ? i + 1 : times_ms.size()) {
    const std::int64_t to_ms = each ? times_ms[i + 1] : times_ms.back();
    if (auto done = walk(device, each ? kLevels - 1 : level, {times_ms[i], to_ms}, visitor);
        !done) {
      return std::unexpected{done.error()};
    }
  }
  return sums.take();
}

}  // namespace idast::store
