#include "core/node/message.h"

#include <doctest/doctest.h>

#include "core/node/fakes_test.h"

using namespace idast;
using namespace idast::node;

namespace {

Order full_order() {
  Order order;
  order.number = 7;
  order.expires = kNoon;
  control::Command motion;
  motion.mode = control::Mode::manual;
  motion.pan = degrees(12.5f);
  motion.tilt = degrees(179.25f);
  motion.direction = {.azimuth = degrees(-359.5f), .elevation = degrees(88.f)};
  motion.manual_for = std::chrono::hours{24};
  order.motion = motion;
  order.site = batangas();
  order.site->mount = control::MountKind::tilt_tilt;
  order.site->panel = watts(100.f);
  order.restart = true;
  return order;
}

}  // namespace

TEST_CASE("an order comes back whole") {
  const auto order = read_order(print(full_order()).view());
  REQUIRE(order);
  CHECK(order->number == 7);
  CHECK(order->expires == kNoon);
  CHECK(order->restart);
  REQUIRE(order->motion);
  CHECK(order->motion->mode == control::Mode::manual);
  CHECK(order->motion->pan == degrees(12.5f));
  CHECK(order->motion->tilt == degrees(179.25f));
  CHECK(order->motion->direction->azimuth == degrees(-359.5f));
  CHECK(order->motion->direction->elevation == degrees(88.f));
  CHECK(order->motion->manual_for == std::chrono::hours{24});
  REQUIRE(order->site);
  CHECK(order->site->place.longitude == degrees(121.05f));
  CHECK(order->site->mount == control::MountKind::tilt_tilt);
  CHECK(order->site->panel == watts(100.f));
}

TEST_CASE("an order's absent parts stay absent") {
  Order plain;
  plain.number = 1;
  const auto order = read_order(print(plain).view());
  REQUIRE(order);
  CHECK_FALSE(order->motion);
  CHECK_FALSE(order->site);
  CHECK_FALSE(order->expires);
  CHECK_FALSE(order->restart);
}

TEST_CASE("time, site, answer and phone come back") {
  CHECK(read_time(print(kNoon).view()) == kNoon);
  const auto site = read_site(print(batangas()).view());
  REQUIRE(site);
  CHECK(site->place.latitude == degrees(13.75f));
  CHECK(site->place.altitude == metres(20.f));
  CHECK_FALSE(site->mount);
  CHECK_FALSE(site->panel);
  const auto answer = read_answer(print(Answer{9, Outcome::rejected, Why::conflict}).view());
  REQUIRE(answer);
  CHECK(answer->number == 9);
  CHECK(answer->outcome == Outcome::rejected);
  CHECK(answer->why == Why::conflict);
  CHECK(read_phone(print(Phone{"iPhone_15"}).view())->view() == "iPhone_15");
  CHECK(read_phone(print(Phone{}).view())->empty());
}

TEST_CASE("a label is UTF-8 without control characters, or no label") {
  CHECK(read_phone(print(Phone{"Caf\xc3\xa9"}).view()));
  CHECK_FALSE(read_phone(print(Phone{"Caf\xc3"}).view()));
  CHECK_FALSE(read_phone(print(Phone{"a\nb"}).view()));
}

TEST_CASE("a message of another length is none") {
  const auto check = [](const Payload& payload, auto&& read) {
    std::vector<std::byte> bytes{payload.view().begin(), payload.view().end()};
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CHECK_FALSE(read(Bytes{bytes}.first(size)));
    }
    bytes.push_back(std::byte{0});
    CHECK_FALSE(read(Bytes{bytes}));
  };
  check(print(full_order()), read_order);
  check(print(batangas()), read_site);
  check(print(kNoon), read_time);
  check(print(Answer{}), read_answer);
  check(print(Phone{"a"}), read_phone);
}

TEST_CASE("a message with an impossible value is none") {
  Payload order = print(full_order());
  order.bytes[12] = std::byte{128};  // an unknown part
  CHECK_FALSE(read_order(order.view()));
  order = print(full_order());
  order.bytes[13] = std::byte{4};  // an unknown mode
  CHECK_FALSE(read_order(order.view()));
  Site nowhere = batangas();
  nowhere.place.latitude = degrees(90.1f);
  CHECK_FALSE(read_site(print(nowhere).view()));
  for (const Watts panel : {kPanelMin * 0.5f, kPanelMax * 2.f}) {
    Site other = batangas();
    other.panel = panel;
    CHECK_FALSE(read_site(print(other).view()));
  }
  Payload answer = print(Answer{});
  answer.bytes[5] = std::byte{kWhyCount};
  CHECK_FALSE(read_answer(answer.view()));
}
