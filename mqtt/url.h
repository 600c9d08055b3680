#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace idast::mqtt {

constexpr std::uint16_t kPlainPort = 1883;  // IANA: mqtt
constexpr std::uint16_t kTlsPort = 8883;    // IANA: secure-mqtt

// Where a broker listens.
struct Endpoint {
  std::string host;  // a name or an address; IPv6 without its brackets
  std::uint16_t port = kPlainPort;
  bool tls = false;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// url := ("mqtt" | "mqtts") "://" host [":" port] ["/"]; an IPv6 address stands in [brackets].
// Without a port: 1883, with TLS 8883. The error is one sentence for the person who typed the
// address. A user or password in it is refused, because addresses end up in logs and process lists.
std::expected<Endpoint, std::string> parse_url(std::string_view url);

// The address as parse_url() reads it, always with the port.
std::string to_url(const Endpoint& endpoint);

}  // namespace idast::mqtt
