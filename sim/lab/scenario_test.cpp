#include "sim/lab/scenario.h"

#include <string>

#include <doctest/doctest.h>

using namespace idast;
using namespace idast::sim;

TEST_CASE("in every scenario the hybrid law does and says what it must") {
  CHECK(scenario_texts().size() >= 12);
  for (const auto& [name, text] : scenario_texts()) {
    const auto scenario = parse_scenario(text, name);
    REQUIRE_MESSAGE(scenario.has_value(), (scenario ? "" : scenario.error()));
    const ScenarioResult result = run_scenario(*scenario);
    CHECK_MESSAGE(result.held() == scenario->gap.empty(), describe(*scenario, result));
  }
}

TEST_CASE("a scenario without faults or with a word that nobody knows is refused by name") {
  const std::string_view good =
      "title = \"a\"\nwrong = \"b\"\nmust = \"c\"\nsky = \"clear\"\nfrom_h = 9\nuntil_h = 10\n";
  const std::string fault = "[[fault]]\nkind = \"no_clock\"\n";
  const std::string expect = "[[expect]]\nfrom_h = 9\nuntil_h = 10\n";
  const auto parsed = [&](const std::string& rest) {
    return parse_scenario(std::string{good} + rest, "x");
  };
  CHECK(parsed(fault + expect).has_value());
  CHECK(parsed(expect).error() == "x: fault is missing");
  CHECK(parsed(fault).error() == "x: expect is missing");
  CHECK(parsed(fault + expect + "states = [\"hope\"]\n").error() ==
        "x: expect: states has an unknown word");
  CHECK(parsed(fault + expect + "error_deg = 1\n").error() == "x: expect: error_deg is unknown");
  CHECK(parsed("[[fault]]\nkind = \"dirt\"\nsensor = \"top\"\n" + expect).error() ==
        "x: fault: share is missing");
  CHECK_FALSE(parsed("= =").has_value());
}

TEST_CASE("a law that does not do what it must is found out") {
  for (const auto& [name, text] : scenario_texts()) {
    if (name != "silent_anemometer") continue;
    auto scenario = parse_scenario(text, name);
    REQUIRE(scenario.has_value());
    scenario->until_h = 10.2;
    scenario->from_h = 9.8;
    scenario->expectations = {{.from_h = 10.1,
                               .until_h = 10.2,
                               .states = {State::track},
                               .reasons = {},
                               .share_min = 0.9,
                               .error_p95_max_deg = {}}};
    CHECK_FALSE(run_scenario(*scenario).held());
    scenario->expectations[0].states = {State::stow};
    CHECK(run_scenario(*scenario).held());
    scenario->capture_min = 1.1;
    CHECK_FALSE(run_scenario(*scenario).held());
  }
}
