#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "core/telemetry/record.h"

// How a record's columns become few bytes, and come back exactly.
//
// Words, booleans and the price change seldom: one row of `context` holds a combination of them.
// Of the numbers, some follow from others in nearly every message, so what is kept is the
// difference from a guess; and most are near what they were a minute ago, so that difference is
// kept against a `base`, a row that many samples share and that names their context. SQLite stores
// a small number in few bytes, and a 0 or a 1 in none. Even so every column costs a sample a byte;
// the guesses that are nearly always right therefore share one column of two bits each, and what
// does not fit there stands in `odd`. A wrong guess costs bytes, never truth.
namespace idast::store {

enum class Place : std::uint8_t {
  time,     // sample.ts_ms, and what was sent as a difference from it.
  device,   // device.name
  boot,     // boot.boot_id
  context,  // context."column"
  sample,   // base."column" and a difference in sample."column", sample.rests or odd."column".
};

// Every sample asks for all of them: they are tables, made while compiling.
inline constexpr auto kPlaces = [] {
  using telemetry::Kind;
  std::array<Place, telemetry::kFieldCount> places{};
  for (std::size_t field = 0; field < places.size(); ++field) {
    const telemetry::FieldInfo& info = telemetry::kFieldInfo[field];
    places[field] = Place::context;
    if (info.sql.kind == Kind::number && info.column != "grid_price") places[field] = Place::sample;
    if (info.column == "boot_id") places[field] = Place::boot;
    if (info.column == "device_id") places[field] = Place::device;
    if (info.sql.kind == Kind::time) places[field] = Place::time;
  }
  return places;
}();
constexpr Place place_of(std::size_t field) { return kPlaces[field]; }

// `seq` alone is kept as it is: the identity's index is made of it.
constexpr bool has_base(std::size_t field) {
  return place_of(field) == Place::sample && field != telemetry::position_of("seq");
}

// field ≈ (a × a_times + b × b_times) / divisor, all as scaled whole numbers; an absent a or b is
// 0; the division cuts towards zero, as C++ and SQLite both do.
struct Guess {
  std::size_t field;
  std::size_t a;
  std::int64_t a_times;
  std::size_t b;
  std::int64_t b_times;
  std::int64_t divisor;
};

inline constexpr std::array kGuesses{
    Guess{telemetry::position_of("avg"), telemetry::position_of("left"), 1,
          telemetry::position_of("right"), 1, 2},
    Guess{telemetry::position_of("horizontal_error"), telemetry::position_of("left"), 1,
          telemetry::position_of("right"), -1, 1},
    Guess{telemetry::position_of("vertical_error"), telemetry::position_of("top"), 1,
          telemetry::position_of("avg"), -1, 1},
    Guess{telemetry::position_of("pan_target"), telemetry::position_of("pan_angle"), 1,
          telemetry::position_of("pan_angle"), 0, 1},
    Guess{telemetry::position_of("power_actual_w"), telemetry::position_of("power_w"), 1,
          telemetry::position_of("power_w"), 0, 1},
    // Thousandths of a Wh are millionths of a kWh.
    Guess{telemetry::position_of("energy_kwh"), telemetry::position_of("energy_wh"), 1,
          telemetry::position_of("energy_wh"), 0, 1},
    // 0.6836 kg/kWh, the default grid factor.
    Guess{telemetry::position_of("co2_kg"), telemetry::position_of("energy_kwh"), 6'836,
          telemetry::position_of("energy_kwh"), 0, 1'000'000},
    Guess{telemetry::position_of("trees"), telemetry::position_of("co2_kg"), 100,
          telemetry::position_of("co2_kg"), 0, 2'177},
    Guess{telemetry::position_of("phones"), telemetry::position_of("energy_wh"), 1,
          telemetry::position_of("energy_wh"), 0, 12},
    Guess{telemetry::position_of("phone_minutes"), telemetry::position_of("energy_wh"), 60,
          telemetry::position_of("energy_wh"), 0, 1'000},
    // At the default price of 12 per kWh.
    Guess{telemetry::position_of("pesos"), telemetry::position_of("energy_wh"), 12,
          telemetry::position_of("energy_wh"), 0, 10'000},
    Guess{telemetry::position_of("seq_from"), telemetry::position_of("seq"), 1,
          telemetry::position_of("seq"), 0, 1},
    // A sample every 350 ms since the start.
    Guess{telemetry::position_of("uptime_ms"), telemetry::position_of("seq"), 350,
          telemetry::position_of("seq"), 0, 1},
    // A tracker points at the sun.
    Guess{telemetry::position_of("sun_azimuth_deg"), telemetry::position_of("azimuth_deg"), 1,
          telemetry::position_of("azimuth_deg"), 0, 1},
    Guess{telemetry::position_of("sun_elevation_deg"), telemetry::position_of("elevation_deg"), 1,
          telemetry::position_of("elevation_deg"), 0, 1},
};

inline constexpr auto kGuessFor = [] {
  std::array<const Guess*, telemetry::kFieldCount> guesses{};
  for (const Guess& guess : kGuesses) guesses[guess.field] = &guess;
  return guesses;
}();
constexpr const Guess* guess_for(std::size_t field) { return kGuessFor[field]; }

// The fields of `sample.rests`, from its lowest bits on. Append only: a place is a meaning.
inline constexpr std::array kPacked{telemetry::position_of("avg"),
                                    telemetry::position_of("horizontal_error"),
                                    telemetry::position_of("vertical_error"),
                                    telemetry::position_of("pan_target"),
                                    telemetry::position_of("energy_kwh"),
                                    telemetry::position_of("co2_kg"),
                                    telemetry::position_of("trees"),
                                    telemetry::position_of("phones"),
                                    telemetry::position_of("phone_minutes"),
                                    telemetry::position_of("pesos"),
                                    telemetry::position_of("seq_from")};

// What two bits of `sample.rests` say of a field.
enum class Rest : std::uint8_t {
  none = 0,   // As base says; no value where base has none.
  above = 1,  // One step more than base says.
  below = 2,  // One step less.
  odd = 3,    // As odd."column" says, whatever base says; no value where odd has none.
};
inline constexpr int kRestBits = 2;

inline constexpr int kNotPacked = -1;
inline constexpr auto kPackedShifts = [] {
  std::array<int, telemetry::kFieldCount> shifts{};
  shifts.fill(kNotPacked);
  int shift = 0;
  for (const std::size_t field : kPacked) shifts[field] = std::exchange(shift, shift + kRestBits);
  return shifts;
}();
constexpr std::optional<int> packed_shift(std::size_t field) {
  if (kPackedShifts[field] == kNotPacked) return std::nullopt;
  return kPackedShifts[field];
}

// The bit of `sample.rests` beyond all of them: the row is a ten-second one that the server made of
// several (sqlite_thinning.h).
inline constexpr int kThinnedBit = 62;
// As a device sums up what it cannot keep (core/node/sample_memory.h).
inline constexpr std::int64_t kThinnedMs = 10'000;
constexpr std::int64_t thinned_slot(std::int64_t ts_ms) {
  return ts_ms - ((ts_ms % kThinnedMs) + kThinnedMs) % kThinnedMs;
}
static_assert(kPacked.size() * kRestBits < kThinnedBit, "the rests must fit beside the mark");

consteval bool guesses_are_sound() {
  for (const Guess& guess : kGuesses) {
    if (place_of(guess.field) != Place::sample) return false;
    // Read in the table's order, what a guess needs is already there.
    if (guess.a >= guess.field || guess.b >= guess.field) return false;
    // Neither a guess, nor the difference of two differences from it, overflows.
    std::int64_t room = INT64_MAX / 2 - telemetry::kFieldInfo[guess.field].sql.high;
    for (const auto& [from, times] :
         {std::pair{guess.a, guess.a_times}, {guess.b, guess.b_times}}) {
      const std::int64_t size = times < 0 ? -times : times;
      const std::int64_t high = telemetry::kFieldInfo[from].sql.high;
      if (size != 0 && high > room / size) return false;
      room -= high * size;
    }
  }
  for (const std::size_t field : kPacked) {
    bool guessed = false;
    for (const Guess& guess : kGuesses) guessed = guessed || guess.field == field;
    if (!guessed) return false;
  }
  return true;
}
static_assert(guesses_are_sound(), "a guess needs a later field, or may overflow");

// What the columns before `field` let one expect of it.
constexpr std::int64_t guessed(const telemetry::Record& record, std::size_t field) {
  const Guess* guess = guess_for(field);
  if (guess == nullptr) return 0;
  return (record.number(guess->a).value_or(0) * guess->a_times +
          record.number(guess->b).value_or(0) * guess->b_times) /
         guess->divisor;
}

// The column of `device_id` is the topic's and never NULL; a message that says null there has this
// before the rest of its extra.
inline constexpr std::string_view kNullDevice = R"({"device_id":null)";

}  // namespace idast::store
