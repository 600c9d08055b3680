#include "mqtt/url.h"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace idast::mqtt;

TEST_CASE("a broker address gives host, port and whether TLS is spoken") {
  CHECK(*parse_url("mqtt://127.0.0.1:1883") == Endpoint{"127.0.0.1", 1883, false});
  CHECK(*parse_url("mqtt://broker.example") == Endpoint{"broker.example", 1883, false});
  CHECK(*parse_url("mqtts://broker.example") == Endpoint{"broker.example", 8883, true});
  CHECK(*parse_url("mqtts://broker.example:65535/") == Endpoint{"broker.example", 65'535, true});
  CHECK(*parse_url("mqtt://[::1]:1884") == Endpoint{"::1", 1884, false});
  CHECK(*parse_url("mqtt://[fe80::1%eth0]") == Endpoint{"fe80::1%eth0", 1883, false});
}

TEST_CASE("an address printed is read back") {
  for (const std::string_view url : {"mqtt://localhost:1", "mqtts://[::1]:8883"}) {
    const auto endpoint = parse_url(url);
    REQUIRE(endpoint.has_value());
    CHECK(to_url(*endpoint) == url);
  }
}

TEST_CASE("a wrong address is refused with a sentence that names it") {
  for (const std::string_view url :
       {"", "localhost", "localhost:1883", "http://localhost", "ws://localhost:9001", "mqtt://",
        "mqtt://:1883", "mqtt://host:", "mqtt://host:0", "mqtt://host:65536", "mqtt://host:18x",
        "mqtt://host:-1", "mqtt://host/path", "mqtt://ho st", "mqtt://[::1", "mqtt://[]:1",
        "mqtt://[::1]1883", "mqtt://a:b:c"}) {
    CAPTURE(url);
    const auto endpoint = parse_url(url);
    REQUIRE_FALSE(endpoint.has_value());
    CHECK(endpoint.error().find(url) != std::string::npos);
  }
}

TEST_CASE("a password in an address is refused and not repeated") {
  const auto endpoint = parse_url("mqtt://user:hunter2@host:1883");
  REQUIRE_FALSE(endpoint.has_value());
  CHECK(endpoint.error().find("hunter2") == std::string::npos);
}
