#include "server/query/gap_days.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "server/query/history.h"
#include "server/store/sqlite.h"

using namespace idast;
using namespace idast::query;
using telemetry::HistoryRow;

namespace {

constexpr std::size_t kEnergy = telemetry::position_of("energy_wh");
constexpr Millis kDay = std::chrono::hours{24};
constexpr Millis kHour = std::chrono::hours{1};
constexpr UtcMillis kFirst{1'703'116'800'000};  // 2023-12-21 00:00 UTC.
constexpr std::int64_t kFirstS = 1'703'116'800;

// Days 0 to 4 in UTC of a tracker `a`, whose counter a test writes down hour by hour.
struct Tracker {
  std::unique_ptr<store::Store> store = store::open_sqlite(":memory:").value();

  static UtcMillis at(int day, int hour) { return kFirst + day * kDay + hour * kHour; }
  void sample(int day, int hour, double energy_wh) {
    telemetry::Record record;
    record.device = "a";
    record.ts = record.received = at(day, hour);
    record.value[kEnergy] = static_cast<std::int64_t>(energy_wh * 1'000);
    record.present.add(kEnergy);
    REQUIRE(store->commit(std::vector{record}));
  }
  void row(int day, int hour, double energy_wh, const std::string& name = "Unknown") {
    const HistoryRow row{.device = "a",
                         .taken = at(day, hour),
                         .energy = static_cast<std::int64_t>(energy_wh * 1'000),
                         .battery = 500 + 10 * hour,
                         .device_name = name,
                         .session_min = 0,
                         .received = at(5, 0)};
    REQUIRE(store->commit({}, {}, std::vector{row}));
  }
  std::vector<double> energies() {
    std::vector<UtcMillis> starts;
    for (int day = 0; day <= 5; ++day) starts.push_back(at(day, 0));
    const auto reader = store->open_reader().value();
    auto periods = reader->periods("a", starts).value();
    REQUIRE(fill_gap_days(*reader, "a", starts, periods));
    std::vector<double> energies;
    for (const store::Period& period : periods) energies.push_back(period.energy_wh);
    return energies;
  }
};

std::vector<double> list(std::initializer_list<double> energies) { return energies; }

}  // namespace

TEST_CASE("days without samples are those of the receiver's rows, and nothing is counted twice") {
  Tracker tracker;
  tracker.sample(0, 8, 100);
  tracker.sample(0, 16, 130);
  // A row beside samples changes nothing.
  tracker.row(0, 17, 131);
  tracker.row(1, 8, 132);
  tracker.row(1, 16, 150, "iPhone,15");
  tracker.row(1, 17, 150);
  tracker.row(2, 8, 152);
  tracker.row(2, 16, 170);
  tracker.sample(4, 9, 173);
  tracker.sample(4, 16, 190);
  // 130 to 132 and 170 to 190 are the fifth day's: all there is, 90, is there once.
  CHECK(tracker.energies() == list({30, 18, 20, 0, 22}));

  const auto csv =
      history_csv(*tracker.store->open_reader().value(), {{"a", "UTC"}}, 5, Tracker::at(4, 20));
  REQUIRE(csv);
  const auto line = [](int day, const std::string& rest) {
    return std::to_string(kFirstS + day * 86'400) + rest;
  };
  CHECK(*csv == "timestamp,energy_wh,battery_pct,device_name,session_min\n" +
                    line(0, ",30.000,,Unknown,480\n") + line(1, ",18.000,63.7,iPhone 15,540\n") +
                    line(2, ",20.000,62.0,Unknown,480\n") + line(4, ",22.000,,Unknown,420\n"));
}

TEST_CASE("a counter that started again within a gap is counted by its rule") {
  Tracker tracker;
  tracker.sample(0, 16, 130);
  tracker.row(1, 8, 140);
  tracker.row(1, 16, 5);
  tracker.row(2, 8, 8);
  tracker.sample(3, 8, 9);
  tracker.sample(3, 16, 20);
  // Since the restart 20 were made: 8 on the days of the gap, 12 on the fourth.
  CHECK(tracker.energies() == list({0, 5, 3, 12, 0}));
}

TEST_CASE("a counter that started again after the gap's last row leaves the next day its own") {
  Tracker tracker;
  tracker.sample(0, 16, 130);
  tracker.row(1, 8, 140);
  tracker.row(1, 16, 160);
  tracker.sample(2, 8, 4);
  tracker.sample(2, 16, 20);
  CHECK(tracker.energies() == list({0, 20, 20, 0, 0}));
}

TEST_CASE("rows from before a tracker's first sample take nothing from its first day") {
  Tracker tracker;
  tracker.row(0, 8, 100);
  tracker.row(0, 16, 130);
  tracker.sample(1, 8, 131);
  tracker.sample(1, 16, 150);
  CHECK(tracker.energies() == list({30, 19, 0, 0, 0}));
}

TEST_CASE("a gap that began before the first day asked for is taken off all the same") {
  Tracker tracker;
  tracker.sample(-2, 8, 100);
  tracker.row(0, 8, 110);
  tracker.row(0, 16, 130);
  tracker.sample(1, 8, 131);
  CHECK(tracker.energies() == list({20, 11, 0, 0, 0}));
}
