#include "core/control/mount.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/base/random.h"

using namespace idast;
using namespace idast::control;

namespace {

Direction sky(double azimuth, double elevation) {
  return {degrees(static_cast<float>(azimuth)), degrees(static_cast<float>(elevation))};
}
Pose pose(double pan, double tilt) {
  return {.pan = degrees(static_cast<float>(pan)), .tilt = degrees(static_cast<float>(tilt))};
}

}  // namespace

TEST_CASE("az_el: pan turns from east to west, tilt beyond flat looks backwards") {
  struct Case {
    Pose pose;
    Direction panel;
  };
  for (const Case& c : {Case{pose(90, 40), sky(180, 40)}, Case{pose(0, 10), sky(90, 10)},
                        Case{pose(180, 10), sky(270, 10)}, Case{pose(90, 90), sky(0, 90)},
                        Case{pose(90, 140), sky(0, 40)}, Case{pose(45, 150), sky(315, 30)}}) {
    CHECK(angle_between(panel_direction({}, c.pose), c.panel) < degrees(0.01f));
  }
}

TEST_CASE("tilt_tilt: pan leans to the west, tilt below flat leans to the south") {
  Mount mount;
  mount.kind = MountKind::tilt_tilt;
  struct Case {
    Pose pose;
    Direction panel;
  };
  for (const Case& c : {Case{pose(90, 90), sky(0, 90)}, Case{pose(90, 50), sky(180, 50)},
                        Case{pose(130, 90), sky(270, 50)}, Case{pose(90, 110), sky(0, 70)},
                        Case{pose(50, 90), sky(90, 50)}}) {
    CHECK(angle_between(panel_direction(mount, c.pose), c.panel) < degrees(0.01f));
  }
}

TEST_CASE("with a full range both kinds reach the whole sky, and aiming inverts pointing") {
  for (const MountKind kind : {MountKind::az_el, MountKind::tilt_tilt}) {
    Mount mount;
    mount.kind = kind;
    Random random{7};
    for (int i = 0; i < 2000; ++i) {
      const Direction wanted = sky(random.between(0.0, 360.0), random.between(0.0, 90.0));
      const Aim found = aim(mount, wanted, pose(random.between(0, 180), random.between(0, 180)));
      CHECK(found.reachable);
      CHECK(angle_between(panel_direction(mount, found.pose), wanted) < degrees(0.05f));
    }
  }
}

TEST_CASE("with any limits the aim stays inside them and no pose on a grid is nearer") {
  Random random{11};
  for (int round = 0; round < 60; ++round) {
    Mount mount;
    mount.kind = round % 2 == 0 ? MountKind::az_el : MountKind::tilt_tilt;
    mount.heading = degrees(static_cast<float>(random.between(0.0, 360.0)));
    mount.pan.direction = random.unit() < 0.5 ? 1 : -1;
    mount.pan.min = degrees(static_cast<float>(random.between(0.0, 80.0)));
    mount.pan.max = degrees(static_cast<float>(random.between(100.0, 180.0)));
    mount.tilt.min = degrees(static_cast<float>(random.between(0.0, 80.0)));
    mount.tilt.max = degrees(static_cast<float>(random.between(100.0, 180.0)));
    const Direction wanted = sky(random.between(0.0, 360.0), random.between(0.0, 90.0));
    const Aim found = aim(mount, wanted, {});
    CHECK(within_limits(mount, found.pose) == found.pose);
    float best = 180.f;
    for (int pan = 0; pan <= 180; pan += 3) {
      for (int tilt = 0; tilt <= 180; tilt += 3) {
        const Pose tried = within_limits(mount, pose(pan, tilt));
        best = std::min(best, angle_between(panel_direction(mount, tried), wanted).in(degrees));
      }
    }
    // The two axes of tilt_tilt are limited one after the other, which may lose a little.
    CHECK(found.off.in(degrees) <= best + (mount.kind == MountKind::az_el ? 0.1f : 3.f));
  }
}

TEST_CASE("of two poses that serve equally the nearer one is taken") {
  const Direction wanted = sky(180, 60);
  CHECK(aim({}, wanted, pose(90, 70)).pose.tilt.in(degrees) == doctest::Approx(60.f).epsilon(0.01));
  const Direction edge = sky(90, 60);  // straight: pan 0, tilt 60; flipped: pan 180, tilt 120
  CHECK(aim({}, edge, pose(0, 60)).pose.pan < degrees(1.f));
  CHECK(aim({}, edge, pose(180, 120)).pose.pan > degrees(179.f));
}

TEST_CASE("panel axes are at right angles and the normal follows growing angles along them") {
  for (const MountKind kind : {MountKind::az_el, MountKind::tilt_tilt}) {
    Mount mount;
    mount.kind = kind;
    for (const Pose& at : {pose(60, 50), pose(120, 80), pose(100, 130)}) {
      const PanelFrame frame = panel_frame(mount, at);
      CHECK(angle_between(frame.normal, frame.right).in(degrees) ==
            doctest::Approx(90.f).epsilon(1e-3));
      CHECK(angle_between(frame.normal, frame.top).in(degrees) ==
            doctest::Approx(90.f).epsilon(1e-3));
      CHECK(angle_between(frame.right, frame.top).in(degrees) ==
            doctest::Approx(90.f).epsilon(1e-3));
      const Pose tilted{at.pan, at.tilt + degrees(2.f)};
      CHECK(angle_between(panel_direction(mount, tilted), frame.top) < degrees(88.5f));
      const Pose panned{at.pan + degrees(5.f), at.tilt};
      const Degrees to_right = angle_between(panel_direction(mount, panned), frame.right);
      CHECK((to_right < degrees(90.f)) == !is_flipped(mount, at));
    }
  }
}

TEST_CASE("numbers that are none end at neutral or where the panel was, never in a motor") {
  const float nan = std::nanf("");
  CHECK(within_limits({}, {degrees(nan), degrees(400.f)}) == pose(90, 180));
  const Aim found = aim({}, {degrees(nan), degrees(10.f)}, pose(33, 44));
  CHECK(found.pose == pose(33, 44));
  CHECK_FALSE(found.reachable);
  Mount mount;
  CHECK(is_sound(mount));
  mount.heading = degrees(nan);
  CHECK_FALSE(is_sound(mount));
}
