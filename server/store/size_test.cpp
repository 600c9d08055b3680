#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/random.h"
#include "core/base/temporary_folder_test.h"
#include "server/store/sqlite.h"

using namespace idast;
using namespace idast::store;
using telemetry::position_of;
using telemetry::Record;

namespace {

// What a tracker with every sensor but the anemometer says on a day of broken cloud, every 350 ms.
class Tracker {
 public:
  Tracker(std::string id, std::uint64_t seed) : id_{std::move(id)}, random_{seed} {}

  Record next() {
    walk();
    Record record;
    record.device = id_;
    record.ts = UtcMillis{kStart + seq_ * 350 + static_cast<std::int64_t>(random_.next() % 20)};
    record.received = record.ts + Millis{static_cast<std::int64_t>(20 + random_.next() % 60)};
    text(record, position_of("device_id"), id_);
    text(record, position_of("device_name"), "iPhone_15");
    text(record, position_of("mode"), "live");
    text(record, position_of("boot_id"), "0123456789abcdef");
    text(record, position_of("state"), steady_ ? "track" : "acquire");
    text(record, position_of("state_reason"), steady_ ? "light_balanced" : "light_unbalanced");
    const std::int64_t left = noisy(2'300);
    const std::int64_t right = noisy(2'350);
    const std::int64_t top = noisy(2'500);
    const std::int64_t co2 = energy_ * 6'836 / 1'000'000;
    number(record, {{position_of("ts"), record.ts.unix_ms()},
                    {position_of("top"), top},
                    {position_of("left"), left},
                    {position_of("right"), right},
                    {position_of("avg"), (left + right) / 2},
                    {position_of("horizontal_error"), left - right},
                    {position_of("vertical_error"), top - (left + right) / 2},
                    {position_of("tilt_angle"), 60 + seq_ / 4'000},
                    {position_of("pan_angle"), 40 + seq_ / 2'000},
                    {position_of("pan_target"), 40 + seq_ / 2'000},
                    {position_of("manual"), 0},
                    {position_of("steady"), steady_ ? 1 : 0},
                    {position_of("power_w"), power_},
                    {position_of("power_actual_w"), power_},
                    {position_of("temp_c"), 451 + power_ / 20},
                    {position_of("battery_pct"), 600 + seq_ / 300},
                    {position_of("battery_v"), 385 + power_ / 100},
                    {position_of("efficiency"), 800 + power_ / 8},
                    {position_of("energy_wh"), energy_},
                    {position_of("energy_kwh"), energy_},
                    {position_of("co2_kg"), co2},
                    {position_of("trees"), co2 * 100 / 2'177},
                    {position_of("phones"), energy_ / 12},
                    {position_of("phone_minutes"), energy_ * 60 / 1'000},
                    {position_of("pesos"), energy_ * 12 / 10'000},
                    {position_of("grid_price"), 1'200}});
    number(record, {{position_of("seq"), seq_},
                    {position_of("uptime_ms"),
                     4'000 + seq_ * 350 + static_cast<std::int64_t>(random_.next() % 300)},
                    {position_of("trim_azimuth_deg"), 31},
                    {position_of("trim_elevation_deg"), -18},
                    {position_of("azimuth_deg"), 11'000 + seq_ / 20},
                    {position_of("elevation_deg"), 4'000 + seq_ / 30},
                    {position_of("sun_azimuth_deg"), 11'013 + seq_ / 20},
                    {position_of("sun_elevation_deg"), 4'021 + seq_ / 30},
                    {position_of("panel_v"), 6'100 + power_ / 2},
                    {position_of("panel_a"), power_ * 3 / 2},
                    {position_of("battery_a"), power_},
                    {position_of("servo_wh"), 12'000 + seq_ / 10},
                    {position_of("device_wh"), 90'000 + seq_ / 2}});
    ++seq_;
    return record;
  }

 private:
  static constexpr std::int64_t kStart = 1'703'120'000'000;

  void walk() {
    power_ += static_cast<std::int64_t>(random_.next() % 41) - 20;
    power_ = std::min<std::int64_t>(950, std::max<std::int64_t>(80, power_));
    if (random_.next() % 5 == 0) ++energy_;
    if (random_.next() % 40 == 0) steady_ = !steady_;
  }
  std::int64_t noisy(std::int64_t middle) {
    return middle + static_cast<std::int64_t>(random_.next() % 121) - 60;
  }
  static void text(Record& record, std::size_t field, std::string_view value) {
    record.text[field] = value;
    record.present.add(field);
  }
  static void number(Record& record,
                     std::initializer_list<std::pair<std::size_t, std::int64_t>> values) {
    for (const auto& [field, value] : values) {
      record.value[field] = value;
      record.present.add(field);
    }
  }

  std::string id_;
  Random random_;
  std::int64_t seq_ = 0;
  std::int64_t power_ = 600;
  std::int64_t energy_ = 1'250'500;
  bool steady_ = true;
};

}  // namespace

TEST_CASE("a sample every 350 ms takes at most 145 bytes on disk, indexes included") {
  const TemporaryFolder folder;
  const std::string file = folder.file("idast.db");
  constexpr std::size_t kSamples = 30'000;
  {
    auto store = open_sqlite(file);
    REQUIRE(store);
    std::array trackers{Tracker{"esp32-receiver-A1B2C3", 1}, Tracker{"esp32-receiver-A1B2C4", 2},
                        Tracker{"esp32-receiver-A1B2C5", 3}};
    std::vector<Record> batch;
    for (std::size_t i = 0; i < kSamples; ++i) {
      batch.push_back(trackers[i % trackers.size()].next());
      // Two seconds of three trackers.
      if (batch.size() < 18 && i + 1 < kSamples) continue;
      REQUIRE((*store)->commit(batch));
      batch.clear();
    }
  }
  const auto bytes = std::filesystem::file_size(file);
  MESSAGE("bytes a sample: " << static_cast<double>(bytes) / kSamples);
  CHECK(bytes <= 145 * kSamples);
}
