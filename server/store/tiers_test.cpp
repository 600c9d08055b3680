#include "server/store/tiers.h"

#include <doctest/doctest.h>

using namespace idast::store;

namespace {

// A thousand samples a day at 100 bytes, ten minutes' rollups; half of 14 days held.
Store::Size some_size() {
  Store::Size size;
  size.raw = {7'000, 700'000};
  size.samples_a_day = 1'000;
  size.minutes_a_day = 10;
  size.rollups_a_day = 10;
  return size;
}

constexpr double kForEver = 10 * 130 + 1'000 * 45;

}  // namespace

TEST_CASE("samples that are kept for ever fill the disk at the rate they come") {
  const Forecast found = forecast(some_size(), 0, 10'000'000);
  const double day = 1'000 * 100 + kForEver;
  CHECK(*found.bytes_a_day == doctest::Approx(day));
  CHECK(*found.days_left == doctest::Approx(10'000'000 / day));
  CHECK(found.raw_window_bytes == doctest::Approx(700'000));
}

TEST_CASE("once the days to keep are full, only ten-second rows and what is kept for ever grow") {
  Store::Size size = some_size();
  const double filling = 1'000 * 100 + kForEver;
  // Ten minutes have at most sixty rows of ten seconds, at 145 bytes until there are some.
  const double full = 60 * 145 + kForEver;
  Forecast found = forecast(size, 14, 100'000'000);
  CHECK(*found.bytes_a_day == doctest::Approx(filling));
  CHECK(found.raw_window_bytes == doctest::Approx(14 * 100'000));
  CHECK(*found.days_left == doctest::Approx(7 + (100'000'000 - 7 * filling) / full));
  found = forecast(size, 14, 300'000);
  CHECK(*found.days_left == doctest::Approx(300'000 / filling));
  size.raw = {14'000, 1'400'000};
  size.thinned = {400, 40'000};
  size.thinned_samples = 8'000;
  found = forecast(size, 14, 1'000'000);
  const double thinned = 50 * 100 + kForEver;
  CHECK(*found.bytes_a_day == doctest::Approx(thinned));
  CHECK(*found.days_left == doctest::Approx(1'000'000 / thinned));
  // What is free in the database is used first.
  size.free_bytes = 1'000'000;
  CHECK(*forecast(size, 14, 0).days_left == doctest::Approx(1'000'000 / thinned));
}

TEST_CASE("nothing is said of days to come before a whole day was seen") {
  Store::Size size = some_size();
  size.samples_a_day = 0;
  const Forecast found = forecast(size, 14, 1'000);
  CHECK_FALSE(found.bytes_a_day);
  CHECK_FALSE(found.days_left);
}
