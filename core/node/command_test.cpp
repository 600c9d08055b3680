#include "core/node/command.h"

#include <string>

#include <doctest/doctest.h>

using namespace idast;
using namespace idast::node;

namespace {

std::string why(std::string_view text) {
  const auto command = parse_command(text);
  return command ? "taken" : std::string{to_text(command.error().why)};
}

}  // namespace

TEST_CASE("every part of a command is read") {
  const auto command = parse_command(
      R"({"id":"01H","issuedAt":1750478400000,"expiresAt":1750478460000,"mode":"manual",)"
      R"("azimuthDeg":181.5,"elevationDeg":40,"manualForS":30,"gridPrice":12.5,)"
      R"("deviceName":"iPhone_15","startCharging":true,"restart":false,)"
      R"("site":{"lat":-1.29,"lon":36.82,"mount":"az_el"}})");
  REQUIRE(command);
  CHECK(command->id.view() == "01H");
  CHECK(command->expires_at == UtcMillis{1750478460000});
  REQUIRE(command->motion);
  CHECK(command->motion->mode == control::Mode::manual);
  CHECK(command->motion->direction->azimuth == degrees(181.5f));
  CHECK(command->motion->manual_for == std::chrono::seconds{30});
  CHECK(command->grid_price == doctest::Approx(12.5));
  CHECK(command->device_name->view() == "iPhone_15");
  CHECK(command->start_charging == true);
  CHECK_FALSE(command->restart);
  CHECK(command->site->place.latitude == degrees(-1.29f));
  CHECK(command->site->mount == control::MountKind::az_el);
}

TEST_CASE("what fielded servers send is read, without id and expiry") {
  const auto command = parse_command(R"({"gridPrice":11.25,"deviceName":null})");
  REQUIRE(command);
  CHECK(command->id.empty());
  CHECK_FALSE(command->expires_at);
  CHECK_FALSE(command->device_name);
  CHECK_FALSE(command->for_transmitter());
}

TEST_CASE("an angle without a mode means manual") {
  const auto command = parse_command(R"({"tilt":80})");
  REQUIRE(command);
  CHECK(command->motion->mode == control::Mode::manual);
  CHECK(command->motion->tilt == degrees(80.f));
  CHECK_FALSE(command->motion->pan);
}

TEST_CASE("one bad value refuses the whole command") {
  struct Row {
    const char* text;
    const char* why;
  };
  for (const Row& row : {
           Row{"", "not_json"},
           Row{"[]", "not_json"},
           Row{"tilt=80", "not_json"},
           Row{"{}", "nothing_to_do"},
           Row{R"({"brightness":3})", "nothing_to_do"},
           Row{R"({"id":"a"})", "nothing_to_do"},
           Row{R"({"gridPrice":0})", "bad_value"},
           Row{R"({"gridPrice":-1})", "bad_value"},
           Row{R"({"gridPrice":1000})", "bad_value"},
           Row{R"({"gridPrice":"12"})", "bad_value"},
           Row{R"({"gridPrice":1e400})", "bad_value"},
           Row{R"({"gridPrice":999.99})", "taken"},
           Row{R"({"deviceName":"a\nb"})", "bad_value"},
           Row{R"({"deviceName":7})", "bad_value"},
           Row{R"({"startCharging":"yes"})", "bad_value"},
           Row{R"({"startCharging":false})", "taken"},
           Row{R"({"mode":"turbo"})", "bad_value"},
           Row{R"({"mode":"stop"})", "taken"},
           Row{R"({"mode":"auto","tilt":80})", "conflict"},
           Row{R"({"tilt":80,"azimuthDeg":180,"elevationDeg":30})", "conflict"},
           Row{R"({"tilt":181})", "out_of_range"},
           Row{R"({"pan":-1})", "out_of_range"},
           Row{R"({"azimuthDeg":180})", "bad_value"},
           Row{R"({"azimuthDeg":180,"elevationDeg":91})", "out_of_range"},
           Row{R"({"mode":"manual","manualForS":0})", "duration"},
           Row{R"({"mode":"manual","manualForS":-5})", "bad_value"},
           Row{R"({"expiresAt":1.5,"mode":"stow"})", "bad_value"},
           Row{R"({"expiresAt":"soon","mode":"stow"})", "bad_value"},
           Row{R"({"site":{"lat":91,"lon":0}})", "bad_value"},
           Row{R"({"site":{"lat":1}})", "bad_value"},
           Row{R"({"site":{"lat":1,"lon":2,"mount":"pole"}})", "bad_value"},
           Row{R"({"site":{"lat":1,"lon":2,"panel_w":0}})", "bad_value"},
           Row{R"({"site":{"lat":1,"lon":2,"panel_w":20000}})", "bad_value"},
           Row{R"({"site":{"lat":1,"lon":2,"panel_w":100}})", "taken"},
           Row{R"({"site":[1,2]})", "bad_value"},
           Row{R"({"site":{"lat":1,"lon":2}})", "taken"},
           Row{R"({"restart":true,"gridPrice":"x"})", "bad_value"},
       }) {
    CHECK_MESSAGE(why(row.text) == row.why, row.text);
  }
}

TEST_CASE("a refusal carries the id, so that somebody hears of it") {
  const auto command = parse_command(R"({"id":"01H","gridPrice":-1})");
  REQUIRE_FALSE(command);
  CHECK(command.error().id.view() == "01H");
}
