#include "tests/golden/golden_day.h"

#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

using namespace idast;
using namespace idast::tests;

namespace {

std::string reference(const GoldenDay& day) {
  std::ifstream file{std::string{IDAST_SOURCE_DIR} + "/tests/golden/days/" + file_name(day)};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

constexpr GoldenDay kDay{Weather::clear, sim::LabLaw::hybrid};
// It, cut short, to spoil.
std::vector<Stamp> some_stamps() {
  const Answer answer{.state = State::track,
                      .reason = Reason::sun_up,
                      .pose = {.pan = degrees(90.f), .tilt = degrees(45.f)},
                      .trim_azimuth = degrees(3.9f),
                      .trim_elevation = degrees(-2.f),
                      .moves = 100};
  std::vector<Stamp> stamps;
  for (int i = 0; i < 5; ++i) stamps.push_back({UtcMillis{} + kEvery * i, answer, {answer}});
  return stamps;
}

}  // namespace

TEST_CASE("every golden day goes as it went when its reference was made") {
  for (const GoldenDay& day : kGoldenDays) {
    const auto differs = difference(day, reference(day), run(day));
    CHECK_MESSAGE(!differs, "tests/golden/days/" << file_name(day) << ":\n"
                                                 << differs.value_or("")
                                                 << "\nIs that wanted? ./dev golden \"why\"");
  }
}

TEST_CASE("a day is like its own print, and unlike it when the law answers otherwise") {
  const auto stamps = some_stamps();
  const std::string text = print(stamps, "a test");
  CHECK_FALSE(difference(kDay, text, stamps));
  const auto spoilt = [&](auto&& spoil) {
    auto others = stamps;
    spoil(others[3].answer);
    others[3].around = {others[3].answer};
    return difference(kDay, text, others);
  };
  CHECK(spoilt([](Answer& a) { a.state = State::diffuse; }));
  CHECK(spoilt([](Answer& a) { a.reason = Reason::overcast; }));
  CHECK(spoilt([](Answer& a) { a.pose.pan = a.pose.pan + degrees(1.f); }));
  CHECK(spoilt([](Answer& a) { a.pose.tilt = a.pose.tilt - degrees(1.f); }));
  CHECK(spoilt([](Answer& a) { a.trim_azimuth = degrees(3.7f); }));
  CHECK(spoilt([](Answer& a) { a.trim_elevation.reset(); }));
  CHECK(spoilt([](Answer& a) { a.moves = 110; }));
  CHECK_FALSE(spoilt([](Answer& a) { a.moves = 104; }));
  CHECK_FALSE(spoilt([](Answer& a) { a.pose.pan = a.pose.pan + degrees(0.4f); }));
}

TEST_CASE("a turn that comes a moment later is no difference") {
  auto stamps = some_stamps();
  const std::string text = print(stamps, "a test");
  stamps[2].answer.state = State::diffuse;
  CHECK_FALSE(difference(kDay, text, stamps));  // one of those around is as it was
}

TEST_CASE("a reference that is cut, goes on or does not say why is refused") {
  const auto stamps = some_stamps();
  const std::string text = print(stamps, "a test");
  CHECK(difference(kDay, "", stamps));
  CHECK(difference(kDay, text.substr(8), stamps));
  CHECK(difference(kDay, text.substr(0, text.size() - 20), stamps));
  CHECK(difference(kDay, text + "01:00,track,sun_up,1,1,,,1\n", stamps));
}
